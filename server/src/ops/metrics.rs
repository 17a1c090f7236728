//! The metrics of a server for Prometheus: the name, type, labels and help of each. This module
//! only reads what others have counted. It reads the figures of a shard with relaxed loads, so a
//! scrape does not hold up its ticks. No label names a room, a player or an address, so the number
//! of series depends on the configuration alone. `docs/operations.md` lists all metrics; a test
//! compares.

mod page;

use std::collections::HashMap;
use std::fmt::{self, Error};
use std::sync::Arc;
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use self::page::{Family, Labels, Page, Spread, Value, labelled, one, seconds};
use super::log_queue;
use super::process;
use crate::measure::heartbeat::Turn;
use crate::measure::lobby_metrics::EndpointFigures;
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
        relays(&mut page, server)?;
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
    let ignored = Family::counter(
        "bolide_page_frames_ignored",
        "Frames of old relays' pages that meant nothing",
    );
    page.family(ignored, with("ignored_"))?;
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

fn relays(page: &mut Page<'_>, server: &Server) -> Result<(), Error> {
    let by_endpoint = |of: fn(&EndpointFigures) -> u64| {
        let endpoints = server.lobby_metrics.endpoints();
        endpoints.map(move |it| labelled("endpoint", it.kind.name(), of(&it)))
    };
    let sockets = Family::gauge("bolide_relay_sockets", "Sockets of old relays' pages");
    page.family(sockets, by_endpoint(|it| it.sockets))?;
    let messages = Family::counter("bolide_relay_messages", "Texts of old relays' pages");
    page.family(messages, by_endpoint(|it| it.messages))?;
    let deliveries = Family::counter("bolide_relay_deliveries", "Texts for old relays' pages");
    page.family(deliveries, by_endpoint(|it| it.deliveries))?;
    let refused = server.lobby_metrics.refusals();
    let refused = refused.map(|(why, count)| labelled("reason", why.as_str(), count));
    let family = Family::counter("bolide_relay_refused", "Wishes of old relays' pages refused");
    page.family(family, refused)
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

fn per_shard(
    server: &Server,
    value: impl Fn(&ShardMetrics) -> Value,
) -> impl Iterator<Item = (Labels, Value)> {
    let shards = server.shard_metrics.iter().enumerate();
    shards.map(move |(number, it)| (vec![("shard", number.to_string())], value(it)))
}

#[cfg(test)]
mod tests;
