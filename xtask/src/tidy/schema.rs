//! Ties docs/protocol.md to the messages. The page carries a hash of the files that define them, so
//! the author of a change to a message has to look at the page. `bolide_net::SCHEMA_HASH` is the
//! same number. Both are computed separately on purpose.

use super::{File, Problem, Tree};

/// The page that carries the hash.
pub(super) const PAGE: &str = "docs/protocol.md";

/// The files that define the messages, in the order in which they are hashed.
const SOURCES: [&str; 6] = [
    "net/src/message.rs",
    "net/src/rules.rs",
    "net/src/hot.rs",
    "net/src/entity.rs",
    "net/src/event.rs",
    "net/src/delta.rs",
];

const MARK: &str = "Schema hash: `";

pub(super) fn hash(tree: &Tree) -> Vec<Problem> {
    let page = tree.files.iter().find(|file| file.path == PAGE);
    let (Some(page), Some(text)) = (page, tree.text(PAGE)) else {
        return vec![Problem { path: PAGE.to_owned(), line: 0, what: "is missing".to_owned() }];
    };
    let sources =
        SOURCES.iter().map(|path| (*path, tree.files.iter().find(|file| file.path == *path)));
    let missing = sources.filter(|(_, file)| file.is_none());
    let mut problems: Vec<Problem> = missing
        .map(|(path, _)| {
            Problem::in_file(page, format!("`{path}` is missing, so its hash says nothing"))
        })
        .collect();
    let expected = of_messages(tree);
    match carried(text) {
        None => problems.push(Problem::in_file(page, format!("carries no line {MARK}{expected}`"))),
        Some((_, found)) if found == expected => {}
        Some((index, found)) => {
            let what = format!(
                "is for schema {found}, the messages are {expected}: bring the page up to date, then \
                 run `cargo xtask tidy --fix`"
            );
            problems.push(Problem::at(page, index, what));
        }
    }
    problems
}

/// Returns the page with the hash of today's messages. `None` if it has that hash already, or has
/// no place for it.
pub(super) fn fixed(tree: &Tree) -> Option<String> {
    let page = tree.text(PAGE)?;
    let (_, found) = carried(page)?;
    let expected = of_messages(tree);
    (found != expected)
        .then(|| page.replace(&format!("{MARK}{found}`"), &format!("{MARK}{expected}`")))
}

/// Returns the line, counted from 0, and the hash in it.
fn carried(page: &str) -> Option<(usize, &str)> {
    page.lines().enumerate().find_map(|(index, line)| {
        let (found, _) = line.strip_prefix(MARK)?.split_once('`')?;
        Some((index, found))
    })
}

fn of_messages(tree: &Tree) -> String {
    let bytes = SOURCES.iter().filter_map(|path| tree.files.iter().find(|file| file.path == *path));
    format!("{:016x}", fnv1a(bytes.flat_map(|file: &File| file.bytes.iter().copied())))
}

/// FNV-1a, 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{PAGE, fixed, fnv1a, hash};
    use crate::tidy::tests::{check, tree};

    #[test]
    fn the_hash_is_fnv1a() {
        // Vectors of the reference implementation.
        for (text, expect) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(fnv1a(text.bytes()), expect, "{text}");
        }
    }

    #[test]
    fn a_page_older_than_the_messages_is_found_and_fixed() {
        let with = |page| {
            [
                ("net/src/message.rs", "f"),
                ("net/src/rules.rs", "o"),
                ("net/src/hot.rs", "o"),
                ("net/src/entity.rs", "b"),
                ("net/src/event.rs", "a"),
                ("net/src/delta.rs", "r"),
                (PAGE, page),
            ]
        };
        let fresh = "# P\nSchema hash: `85944171f73967e8`\n";
        check(hash, &with(fresh), &[]);
        assert_eq!(fixed(&tree(&with(fresh))), None);

        let stale = "# P\nSchema hash: `0000000000000000`\n";
        let problem = "docs/protocol.md:2: is for schema 0000000000000000, the messages are 85944171f73967e8: \
                       bring the page up to date, then run `cargo xtask tidy --fix`";
        check(hash, &with(stale), &[problem]);
        assert_eq!(fixed(&tree(&with(stale))).as_deref(), Some(fresh));
        check(
            hash,
            &with("# P\n"),
            &["docs/protocol.md: carries no line Schema hash: `85944171f73967e8`"],
        );
    }

    #[test]
    fn a_missing_page_or_source_is_found() {
        check(hash, &[], &["docs/protocol.md: is missing"]);
        check(
            hash,
            &[
                ("net/src/message.rs", "f"),
                ("net/src/rules.rs", "o"),
                ("net/src/entity.rs", "ob"),
                ("net/src/event.rs", "a"),
                ("net/src/delta.rs", "r"),
                (PAGE, "Schema hash: `85944171f73967e8`\n"),
            ],
            &["docs/protocol.md: `net/src/hot.rs` is missing, so its hash says nothing"],
        );
    }
}
