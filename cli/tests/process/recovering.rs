//! Matches that outlive the process: after a kill or a stop, the next process on the same data
//! folder resumes them.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::json;

use crate::player::{Player, is_fight, tick};
use crate::program::{Folder, PATIENCE, Running, bolide, output, refused};

fn serve(folder: &Folder) -> Running {
    let config = folder.long_fights("");
    Running::start(bolide(folder).arg("--config").arg(config))
}

/// Resumes the seats of both players.
async fn back(running: &Running, players: &[Player; 2]) -> [Player; 2] {
    [
        Player::resume(&running.address, &players[0].token).await,
        Player::resume(&running.address, &players[1].token).await,
    ]
}

fn journals(folder: &Folder) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.0.join("data/journals")).expect("the folder");
    let files = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}

fn verified(folder: &Folder, journal: &PathBuf) -> String {
    let output = output(bolide(folder).args(["replay", "--verify"]).arg(journal));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A power cut in the first moment of a room takes the beginning of its journal, and no seat.
#[tokio::test]
async fn seats_outlive_a_journal_of_which_not_even_the_first_record_is_whole() {
    let folder = Folder::new();
    let running = serve(&folder);
    let players = Player::fight(&running.address, "long").await;
    running.signal("KILL");
    running.end();
    let [journal] = &journals(&folder)[..] else { panic!("one journal") };
    let torn = fs::read(journal).expect("a journal")[..12].to_vec();
    fs::write(journal, &torn).expect("torn");

    let mut running = serve(&folder);
    running.logs("the match begins again");
    let mut players = back(&running, &players).await;
    players[0].until(|message| is_fight(message) && tick(message) > 60).await;
    players[1].until(is_fight).await;
    let name = journal.file_name().expect("a name");
    let aside = folder.0.join("data/journals/quarantine").join(name);
    assert_eq!(fs::read(aside).expect("nothing is lost"), torn);
    running.signal("KILL");
    running.end();

    let running = serve(&folder);
    let mut players = back(&running, &players).await;
    players[0].until(is_fight).await;
    let journals = journals(&folder);
    assert!(verified(&folder, &journals[0]).starts_with("verified: "), "{journals:?}");
}

#[tokio::test]
async fn a_killed_match_goes_on_with_the_same_seats_and_nobody_is_hit_meanwhile() {
    let folder = Folder::new();
    let running = serve(&folder);
    let mut players = Player::fight(&running.address, "long").await;
    players[0].shoot([1.0, 0.5]).await;
    let seen = players[0].until(|message| is_fight(message) && tick(message) > 60).await;
    running.signal("KILL");
    assert_eq!(running.end().0, None);

    // Killed again while it waits for its players: recovery can be repeated.
    let mut running = serve(&folder);
    running.logs("match recovered");
    running.signal("KILL");
    running.end();

    let running = serve(&folder);
    let mut one = Player::resume(&running.address, &players[0].token).await;
    assert_eq!(one.seat, players[0].seat);
    let paused = one.until(|message| message["t"] == "paused").await;
    assert_eq!(paused["missing"], serde_json::json!([players[1].seat]));
    let still = one.until(is_fight).await;
    assert!(tick(&still) >= tick(&seen), "no tick is lost that anybody saw");
    let again = one.until(is_fight).await;
    assert_eq!((tick(&again), &again[4]), (tick(&still), &still[4]), "nothing is stepped");
    let mut other = Player::resume(&running.address, &players[1].token).await;
    assert_eq!(other.seat, players[1].seat);
    let goes_on = other.until(|message| is_fight(message) && tick(message) > tick(&still)).await;
    assert_eq!(tick(&goes_on), tick(&still) + 1);
    one.until(|message| is_fight(message) && tick(message) > tick(&still) + 40).await;
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    let journals = journals(&folder);
    assert_eq!(journals.len(), 1, "{journals:?}");
    let line = verified(&folder, &journals[0]);
    assert!(line.starts_with("verified: ") && !line.contains("cut off"), "{line}");
}

#[tokio::test]
async fn a_stopped_match_goes_on_and_an_old_token_opens_nothing() {
    let folder = Folder::new();
    let running = serve(&folder);
    let mut players = Player::fight(&running.address, "long").await;
    running.signal("TERM");
    assert_eq!(players[0].closed().await, 1012);
    assert_eq!(running.end().0, Some(0));
    let running = serve(&folder);
    let mut again = back(&running, &players).await;
    let seen = again[0].until(is_fight).await;
    again[1].until(|message| is_fight(message) && tick(message) > tick(&seen) + 10).await;
    // The tokens of the first process were replaced. Once the players have sent something with the
    // new ones, the old ones are forgotten.
    for player in &mut again {
        player.say(&json!({"t": "resync"})).await;
    }
    let database = Connection::open(folder.0.join("data/bolide.sqlite")).expect("opens");
    let old_tokens = || -> u32 {
        let count = "SELECT count(previous_token) FROM seats";
        database.query_row(count, [], |row| row.get(0)).expect("a number")
    };
    let begun = Instant::now();
    while old_tokens() > 0 {
        assert!(begun.elapsed() < PATIENCE, "the old tokens are still kept");
        tokio::task::yield_now().await;
    }
    running.signal("KILL");
    running.end();
    let running = serve(&folder);
    for player in &players {
        let hello = json!({"t": "hello", "name": "Eve", "resume": player.token});
        assert_eq!(Player::refused(&running.address, hello).await, "bad_resume");
    }
    let newest = back(&running, &again).await;
    assert_eq!([newest[0].seat, newest[1].seat], [players[0].seat, players[1].seat]);
}

#[tokio::test]
async fn a_private_room_is_as_private_and_as_locked_after_it_was_killed() {
    let folder = Folder::new();
    let running = serve(&folder);
    let mut ada = Player::create(&running.address, "long").await;
    let code = ada.code.clone().expect("a code");
    ada.say(&json!({"t": "lock", "locked": true})).await;
    ada.until(|message| message["t"] == "lock" && message["locked"] == true).await;
    // A room without a tick has no journal to be resumed from.
    ada.until(|message| message[0] == 1).await;
    running.signal("KILL");
    running.end();

    let mut running = serve(&folder);
    running.logs("match recovered");
    let elsewhere = Player::join(&running.address, "long").await;
    assert_eq!(elsewhere.code, None, "nobody is sent there");
    let bo = json!({"t": "hello", "name": "Bo", "code": code.to_lowercase()});
    assert_eq!(Player::refused(&running.address, bo).await, "room_locked");
    let mut ada = Player::resume(&running.address, &ada.token).await;
    assert_eq!(ada.code.as_deref(), Some(code.as_str()));
    let lock = ada.until(|message| message["t"] == "lock").await;
    assert_eq!((&lock["locked"], &lock["creator"]), (&true.into(), &ada.seat.into()));
    ada.say(&json!({"t": "lock", "locked": false})).await;
    ada.until(|message| message["t"] == "lock" && message["locked"] == false).await;
    // The list of rooms is updated with the next tick.
    ada.until(|message| message[0] == 1).await;
    let bo = Player::join_by_code(&running.address, &code).await;
    assert_ne!(bo.seat, ada.seat);
}

#[tokio::test]
async fn a_torn_end_is_cut_off_and_a_damaged_match_is_put_aside_with_the_reason() {
    let folder = Folder::new();
    let running = serve(&folder);
    let mut damaged = Player::fight(&running.address, "long").await;
    let mut torn = Player::fight(&running.address, "long").await;
    for players in [&mut damaged, &mut torn] {
        players[0].until(|message| is_fight(message) && tick(message) > 40).await;
    }
    running.signal("KILL");
    running.end();
    let files = journals(&folder);
    assert_eq!(files.len(), 2, "{files:?}");
    let mut bytes = fs::read(&files[0]).expect("a journal");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&files[0], bytes).expect("written");
    let mut file = fs::File::options().append(true).open(&files[1]).expect("a journal");
    file.write_all(&[40, 0, 0, 0, 1, 2, 3]).expect("written");

    let mut running = serve(&folder);
    running.logs("put aside");
    let mut refused = Player::connect(&running.address).await;
    let token = &damaged[0].token;
    refused.say(&serde_json::json!({"t": "hello", "name": "Ada", "resume": token})).await;
    let error = refused.until(|message| message["t"] == "error").await;
    assert_eq!(error["code"], "bad_resume");
    let mut players = back(&running, &torn).await;
    let seen = players[1].until(is_fight).await;
    players[1].until(|message| is_fight(message) && tick(message) > tick(&seen)).await;
    running.signal("TERM");
    running.end();
    let quarantine = folder.0.join("data/journals/quarantine");
    let names = fs::read_dir(quarantine).expect("a folder").map(|entry| entry.expect("one").path());
    let mut names: Vec<PathBuf> = names.collect();
    names.sort();
    let [journal, reason] = &names[..] else { panic!("{names:?}") };
    assert_eq!(journal.file_name(), files[0].file_name());
    let reason = fs::read_to_string(reason).expect("text");
    assert!(reason.contains("is damaged"), "{reason}");
    assert!(!verified(&folder, &files[1]).contains("cut off"), "it was cut, and then gone on with");
}

