//! The browser client. `client/dist` is committed, so that `cargo run` needs only Rust, and
//! therefore it must be what the sources build. The check compares file contents, so it also works
//! before a commit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::setup;
use crate::shell::{Shell, run, tee};
use crate::steps::all_ran;

/// Checks types and tests, and that `client/dist` is fresh and small.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    let client = shell.root.join("client");
    let npm = |args: &[&str]| {
        let mut command = shell.program("npm");
        command.args(args).current_dir(&client);
        command
    };
    run(&mut npm(&["run", "check"]))?;

    let committed = Dist::read(&client.join("dist"))?;
    ensure!(!committed.0.is_empty(), "client/dist is empty; run `cargo xtask build-client`");
    // Built beside the committed one, so that a check that is killed leaves the tree unchanged.
    let fresh = shell.target.join("client-dist");
    run(npm(&["run", "build", "--", "--out"]).arg(&fresh))?;
    let built = Dist::read(&fresh)?;
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

    all_ran(&tee(&mut npm(&["test"]))?)
}

/// Rebuilds `client/dist`.
pub(crate) fn build(shell: &Shell) -> Result<()> {
    setup::for_client(shell)?;
    run(shell.program("npm").args(["run", "build"]).current_dir(shell.root.join("client")))
}

/// Largest download of a first visit. A page over it has grown something an arena does not need.
const DIST_BYTES_MAX: usize = 120 * 1024;

/// The files of a folder and all folders below it, by path relative to it.
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
    use std::{env, fs};

    use super::Dist;
    use crate::shell::{Shell, capture, run};

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
    fn a_server_without_a_page_is_not_built() {
        let shell = Shell::new().expect("a shell");
        let folder = env::temp_dir().join(format!("bolide-page-{}", std::process::id()));
        let (server, dist) = (folder.join("server"), folder.join("client/dist"));
        fs::create_dir_all(&server).expect("creates");
        fs::create_dir_all(&dist).expect("creates");
        let script = folder.join("build-script");
        let mut compile = shell.program("rustc");
        run(compile.args(["--edition=2024", "server/build.rs", "-o"]).arg(&script))
            .expect("compiles");
        let refused = || {
            let said = capture(shell.program(&script).current_dir(&server)).expect("runs");
            said.contains("cargo::error=client/dist has no page")
        };
        assert!(refused(), "the folder is empty");
        fs::write(dist.join("index.html"), "page").expect("writes");
        assert!(!refused(), "the page is there");
        fs::remove_dir_all(&folder).expect("removes");
    }
}
