//! The parts of a measurement: their runs, and the results for the goals.

use anyhow::Result;
use serde_json::{Value, json};

use super::Plan;
use super::goals::Findings;
use super::programs::{Kind, Programs};
use super::run::{HEAD, Load, Run, median};

pub(super) fn rooms(programs: &Programs, plan: &Plan, findings: &mut Findings) -> Result<Value> {
    let load = Load::rooms(100, plan);
    let (ratios, mut value) = side_by_side(programs, plan, load)?;
    (findings.rooms_over_floor, findings.rooms_over_axum) = (Some(ratios.floor), Some(ratios.axum));
    findings.memory_kb = Some(ratios.memory_kb);
    let whole = Run::of(programs, Kind::Bolide, Load { format: "json", sync: "full", ..load })?;
    println!("{}", whole.line("bolide, JSON whole"));
    println!(
        "payload of a snapshot: {:.0} bytes, in JSON whole {:.0}",
        ratios.payload,
        whole.payload()
    );
    findings.bytes_over_json = (whole.payload() > 0.0).then(|| ratios.payload / whole.payload());
    value["json_whole"] = whole.report;
    Ok(value)
}

pub(super) fn rooms_20(programs: &Programs, plan: &Plan, findings: &mut Findings) -> Result<Value> {
    let load = Load { mode: "perf-20", ..Load::rooms(100, plan) };
    let (ratios, value) = side_by_side(programs, plan, load)?;
    findings.rooms_20_over_floor = Some(ratios.floor);
    findings.rooms_20_over_axum = Some(ratios.axum);
    Ok(value)
}

pub(super) fn big_room(programs: &Programs, plan: &Plan, findings: &mut Findings) -> Result<Value> {
    let load = Load { players: 500, mode: "perf-big", ..Load::rooms(1, plan) };
    let (ratios, value) = side_by_side(programs, plan, load)?;
    (findings.big_over_floor, findings.big_over_axum) = (Some(ratios.floor), Some(ratios.axum));
    Ok(value)
}

/// The server's figures, some of them relative to the yardsticks.
struct Ratios {
    floor: f64,
    axum: f64,
    memory_kb: f64,
    payload: f64,
}

fn side_by_side(programs: &Programs, plan: &Plan, load: Load<'_>) -> Result<(Ratios, Value)> {
    println!("{HEAD}");
    let mut runs: Vec<(Kind, Run)> = Vec::new();
    for round in 1..=plan.rounds {
        for kind in Kind::ALL {
            let run = Run::of(programs, kind, load)?;
            println!("{}", run.line(&format!("{} {round}", kind.name())));
            runs.push((kind, run));
        }
    }
    let middle = |kind: Kind, figure: fn(&Run) -> f64| {
        median(runs.iter().filter(|(of, _)| *of == kind).map(|(_, run)| figure(run)))
    };
    let cpu = |kind| middle(kind, Run::cpu_us);
    let ratios = Ratios {
        floor: cpu(Kind::Bolide) / cpu(Kind::Epoll),
        axum: cpu(Kind::Bolide) / cpu(Kind::Axum),
        memory_kb: middle(Kind::Bolide, Run::memory_kb),
        payload: middle(Kind::Bolide, Run::payload),
    };
    println!(
        "CPU per snapshot, medians: bolide {:.1} µs, floor {:.1} µs (× {:.2}), bare axum {:.1} µs (× {:.2})",
        cpu(Kind::Bolide),
        cpu(Kind::Epoll),
        ratios.floor,
        cpu(Kind::Axum),
        ratios.axum
    );
    let reports: Vec<Value> = runs
        .into_iter()
        .map(|(kind, run)| json!({ "server": kind.name(), "report": run.report }))
        .collect();
    Ok((ratios, json!({ "runs": reports })))
}

pub(super) fn held(programs: &Programs, plan: &Plan, findings: &mut Findings) -> Result<Value> {
    println!("{HEAD}");
    let mut value = json!({});
    let mut bolide = 0;
    for kind in Kind::ALL {
        let found = search(programs, plan, kind, Load::rooms(100, plan))?;
        println!("{} holds {} clients on a core{}", kind.name(), found.clients, found.why());
        value[kind.name()] = found.value();
        if kind == Kind::Bolide {
            bolide = found.clients;
        }
    }
    if bolide == 0 {
        return Ok(value);
    }
    for (percent, what) in [(50, "half"), (80, "80 %")] {
        let rooms = (bolide * percent / 100 / 10).max(1);
        let run = Run::of(programs, Kind::Bolide, Load::rooms(rooms, plan))?;
        println!("{}", run.line(&format!("bolide at {what}, {}", rooms * 10)));
        match percent {
            50 => findings.above_tick_ms = run.above_tick_ms(),
            _ => findings.late_ms = Some(run.late_ms()),
        }
        value[what] = run.report;
    }
    Ok(value)
}

