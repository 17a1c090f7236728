//! `bolide swarm` against `bolide`: a good run, a run whose server dies, and refusals.

use std::process::Stdio;

use serde_json::Value;

use crate::program::{Folder, Running, bolide, output, refused};

/// Rooms of three that fight as soon as they are full, on a server without bots.
const CONFIG: &str = "listen = '127.0.0.1:0'\n[bots]\nfill_to = 0\n[modes.trio]\ncapacity = 3\nfight_at = 3\ncountdown_s = 0\n";

fn server(folder: &Folder) -> (Running, String) {
    let config = folder.file("bolide.toml", CONFIG);
    let running = Running::start(bolide(folder).arg("--config").arg(config));
    let url = format!("ws://{}/play", running.address);
    (running, url)
}

/// Runs the swarm with these arguments. Returns its report and its exit code.
fn report(folder: &Folder, args: &[&str]) -> (Value, Option<i32>) {
    let output = output(bolide(folder).args(["swarm", "--json"]).args(args));
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    let report =
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}\n{wrong}"));
    (report, output.status.code())
}

#[test]
fn two_rooms_of_three_play_and_every_hash_agrees() {
    let folder = Folder::new();
    let (_server, url) = server(&folder);
    // A trio fills all seats of its room. A brawl leaves most seats free, and still each room gets
    // its three players.
    let runs = [("msgpack", "state", "trio"), ("json", "state", "brawl"), ("json", "full", "trio")];
    for (format, sync, mode) in runs {
        let what = ["--rooms", "2", "--players", "3", "--seconds", "3", "--mode", mode];
        let how = ["--url", &url, "--format", format, "--sync", sync, "--threads", "2"];
        let (report, code) = report(&folder, &[what.as_slice(), &how].concat());
        assert_eq!(code, Some(0), "{report}");
        assert_eq!((&report["rooms"]["had"], &report["players"]["had"]), (&2.into(), &6.into()));
        assert_eq!(
            (&report["lost"], &report["errors"]),
            (&Value::Object(Default::default()), &Value::Object(Default::default()))
        );
        for count in [
            "/snapshots",
            "/gap_ms/count",
            "/late_ms/count",
            "/latency_ms/count",
            "/bytes_up_per_player_s",
        ] {
            let counted = report.pointer(count).and_then(Value::as_f64);
            assert!(counted.is_some_and(|counted| counted > 0.0), "{count} in {report}");
        }
        let compared = report["hashes_compared"].as_u64().expect("a number");
        assert_eq!(compared > 0, sync == "state", "{report}");
    }
}

#[test]
fn a_server_that_dies_is_told_with_its_reason_and_an_exit_code() {
    let folder = Folder::new();
    let (mut server, url) = server(&folder);
    let mut command = bolide(&folder);
    command.args([
        "swarm",
        "--rooms",
        "2",
        "--players",
        "3",
        "--mode",
        "trio",
        "--seconds",
        "600",
        "--json",
    ]);
    command.args(["--url", &url]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let swarm = command.spawn().expect("it starts");
    (0..6).for_each(|_| server.logs("joined"));
    server.signal("KILL");
    let output = swarm.wait_with_output().expect("it ends long before its time");
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["cut_short"], true, "{report}");
    let lost = report["lost"].as_object().expect("reasons");
    assert_eq!(lost.values().filter_map(Value::as_u64).sum::<u64>(), 6, "{report}");
    assert!(
        lost.keys().all(|reason| reason.contains("ended") || reason.contains("reset")),
        "{report}"
    );
}

#[test]
fn what_cannot_be_had_is_refused_in_one_sentence() {
    let folder = Folder::new();
    let (_server, url) = server(&folder);
    for (args, code, expect) in [
        (
            vec!["--mode", "nope"],
            2,
            "there is no mode \"nope\"; the modes are classic, brawl, duel, royale, trio",
        ),
        (
            vec!["--players", "11"],
            2,
            "--players 11 do not fit: a room of the mode `brawl` has 10 seats",
        ),
        (vec!["--server-pid", "4194305"], 2, "--server-pid 4194305: there is no such process"),
    ] {
        refused(bolide(&folder).args(["swarm", "--url", &url]).args(args), code, expect);
    }
    let page = url.replace("/play", "/livez");
    refused(
        bolide(&folder).args(["swarm", "--url", &page]),
        1,
        &format!("{page} is no game socket: it answered HTTP/1.1 200 OK"),
    );
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("an address");
    let nobody = format!("ws://{nobody}/play");
    let expect =
        format!("cannot connect to {nobody}: connection refused; is a server running there?");
    refused(bolide(&folder).args(["swarm", "--url", &nobody]), 1, &expect);
}

#[test]
fn a_wrong_option_says_what_is_allowed() {
    let folder = Folder::new();
    for (args, expect) in [
        (["--url", "http://127.0.0.1:4000"], "a game socket begins with ws://"),
        (["--players", "0"], "0 is not in 1..=1000"),
        (["--rooms", "0"], "0 is not in 1..=10000"),
        (["--seconds", "soon"], "invalid digit"),
        (["--format", "xml"], "[possible values: json, msgpack]"),
        (["--sync", "none"], "[possible values: full, state, events]"),
        (["--inputs", "11"], "11 is not in 0..=10"),
    ] {
        let output = output(bolide(&folder).arg("swarm").args(args));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(expect), "{said}");
    }
}

#[test]
fn its_help_fits_a_screen_and_has_examples() {
    let folder = Folder::new();
    let help = output(bolide(&folder).args(["swarm", "--help"]));
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for word in ["--rooms <ROOMS>", "--server-pid <PID>", "Players:", "Examples:", "Exit codes:"] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    assert!(help.lines().count() <= 50, "{help}");
}
