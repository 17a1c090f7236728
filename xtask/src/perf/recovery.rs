//! The cost of matches that survive: how soon they are back after a kill, what their players
//! notice, the size of a journal, and the cost of writing it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::Plan;
use super::goals::Findings;
use super::programs::{Kind, Programs, Running};
use super::run::{HEAD, Load, Run, median};
use crate::shell::capture;

const ROOMS: u32 = 100;

/// Longest wait before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Time that the players play before the server is killed again.
const PLAY: Duration = Duration::from_secs(4);

pub(super) fn recovery(programs: &Programs, plan: &Plan, findings: &mut Findings) -> Result<Value> {
    programs.forget()?;
    let place = Place::free()?;
    let (first, _) = place.start(programs)?;
    let swarm = Swarm::begin(programs, &place)?;
    place.until("bolide_sessions{", f64::from(ROOMS * 10))?;
    let mut server = first;
    let mut young = Vec::new();
    for _ in 0..plan.rounds * 2 {
        sleep(PLAY);
        drop(server);
        let (again, took) = place.start(programs)?;
        place.until("bolide_connections ", f64::from(ROOMS * 10))?;
        (server, young) = (again, [young, vec![took]].concat());
    }
    sleep(PLAY);
    let report = swarm.end()?;
    drop(server);
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_f64).unwrap_or(0.0);
    println!(
        "{} kills under 1,000 players: resumed {}, lost {}, without news for p50 {:.0}, p99 {:.0}, max {:.0} ms",
        young.len(),
        number("/resumed"),
        report["lost"],
        number("/away_ms/p50"),
        number("/away_ms/p99"),
        number("/away_ms/max"),
    );
    println!("exec to {ROOMS} rooms live, matches of seconds: {} s", figures(&young));

    // The swarm has left and its rooms are gone, so the next swarm is killed before it can leave.
    let journals = old_matches(programs, &place)?;
    let mut old = Vec::new();
    for _ in 0..plan.rounds.max(3) {
        let (server, took) = place.start(programs)?;
        old.push(took);
        drop(server);
    }
    let exec_s = median(old.iter().copied());
    findings.recovery_s = Some(exec_s);
    println!("exec to {ROOMS} rooms live, matches of 10 minutes: {} s", figures(&old));
    let replayed = replayed_per_s(programs)?;
    println!("replay --verify: {replayed:.0} ticks of 10 players a second, on one core");
    println!("journal: {} bytes per player and hour", journals["bytes_per_player_hour"]);
    Ok(json!({
        "swarm": report, "young_s": young, "old_s": old, "ticks_replayed_per_s": replayed, "journals": journals,
    }))
}

/// Makes rooms whose matches are ten minutes old, and whose server was killed.
fn old_matches(programs: &Programs, place: &Place) -> Result<Value> {
    programs.forget()?;
    let (server, _) = place.start(programs)?;
    let swarm = Swarm::begin(programs, place)?;
    place.until("bolide_sessions{", f64::from(ROOMS * 10))?;
    sleep(PLAY);
    drop(server);
    drop(swarm);
    let stretched = capture(programs.stretch().arg(programs.data().join("journals")).arg("10"))?;
    serde_json::from_str(&stretched).context("stretch says what it has made")
}

fn replayed_per_s(programs: &Programs) -> Result<f64> {
    let mut ticks = 0.0;
    let began = Instant::now();
    for entry in fs::read_dir(programs.data().join("journals"))?.take(10) {
        let told = capture(programs.bolide().args(["replay", "--verify"]).arg(entry?.path()))?;
        // verified: N hashes in T ticks
        let told = told.split(" ticks").next().and_then(|told| told.rsplit(' ').next());
        ticks += told.and_then(|ticks| ticks.parse::<f64>().ok()).context("how many ticks")?;
    }
    Ok(ticks / began.elapsed().as_secs_f64())
}

/// Measures the cost of writing a journal, for each durability.
pub(super) fn journal(programs: &Programs, plan: &Plan, _: &mut Findings) -> Result<Value> {
    let settings = capture(programs.bolide().args(["config", "print"]))?;
    ensure!(
        settings.contains("durability = "),
        "this server has no setting `durability` to compare"
    );
    println!("{HEAD}");
    let mut values = json!({});
    for round in 1..=plan.rounds {
        for durability in ["off", "group", "strict"] {
            let load = Load { durability: Some(durability), ..Load::rooms(ROOMS, plan) };
            let run = Run::of(programs, Kind::Bolide, load)?;
            println!("{}", run.line(&format!("{durability} {round}")));
            values[durability][round.to_string()] = run.report;
        }
    }
    Ok(values)
}

fn figures(seconds: &[f64]) -> String {
    let mut text: Vec<String> = seconds.iter().map(|seconds| format!("{seconds:.2}")).collect();
    text.sort();
    text.join(", ")
}

/// The addresses of the server, which it gets at each start.
struct Place {
    address: String,
    admin: String,
}

impl Place {
    fn free() -> Result<Place> {
        // Below the ports for outgoing connections: those of a thousand players that reconnect
        // would take one of them.
        let addresses = (20_000..30_000_u16).map(|port| format!("127.0.0.1:{port}"));
        let mut free = addresses.filter(|address| TcpListener::bind(address).is_ok());
        let (address, admin) = free.next().zip(free.next()).context("no free port")?;
        Ok(Place { address, admin })
    }

    /// Starts the server on the contents of the data folder. Returns it with the seconds until all
    /// stored rooms are live.
    fn start(&self, programs: &Programs) -> Result<(Running, f64)> {
        let rooms = fs::read_dir(programs.data().join("journals")).map_or(0, Iterator::count);
        let began = Instant::now();
        let server = programs.serve(&["--listen", &self.address, "--admin-listen", &self.admin])?;
        if rooms > 0 {
            self.until("bolide_rooms{", f64::from(ROOMS))?;
        }
        Ok((server, began.elapsed().as_secs_f64()))
    }

    /// Waits until the sum of a metric has reached `wanted`.
    fn until(&self, metric: &str, wanted: f64) -> Result<()> {
        let began = Instant::now();
        loop {
            let page = self.metrics()?;
            let series = page.lines().filter(|line| line.starts_with(metric));
            let values = series.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
            let sum: f64 = values.sum();
            if sum >= wanted {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                bail!("{metric} is {sum} and never became {wanted}");
            }
            sleep(LOOK);
        }
    }

    fn metrics(&self) -> Result<String> {
        let mut stream = TcpStream::connect(&self.admin).context("the admin listener")?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }
}

/// Players that resume by themselves.
struct Swarm(Option<Child>);

impl Swarm {
    fn begin(programs: &Programs, place: &Place) -> Result<Swarm> {
        let mut swarm = programs.swarm(false);
        swarm.args(["--resume", "--json", "--mode", "perf", "--seconds", "3600", "--ramp", "1000"]);
        swarm.args(["--rooms", &ROOMS.to_string(), "--players", "10"]);
        swarm.args(["--url", &format!("ws://{}/play", place.address)]).stdout(Stdio::piped());
        Ok(Swarm(Some(swarm.spawn().context("the swarm does not start")?)))
    }

    fn end(mut self) -> Result<Value> {
        let child = self.0.take().context("it runs")?;
        let ended = std::process::Command::new("kill").arg(child.id().to_string()).status()?;
        ensure!(ended.success(), "the swarm cannot be ended");
        let output = child.wait_with_output()?;
        serde_json::from_slice(&output.stdout).context("the swarm printed no report")
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
