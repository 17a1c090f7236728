//! One run: a server, a load on it, and the figures of the load's report that are used here.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Plan;
use super::core_use::CoreUse;
use super::programs::{Kind, Programs, Running};

/// The load on a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load<'a> {
    pub(super) rooms: u32,
    pub(super) players: u32,
    pub(super) mode: &'a str,
    pub(super) seconds: u32,
    pub(super) inputs: u32,
    pub(super) format: &'a str,
    pub(super) sync: &'a str,
    /// The server runs on core 0 and the load on core 1, instead of both on all cores.
    pub(super) pinned: bool,
    /// The server has real-time priority, which needs root.
    pub(super) realtime: bool,
    /// The setting `durability`. `None` is the server's default.
    pub(super) durability: Option<&'a str>,
}

impl Load<'_> {
    /// Rooms of ten in a fight that does not end.
    pub(super) fn rooms(rooms: u32, plan: &Plan) -> Load<'_> {
        let (seconds, sync) = (plan.seconds, plan.sync.as_str());
        Load {
            rooms,
            players: 10,
            mode: "perf",
            seconds,
            inputs: 10,
            format: "msgpack",
            sync,
            pinned: true,
            realtime: false,
            durability: None,
        }
    }

    pub(super) const fn clients(&self) -> u32 {
        self.rooms * self.players
    }
}

/// The result of a run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The whole report of the swarm.
    pub(super) report: Value,
    core_used: f64,
}

impl Run {
    /// Starts the server, loads it, and ends it.
    pub(super) fn of(programs: &Programs, kind: Kind, load: Load<'_>) -> Result<Run> {
        Run::against(programs, &programs.start(kind, &load)?, load)
            .with_context(|| kind.name().to_owned())
    }

