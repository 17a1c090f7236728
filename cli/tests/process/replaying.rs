//! `bolide replay`: its output for a recorded match, and its exit codes for files that are not a
//! match.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bolide_sim::journal::Writer;
use bolide_sim::{Command, PlayerId, PlayerKind, World, preset};

use crate::program::{Folder, bolide, output, refused};

/// Advice for a failure. The file must be written anew when the output of a replay changes, or when
/// the golden matches are recorded again.
const HOW_TO_UPDATE: &str =
    "if this was meant: BOLIDE_MINT=1 cargo test -p bolide-cli --test process";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/tests/golden").join(name)
}

#[test]
fn a_golden_match_is_told_as_committed() {
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/replay.txt");
    let folder = Folder::new();
    let replay = |options: &[&str]| {
        let journal = golden("brawl-30hz-ten-hard.journal");
        let output = output(bolide(&folder).arg("replay").args(options).arg(journal));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{said}");
        String::from_utf8(output.stdout).expect("text")
    };
    let text = replay(&[]);
    if std::env::var_os("BOLIDE_MINT").is_some() {
        fs::write(&expected, &text).expect("written");
    }
    let committed = fs::read_to_string(&expected).expect("it is committed");
    assert!(text == committed, "{text}\nis not {}; {HOW_TO_UPDATE}", expected.display());
    let verbose = replay(&["--verbose"]);
    let mut more = verbose.lines();
    let missing: Vec<&str> =
        text.lines().filter(|line| !more.any(|other| other == *line)).collect();
    assert!(missing.is_empty() && verbose.contains("throws fireball"), "{missing:?}");
}

#[test]
fn every_golden_match_verifies() {
    let folder = Folder::new();
    for entry in fs::read_dir(golden("")).expect("the folder") {
        let journal = entry.expect("an entry").path();
        let output = output(bolide(&folder).args(["replay", "--verify"]).arg(&journal));
        let line = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{}", journal.display());
        assert!(line.starts_with("verified: ") && line.trim_end().ends_with(" ticks"), "{line}");
    }
}

#[test]
fn what_is_no_match_is_refused_with_its_exit_code() {
    let folder = Folder::new();
    let check = |name: &str, bytes: &[u8], code, expect: &str| {
        let file = folder.0.join(name);
        fs::write(&file, bytes).expect("written");
        for option in ["--verify", "--json", "--verbose"] {
            let mut command = bolide(&folder);
            command.args(["replay", option, name]);
            let output = output(&mut command);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!((output.status.code(), said.lines().count()), (Some(code), 1), "{said}");
            assert!(said.starts_with(&format!("error: {expect}")), "{said}");
        }
    };
    let good = fs::read(golden("duel-20hz-hard.journal")).expect("a journal");
    check("a.txt", b"hello", 2, "cannot replay `a.txt`: this is not a journal");
    check("empty", b"", 2, "cannot replay `empty`: this is not a journal");
    check("head", &good[..12], 1, "cannot replay `head`: the record at byte 8 is cut off");
    let mut damaged = good;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    check("damaged", &damaged, 1, "the replay of `damaged` stops after tick ");
    refused(bolide(&folder).args(["replay", "none"]), 2, "cannot read `none`: No such file");
    refused(bolide(&folder).args(["replay", "."]), 2, "cannot read `.`: Is a directory");
}

#[test]
fn a_match_of_several_files_is_named_by_the_first_one() {
    let folder = Folder::new();
    let mut world = World::new(preset("duel").expect("a preset").rules, 7).expect("valid");
    let mut segments = Vec::new();
    for join in [None, Some(PlayerId(0)), None] {
        let mut writer = Writer::new(&world, "duel", "test");
        writer.state(&world);
        for _ in 0..10 {
            let kind = PlayerKind::Human;
            let join = join.filter(|_| world.player(PlayerId(0)).is_none());
            let commands: Vec<_> =
                join.map(|player| Command::Join { player, kind }).into_iter().collect();
            world.step(&commands, &mut Vec::new());
            writer.tick(world.tick(), &commands);
        }
        writer.hash(&world);
        segments.push(writer.take());
    }
    let check = |file: &str, expect: &str| {
        let output = output(bolide(&folder).args(["replay", "--verify", file]));
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("verified: {expect}\n"));
    };
    let undecided = "; the journal ends before the match is decided";
    fs::write(folder.0.join("m.journal"), &segments[0]).expect("written");
    fs::write(folder.0.join("m.2.journal"), &segments[2]).expect("written");
    let gap = "; ticks 11 to 20 are in no file: the disk failed to keep them; file 1 is missing";
    check("m.journal", &format!("2 hashes in 30 ticks{undecided}{gap}"));
    fs::write(folder.0.join("m.1.journal"), &segments[1]).expect("written");
    check("m.journal", &format!("5 hashes in 30 ticks{undecided}"));
    check("m.2.journal", &format!("1 hashes in 30 ticks{undecided}"));
}

#[test]
fn a_reader_who_has_had_enough_is_no_error() {
    let folder = Folder::new();
    let mut command = bolide(&folder);
    command.args(["replay", "--json"]).arg(golden("royale-30hz-mixed.journal"));
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut first = [0; 1];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("a byte");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
