//! `bolide journal`: lists running, killed, damaged and past matches, and never removes a journal
//! that a room needs.

use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::player::{Player, is_fight};
use crate::program::{Folder, Running, bolide, bolide_under, output, refused};

const CONFIG: &str = "\
listen = '127.0.0.1:0'
data_dir = 'data'
bots.fill_to = 0
journals.keep_days = 30
[modes.long]
base = 'duel'
countdown_s = 0
health = 1000
dead_at = 0
";

const DAY: Duration = Duration::from_secs(24 * 3600);

fn serve(folder: &Folder) -> Running {
    let config = folder.file("bolide.toml", CONFIG);
    Running::start(bolide(folder).arg("--config").arg(config))
}

/// Starts a fight of two players, and waits until it has gone on for a while.
async fn fight(running: &Running) -> [Player; 2] {
    let mut players = Player::fight(&running.address, "long").await;
    for player in &mut players {
        player.until(|message| is_fight(message) && message[1].as_u64() > Some(40)).await;
    }
    players
}

/// Runs `bolide journal`, expects this exit code, and returns the output.
fn journal(folder: &Folder, arguments: &[&str], code: i32) -> String {
    let mut command = bolide(folder);
    command.arg("journal").args(arguments).args(["--config", "bolide.toml"]);
    let output = output(&mut command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

/// Returns the listed journals as JSON.
fn listed(folder: &Folder) -> Vec<Value> {
    let lines = journal(folder, &["list", "--json"], 0);
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn states(folder: &Folder) -> Vec<String> {
    listed(folder).iter().map(|it| it["state"].as_str().expect("a word").to_owned()).collect()
}

fn files(folder: &Folder) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.0.join("data/journals")).expect("the folder");
    let files = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}

/// Copies a journal under the id of another match, changes it, and sets its age.
fn copy(
    folder: &Folder,
    from: &PathBuf,
    id: u32,
    age_days: u64,
    change: impl FnOnce(&mut Vec<u8>),
) {
    let mut bytes = fs::read(from).expect("a journal");
    change(&mut bytes);
    let to = folder.0.join(format!("data/journals/01a1f96b-3c75-75e6-956d-{id:012}.journal"));
    fs::write(&to, bytes).expect("written");
    set_age(&to, age_days);
}

/// Sets the time of the last write to so many days ago.
fn set_age(file: &PathBuf, days: u64) {
    let written = SystemTime::now() - DAY * u32::try_from(days).expect("few");
    File::options().write(true).open(file).expect("there").set_modified(written).expect("set");
}

#[tokio::test]
async fn what_there_is_is_listed_with_its_state_and_inspected() {
    let folder = Folder::new();
    let running = serve(&folder);
    let _players = fight(&running).await;
    let [journals] = &listed(&folder)[..] else { panic!("one match") };
    assert_eq!((&journals["state"], &journals["mode"]), (&"running".into(), &"long".into()));
    assert_eq!((&journals["people"], &journals["bots"]), (&2.into(), &0.into()));
    assert!(journals["ticks"].as_u64() > Some(40) && journals["seconds"].as_u64() > Some(0));
    running.signal("KILL");
    running.end();
    assert_eq!(states(&folder), ["waiting"]);

    let file = &files(&folder)[0];
    copy(&folder, file, 1, 50, |_| ());
    copy(&folder, file, 2, 40, |bytes| bytes.extend([9, 0, 0, 0, 1]));
    copy(&folder, file, 3, 35, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
    });
    copy(&folder, file, 4, 34, |bytes| bytes[18] = 0x7f);
    assert_eq!(states(&folder), ["unfinished", "torn", "damaged", "damaged", "waiting"]);
    let table = journal(&folder, &["list"], 0);
    assert!(table.lines().next().expect("a head").starts_with("MATCH  "), "{table}");
    assert!(table.contains("  damaged: the record at byte "), "{table}");
    assert!(table.lines().last().expect("a sum").starts_with("5 journals, "), "{table}");

    let id = |number: u32| format!("01a1f96b-3c75-75e6-956d-{number:012}");
    let told = journal(&folder, &["inspect", &id(2)], 0);
    assert!(told.contains("is cut off after 5 bytes"), "{told}");
    let told = journal(&folder, &["inspect", &id(3)], 1);
    assert!(told.contains("end       DAMAGED: the record at byte "), "{told}");
    let whole = journal(&folder, &["inspect", "--json", &file.display().to_string()], 0);
    let whole: Value = serde_json::from_str(&whole).expect("JSON");
    assert_eq!((&whole["damage"], &whole["torn_at"]), (&Value::Null, &Value::Null));
    assert!(whole["ticks"].as_u64() > Some(40) && whole["hashes"].as_u64() > Some(0), "{whole}");
    assert_eq!(journal(&folder, &["inspect", "nobody"], 1), "");
}

