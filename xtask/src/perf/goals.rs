//! Goals and results: one line for each goal about which the measured parts say something.

use serde_json::{Value, json};

/// The figures that the goals need. `None` if the part was not measured.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Findings {
    pub(super) rooms_over_floor: Option<f64>,
    pub(super) rooms_over_axum: Option<f64>,
    /// At 20 Hz.
    pub(super) rooms_20_over_floor: Option<f64>,
    pub(super) rooms_20_over_axum: Option<f64>,
    pub(super) big_over_floor: Option<f64>,
    pub(super) big_over_axum: Option<f64>,
    /// The bytes of a snapshot as sent, divided by those of a whole one in JSON.
    pub(super) bytes_over_json: Option<f64>,
    pub(super) above_tick_ms: Option<f64>,
    pub(super) late_ms: Option<f64>,
    /// With all threads on one core that is that full, without real-time priority.
    pub(super) one_core_80_late_ms: Option<f64>,
    pub(super) one_core_95_late_ms: Option<f64>,
    pub(super) memory_kb: Option<f64>,
    pub(super) recovery_s: Option<f64>,
    pub(super) relay_over_floor: Option<f64>,
    pub(super) relay_late_ms: Option<f64>,
    pub(super) relay_memory_kb: Option<f64>,
}

struct Goal {
    name: &'static str,
    must: f64,
    stretch: f64,
    found: fn(&Findings) -> Option<f64>,
}

const GOALS: [Goal; 16] = [
    Goal {
        name: "CPU per snapshot / floor, 100 rooms of 10",
        must: 1.30,
        stretch: 1.10,
        found: |findings| findings.rooms_over_floor,
    },
    Goal {
        name: "CPU per snapshot / bare axum, 100 rooms of 10",
        must: 0.85,
        stretch: 0.72,
        found: |findings| findings.rooms_over_axum,
    },
    Goal {
        name: "CPU per snapshot / floor, likewise at 20 Hz",
        must: 1.30,
        stretch: 1.10,
        found: |findings| findings.rooms_20_over_floor,
    },
    Goal {
        name: "CPU per snapshot / bare axum, likewise at 20 Hz",
        must: 0.85,
        stretch: 0.72,
        found: |findings| findings.rooms_20_over_axum,
    },
    Goal {
        name: "CPU per snapshot / floor, 1 room of 500",
        must: 1.30,
        stretch: 1.10,
        found: |findings| findings.big_over_floor,
    },
    Goal {
        name: "CPU per snapshot / bare axum, 1 room of 500",
        must: 0.85,
        stretch: 0.72,
        found: |findings| findings.big_over_axum,
    },
    Goal {
        name: "bytes per snapshot / JSON whole, 10 players",
        must: 1.0 / 9.0,
        stretch: 1.0 / 18.0,
        found: |findings| findings.bytes_over_json,
    },
    Goal {
        name: "p99 latency above one tick at half load, ms",
        must: 2.0,
        stretch: 1.0,
        found: |findings| findings.above_tick_ms,
    },
    Goal {
        name: "p99 lateness at 80 % of a core, ms",
        must: 5.0,
        stretch: 2.0,
        found: |findings| findings.late_ms,
    },
    Goal {
        name: "p99 lateness, all threads on one core, 80 % full, ms",
        must: 5.0,
        stretch: 2.0,
        found: |findings| findings.one_core_80_late_ms,
    },
    Goal {
        name: "p99 lateness, all threads on one core, 95 % full, ms",
        must: 20.0,
        stretch: 10.0,
        found: |findings| findings.one_core_95_late_ms,
    },
    Goal {
        name: "user memory per client, KB",
        must: 10.0,
        stretch: 4.0,
        found: |findings| findings.memory_kb,
    },
    Goal {
        name: "exec to 100 rooms of 10 minutes live, s",
        must: 2.0,
        stretch: 0.5,
        found: |findings| findings.recovery_s,
    },
    Goal {
        name: "CPU per copy of a relay / floor, 1,000 members",
        must: 1.30,
        stretch: 1.10,
        found: |findings| findings.relay_over_floor,
    },
    Goal {
        name: "p99 of a copy to 1,000 members, ms",
        must: 200.0,
        stretch: 100.0,
        found: |findings| findings.relay_late_ms,
    },
    Goal {
        name: "user memory per idle relay socket, KB",
        must: 5.0,
        stretch: 3.0,
        found: |findings| findings.relay_memory_kb,
    },
];

impl Goal {
    fn verdict(&self, found: f64) -> &'static str {
        match found {
            _ if found <= self.stretch => "stretch",
            _ if found <= self.must => "must",
            _ => "missed",
        }
    }
}

/// Returns a table for people, or `None` if no goal was measured.
pub(super) fn table(findings: &Findings) -> Option<String> {
    let mut text = format!("{:48} {:>8} {:>8} {:>8}\n", "goal", "found", "must", "stretch");
    for goal in &GOALS {
        let Some(found) = (goal.found)(findings) else { continue };
        let Goal { name, must, stretch, .. } = goal;
        text +=
            &format!("{name:48} {found:8.3} {must:8.3} {stretch:8.3}  {}\n", goal.verdict(found));
    }
    (text.lines().count() > 1).then_some(text)
}

/// Returns the results for programs.
pub(super) fn values(findings: &Findings) -> Value {
    let measured = GOALS.iter().filter_map(|goal| Some((goal, (goal.found)(findings)?)));
    let value = |(goal, found): (&Goal, f64)| {
        let Goal { name, must, stretch, .. } = goal;
        json!({ "goal": name, "found": found, "must": must, "stretch": stretch, "verdict": goal.verdict(found) })
    };
    measured.map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::{Findings, table};

    #[test]
    fn a_goal_is_reached_or_missed_and_only_what_was_measured_is_told() {
        for (ratio, verdict) in [(1.05, "stretch"), (1.3, "must"), (1.31, "missed")] {
            let text = table(&Findings { rooms_over_floor: Some(ratio), ..Findings::default() });
            let text = text.expect("a goal");
            assert_eq!(text.lines().count(), 2, "{text}");
            assert!(text.trim_end().ends_with(verdict), "{text}");
        }
        assert_eq!(table(&Findings::default()), None);
    }
}
