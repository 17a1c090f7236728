//! The metrics of a server for Prometheus: the name, type, labels and help of each. This module
//! only reads what others have counted. It reads the figures of a shard with relaxed loads, so a
//! scrape does not hold up its ticks. No label names a room, a player or an address, so the number
//! of series depends on the configuration alone. `docs/operations.md` lists all metrics; a test
//! compares.

use std::collections::HashMap;
use std::fmt::{self, Error};
use std::sync::Arc;
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::log_queue;
use super::process;
use crate::measure::heartbeat::Turn;
use crate::measure::shard_metrics::{Histogram, Kind, ShardMetrics};
use crate::server::Server;

/// The content type of the `OpenMetrics` text.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The content type of [`to_prometheus_text`].
pub(crate) const OLD_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of one server. Each server of a process has its own.
#[derive(Debug)]
pub(crate) struct Metrics(Registry);

impl Metrics {
    pub(crate) fn of(server: Arc<Server>) -> Metrics {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Exposed(server)));
        Metrics(registry)
    }

    /// Encodes all metrics as text.
    pub(crate) fn text(&self) -> Result<String, Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

/// Converts the page to Prometheus text format 0.0.4. In that format the comments of a counter have
/// its full name, and there is no type `info`, no unit and no end marker.
pub(crate) fn to_prometheus_text(openmetrics: &str) -> String {
    let types = openmetrics.lines().filter_map(described);
    let types = types.filter(|[what, ..]| *what == "TYPE").map(|[_, name, kind]| (name, kind));
    let kinds: HashMap<&str, &str> = types.collect();
    let mut page = String::with_capacity(openmetrics.len());
    for line in openmetrics.lines() {
        match described(line) {
            Some([what @ ("HELP" | "TYPE"), name, text]) => {
                let (suffix, kind) = match kinds.get(name) {
                    Some(&"counter") => ("_total", "counter"),
                    Some(&"info") => ("_info", "gauge"),
                    other => ("", other.copied().unwrap_or("untyped")),
                };
                let text = if what == "TYPE" { kind } else { text };
                page += &format!("# {what} {name}{suffix} {text}\n");
            }
            None if !line.starts_with('#') => page += &format!("{line}\n"),
            _ => {}
        }
    }
    page
}

/// Splits a comment into its keyword, the name of its family, and its text.
fn described(line: &str) -> Option<[&str; 3]> {
    let (what, rest) = line.strip_prefix("# ")?.split_once(' ')?;
    let (name, text) = rest.split_once(' ')?;
    Some([what, name, text])
}

/// A server as a collector of metrics.
struct Exposed(Arc<Server>);

impl fmt::Debug for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exposed")
    }
}

impl Collector for Exposed {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut page = Page(encoder);
        let server = &*self.0;
        about(&mut page, server)?;
        sockets(&mut page, server)?;
        refusals(&mut page, server)?;
        ticks(&mut page, server)?;
        journals(&mut page, server)?;
        store(&mut page, server)?;
        rooms(&mut page, server)?;
        threads(&mut page, server)?;
        log(&mut page)?;
        process_itself(&mut page)
    }
}

fn about(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let build = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("simulation", bolide_sim::journal::SIM_VERSION.to_string()),
        ("schema", format!("{:016x}", bolide_net::SCHEMA_HASH)),
    ];
    page.info("bolide_build", "Which program this is", &build)?;
    page.gauge(
        "bolide_ready",
        "1 while players are taken",
        u64::from(server.not_ready().is_none()),
    )?;
    let (sessions_max, rooms_max) = server.directory.limits();
    page.gauge("bolide_sessions_max", "Seats that people may take", sessions_max.into())?;
    page.gauge("bolide_rooms_max", "Rooms that there may be", rooms_max.into())?;
    page.gauge(
        "bolide_connections_max",
        "Game sockets that may be open",
        server.connections_max().into(),
    )
}

fn sockets(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let traffic = &server.context.traffic;
    let written = traffic.written();
    page.gauge("bolide_connections", "Game sockets that are open", server.connections().into())?;
    page.counter("bolide_connections_opened", "Game sockets that were opened", server.opened())?;
    let received = Family::counter("bolide_received", "Bytes read from game sockets").bytes();
    page.family(received, [one(traffic.bytes_in())])?;
    let sent =
        Family::counter("bolide_sent", "Bytes that the system took for game sockets").bytes();
    page.family(sent, [one(written.bytes)])?;
    page.counter("bolide_sent_frames", "WebSocket frames sent to their end", written.frames)?;
    let waiting = Family::gauge("bolide_outbox", "Bytes that wait for slow readers").bytes();
    page.family(waiting, [one(written.waiting_bytes)])?;
    page.counter(
        "bolide_snapshots_replaced",
        "Snapshots replaced before they were sent",
        written.replaced,
    )?;
    page.counter(
        "bolide_deltas_dropped",
        "Deltas dropped because their baseline was not sent",
        written.lagged,
    )
}

