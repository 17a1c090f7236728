//! The report of a run: the figures, as text for people and as JSON for programs. It counts nothing
//! itself.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::histogram::Histogram;
use super::tally::Tally;

/// The report of a swarm. Times are in milliseconds, rates per second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Name and version that the server sends.
    pub server: String,
    /// URL of the server.
    pub url: String,
    /// Mode that was played.
    pub mode: String,
    /// Format of the messages.
    pub format: String,
    /// Kind of synchronization that was requested.
    pub sync: String,
    /// Rooms that were requested, and rooms that were opened.
    pub rooms: Share,
    /// Players that were requested, and players that joined.
    pub players: Share,
    /// Seconds until all players had joined.
    pub ramp_s: f64,
    /// Seconds of the measurement.
    pub measured_s: f64,
    /// Set if the run ended early, because no player was left or the user interrupted it.
    pub cut_short: bool,
    /// Snapshots and deltas that arrived.
    pub snapshots: u64,
    /// Snapshots and deltas per second.
    pub snapshots_per_s: f64,
    /// Snapshots that arrived in fights, in percent of those at full tick rate.
    pub of_expected_percent: Option<f64>,
    /// Time between two snapshots in a fight.
    pub gap_ms: Spread,
    /// Delay behind the promptest tick of the same match.
    pub late_ms: Spread,
    /// Time from sending an input to the snapshot that acknowledges it.
    pub latency_ms: Spread,
    /// The part of the latency above one tick.
    pub above_tick_ms: Spread,
    /// Bytes per player and second from the server, including WebSocket headers.
    pub bytes_down_per_player_s: f64,
    /// Bytes per player and second to the server, including WebSocket headers.
    pub bytes_up_per_player_s: f64,
    /// All bytes from the server, per snapshot.
    pub bytes_per_snapshot: f64,
    /// Bytes of the payload of a snapshot or delta alone.
    pub snapshot_payload_bytes: f64,
    /// Inputs of a living player per second of fight.
    pub per_living_second: Deeds,
    /// Seconds of fight in which players were alive, summed over all players.
    pub alive_s: f64,
    /// Results that players received.
    pub results: u64,
    /// View hashes that were compared.
    pub hashes_compared: u64,
    /// Frames that did not lead to the server's state.
    pub desyncs: Desyncs,
    /// Seats that were resumed after a connection was lost. A player may resume more than once.
    pub resumed: u64,
    /// Downtime: from the last snapshot before a loss to the first one of a match that is not
    /// paused.
    pub away_ms: Spread,
    /// Players that were lost, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Errors that the server sent, by code.
    pub errors: BTreeMap<String, u64>,
    /// Delay of the swarm's own timers. Delays up to this in other figures are caused by the swarm.
    pub own_late_ms: Spread,
    /// CPU use of the swarm, where 1 is one core. `None` if there is no `/proc`.
    pub own_cores: Option<f64>,
    /// CPU and memory of the server, if its process was named.
    pub process: Option<Process>,
}

/// A number of requested things, and how many of them there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The requested number.
    pub asked: u64,
    /// The actual number.
    pub had: u64,
}

/// Distribution of durations, in milliseconds; all zero if there was nothing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Number of durations.
    pub count: u64,
    /// Half of the durations are at most this.
    pub p50: f64,
    /// 99 of 100 durations are at most this.
    pub p99: f64,
    /// The longest duration.
    pub max: f64,
}

/// Inputs per living player and second of fight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Deeds {
    /// Moves.
    pub courses: f64,
    /// Shots.
    pub shots: f64,
    /// Blinks.
    pub blinks: f64,
}

/// Frames that did not lead to the server's state, by error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Desyncs {
    /// The hash of the view differed.
    pub hash: u64,
    /// A delta was based on another snapshot.
    pub base: u64,
    /// A delta changed something that was not there.
    pub content: u64,
    /// After a resume, the match was at an earlier tick, or had another state at the same tick.
    pub rewound: u64,
}

/// CPU and memory of the server's process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Process {
    /// CPU time during the measurement, in microseconds per snapshot that arrived.
    pub cpu_us_per_snapshot: f64,
    /// CPU time per second, where 1 is one core.
    pub cores: f64,
    /// Memory before the first player, in KB.
    pub memory_before_kb: u64,
    /// Memory at the end of the measurement, in KB.
    pub memory_kb: u64,
    /// Memory that each player added, in KB.
    pub memory_kb_per_player: f64,
}

impl Spread {
    pub(crate) fn of(histogram: &Histogram) -> Spread {
        let ms = |micros: u64| rounded(micros as f64 / 1000.0);
        Spread {
            count: histogram.count(),
            p50: ms(histogram.quantile(500)),
            p99: ms(histogram.quantile(990)),
            max: ms(histogram.max()),
        }
    }
}

