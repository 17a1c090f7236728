//! The licences of everything in the shipped program: the crates that are linked into it, SQLite,
//! the standard library, and the npm packages in the page. The file is generated from the lock
//! files and the packages' own texts, committed, and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::shell::{Shell, capture};

const FILE: &str = "THIRD-PARTY-LICENSES.txt";

/// The targets whose programs are described. Their linked crates differ by one or two.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"];

/// Prefixes of the names of files that hold a licence or a notice that it requires.
const NAMES: [&str; 6] = ["licen", "copying", "copyright", "notice", "unlicense", "authors"];

/// Checks that the committed file is the one that the lock files and the packages give.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    let committed = fs::read_to_string(shell.root.join(FILE)).unwrap_or_default();
    let packages = packages(shell)?;
    if committed != render(&packages) {
        bail!("{FILE} is not that of the locked packages; run `cargo xtask licenses`");
    }
    println!("{FILE} has the licences of {} packages", packages.len());
    Ok(())
}

/// Rewrites the file.
pub(crate) fn write(shell: &Shell) -> Result<()> {
    let text = render(&packages(shell)?);
    fs::write(shell.root.join(FILE), text).with_context(|| format!("{FILE} cannot be written"))
}

/// A shipped package of another author.
struct Package {
    /// Name and version.
    name: String,
    /// The licence in its manifest.
    license: String,
    /// The texts of its licence files.
    texts: Vec<String>,
}

fn packages(shell: &Shell) -> Result<Vec<Package>> {
    let mut packages = crates(shell)?;
    packages.extend(page(shell)?);
    packages.push(Package {
        name: "Rust standard library".to_owned(),
        license: "MIT OR Apache-2.0, copyright The Rust Project contributors".to_owned(),
        texts: vec![normalized(&fs::read_to_string(shell.root.join("LICENSE-APACHE"))?)],
    });
    Ok(packages)
}

/// Returns the crates that cargo links into the server, and SQLite, whose source is part of one of
/// them.
fn crates(shell: &Shell) -> Result<Vec<Package>> {
    let metadata: Value =
        serde_json::from_str(&capture(&mut shell.cargo("metadata --locked --format-version 1"))?)?;
    let mut linked = linked(shell)?;
    let mut packages = Vec::new();
    for package in metadata["packages"].as_array().context("cargo metadata has no packages")? {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let name = format!("{} {}", text("name"), text("version"));
        // The workspace's own crates come from no registry.
        if !linked.remove(&name) || package["source"].is_null() {
            continue;
        }
        let folder =
            Path::new(text("manifest_path")).parent().context("a manifest in no folder")?;
        packages.push(read(name, text("license"), folder)?);
        if text("name") == "libsqlite3-sys" {
            packages.push(sqlite(folder)?);
        }
    }
    ensure!(linked.is_empty(), "cargo metadata does not know {linked:?}");
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

/// Returns names and versions of the crates in the program, without build dependencies, macros and
/// tests.
fn linked(shell: &Shell) -> Result<BTreeSet<String>> {
    let mut linked = BTreeSet::new();
    for target in TARGETS {
        let tree = "tree --locked -p bolide-cli -e normal,no-proc-macro --prefix none";
        let tree = capture(&mut shell.cargo(&format!("{tree} --target {target}")))?;
        linked.extend(tree.lines().filter_map(name_and_version));
    }
    Ok(linked)
}

/// Parses a line of `cargo tree`: `serde v1.0.229 (*)` is `serde 1.0.229`.
fn name_and_version(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
}

fn sqlite(folder: &Path) -> Result<Package> {
    let header = fs::read_to_string(folder.join("sqlite3/sqlite3.h")).context("sqlite3.h")?;
    let version = header.lines().find_map(|line| line.strip_prefix("#define SQLITE_VERSION "));
    let version = version.context("sqlite3.h tells no version")?.trim().trim_matches('"');
    Ok(Package {
        name: format!("SQLite {version}"),
        license: "public domain, https://sqlite.org/copyright.html".to_owned(),
        texts: Vec::new(),
    })
}

/// The npm packages that are bundled into the page.
fn page(shell: &Shell) -> Result<Vec<Package>> {
    let client = shell.root.join("client");
    let json = |path: PathBuf| -> Result<Value> {
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read; run `cargo xtask setup`", path.display()));
        Ok(serde_json::from_str(&text?)?)
    };
    let manifest = json(client.join("package.json"))?;
    let lock = json(client.join("package-lock.json"))?;
    let names = manifest["dependencies"].as_object().context("the client has no dependencies")?;
    let mut packages = Vec::new();
    for name in names.keys() {
        let locked = &lock["packages"][format!("node_modules/{name}")];
        ensure!(locked["dependencies"].is_null(), "{name} brings npm packages that are not listed");
        let version = locked["version"].as_str().context("a package that is not locked")?;
        let license = locked["license"].as_str().unwrap_or_default();
        let folder = client.join("node_modules").join(name);
        packages.push(read(format!("{name} {version} (npm)"), license, &folder)?);
    }
    Ok(packages)
}

fn read(name: String, license: &str, folder: &Path) -> Result<Package> {
    let mut texts = Vec::new();
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("no folder of {name}"))? {
        files.push(entry?.path());
    }
    files.sort();
    for file in files.iter().filter(|file| file.is_file()) {
        let lower = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if NAMES.iter().any(|beginning| lower.starts_with(beginning)) {
            let bytes = fs::read(file)?;
            texts.push(normalized(&String::from_utf8_lossy(&bytes)));
        }
    }
    ensure!(!texts.is_empty(), "{name} has no file with its licence; add its text by hand");
    Ok(Package { name, license: license.to_owned(), texts })
}