#[tokio::test]
async fn what_a_room_needs_is_never_removed_and_the_server_lets_old_ones_go() {
    let folder = Folder::new();
    let running = serve(&folder);
    let players = fight(&running).await;
    let needed = files(&folder);
    // Even if nothing is to be kept, and while the server writes the journal.
    assert_eq!(journal(&folder, &["prune", "--keep", "0"], 0), "0 journals removed, 0 B\n");
    running.signal("KILL");
    running.end();
    for (id, age_days) in [(1, 50), (2, 40), (3, 20), (4, 10)] {
        copy(&folder, &needed[0], id, age_days, |_| ());
    }
    let dry = journal(&folder, &["prune", "--older-than", "45d", "--dry-run"], 0);
    assert!(
        dry.contains("000000000001  ") && dry.contains("\n1 journal would be removed, "),
        "{dry}"
    );
    assert_eq!(files(&folder).len(), 5);
    journal(&folder, &["prune", "--older-than", "45d"], 0);
    assert_eq!(files(&folder).len(), 4);
    // The server does the same at its start, as its configuration demands.
    let mut running = serve(&folder);
    running.logs("old journals removed");
    assert_eq!(files(&folder).len(), 3);
    journal(&folder, &["prune", "--keep", "2", "--older-than", "1d"], 0);
    assert_eq!(files(&folder).len(), 2, "the newest two: one that is needed, and one of ten days");
    let mut one = Player::resume(&running.address, &players[0].token).await;
    one.until(is_fight).await;
    running.signal("TERM");
    running.end();
    journal(&folder, &["prune", "--keep", "0"], 0);
    assert_eq!(files(&folder), needed, "the next server goes on with it");
}

/// `list` briefly takes the locks of the folder to find out whether a server holds them. Here each
/// lock is held long enough for a start to run into it.
#[test]
fn a_start_beside_lists_is_not_refused() {
    const LISTS: usize = 40;
    let folder = Folder::new();
    drop(serve(&folder));
    let options = ["-qq", "-o", "/dev/null", "-e", "inject=flock:delay_exit=30000"];
    thread::scope(|scope| {
        let lists = scope.spawn(|| {
            for _ in 0..LISTS {
                let mut list = bolide_under(&folder, "strace", &options);
                let output = output(list.args(["journal", "list", "--data-dir", "data"]));
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(0), "{said}");
            }
        });
        while !lists.is_finished() {
            drop(serve(&folder));
        }
    });
}

/// If the clock is a year ahead, the files that the server writes look new. At the next start that
/// used to count as proof that the clock was right, and every older journal was removed.
#[tokio::test]
async fn a_clock_that_is_wrong_at_two_starts_removes_nothing() {
    const YEAR: u64 = 365;
    let folder = Folder::new();
    let running = serve(&folder);
    let players = fight(&running).await;
    running.signal("TERM");
    running.end();
    // Setting the clock of the machine ahead is simulated by setting back the times of all files
    // that the right clock stamped.
    let written_by_the_right_clock = files(&folder);
    let [journal] = &written_by_the_right_clock[..] else { panic!("one match") };
    for (id, age_days) in [(1, YEAR), (2, YEAR + 1), (3, YEAR + 40)] {
        copy(&folder, journal, id, age_days, |_| ());
    }
    set_age(journal, YEAR);
    fs::remove_file(folder.0.join("data/clock")).ok();

    let mut token = players[0].token.clone();
    for start in 1..=3 {
        let mut running = serve(&folder);
        running.logs("no journal is removed for its age");
        let mut one = Player::resume(&running.address, &token).await;
        one.until(is_fight).await;
        token.clone_from(&one.token);
        running.signal("TERM");
        running.end();
        assert_eq!(files(&folder).len(), 4, "start {start}");
        let written = fs::metadata(journal).and_then(|file| file.modified()).expect("there");
        assert!(written.elapsed().is_ok_and(|age| age < DAY), "it looks new");
    }
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    let folder = Folder::new();
    let expect = "there is no folder `bolide-data`; name the server's data folder with --data-dir";
    refused(bolide(&folder).args(["journal", "list"]), 1, expect);
    let expect = "cannot read the journals in `./journals`: No such file";
    refused(bolide(&folder).args(["journal", "list", "--data-dir", "."]), 1, expect);
    for (arguments, expect) in [
        (&["prune"][..], "<--older-than <AGE>|--keep <NUMBER>>"),
        (&["prune", "--older-than", "3w"], "`3w` is no age; write a number with d, h, m or s"),
    ] {
        let output = output(bolide(&folder).arg("journal").args(arguments));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expect), "{said}");
    }
}