#[test]
fn two_servers_cannot_have_one_data_folder() {
    let folder = Folder::new();
    let _running = serve(&folder);
    let expect = "the data folder `data` is in use by another server; ";
    let config = folder.0.join("bolide.toml");
    refused(bolide(&folder).arg("--config").arg(&config), 1, expect);
    // Even if an operator removes the lock file.
    fs::remove_file(folder.0.join("data/lock")).expect("there");
    refused(bolide(&folder).arg("--config").arg(&config), 1, expect);
}

/// Names, private codes and the seeds of running matches must not be readable by other users.
#[tokio::test]
async fn what_a_server_writes_is_its_own_and_a_folder_that_is_open_to_all_is_told() {
    let folder = Folder::new();
    let mut running = serve(&folder);
    let mut players = Player::fight(&running.address, "long").await;
    players[0].until(is_fight).await;
    let data = folder.0.join("data");
    let mut all = vec![data.clone(), data.join("lock"), data.join("bolide.sqlite")];
    all.extend([data.join("bolide.sqlite-wal"), data.join("journals"), data.join("clock")]);
    all.extend(journals(&folder));
    assert_eq!(all.len(), 7, "{all:?}");
    for path in &all {
        let mode = fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has {mode:o}", path.display());
    }
    running.signal("KILL");
    running.end();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("set");
    running = serve(&folder);
    running.logs("other users of this machine can read the data folder");
    let mode = fs::metadata(&data).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o755, "it is left as it is");
}
