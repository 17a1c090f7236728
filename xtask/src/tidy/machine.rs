//! No file may name a folder of the machine it was written on, because it means nothing on another
//! machine.

use std::env;
use std::path::Path;

use super::{Problem, Tree};

/// Folders that many machines have. Files may name these.
const COMMON: [&str; 11] = [
    "/", "/app", "/build", "/home", "/mnt", "/opt", "/src", "/srv", "/tmp", "/usr/src", "/var/tmp",
];

/// Returns the home of the current user, the repository, and the folder it is in.
pub(super) fn folders(root: &Path) -> Vec<String> {
    let home = env::var("HOME").unwrap_or_default();
    let known = [Some(Path::new(&home)), Some(root), root.parent()];
    let paths = known
        .into_iter()
        .flatten()
        .map(|path| path.to_string_lossy().trim_end_matches('/').to_owned());
    paths
        .filter(|path| path.starts_with('/') && !COMMON.contains(&path.as_str()))
        .map(|path| path + "/")
        .collect()
}

pub(super) fn paths(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &tree.files {
        let text = String::from_utf8_lossy(&file.bytes);
        for (index, line) in text.lines().enumerate() {
            if let Some(folder) = tree.machine.iter().find(|folder| names(line, folder)) {
                problems.push(Problem::at(
                    file,
                    index,
                    format!("names `{folder}`, a folder of this machine"),
                ));
            }
        }
    }
    problems
}

/// Returns whether the line holds the folder as an absolute path, not as the end of a longer one.
fn names(line: &str, folder: &str) -> bool {
    let path = |c: char| c.is_alphanumeric() || "._-~*)}>$".contains(c);
    line.match_indices(folder).any(|(at, _)| !line[..at].ends_with(path))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{folders, paths};
    use crate::tidy::tests::tree;

    #[test]
    fn a_folder_of_this_machine_is_found_and_a_longer_path_is_not() {
        let mut tree = tree(&[
            ("a.md", "ok\nsee /place/of/mine/x\n"),
            ("b.md", "sim/place/of/mine/x, /place/of/min\n"),
        ]);
        tree.machine = vec!["/place/of/mine/".to_owned()];
        let found: Vec<String> = paths(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["a.md:2: names `/place/of/mine/`, a folder of this machine"]);
    }

    #[test]
    fn what_every_machine_has_may_be_named() {
        let list = folders(Path::new("/tmp/bolide"));
        assert!(
            list.contains(&"/tmp/bolide/".to_owned()) && !list.contains(&"/tmp/".to_owned()),
            "{list:?}"
        );
        assert!(folders(Path::new("/place/bolide")).contains(&"/place/".to_owned()));
    }
}
