//! The browser client: `client/dist` is committed, so that `cargo run` needs only Rust, and therefore it
//! must be what the sources build. This compares file contents, so it also works before a commit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::setup;
use crate::shell::{Output, Shell, run, tee};
use crate::steps::all_ran;

/// Types, tests, and whether `client/dist` is fresh and small.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    let client = shell.root.join("client");
    let npm = |args: &[&str]| {
        let mut command = shell.program("npm");
        command.args(args).current_dir(&client);
        command
    };
    run(&mut npm(&["run", "check"]))?;

    let dist = client.join("dist");
    let committed = Dist::read(&dist)?;
    ensure!(
        !committed.0.is_empty(),
        "client/dist is empty or missing; run `cargo xtask build-client`"
    );
    let built = run(&mut npm(&["run", "build"])).and_then(|()| Dist::read(&dist));
    // Put back, or a second run would find the fresh build and pass.
    committed.write(&dist)?;
    let built = built?;
    if let Some(file) = committed.first_difference(&built) {
        bail!(
            "client/dist/{file} is not what the sources build; run `cargo xtask build-client` and commit client/dist"
        );
    }
    let size = built.size();
    ensure!(
        size <= DIST_BYTES_MAX,
        "client/dist has {size} bytes; at most {DIST_BYTES_MAX} are allowed"
    );
    println!(
        "client/dist is fresh: {} files, {size} of at most {DIST_BYTES_MAX} bytes",
        built.0.len()
    );

    all_ran(&tee(&mut npm(&["test"]), Output::Standard)?)
}

/// Rebuilds `client/dist`.
pub(crate) fn build(shell: &Shell) -> Result<()> {
    setup::for_client(shell)?;
    run(shell.program("npm").args(["run", "build"]).current_dir(shell.root.join("client")))
}

/// What a first visit downloads. A page over it has grown something an arena does not need.
const DIST_BYTES_MAX: usize = 120 * 1024;

/// The files of a folder and all below it, by path relative to it.
#[derive(PartialEq, Eq)]
struct Dist(BTreeMap<String, Vec<u8>>);

impl Dist {
    fn read(folder: &Path) -> Result<Dist> {
        let mut files = BTreeMap::new();
        if folder.is_dir() {
            collect(folder, "", &mut files)
                .with_context(|| format!("{} cannot be read", folder.display()))?;
        }
        Ok(Dist(files))
    }

    fn write(&self, folder: &Path) -> Result<()> {
        let now = Dist::read(folder)?;
        for path in now.0.keys().filter(|path| !self.0.contains_key(*path)) {
            fs::remove_file(folder.join(path))?;
        }
        for (path, bytes) in self.0.iter().filter(|(path, bytes)| now.0.get(*path) != Some(bytes)) {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(path, bytes)?;
        }
        Ok(())
    }

    fn first_difference<'a>(&'a self, other: &'a Dist) -> Option<&'a str> {
        let paths = self.0.keys().chain(other.0.keys());
        paths.map(String::as_str).find(|path| self.0.get(*path) != other.0.get(*path))
    }

    fn size(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs;

    use super::Dist;

    fn dist(files: &[(&str, &str)]) -> Dist {
        Dist(
            files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
                .collect(),
        )
    }

    #[test]
    fn a_stale_a_missing_and_an_extra_file_are_each_found() {
        let committed = dist(&[("app.js", "1"), ("index.html", "page")]);
        assert_eq!(
            committed.first_difference(&dist(&[("app.js", "1"), ("index.html", "page")])),
            None
        );
        assert_eq!(
            committed.first_difference(&dist(&[("app.js", "2"), ("index.html", "page")])),
            Some("app.js")
        );
        assert_eq!(committed.first_difference(&dist(&[("app.js", "1")])), Some("index.html"));
        let extra = dist(&[("app.js", "1"), ("app.map", "m"), ("index.html", "page")]);
        assert_eq!(committed.first_difference(&extra), Some("app.map"));
        assert_eq!(committed.size(), 5);
    }

    #[test]
    fn writing_restores_a_folder_to_what_was_read() {
        let folder = env::temp_dir().join(format!("bolide-dist-{}", std::process::id()));
        let before = dist(&[("app.js", "old"), ("img/a.svg", "<svg/>")]);
        before.write(&folder).expect("writes");
        assert!(Dist::read(&folder).expect("reads") == before);
        dist(&[("app.js", "new"), ("app.css", "extra")]).write(&folder).expect("writes");
        before.write(&folder).expect("writes");
        assert!(Dist::read(&folder).expect("reads") == before);
        fs::remove_dir_all(&folder).expect("removes");
    }
}