impl Desyncs {
    pub(crate) const fn of(tally: &Tally) -> Desyncs {
        let Tally {
            desyncs_hash: hash,
            desyncs_base: base,
            desyncs_content: content,
            desyncs_rewound: rewound,
            ..
        } = *tally;
        Desyncs { hash, base, content, rewound }
    }

    /// Returns the sum of all counts.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.hash + self.base + self.content + self.rewound
    }
}

impl Report {
    /// Returns whether all requested players played to the end, and every hash agreed.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.lost.is_empty() && self.players.had == self.players.asked && self.desyncs.sum() == 0
    }

    /// Returns the report as JSON, with a newline at the end.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Rounds to three decimals; infinite numbers and NaN become 0.
pub(crate) fn rounded(number: f64) -> f64 {
    if number.is_finite() { (number * 1000.0).round() / 1000.0 } else { 0.0 }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            return f.write_str("nothing to measure");
        }
        let Spread { p50, p99, max, .. } = self;
        write!(f, "p50 {p50:.1}   p99 {p99:.1}   max {max:.1} ms")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { server, url, mode, format, sync, rooms, players, .. } = self;
        writeln!(f, "{server} at {url}: {mode}, {format}, sync {sync}\n")?;
        let fields = [
            ("joined", self.joined()),
            ("measured", self.measured()),
            ("snapshots", self.rate()),
            ("gap", self.gap_ms.to_string()),
            ("late", format!("{}   behind the promptest tick of the match", self.late_ms)),
            ("latency", format!("{}   from an input to its acknowledgement", self.latency_ms)),
            ("above a tick", self.above_tick_ms.to_string()),
            ("bytes", self.bytes()),
            ("deeds", self.deeds()),
            ("desyncs", self.hashes()),
            ("resumed", self.comebacks()),
            ("lost", table(&self.lost, "nobody")),
            ("errors", table(&self.errors, "none")),
            ("the swarm", self.own()),
        ];
        for (name, text) in fields {
            writeln!(f, "  {name:13} {text}")?;
        }
        if let Some(process) = self.process {
            writeln!(f, "  {:13} {process}", "server")?;
        }
        let verdict = if self.is_fine() { "fine" } else { "not fine" };
        let missing =
            players.asked.saturating_sub(players.had) + rooms.asked.saturating_sub(rooms.had);
        let why = match (self.lost.is_empty() && missing == 0, self.desyncs.sum()) {
            (true, 0) => "nobody was lost and every hash agreed",
            (true, _) => "a player saw something else than the server",
            (false, 0) => "players were lost or never joined",
            (false, _) => "players were lost, and some saw something else than the server",
        };
        writeln!(f, "\n{verdict}: {why}")
    }
}

impl Report {
    fn joined(&self) -> String {
        let Report { rooms, players, ramp_s, .. } = self;
        format!(
            "{} of {} players in {} of {} rooms, within {ramp_s:.1} s",
            players.had, players.asked, rooms.had, rooms.asked
        )
    }

    fn measured(&self) -> String {
        let cut = if self.cut_short { ", cut short" } else { "" };
        format!("{:.1} s, {} results told{cut}", self.measured_s, self.results)
    }

    fn rate(&self) -> String {
        let expected = self.of_expected_percent.map_or_else(
            || "there was no fight".to_owned(),
            |percent| format!("{percent:.1} % of what the fights have at full tick rate"),
        );
        format!("{:.0} a second; {expected}", self.snapshots_per_s)
    }

    fn bytes(&self) -> String {
        format!(
            "{:.0} down and {:.0} up per player and second; {:.0} per snapshot, {:.0} of them the snapshot's own",
            self.bytes_down_per_player_s,
            self.bytes_up_per_player_s,
            self.bytes_per_snapshot,
            self.snapshot_payload_bytes
        )
    }

    fn deeds(&self) -> String {
        if self.of_expected_percent.is_none() {
            return "none; there was no fight".to_owned();
        }
        let Deeds { courses, shots, blinks } = self.per_living_second;
        format!(
            "{courses:.2} courses, {shots:.2} shots, {blinks:.2} blinks per living player and second of fight"
        )
    }

    fn own(&self) -> String {
        let cores = self.own_cores.map_or_else(String::new, |cores| format!("{cores:.2} cores, "));
        let late = &self.own_late_ms;
        let warning = if late.p99 > OWN_LATE_MS_MAX {
            "; too much to say anything about the server"
        } else {
            ""
        };
        format!("{cores}itself late by p50 {:.1}, p99 {:.1} ms{warning}", late.p50, late.p99)
    }

