//! Tests of the page of metrics, and of its table in the documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Metrics, to_prometheus_text};
use crate::config::Config;
use crate::measure::reasons::{DropReason, IgnoreReason, RefuseReason};
use crate::measure::shard_metrics::Kind;
use crate::server::Server;
use crate::testing::Folder;

fn server() -> (Arc<Server>, Folder) {
    let folder = Folder::new();
    let config = Config { data_dir: folder.0.clone(), shards: 2, ..Config::default() };
    (Server::start(&config).expect("it starts"), folder)
}

fn page(server: &Arc<Server>) -> String {
    Metrics::of(Arc::clone(server)).text().expect("text")
}

/// Returns the families of a page: type and labels by name.
fn exposed(page: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut families: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    let mut current = (String::new(), String::new());
    for line in page.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').expect("a name and a type");
            current = (name.to_owned(), kind.to_owned());
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, kind) = &current;
        let series = line.split(['{', ' ']).next().expect("a name");
        assert!(series.starts_with(name.as_str()), "{series} stands among {name}");
        let name = if kind == "histogram" { name } else { series };
        let labels =
            line.split_once('{').map_or("", |(_, rest)| rest.split('}').next().unwrap_or(""));
        let labels =
            labels.split("\",").filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
        let family = families.entry(name.to_owned()).or_insert((kind.clone(), BTreeSet::new()));
        family.1.extend(labels.filter(|label| label != "le"));
    }
    families
}

#[tokio::test]
async fn the_table_of_the_documentation_is_what_a_server_exposes() {
    let (server, _folder) = server();
    let page = include_str!("../../../../docs/operations.md");
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `bolide_") || line.starts_with("| `process_"));
    let documented: BTreeMap<_, _> = rows
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            let mut cell = || cells.next().expect("a cell").to_owned();
            let (name, kind, labels) = (cell(), cell(), cell());
            assert!(!cell().is_empty(), "{name} has a meaning");
            let labels = labels.split('`').skip(1).step_by(2).map(str::to_owned);
            (name.trim_matches('`').to_owned(), (kind, labels.collect::<BTreeSet<_>>()))
        })
        .collect();
    let exposed = exposed(&self::page(&server));
    for (name, told) in &exposed {
        assert_eq!(documented.get(name), Some(told), "{name} in docs/operations.md");
    }
    for name in documented.keys() {
        assert!(exposed.contains_key(name), "{name} is documented and not there");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_reason_is_in_the_documentation() {
    let (server, _folder) = server();
    let documentation = include_str!("../../../../docs/operations.md");
    let page = page(&server);
    let reasons = page.lines().filter_map(|line| line.split_once("reason=\"")?.1.split('"').next());
    let unknown = reasons.filter(|reason| !documentation.contains(&format!("`{reason}`")));
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&str>::new());
    server.stop().await;
}

#[test]
fn a_page_for_old_scrapers_has_their_names_and_types() {
    let page = "# HELP a_build Which program this is.\n# TYPE a_build info\na_build_info{version=\"1\"} 1\n\
                # HELP a_bytes So many.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 7\n\
                # HELP a_s Long.\n# TYPE a_s histogram\n# UNIT a_s s\na_s_bucket{le=\"+Inf\"} 2\n# EOF\n";
    let expect = "# HELP a_build_info Which program this is.\n# TYPE a_build_info gauge\na_build_info{version=\"1\"} 1\n\
                  # HELP a_bytes_total So many.\n# TYPE a_bytes_total counter\na_bytes_total 7\n\
                  # HELP a_s Long.\n# TYPE a_s histogram\na_s_bucket{le=\"+Inf\"} 2\n";
    assert_eq!(to_prometheus_text(page), expect);
}

#[tokio::test]
async fn what_was_counted_is_told() {
    let (server, _folder) = server();
    server.context.counters.refused(RefuseReason::Origin);
    server.context.counters.dropped(DropReason::Ping);
    server.context.counters.input_dropped();
    server.context.counters.ignored(IgnoreReason::Foreign);
    server.context.traffic.error(bolide_net::ErrorCode::RoomFull);
    let shard = &server.shard_metrics[1];
    shard.message(Kind::Resync);
    shard.error(bolide_net::ErrorCode::RoomFull);
    shard.error(bolide_net::ErrorCode::ChatRate);
    shard.turn(Duration::from_millis(120), 3, Some(Duration::from_millis(1500)));
    shard.journal.bytes.add(77);
    shard.ticks.record(Duration::from_micros(60));
    let page = page(&server);
    for line in [
        "bolide_refused_total{reason=\"origin\"} 1",
        "bolide_cut_total{reason=\"ping\"} 1",
        "bolide_cut_total{reason=\"idle\"} 0",
        "bolide_inputs_dropped_total{reason=\"budget\"} 1",
        "bolide_page_frames_ignored_total{reason=\"foreign\"} 1",
        "bolide_page_frames_ignored_total{reason=\"order\"} 0",
        "bolide_errors_total{code=\"room_full\"} 2",
        "bolide_errors_total{code=\"chat_rate\"} 1",
        "bolide_messages_total{shard=\"1\",kind=\"resync\"} 1",
        "bolide_messages_total{shard=\"0\",kind=\"resync\"} 0",
        "bolide_late_turns_total{shard=\"1\"} 1",
        "bolide_ticks_caught_up_total{shard=\"1\"} 2",
        "bolide_slips_total{shard=\"1\"} 1",
        "bolide_slipped_seconds_total{shard=\"1\"} 1.5",
        "bolide_journal_written_bytes_total{shard=\"1\"} 77",
        "bolide_tick_duration_seconds_count{shard=\"1\"} 1",
        "bolide_tick_duration_seconds_bucket{le=\"0.00005\",shard=\"1\"} 0",
        "bolide_tick_duration_seconds_bucket{le=\"0.0001\",shard=\"1\"} 1",
        "bolide_tick_duration_seconds_bucket{le=\"+Inf\",shard=\"1\"} 1",
        "bolide_thread_turn_age_seconds{thread=\"store\"} 0.0",
        "bolide_connections_max 6000",
        "bolide_ready 1",
    ] {
        assert!(page.lines().any(|told| told == line), "{line} is not in\n{page}");
    }
    assert!(page.ends_with("# EOF\n"));
    server.stop().await;
    assert!(self::page(&server).contains("\nbolide_ready 0\n"));
}