    /// Loads a running server.
    pub(super) fn against(programs: &Programs, server: &Running, load: Load<'_>) -> Result<Run> {
        let mut swarm = programs.swarm(load.pinned);
        swarm.arg("--json").args(["--url", &format!("ws://{}/play", server.address)]);
        for (option, value) in [
            ("--rooms", load.rooms.to_string()),
            ("--players", load.players.to_string()),
            ("--mode", load.mode.to_owned()),
            ("--seconds", load.seconds.to_string()),
            ("--inputs", load.inputs.to_string()),
            ("--format", load.format.to_owned()),
            ("--sync", load.sync.to_owned()),
            ("--server-pid", server.pid().to_string()),
            ("--ramp", "1000".to_owned()),
        ] {
            swarm.args([option, &value]);
        }
        let core_use = CoreUse::begin();
        // Losses of players are in the report, so the exit status is not checked. A run with losses
        // is a result too.
        let output = swarm.output().context("the swarm does not start")?;
        let report = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("the swarm printed no report: {}", output.status))?;
        let core_used = core_use.end(load.seconds)?;
        Ok(Run { report, core_used })
    }

    /// The used share of the first core, 0 to 1. It is the server's if the load is pinned.
    pub(super) const fn core_used(&self) -> f64 {
        self.core_used
    }

    fn number(&self, pointer: &str) -> f64 {
        self.report.pointer(pointer).and_then(Value::as_f64).unwrap_or(0.0)
    }

    pub(super) fn cpu_us(&self) -> f64 {
        self.number("/process/cpu_us_per_snapshot")
    }

    pub(super) fn cores(&self) -> f64 {
        self.number("/process/cores")
    }

    /// User memory that each player added, in KB.
    pub(super) fn memory_kb(&self) -> f64 {
        self.number("/process/memory_kb_per_player")
    }

    /// All bytes from the server, per snapshot.
    pub(super) fn bytes(&self) -> f64 {
        self.number("/bytes_per_snapshot")
    }

    /// The payload of a snapshot alone.
    pub(super) fn payload(&self) -> f64 {
        self.number("/snapshot_payload_bytes")
    }

    pub(super) fn late_ms(&self) -> f64 {
        self.number("/late_ms/p99")
    }

    /// `None` if no input was acknowledged.
    pub(super) fn above_tick_ms(&self) -> Option<f64> {
        (self.number("/above_tick_ms/count") > 0.0).then(|| self.number("/above_tick_ms/p99"))
    }

    pub(super) fn expected_percent(&self) -> f64 {
        self.number("/of_expected_percent")
    }

    pub(super) fn joined(&self) -> f64 {
        self.number("/players/had")
    }

    pub(super) fn own_late_ms(&self) -> f64 {
        self.number("/own_late_ms/p99")
    }

    pub(super) fn own_cores(&self) -> f64 {
        self.number("/own_cores")
    }

    /// Returns whether all players joined, stayed, and saw the server's world.
    pub(super) fn is_whole(&self) -> bool {
        let nobody = |pointer| {
            self.report
                .pointer(pointer)
                .and_then(Value::as_object)
                .is_some_and(|lost| lost.is_empty())
        };
        let desyncs =
            ["hash", "base", "content"].map(|what| self.number(&format!("/desyncs/{what}")));
        nobody("/lost")
            && self.joined() >= self.number("/players/asked")
            && desyncs.iter().all(|count| *count == 0.0)
    }

    /// Returns whether every player got a fight at full rate: all joined, and 99 of 100 snapshots
    /// came less than 10 ms late.
    pub(super) fn holds(&self) -> bool {
        self.is_whole()
            && self.late_ms() < LATE_MS_MAX
            && self.expected_percent() > EXPECTED_PERCENT_MIN
    }

    /// Returns whether the load was so late itself that nothing can be said about the server.
    pub(super) fn is_blind(&self) -> bool {
        self.own_late_ms() >= LATE_MS_MAX
    }

    /// Returns a line of the table whose head is [`HEAD`].
    pub(super) fn line(&self, what: &str) -> String {
        let above = self.above_tick_ms().map_or("–".to_owned(), |ms| format!("{ms:.1}"));
        let mut notes = String::new();
        if !self.is_whole() {
            notes += "  lost some";
        }
        if self.is_blind() {
            notes += "  the load itself was late";
        }
        format!(
            "{what:24} {:8.1} {:7.2} {:7.0} {:9.1} {:9.1} {above:>9} {:8.1} {:7.2} {:7.1}{notes}",
            self.cpu_us(),
            self.cores(),
            self.bytes(),
            self.memory_kb(),
            self.late_ms(),
            self.expected_percent(),
            self.own_cores(),
            self.own_late_ms(),
        )
    }
}

/// The columns of [`Run::line`]. The last two are those of the load client.
pub(super) const HEAD: &str = "                         CPU-µs   cores   bytes KB/client  late p99  above p99   arrived    load    late\n                         /snap.          /snap.                 ms         ms         %   cores      ms";

const LATE_MS_MAX: f64 = 10.0;
const EXPECTED_PERCENT_MIN: f64 = 98.0;

/// Returns the median of some figures. Of two middle ones it is the larger.
pub(super) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Run, median};

    #[test]
    fn the_middle_of_figures() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([].into_iter()), 0.0);
    }

    fn run(late: f64, lost: &str, percent: f64) -> Run {
        let lost = if lost.is_empty() { json!({}) } else { json!({ lost: 1 }) };
        Run {
            report: json!({
                "players": { "asked": 10, "had": 10 }, "lost": lost, "late_ms": { "p99": late },
                "of_expected_percent": percent, "desyncs": { "hash": 0, "base": 0, "content": 0 },
                "above_tick_ms": { "count": 0, "p99": 0 },
            }),
            core_used: 0.0,
        }
    }

    #[test]
    fn a_core_holds_players_when_all_of_them_get_a_full_fight() {
        for (found, expect) in [
            (run(9.9, "", 100.0), true),
            (run(10.0, "", 100.0), false),
            (run(1.0, "closed with 4010", 100.0), false),
            (run(1.0, "", 90.0), false),
        ] {
            assert_eq!(found.holds(), expect, "{found:?}");
        }
        assert_eq!(run(1.0, "", 100.0).above_tick_ms(), None);
    }
}
