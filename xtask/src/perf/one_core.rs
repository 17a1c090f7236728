//! The part `one-core`: the whole server on one core, as on a small virtual machine, at 80 to 100 %
//! of it. The kernel reports how full the core is. Each share is approached in steps, because on a
//! busy machine the same clients cost half as much again a minute later.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Plan;
use super::goals::Findings;
use super::programs::{Kind, Programs};
use super::run::{HEAD, Load, Run, median};

/// Shares of the core, in percent.
const SHARES: [u32; 4] = [80, 90, 95, 100];

/// Rooms of the first run.
const ROOMS_FIRST: u32 = 150;

/// Most steps towards a share.
const STEPS_MAX: u32 = 4;

/// Largest deviation of a run from its share, in percent of the core.
const NEAR: f64 = 3.0;

/// Fewest snapshots, in percent of all, for a run to show the cost of its clients. With fewer, the
/// server sheds load.
const ARRIVED_MIN: f64 = 96.0;

/// Factor for the rooms of the next try, after a run with too many for the core.
const FEWER: f64 = 0.9;

/// The largest share that is approached. A core that is fuller may hold any number of clients.
const SHARE_MEASURED_MAX: u32 = 95;

pub(super) fn one_core(programs: &Programs, plan: &Plan, findings: &mut Findings) -> Result<Value> {
    println!("{HEAD}");
    let first =
        Load { mode: "perf-20", sync: "events", inputs: 6, ..Load::rooms(ROOMS_FIRST, plan) };
    let mut value = json!({});
    let mut rooms = ROOMS_FIRST;
    for percent in SHARES {
        rooms = if percent > SHARE_MEASURED_MAX {
            rooms * percent / SHARE_MEASURED_MAX
        } else {
            approach(programs, Load { rooms, ..first }, percent)?
        };
        let load = Load { rooms, ..first };
        let mut runs = Vec::new();
        for _ in 0..plan.rounds {
            for (kind, realtime, what) in [
                (Kind::Bolide, false, "bolide"),
                (Kind::Epoll, false, "floor"),
                (Kind::Bolide, true, "real-time"),
                (Kind::Bolide, false, "bolide"),
            ] {
                let run = Run::of(programs, kind, Load { realtime, ..load })?;
                println!("{}", line(&run, &format!("{what} at {percent} %, {}", load.clients())));
                runs.push((what, run));
            }
        }
        let middle = |of, figure: fn(&Run) -> f64| {
            median(runs.iter().filter(|(what, _)| *what == of).map(|(_, run)| figure(run)))
        };
        println!(
            "at {percent} %, medians: p99 lateness {:.1} ms, floor {:.1} ms; core {:.0} %",
            middle("bolide", Run::late_ms),
            middle("floor", Run::late_ms),
            100.0 * middle("bolide", Run::core_used)
        );
        match percent {
            80 => findings.one_core_80_late_ms = Some(middle("bolide", Run::late_ms)),
            95 => findings.one_core_95_late_ms = Some(middle("bolide", Run::late_ms)),
            _ => {}
        }
        value[format!("{percent} %")] = runs
            .into_iter()
            .map(|(what, run)| json!({ "server": what, "report": run.report }))
            .collect();
    }
    Ok(value)
}

/// Finds the rooms that fill that much of the core, by runs that begin with the given load.
fn approach(programs: &Programs, load: Load<'_>, percent: u32) -> Result<u32> {
    let mut rooms = load.rooms;
    for _ in 0..STEPS_MAX {
        let run = Run::of(programs, Kind::Bolide, Load { rooms, ..load })?;
        println!("{}", line(&run, &format!("to {percent} %: {}", rooms * load.players)));
        ensure!(run.core_used() > 0.0, "the kernel says nothing of the core's time");
        let used = 100.0 * run.core_used();
        let is_overfull = run.expected_percent() < ARRIVED_MIN;
        if !is_overfull && (used - f64::from(percent)).abs() <= NEAR {
            break;
        }
        let factor = if is_overfull { FEWER } else { f64::from(percent) / used };
        rooms = whole(f64::from(rooms) * factor);
    }
    Ok(rooms)
}

fn line(run: &Run, what: &str) -> String {
    format!("{}  core {:.0} %", run.line(what), 100.0 * run.core_used())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a core holds some hundred rooms"
)]
fn whole(rooms: f64) -> u32 {
    rooms as u32
}