fn refusals(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let (counters, traffic) = (&server.context.counters, &server.context.traffic);
    let with = |prefix: &'static str| {
        counters.all().filter_map(move |(name, count)| {
            let reason = name.strip_prefix(prefix)?;
            Some((vec![("reason", reason.to_owned())], Value::Number(count)))
        })
    };
    let refused = Family::counter("bolide_refused", "Requests that did not become a game socket");
    page.family(refused, with("refused_"))?;
    page.family(
        Family::counter("bolide_cut", "Game sockets that the server closed"),
        with("cut_"),
    )?;
    let count = |wanted| counters.all().find(|(name, _)| *name == wanted).map_or(0, |it| it.1);
    let failed = count("accept_failed");
    page.counter("bolide_accept_failures", "Connections that could not be accepted", failed)?;
    let budget = count("input_dropped");
    let dropped = [labelled("reason", "budget", budget)];
    page.family(
        Family::counter("bolide_inputs_dropped", "Inputs that were not handed on"),
        dropped,
    )?;
    let errors = traffic.errors().map(|(code, told)| {
        let by_rooms: u64 = server.shard_metrics.iter().map(|shard| shard.errors(code)).sum();
        labelled("code", code.as_str(), told + by_rooms)
    });
    page.family(Family::counter("bolide_errors", "Error messages sent to clients"), errors)
}

fn ticks(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let spread = |name, help, of: fn(&ShardMetrics) -> &Histogram| {
        let spreads = move |shard: &ShardMetrics| Value::Spread(Spread::of(of(shard)));
        (Family::histogram(name, help).seconds(), per_shard(server, spreads))
    };
    let (family, all) =
        spread("bolide_tick_duration", "What a tick of a room took", |it| &it.ticks);
    page.family(family, all)?;
    let longest =
        Family::gauge("bolide_tick_duration_max", "The longest tick of the last minute").seconds();
    page.family(longest, per_shard(server, |it| seconds(it.tick_max_ns.get())))?;
    let (family, all) =
        spread("bolide_tick_lateness", "How long after its time a room's turn came", |it| {
            &it.lateness
        });
    page.family(family, all)?;
    let late = Family::counter("bolide_late_turns", "Turns that came a tick or more too late");
    page.family(late, per_shard(server, |it| it.late_turns.get().into()))?;
    let caught_up =
        Family::counter("bolide_ticks_caught_up", "Ticks run in the turn of a later one");
    page.family(caught_up, per_shard(server, |it| it.caught_up.get().into()))?;
    let slips = Family::counter("bolide_slips", "Times that a room was too late to catch up");
    page.family(slips, per_shard(server, |it| it.slips.get().into()))?;
    let slipped =
        Family::counter("bolide_slipped", "Time by which rooms are behind for good").seconds();
    page.family(slipped, per_shard(server, |it| seconds(it.slipped_ns.get())))?;
    let interval = Family::gauge(
        "bolide_snapshot_interval_ticks",
        "Ticks from one snapshot of a room to the next; more than 1 in a shard short of time",
    );
    page.family(interval, per_shard(server, |it| it.snapshot_interval_ticks.get().max(1).into()))?;
    let withheld =
        Family::counter("bolide_snapshots_withheld", "Ticks whose snapshots were not sent");
    page.family(withheld, per_shard(server, |it| it.snapshots_withheld.get().into()))
}

fn journals(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let mut spread = |name, help, of: fn(&ShardMetrics) -> &Histogram| {
        let spreads = move |shard: &ShardMetrics| Value::Spread(Spread::of(of(shard)));
        page.family(Family::histogram(name, help).seconds(), per_shard(server, spreads))
    };
    spread("bolide_journal_write", "What handing records to the system took", |it| {
        &it.journal.writes
    })?;
    spread("bolide_journal_wait", "How long frames waited for the journal", |it| {
        &it.journal.waits
    })?;
    spread("bolide_journal_sync", "What syncing a group of journals took", |it| &it.journal.syncs)?;
    let written = Family::counter("bolide_journal_written", "Bytes appended to journals").bytes();
    page.family(written, per_shard(server, |it| it.journal.bytes.get().into()))?;
    let waiting = Family::gauge("bolide_journal_waiting", "Bytes that wait to be written").bytes();
    page.family(waiting, per_shard(server, |it| it.journal.waiting_bytes.get().into()))?;
    let synced = Family::counter("bolide_journal_synced_files", "Files synced, each time");
    page.family(synced, per_shard(server, |it| it.journal.synced_files.get().into()))?;
    let failed = Family::counter("bolide_journal_sync_failures", "Syncs of a file that failed");
    page.family(failed, per_shard(server, |it| it.journal.sync_failures.get().into()))
}

