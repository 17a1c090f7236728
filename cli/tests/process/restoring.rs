//! Journals that cannot be opened at the moment: rooms, seats and tokens are kept, and the server
//! retries.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bolide_sim::journal::SIM_VERSION;
use serde_json::json;

use crate::player::{Player, is_fight, tick};
use crate::program::{Folder, Running, bolide, bolide_under};
use crate::watching::{admin, get, metric};

fn server(folder: &Folder) -> Command {
    let config = folder.long_fights("admin_listen = '127.0.0.1:0'\n");
    let mut command = bolide(folder);
    command.arg("--config").arg(config);
    command
}

/// Kills the server in a fight, and returns the tokens of the players and the journal.
async fn killed_fight(folder: &Folder) -> ([String; 2], PathBuf) {
    let running = Running::start(&mut server(folder));
    let mut players = Player::fight(&running.address, "long").await;
    players[0].until(|message| is_fight(message) && tick(message) > 40).await;
    running.signal("KILL");
    running.end();
    let journals = fs::read_dir(folder.0.join("data/journals")).expect("a folder");
    let journals: Vec<PathBuf> = journals.map(|entry| entry.expect("an entry").path()).collect();
    let [journal] = &journals[..] else { panic!("{journals:?}") };
    (players.map(|player| player.token), journal.clone())
}

/// Resumes both seats, and checks that the fight goes on.
async fn fight_goes_on(running: &Running, tokens: &[String; 2]) -> [Player; 2] {
    let [one, two] = tokens;
    let mut players =
        [Player::resume(&running.address, one).await, Player::resume(&running.address, two).await];
    let seen = players[0].until(is_fight).await;
    assert!(tick(&seen) >= 40, "it is the match that was played: {seen}");
    players[1].until(|message| is_fight(message) && tick(message) > tick(&seen) + 10).await;
    players
}

/// Checks the answer to a client that resumes a seat of a room that is not open.
pub(crate) async fn is_sent_away(running: &Running, token: &str) {
    let mut player = Player::connect(&running.address).await;
    player.say(&json!({"t": "hello", "name": "Ada", "resume": token})).await;
    let (code, reason) = player.closed_with().await;
    assert_eq!((code, reason.as_str()), (1012, "this room is not open at the moment"));
}

pub(crate) fn unrestored(running: &Running, reason: &str) -> f64 {
    let page = get(&admin(running), "/metrics");
    metric(&page, &format!("bolide_rooms_unrestored{{reason=\"{reason}\"}}"))
}

/// Waits until this many rooms are not restored for this reason.
async fn until_unrestored(running: &Running, reason: &str, rooms: f64) {
    let begun = std::time::Instant::now();
    while unrestored(running, reason) != rooms {
        assert!(begun.elapsed() < crate::program::PATIENCE, "{rooms} rooms: {reason}");
        tokio::task::yield_now().await;
    }
}

/// The journal is replaced by a folder, which cannot be read, just as a file cannot be without a
/// descriptor.
#[tokio::test]
async fn a_journal_that_cannot_be_read_is_tried_again_until_it_can() {
    let folder = Folder::new();
    let (tokens, journal) = killed_fight(&folder).await;
    let whole = journal.with_extension("whole");
    fs::rename(&journal, &whole).expect("moved");
    fs::create_dir(&journal).expect("made");

    // Even after a start that is killed.
    for _ in 0..2 {
        let running = Running::start(&mut server(&folder));
        let answer = get(&admin(&running), "/readyz");
        let expect = "1 room cannot be opened at the moment: Is a directory";
        assert!(answer.contains("503") && answer.contains(expect), "{answer}");
        assert_eq!(unrestored(&running, "system"), 1.0);
        is_sent_away(&running, &tokens[0]).await;
        running.signal("KILL");
        running.end();
    }
    let running = Running::start(&mut server(&folder));
    fs::remove_dir(&journal).expect("removed");
    fs::rename(&whole, &journal).expect("moved");
    until_unrestored(&running, "system", 0.0).await;
    fight_goes_on(&running, &tokens).await;
    assert!(get(&admin(&running), "/readyz").contains("200"));
    assert!(!folder.0.join("data/journals/quarantine").exists());
}

/// Computes the checksum of a record.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