    fn hashes(&self) -> String {
        let Desyncs { hash, base, content, rewound } = self.desyncs;
        let rewound = match rewound {
            0 => String::new(),
            times => format!("; {times} times a match had gone back"),
        };
        format!(
            "{hash} of {} hashes differed; {base} deltas without their base, {content} that did not fit{rewound}",
            self.hashes_compared
        )
    }

    fn comebacks(&self) -> String {
        match self.resumed {
            0 => "nobody had to".to_owned(),
            times => format!("{times} times; without news for {}", self.away_ms),
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Process { cpu_us_per_snapshot, cores, memory_kb, memory_kb_per_player, .. } = self;
        write!(
            f,
            "{cpu_us_per_snapshot:.1} µs of CPU per snapshot, {cores:.2} cores; {memory_kb} KB, \
             {memory_kb_per_player:.1} per player"
        )
    }
}

/// A swarm whose own timers are later than this is short of CPU, and measures only itself.
const OWN_LATE_MS_MAX: f64 = 10.0;

fn table(counts: &BTreeMap<String, u64>, nothing: &str) -> String {
    if counts.is_empty() {
        return nothing.to_owned();
    }
    let lines: Vec<String> =
        counts.iter().map(|(what, count)| format!("{count} × {what}")).collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{Deeds, Desyncs, Report, Share, Spread};
    use crate::histogram::Histogram;

    fn report() -> Report {
        let spread = Spread::of(&Histogram::default());
        Report {
            server: "bolide 0.1.0".to_owned(),
            url: "ws://127.0.0.1:4000/play".to_owned(),
            mode: "brawl".to_owned(),
            format: "msgpack".to_owned(),
            sync: "state".to_owned(),
            rooms: Share { asked: 2, had: 2 },
            players: Share { asked: 20, had: 20 },
            ramp_s: 0.1,
            measured_s: 10.0,
            cut_short: false,
            snapshots: 6000,
            snapshots_per_s: 600.0,
            of_expected_percent: Some(99.9),
            gap_ms: Spread { count: 6000, p50: 33.3, p99: 34.0, max: 40.0 },
            late_ms: spread,
            latency_ms: spread,
            above_tick_ms: spread,
            bytes_down_per_player_s: 3000.0,
            bytes_up_per_player_s: 100.0,
            bytes_per_snapshot: 100.0,
            snapshot_payload_bytes: 80.0,
            per_living_second: Deeds { courses: 5.0, shots: 0.8, blinks: 0.1 },
            alive_s: 150.0,
            results: 0,
            hashes_compared: 200,
            desyncs: Desyncs { hash: 0, base: 0, content: 0, rewound: 0 },
            resumed: 0,
            away_ms: spread,
            lost: Default::default(),
            errors: Default::default(),
            own_late_ms: spread,
            own_cores: Some(0.25),
            process: None,
        }
    }

    fn check(change: impl FnOnce(&mut Report), fine: bool, expect: &[&str]) {
        let mut report = report();
        change(&mut report);
        let text = report.to_string();
        assert_eq!(report.is_fine(), fine, "{text}");
        expect.iter().for_each(|part| assert!(text.contains(part), "{part:?} is not in\n{text}"));
    }

    #[test]
    fn it_is_fine_when_nobody_was_lost_and_every_hash_agreed() {
        check(
            |_| (),
            true,
            &["20 of 20 players", "99.9 %", "\nfine: ", "p99 34.0", "nothing to measure"],
        );
        check(|report| report.of_expected_percent = None, true, &["there was no fight"]);
        check(
            |report| report.players.had = 19,
            false,
            &["19 of 20", "not fine: players were lost"],
        );
        check(|report| report.desyncs.hash = 1, false, &["1 of 200 hashes", "something else"]);
        check(|report| report.desyncs.rewound = 2, false, &["; 2 times a match had gone back"]);
        check(|report| report.resumed = 7, true, &["7 times; without news for"]);
        let lost = |report: &mut Report| report.lost.extend([("closed with 1012".to_owned(), 3)]);
        let late = |report: &mut Report| report.own_late_ms.p99 = 20.0;
        check(late, true, &["0.25 cores", "too much to say anything about the server"]);
        check(lost, false, &["3 × closed with 1012", "not fine"]);
    }

    #[test]
    fn its_json_is_an_object_with_the_same_figures() {
        let json: serde_json::Value = serde_json::from_str(&report().json()).expect("JSON");
        assert_eq!(json["players"]["had"], 20);
        assert_eq!(json["gap_ms"]["p99"], 34.0);
    }
}