fn store(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let Some(store) = &server.store else { return Ok(()) };
    let store = &store.metrics;
    let commits = Spread::of(&store.commits);
    page.family(
        Family::histogram("bolide_store_commit", "What committing a batch took").seconds(),
        [(vec![], Value::Spread(commits))],
    )?;
    page.counter("bolide_store_failures", "Commits that failed", store.failures.get())?;
    page.gauge("bolide_store_waiting", "Changes that are not committed yet", store.waiting.get())?;
    let dropped =
        [("full", &store.dropped), ("refused", &store.refused), ("unread", &store.acks_dropped)];
    page.family(
        Family::counter("bolide_store_dropped", "Changes that are not kept, or not answered"),
        dropped.map(|(reason, count)| labelled("reason", reason, count.get())),
    )
}

fn rooms(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let running = Family::gauge("bolide_rooms", "Rooms that run");
    page.family(running, per_shard(server, |it| it.rooms.get().into()))?;
    let opened = Family::counter("bolide_rooms_opened", "Rooms that were opened");
    page.family(opened, per_shard(server, |it| it.rooms_opened.get().into()))?;
    let failed = Family::counter("bolide_rooms_failed", "Rooms that failed");
    page.family(failed, per_shard(server, |it| it.rooms_failed.get().into()))?;
    let absent = server.directory.absent();
    let by_reason = [
        labelled("reason", "restoring", absent.restoring),
        labelled("reason", "system", absent.system),
        labelled("reason", "version", absent.version),
    ];
    let family = Family::gauge("bolide_rooms_unrestored", "Rooms that are kept and do not run");
    page.family(family, by_reason)?;
    let sessions = Family::gauge("bolide_sessions", "Seats that people hold");
    page.family(sessions, per_shard(server, |it| it.sessions.get().into()))?;
    let players = Family::gauge("bolide_players", "Players of matches, bots among them");
    page.family(players, per_shard(server, |it| it.players.get().into()))?;
    let messages = server.shard_metrics.iter().enumerate().flat_map(|(shard, shard_metrics)| {
        Kind::ALL.iter().zip(&shard_metrics.messages).map(move |(kind, count)| {
            let labels = vec![("shard", shard.to_string()), ("kind", kind.name().to_owned())];
            (labels, Value::Number(count.get()))
        })
    });
    page.family(
        Family::counter("bolide_messages", "Messages of clients that reached a shard"),
        messages,
    )
}

fn threads(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let age = Family::gauge(
        "bolide_thread_turn_age",
        "For how long a thread has been in its current turn, 0 while it has nothing to do",
    );
    let turns = server.heartbeats.turns(Instant::now()).into_iter().map(|(thread, turn)| {
        let age = match turn {
            Turn::For(age) => age.as_secs_f64(),
            Turn::Idle | Turn::Ended => 0.0,
        };
        (vec![("thread", thread)], Value::Seconds(age))
    });
    page.family(age.seconds(), turns)
}

fn log(page: &mut Page<'_>) -> Result<(), Error> {
    let dropped =
        log_queue::dropped().map(|(reason, lines)| labelled("reason", reason.name(), lines));
    let family =
        Family::counter("bolide_log_lines_dropped", "Lines of the log that were not written");
    page.family(family, dropped)
}

/// Adds the metrics of the process, under the names that Prometheus clients of all languages use.
/// They are left out where the operating system does not report them.
fn process_itself(page: &mut Page<'_>) -> Result<(), Error> {
    let Some(usage) = process::usage() else { return Ok(()) };
    let cpu = Family::counter("process_cpu", "Time on a core").seconds();
    page.family(cpu, [(vec![], Value::Seconds(usage.cpu_s))])?;
    let start = Family::gauge("process_start_time", "When it began, since 1970").seconds();
    page.family(start, [(vec![], Value::Seconds(usage.started_s))])?;
    let memory = Family::gauge("process_resident_memory", "Memory that it occupies").bytes();
    page.family(memory, [one(usage.resident_bytes)])?;
    page.gauge("process_open_fds", "File descriptors that are open", usage.open_fds)?;
    page.gauge("process_max_fds", "File descriptors that may be open", usage.max_fds)
}