/// Returns the journal as the next version of the simulation would have written it.
pub(crate) fn of_the_next_version(journal: &[u8]) -> Vec<u8> {
    let mut other = journal.to_vec();
    let length = u32::from_le_bytes(other[8..12].try_into().expect("4 bytes"));
    let payload = 16..16 + usize::try_from(length).expect("small");
    let version = match &mut other[payload.clone()] {
        [0, 1, version, ..] => version,
        [0, 2, 5, b'a', b'r', b'e', b'n', b'a', version, ..] => version,
        header => panic!("{header:?}"),
    };
    *version = u8::try_from(SIM_VERSION + 1).ok().filter(|it| *it < 0x80).expect("one byte");
    let crc = crc32(&other[payload]);
    other[12..16].copy_from_slice(&crc.to_le_bytes());
    other
}

/// As after an upgrade that is rolled back after a minute.
#[tokio::test]
async fn a_room_of_another_version_waits_for_the_program_that_wrote_it() {
    let folder = Folder::new();
    let (tokens, journal) = killed_fight(&folder).await;
    let ours = fs::read(&journal).expect("a journal");
    fs::write(&journal, of_the_next_version(&ours)).expect("written");
    let running = Running::start(&mut server(&folder));
    assert_eq!(unrestored(&running, "version"), 1.0);
    assert!(get(&admin(&running), "/readyz").contains("200"), "it can take others");
    is_sent_away(&running, &tokens[0]).await;
    running.signal("TERM");
    running.end();
    fs::write(&journal, ours).expect("written");
    let running = Running::start(&mut server(&folder));
    fight_goes_on(&running, &tokens).await;
}

/// Each start is killed while it reads the journal of one match: a pipe that has no writer.
#[tokio::test]
async fn a_journal_that_has_ended_three_starts_is_put_aside() {
    let folder = Folder::new();
    let (_, journal) = killed_fight(&folder).await;
    let id = journal.file_stem().expect("an id").to_str().expect("text").to_owned();
    fs::remove_file(&journal).expect("removed");
    let made = Command::new("mkfifo").arg(&journal).status().expect("mkfifo");
    assert!(made.success());
    for attempt in 1..=3 {
        let mut command = server(&folder);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let expect = format!("{id} {attempt}\n");
        let begun = std::time::Instant::now();
        while fs::read_to_string(folder.0.join("data/restoring")).ok().as_ref() != Some(&expect) {
            assert!(begun.elapsed() < crate::program::PATIENCE, "attempt {attempt}");
            tokio::task::yield_now().await;
        }
        child.kill().expect("killed");
        child.wait().expect("it ends");
    }
    let running = Running::start(&mut server(&folder));
    let reason = folder.0.join(format!("data/journals/quarantine/{id}.reason.txt"));
    let reason = fs::read_to_string(reason).expect("a reason");
    assert_eq!(reason, "3 attempts to restore it ended the process\n");
    assert!(!folder.0.join("data/restoring").exists());
    Player::fight(&running.address, "long").await;
}

/// Returns a server with this limit of descriptors, given as `soft:hard`.
fn limited(folder: &Folder, limit: &str) -> Command {
    let mut limited = bolide_under(folder, "prlimit", &[&format!("--nofile={limit}")]);
    limited.args(server(folder).get_args());
    limited
}

/// Fifty fights, and a start that has descriptors for only some of them.
#[tokio::test]
async fn a_start_without_descriptors_costs_no_room() {
    const ROOMS: usize = 50;
    let folder = Folder::new();
    let running = Running::start(&mut server(&folder));
    let mut tokens = Vec::new();
    for _ in 0..ROOMS {
        let players = Player::fight(&running.address, "long").await;
        tokens.push(players.map(|player| player.token));
    }
    running.signal("KILL");
    running.end();

    let mut running = Running::start(&mut limited(&folder, "48:48"));
    running.logs("the room cannot be opened; it is tried again");
    running.signal("KILL");
    running.end();

    let running = Running::start(&mut server(&folder));
    for room in &tokens {
        Player::resume(&running.address, &room[0]).await;
    }
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
}

#[test]
fn the_limit_of_descriptors_is_raised_and_one_that_is_too_low_is_logged() {
    let folder = Folder::new();
    let mut running = Running::start(&mut limited(&folder, "64:4096"));
    let page = get(&admin(&running), "/metrics");
    assert_eq!(metric(&page, "process_max_fds"), 4096.0);
    running.logs("raise `ulimit -Hn`");
    drop(running);

    let mut small = limited(&folder, "64:4096");
    small.args(["--connections-max", "1000", "--rooms-max", "1000", "--sessions-max", "1000"]);
    let running = Running::start(&mut small);
    running.signal("TERM");
    let (_, log) = running.end();
    assert!(!log.contains("ulimit"), "{log}");
}
