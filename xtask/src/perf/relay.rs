//! The relay part: a room of a thousand members beside the floor and beside Django Channels, idle
//! sockets, a text of a backend to ten thousand sockets, and what matches notice of all that.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Plan;
use super::goals::Findings;
use super::programs::{Kind, Programs, Running};
use super::run::{HEAD, Load, Run, median};
use crate::shell::run;

/// Members of the room.
const MEMBERS: &str = "1000";

/// Django Channels and its server, as they were measured first.
const CHANNELS: [&str; 2] = ["channels==4.3.2", "daphne==4.2.3"];

/// Sockets that a backend publishes to.
const SUBSCRIBERS: &str = "10000";

pub(super) fn relay(programs: &Programs, plan: &Plan, findings: &mut Findings) -> Result<Value> {
    println!("{TABLE_HEAD}");
    let (mut bolide, mut floor) = (Vec::new(), Vec::new());
    for round in 1..=plan.rounds {
        for (kind, runs) in [(Kind::Bolide, &mut bolide), (Kind::Epoll, &mut floor)] {
            let server = programs.start_relay(kind)?;
            let report = load(programs, &server, "10", plan)?;
            println!("{}", line(&format!("{} {round}", kind.name()), &report));
            runs.push(report);
        }
    }
    let cpu = |runs: &[Value]| median(runs.iter().map(|run| number(run, "/cpu_us_per_copy")));
    findings.relay_over_floor = Some(cpu(&bolide) / cpu(&floor));
    findings.relay_late_ms = Some(median(bolide.iter().map(|run| number(run, "/late_ms/p99"))));
    let channels = channels(programs, plan)?;
    let idle = load(programs, &programs.start_relay(Kind::Bolide)?, "0", plan)?;
    findings.relay_memory_kb = Some(number(&idle, "/memory_kb_per_member"));
    println!("an idle socket: {:.1} KB of user memory", number(&idle, "/memory_kb_per_member"));
    let published = publish(programs, plan)?;
    let matches = matches(programs, plan)?;
    Ok(json!({
        "bolide": bolide, "floor": floor, "channels": channels, "idle": idle,
        "published": published, "matches": matches,
    }))
}

/// The columns of a line of the relay.
const TABLE_HEAD: &str = "                         CPU-µs   cores   copies  late p50  late p99\n                          /copy                       ms        ms";

fn line(what: &str, report: &Value) -> String {
    format!(
        "{what:24} {:6.2} {:7.2} {:8.0} {:9.1} {:9.1}{}",
        number(report, "/cpu_us_per_copy"),
        number(report, "/cores"),
        number(report, "/copies"),
        number(report, "/late_ms/p50"),
        number(report, "/late_ms/p99"),
        if is_whole(report) { "" } else { "  lost some" },
    )
}

fn is_whole(report: &Value) -> bool {
    number(report, "/lost") == 0.0 && report["copies"] == report["expected"]
}

fn number(report: &Value, pointer: &str) -> f64 {
    report.pointer(pointer).and_then(Value::as_f64).unwrap_or(0.0)
}

/// Loads a room of a server with a thousand members, and returns the report.
fn load(programs: &Programs, server: &Running, per_second: &str, plan: &Plan) -> Result<Value> {
    let mut command = programs.relay_load();
    command.args(["--address", &server.address, "--members", MEMBERS]);
    command.args(["--per-second", per_second, "--seconds", &plan.seconds.to_string()]);
    command.args(["--server-pid", &server.pid().to_string()]);
    report(&mut command)
}

fn report(command: &mut Command) -> Result<Value> {
    let output = command.output().context("the load does not start")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the load failed: {told}");
    serde_json::from_slice(&output.stdout).context("the load printed no report")
}

/// Runs the room at a text a second on Bolide and on Channels, side by side.
fn channels(programs: &Programs, plan: &Plan) -> Result<Value> {
    let python = environment(programs)?;
    let bolide = load(programs, &programs.start_relay(Kind::Bolide)?, "1", plan)?;
    println!("{}", line("bolide, 1 a second", &bolide));
    let script = programs.root().join("benches/floor/channels/relay.py");
    let mut command = programs.on_first_core(&python);
    command.arg(script);
    let channels = load(programs, &programs.run(command)?, "1", plan)?;
    println!("{}", line("Channels, 1 a second", &channels));
    let times = number(&channels, "/cpu_us_per_copy") / number(&bolide, "/cpu_us_per_copy");
    println!("a copy costs Channels {times:.1} times as much");
    Ok(json!({ "bolide": bolide, "channels": channels, "times": times }))
}

/// Returns the Python of an environment with Channels, which is made once.
fn environment(programs: &Programs) -> Result<PathBuf> {
    let folder = programs.folder().join("channels");
    let python = folder.join("bin/python");
    if !folder.join("done").exists() {
        let mut make = Command::new("python3");
        run(make.args(["-m", "venv"]).arg(&folder))?;
        let mut install = Command::new(&python);
        run(install.args(["-m", "pip", "install", "--quiet"]).args(CHANNELS))?;
        std::fs::write(folder.join("done"), "")?;
    }
    Ok(python)
}

/// Publishes a text a second to ten thousand sockets.
fn publish(programs: &Programs, plan: &Plan) -> Result<Value> {
    let server = programs.start_relay(Kind::Bolide)?;
    let key = programs.new_key()?;
    let mut command = programs.relay_load();
    command.args(["--address", &server.address, "--members", SUBSCRIBERS, "--key", &key]);
    command.args(["--path", "/ws/perf?subscribe-broadcast", "--per-second", "1"]);
    command.args(["--seconds", &plan.seconds.to_string()]);
    let report = report(command.args(["--server-pid", &server.pid().to_string()]))?;
    println!("{}", line("published to 10,000", &report));
    Ok(report)
}

/// Runs 100 rooms of ten without and with the load of the relay on the same server.
fn matches(programs: &Programs, plan: &Plan) -> Result<Value> {
    println!("{HEAD}");
    let mut runs = Vec::new();
    for (what, members) in [("100 rooms of 10", None), ("and a room of 1,000", Some(MEMBERS))] {
        let server = programs.start_relay(Kind::Bolide)?;
        let seconds = (plan.seconds + 4).to_string();
        let mut relay = programs.relay_load();
        relay.args(["--address", &server.address, "--seconds", &seconds]);
        relay.args(["--server-pid", &server.pid().to_string()]);
        let relay =
            members.map(|members| relay.args(["--members", members]).spawn()).transpose()?;
        let matches = Run::against(programs, &server, Load::rooms(100, plan))?;
        relay.map(|mut relay| relay.wait()).transpose()?;
        println!("{}", matches.line(what));
        runs.push(matches.report);
    }
    Ok(Value::Array(runs))
}
