//! Ties docs/protocol.md to the messages. The page carries a hash of the files that define them, so
//! the author of a change to a message has to look at the page. `bolide_net::SCHEMA_HASH` is the
//! same number. Both are computed separately on purpose.

use super::{File, Problem, Tree};

/// The page that carries the hash.
pub(super) const PAGE: &str = "docs/protocol.md";

/// The files that define the control messages, in the order in which they are hashed.
const CONTROL: [&str; 1] = ["net/src/messages/control.rs"];

/// The files that define what this game sends, in the order in which they are hashed.
const GAME: [&str; 6] = [
    "net/src/messages/rules.rs",
    "net/src/messages/tick.rs",
    "net/src/messages/entity.rs",
    "net/src/messages/event.rs",
    "net/src/views/snapshot.rs",
    "net/src/views/delta.rs",
];

const MARK: &str = "Schema hash: `";

pub(super) fn hash(tree: &Tree) -> Vec<Problem> {
    let page = tree.files.iter().find(|file| file.path == PAGE);
    let (Some(page), Some(text)) = (page, tree.text(PAGE)) else {
        return vec![Problem { path: PAGE.to_owned(), line: 0, what: "is missing".to_owned() }];
    };
    let sources = CONTROL.iter().chain(&GAME);
    let sources = sources.map(|path| (*path, tree.files.iter().find(|file| file.path == *path)));
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

/// Returns the hash over two hashes: that of the control messages and that of the game's.
fn of_messages(tree: &Tree) -> String {
    let of_files = |paths: &[&str]| {
        let files = paths.iter().filter_map(|path| tree.files.iter().find(|f| f.path == *path));
        fnv1a(files.flat_map(|file: &File| file.bytes.iter().copied()))
    };
    let both = [of_files(&CONTROL), of_files(&GAME)].map(u64::to_be_bytes);
    format!("{:016x}", fnv1a(both.into_iter().flatten()))
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

    /// The files of the messages, with a letter each.
    const MESSAGES: [(&str, &str); 7] = [
        ("net/src/messages/control.rs", "a"),
        ("net/src/messages/rules.rs", "f"),
        ("net/src/messages/tick.rs", "o"),
        ("net/src/messages/entity.rs", "o"),
        ("net/src/messages/event.rs", "b"),
        ("net/src/views/snapshot.rs", "a"),
        ("net/src/views/delta.rs", "r"),
    ];

    /// FNV-1a of the bytes af63dc4c8601ec8c ("a") and 85944171f73967e8 ("foobar").
    const HASH: &str = "5ebab3408317b146";

    #[test]
    fn a_page_older_than_the_messages_is_found_and_fixed() {
        let with = |page| [&MESSAGES[..], &[(PAGE, page)]].concat();
        let fresh = format!("# P\nSchema hash: `{HASH}`\n");
        check(hash, &with(&fresh), &[]);
        assert_eq!(fixed(&tree(&with(&fresh))), None);

        let stale = "# P\nSchema hash: `0000000000000000`\n";
        let problem = format!(
            "docs/protocol.md:2: is for schema 0000000000000000, the messages are {HASH}: bring the \
             page up to date, then run `cargo xtask tidy --fix`"
        );
        check(hash, &with(stale), &[&problem]);
        assert_eq!(fixed(&tree(&with(stale))).as_deref(), Some(fresh.as_str()));
        let problem = format!("docs/protocol.md: carries no line Schema hash: `{HASH}`");
        check(hash, &with("# P\n"), &[&problem]);
    }

    #[test]
    fn a_missing_page_or_source_is_found() {
        check(hash, &[], &["docs/protocol.md: is missing"]);
        let page = format!("Schema hash: `{HASH}`\n");
        // The letters of the missing file are in the next one, so the hash is the same.
        let mut files = [&MESSAGES[..], &[(PAGE, &page)]].concat();
        files.remove(2);
        files[2].1 = "oo";
        let missing = "`net/src/messages/tick.rs` is missing, so its hash says nothing";
        check(hash, &files, &[&format!("docs/protocol.md: {missing}")]);
    }
}
