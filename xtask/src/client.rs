//! The browser client: `client/dist` is committed, so that `cargo run` needs only Rust, and therefore it
//! must be what the sources build. This compares file contents, so it also works before a commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

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

    let aside = Aside::take(&client)?;
    let committed = Dist::read(&aside.kept)?;
    ensure!(!committed.0.is_empty(), "client/dist is empty; run `cargo xtask build-client`");
    run(&mut npm(&["run", "build"]))?;
    let built = Dist::read(&aside.dist)?;
    drop(aside);
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

/// The committed `client/dist`, out of the way of a build and put back when dropped. Put back, or a second run
/// would find the fresh build and pass; moved and not copied, or cargo would see new times and embed it again.
struct Aside {
    dist: PathBuf,
    kept: PathBuf,
}

impl Aside {
    fn take(client: &Path) -> Result<Aside> {
        // In a folder that git ignores, on the same file system.
        let kept = client.join("node_modules/.dist-committed");
        let aside = Aside { dist: client.join("dist"), kept };
        if aside.kept.is_dir() {
            // A run that was killed could not put it back.
            aside.put_back()?;
        }
        fs::rename(&aside.dist, &aside.kept).context(
            "client/dist cannot be moved aside; if it is missing, run `cargo xtask build-client`",
        )?;
        Ok(aside)
    }

    fn put_back(&self) -> io::Result<()> {
        if self.dist.is_dir() {
            fs::remove_dir_all(&self.dist)?;
        }
        fs::rename(&self.kept, &self.dist)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if self.kept.is_dir()
            && let Err(error) = self.put_back()
        {
            eprintln!(
                "client/dist could not be put back ({error}); it is in {}",
                self.kept.display()
            );
        }
    }
}

/// The files of a folder and all below it, by path relative to it.
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

    use super::{Aside, Dist};

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
    fn the_committed_files_come_back_whatever_was_built() {
        let client = env::temp_dir().join(format!("bolide-client-{}", std::process::id()));
        let dist = client.join("dist");
        fs::create_dir_all(client.join("node_modules")).expect("creates");
        assert!(Aside::take(&client).is_err(), "there is no dist yet");
        for killed in [false, true] {
            fs::create_dir_all(dist.join("img")).expect("creates");
            fs::write(dist.join("img/a.svg"), "committed").expect("writes");
            let aside = Aside::take(&client).expect("moves");
            fs::create_dir(&dist).expect("creates");
            fs::write(dist.join("app.js"), "built").expect("writes");
            if killed {
                std::mem::forget(aside);
                drop(Aside::take(&client).expect("recovers"));
            } else {
                drop(aside);
            }
            let found = Dist::read(&dist).expect("reads");
            assert_eq!(
                found.0.into_iter().collect::<Vec<_>>(),
                [("img/a.svg".into(), b"committed".to_vec())]
            );
        }
        fs::remove_dir_all(&client).expect("removes");
    }
}