pub(super) fn matches(programs: &Programs, plan: &Plan, _: &mut Findings) -> Result<Value> {
    println!("{HEAD}");
    let steady = Load::rooms(200, plan);
    let load =
        Load { mode: "brawl", inputs: 6, pinned: false, seconds: steady.seconds * 2, ..steady };
    let found = search(programs, plan, Kind::Bolide, load)?;
    let verdict = if found.clients >= load.clients() { "holds" } else { "does not hold" };
    println!(
        "the server {verdict} {} players in matches beside the swarm; most held: {}{}",
        load.clients(),
        found.clients,
        found.why()
    );
    Ok(found.value())
}

/// The result of a search.
struct Found {
    clients: u32,
    /// The reason why it ended.
    end: End,
    tried: Vec<(u32, Value)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Failed,
    Blind,
    Bound,
}

impl Found {
    const fn why(&self) -> &'static str {
        match self.end {
            End::Failed => "",
            End::Blind => " at least: beyond, the load client was late itself",
            End::Bound => " at least: the search ends there",
        }
    }

    fn value(&self) -> Value {
        let tried: Vec<_> = self
            .tried
            .iter()
            .map(|(clients, report)| json!({ "clients": clients, "report": report }))
            .collect();
        json!({ "clients_held": self.clients, "end": format!("{:?}", self.end), "runs": tried })
    }
}

/// A client needs a descriptor and a port. Beyond this number they depend on settings of the
/// kernel.
const CLIENTS_MAX: u32 = 12_000;

/// Multiplies the load by 1.4 until it is not held, then halves the gap.
fn search(programs: &Programs, plan: &Plan, kind: Kind, load: Load<'_>) -> Result<Found> {
    let mut found = Found { clients: 0, end: End::Bound, tried: Vec::new() };
    let (mut held, mut failed) = (0, None);
    let mut rooms = load.rooms;
    for _ in 0..plan.search_runs {
        let run = Run::of(programs, kind, Load { rooms, ..load })?;
        let clients = rooms * load.players;
        println!("{}", run.line(&format!("{} {clients}", kind.name())));
        if run.holds() {
            held = held.max(rooms);
        } else {
            failed = Some(rooms);
            found.end = if run.is_blind() { End::Blind } else { End::Failed };
        }
        found.tried.push((clients, run.report));
        let Some(next) = next_try(held, failed, CLIENTS_MAX / load.players) else { break };
        rooms = next;
    }
    found.clients = held * load.players;
    Ok(found)
}

/// Returns the rooms to try next, from the most that were held and the last that were not.
fn next_try(held: u32, failed: Option<u32>, most: u32) -> Option<u32> {
    let next = match failed {
        None => (held * 7 / 5).min(most),
        Some(failed) => u32::midpoint(held, failed),
    };
    let close = failed.is_some_and(|failed| (failed - held) * 10 <= failed);
    (next > held && !close).then_some(next)
}

pub(super) fn idle(programs: &Programs, plan: &Plan, _: &mut Findings) -> Result<Value> {
    println!("{HEAD}");
    let load = Load { inputs: 0, ..Load::rooms(1000, plan) };
    let run = Run::of(programs, Kind::Bolide, load)?;
    println!("{}", run.line("bolide, standing still"));
    println!(
        "{:.0} connections joined, {:.1} KB of user memory each, {:.2} cores",
        run.joined(),
        run.memory_kb(),
        run.cores()
    );
    Ok(run.report)
}

pub(super) fn idle_room(programs: &Programs, plan: &Plan, _: &mut Findings) -> Result<Value> {
    println!("{HEAD}");
    let load = Load { mode: "duel", players: 2, inputs: 0, ..Load::rooms(500, plan) };
    let run = Run::of(programs, Kind::Bolide, load)?;
    println!("{}", run.line("bolide, 500 duels"));
    let per_room = |figure: f64| figure / f64::from(load.rooms);
    println!(
        "a room in which nothing happens: {:.1} µs of CPU per tick, {:.1} KB with its two players",
        per_room(run.cores()) * 1e6 / 30.0,
        run.memory_kb() * 2.0
    );
    Ok(run.report)
}

#[cfg(test)]
mod tests {
    use super::next_try;

    #[test]
    fn a_search_goes_up_then_closes_in_and_ends() {
        assert_eq!(next_try(100, None, 1200), Some(140));
        assert_eq!(next_try(1000, None, 1200), Some(1200));
        assert_eq!(next_try(1200, None, 1200), None);
        assert_eq!(next_try(100, Some(200), 1200), Some(150));
        assert_eq!(next_try(0, Some(100), 1200), Some(50));
        assert_eq!(next_try(0, Some(1), 1200), None);
        assert_eq!(next_try(190, Some(200), 1200), None);
    }
}