/// The page that is being written.
struct Page<'a>(DescriptorEncoder<'a>);

/// A metric family. Its unit, and the `_total` of a counter, are appended to its name.
struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    kind: MetricType,
}

type Labels = Vec<(&'static str, String)>;

/// The value of a series.
enum Value {
    Number(u64),
    Seconds(f64),
    Spread(Spread),
}

struct Spread {
    sum_s: f64,
    count: u64,
    buckets: Vec<(f64, u64)>,
}

impl Family {
    const fn counter(name: &'static str, help: &'static str) -> Family {
        Family { name, help, unit: None, kind: MetricType::Counter }
    }

    const fn gauge(name: &'static str, help: &'static str) -> Family {
        Family { name, help, unit: None, kind: MetricType::Gauge }
    }

    const fn histogram(name: &'static str, help: &'static str) -> Family {
        Family { name, help, unit: None, kind: MetricType::Histogram }
    }

    fn bytes(self) -> Family {
        Family { unit: Some(Unit::Bytes), ..self }
    }

    fn seconds(self) -> Family {
        Family { unit: Some(Unit::Seconds), ..self }
    }
}

impl Spread {
    fn of(durations: &Histogram) -> Spread {
        let buckets = durations.buckets().to_vec();
        // Derived from the buckets, because a separate read could see one record more.
        let count = buckets.iter().map(|(_, count)| count).sum();
        Spread { sum_s: durations.sum_ns() as f64 / 1e9, count, buckets }
    }
}

impl Page<'_> {
    fn counter(&mut self, name: &'static str, help: &'static str, value: u64) -> Result<(), Error> {
        self.family(Family::counter(name, help), [one(value)])
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, value: u64) -> Result<(), Error> {
        self.family(Family::gauge(name, help), [one(value)])
    }

    fn info(&mut self, name: &str, help: &str, labels: &[(&str, String)]) -> Result<(), Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&labels)
    }

    fn family(
        &mut self,
        family: Family,
        series: impl IntoIterator<Item = (Labels, Value)>,
    ) -> Result<(), Error> {
        let Family { name, help, unit, kind } = family;
        let mut encoder = self.0.encode_descriptor(name, help, unit.as_ref(), kind)?;
        for (labels, value) in series {
            if labels.is_empty() {
                write(&mut encoder, kind, &value)?;
            } else {
                write(&mut encoder.encode_family(&labels)?, kind, &value)?;
            }
        }
        Ok(())
    }
}

fn write(encoder: &mut MetricEncoder<'_>, kind: MetricType, value: &Value) -> Result<(), Error> {
    let counts = matches!(kind, MetricType::Counter);
    match value {
        Value::Number(number) if counts => {
            encoder.encode_counter::<NoLabelSet, _, f64>(number, None)
        }
        Value::Seconds(number) if counts => {
            encoder.encode_counter::<NoLabelSet, _, f64>(number, None)
        }
        Value::Number(number) => encoder.encode_gauge(number),
        Value::Seconds(number) => encoder.encode_gauge(number),
        Value::Spread(Spread { sum_s, count, buckets }) => {
            encoder.encode_histogram::<NoLabelSet>(*sum_s, *count, buckets, None)
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(number)
    }
}

fn seconds(nanoseconds: u64) -> Value {
    Value::Seconds(nanoseconds as f64 / 1e9)
}

const fn one(number: u64) -> (Labels, Value) {
    (Vec::new(), Value::Number(number))
}

fn labelled(label: &'static str, value: &str, number: u64) -> (Labels, Value) {
    (vec![(label, value.to_owned())], Value::Number(number))
}

fn per_shard(
    server: &Server,
    value: impl Fn(&ShardMetrics) -> Value,
) -> impl Iterator<Item = (Labels, Value)> {
    let shards = server.shard_metrics.iter().enumerate();
    shards.map(move |(number, it)| (vec![("shard", number.to_string())], value(it)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Metrics, to_prometheus_text};
    use crate::config::Config;
    use crate::measure::reasons::{DropReason, RefuseReason};
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
        let page = include_str!("../../../docs/operations.md");
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
        let documentation = include_str!("../../../docs/operations.md");
        let page = page(&server);
        let reasons =
            page.lines().filter_map(|line| line.split_once("reason=\"")?.1.split('"').next());
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
}