/// Removes the differences between copies of a text: line ends, blanks before them, and blank lines
/// around the text.
fn normalized(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

const RULE: &str =
    "--------------------------------------------------------------------------------";

/// Writes the list of packages, then each text once, with the packages that it belongs to.
fn render(packages: &[Package]) -> String {
    let mut all = String::from(
        "Licences of what others wrote and the program `bolide` contains.\n\
         Generated by `cargo xtask licenses`; do not edit. Bolide itself: LICENSE-MIT, LICENSE-APACHE.\n\n",
    );
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        all += &format!("{}: {}\n", package.name, package.license);
        for text in &package.texts {
            let names = owners.entry(text).or_default();
            if !names.contains(&package.name.as_str()) {
                names.push(&package.name);
            }
        }
    }
    let mut texts: Vec<(Vec<&str>, &str)> =
        owners.into_iter().map(|(text, names)| (names, text)).collect();
    texts.sort_unstable();
    for (names, text) in texts {
        all += &format!("\n{RULE}\n{}\n{RULE}\n\n{text}\n", names.join(", "));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Package, name_and_version, normalized, render};

    fn package(name: &str, texts: &[&str]) -> Package {
        let texts = texts.iter().map(|text| normalized(text)).collect();
        Package { name: name.to_owned(), license: "MIT".to_owned(), texts }
    }

    #[test]
    fn a_text_that_two_packages_share_is_there_once_with_both_names() {
        let text = render(&[
            package("a 1.0.0", &["Do as you like.\r\n", "By A.\n"]),
            package("b 2.0.0", &["\nDo as you like.  \n"]),
        ]);
        assert!(text.contains("a 1.0.0: MIT\nb 2.0.0: MIT\n"), "{text}");
        assert_eq!(text.matches("Do as you like.").count(), 1, "{text}");
        assert!(text.contains("\na 1.0.0, b 2.0.0\n"), "{text}");
        assert!(text.contains("\nBy A.\n") && text.ends_with('\n'), "{text}");
    }

    #[test]
    fn a_line_of_the_tree_is_a_name_and_a_version() {
        let check = |line, expect: Option<&str>| {
            assert_eq!(name_and_version(line).as_deref(), expect, "{line}");
        };
        check("serde v1.0.229", Some("serde 1.0.229"));
        check("serde v1.0.229 (*)", Some("serde 1.0.229"));
        check("", None);
    }
}
