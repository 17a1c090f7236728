//! Compares `docs/operations.md` with the table of settings. With `BOLIDE_MINT` in the environment,
//! which `cargo xtask describe` sets, it writes the page's tables anew instead.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use bolide_sim::Rules;

use super::SETTINGS;
use super::file::parse;
use super::setting::{DefaultValue, Kind, Setting};

const PAGE: &str = include_str!("../../../docs/operations.md");

/// A table of settings on the page. The first columns are made from [`SETTINGS`]; the others are
/// prose, which is kept.
struct Table {
    head: &'static str,
    is_listed: fn(&Setting) -> bool,
    columns: fn(&Setting) -> Vec<String>,
    prose_columns: usize,
}

const TABLES: [Table; 2] = [
    Table {
        head: "| file | command line | environment | default | range | meaning |\n",
        is_listed: |setting| setting.table() != "budgets",
        columns: |setting| {
            let key = format!("`{}`", setting.key);
            let option = format!("`--{}`", setting.option());
            let variable = format!("`{}`", setting.variable());
            vec![key, option, variable, default(setting), range(setting)]
        },
        prose_columns: 1,
    },
    Table {
        head: "| setting | default | range | meaning | beyond it |\n",
        is_listed: |setting| setting.table() == "budgets",
        columns: |setting| vec![format!("`{}`", setting.key), default(setting), range(setting)],
        prose_columns: 2,
    },
];

fn default(setting: &Setting) -> String {
    match (&setting.default, setting.default.to_string()) {
        (_, name) if name.is_empty() => "not set".to_owned(),
        (DefaultValue::Text(_) | DefaultValue::Listed(_) | DefaultValue::Folder(_), value) => {
            format!("`{value}`")
        }
        (_, name) => name,
    }
}

fn range(setting: &Setting) -> String {
    match &setting.kind {
        Kind::U16(range) | Kind::U32(range) => format!("{} to {}", range.start(), range.end()),
        _ => String::new(),
    }
}

/// Returns the page with this table as it should be.
fn with_table(page: &str, table: &Table) -> String {
    let begin = page.find(table.head).expect("the head of the table");
    let len = page[begin..].find("\n\n").expect("the end of the table") + 1;
    let rows = page[begin..begin + len].lines().map(|row| row.trim_matches('|').split('|'));
    let written: BTreeMap<&str, Vec<&str>> = rows
        .map(|row| row.map(str::trim).collect::<Vec<_>>())
        .map(|cells| (cells[0], cells[cells.len() - table.prose_columns..].to_vec()))
        .collect();
    let mut text = table.head.to_owned();
    text += &"| --- ".repeat(table.head.matches(" | ").count() + 1);
    text += "|\n";
    for setting in SETTINGS.iter().filter(|setting| (table.is_listed)(setting)) {
        let columns = (table.columns)(setting);
        let prose = written.get(columns[0].as_str()).cloned();
        let prose = prose.unwrap_or_else(|| {
            let mut prose = vec![""; table.prose_columns];
            prose[0] = setting.summary;
            prose
        });
        for cell in columns.iter().map(String::as_str).chain(prose) {
            write!(text, "|{}{cell} ", if cell.is_empty() { "" } else { " " }).expect("a text");
        }
        text += "|\n";
    }
    format!("{}{text}{}", &page[..begin], &page[begin + len..])
}

#[test]
fn the_tables_of_settings_are_fresh() {
    let page = TABLES.iter().fold(PAGE.to_owned(), |page, table| with_table(&page, table));
    if std::env::var_os("BOLIDE_MINT").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
        return std::fs::write(path, page).expect("the page can be written");
    }
    let stale = PAGE.lines().zip(page.lines()).find(|(written, expect)| written != expect);
    assert_eq!(stale, None, "docs/operations.md is stale; run `cargo xtask describe`");
    assert_eq!(PAGE.len(), page.len(), "docs/operations.md is stale; run `cargo xtask describe`");
}

#[test]
fn every_example_is_read() {
    let examples: Vec<&str> = PAGE
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("the end of a block"))
        .collect();
    let modes = examples.iter().filter_map(|example| {
        let file = parse(Path::new("operations.md"), example);
        file.expect("an example that can be copied").settings.modes
    });
    assert!(examples.len() >= 2 && modes.count() >= 1, "{} examples", examples.len());
}

#[test]
fn every_rule_of_a_mode_is_documented() {
    for rule in Rules::names() {
        assert!(PAGE.contains(&format!("`{rule}`")), "{rule} is not in docs/operations.md");
    }
}
