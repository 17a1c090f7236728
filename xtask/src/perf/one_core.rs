//! The part `one-core`: the whole server on one core, as on a small virtual machine, at 80 to 100 % of it. How full
//! the core is says the kernel; how many clients that is, follows from what one costs on a core that is half full.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Plan;
use super::goals::Findings;
use super::programs::{Kind, Programs};
use super::run::{HEAD, Load, Run, median};

/// Percent of the core.
const FILLED: [u32; 4] = [80, 90, 95, 100];

/// Rooms of the run that tells what a client costs.
const ROOMS_FIRST: u32 = 150;

pub(super) fn one_core(programs: &Programs, plan: &Plan, findings: &mut Findings) -> Result<Value> {
    println!("{HEAD}");
    let load =
        Load { mode: "perf-20", sync: "events", inputs: 6, ..Load::rooms(ROOMS_FIRST, plan) };
    let rooms = rooms_of_a_core(programs, load)?;
    println!("a core is {} clients", rooms * load.players);
    let mut value = json!({ "clients_of_a_core": rooms * load.players });
    for percent in FILLED {
        let load = Load { rooms: (rooms * percent / 100).max(1), ..load };
        let mut runs = Vec::new();
        for (kind, realtime, what) in [
            (Kind::Bolide, false, "bolide"),
            (Kind::Bolide, false, "bolide"),
            (Kind::Bolide, true, "real-time"),
            (Kind::Epoll, false, "floor"),
        ] {
            let run = Run::of(programs, kind, Load { realtime, ..load })?;
            println!("{}", line(&run, &format!("{what} at {percent} %, {}", load.clients())));
            runs.push((what, run));
        }
        let ordinary = runs.iter().filter(|(what, _)| *what == "bolide");
        let late_ms = median(ordinary.map(|(_, run)| run.late_ms()));
        match percent {
            80 => findings.one_core_80_late_ms = Some(late_ms),
            95 => findings.one_core_95_late_ms = Some(late_ms),
            _ => {}
        }
        let runs =
            runs.into_iter().map(|(what, run)| json!({ "server": what, "report": run.report }));
        value[format!("{percent} %")] = runs.collect();
    }
    Ok(value)
}

/// What a core holds by the cost of a client: of a few first, then of half as many as these say.
fn rooms_of_a_core(programs: &Programs, load: Load<'_>) -> Result<u32> {
    let mut rooms = load.rooms;
    for _ in 0..2 {
        let run = Run::of(programs, Kind::Bolide, Load { rooms, ..load })?;
        println!("{}", line(&run, &format!("bolide {}", rooms * load.players)));
        ensure!(run.core_used() > 0.0, "the kernel says nothing of the core's time");
        rooms = whole(f64::from(rooms) / run.core_used() / 2.0);
    }
    Ok(rooms * 2)
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
