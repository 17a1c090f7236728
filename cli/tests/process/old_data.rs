//! Data folders that older programs left behind. Every build from then on starts on them, and
//! resumes each match or keeps it for the program that wrote it. `tests/old-data/README.md`
//! describes how they were made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bolide_sim::journal::{Reader, recover};
use rusqlite::Connection;
use serde_json::Value;

use crate::player::{Player, tick};
use crate::program::{Folder, Running, bolide, output};
use crate::restoring::{is_sent_away, of_the_next_version, unrestored};
use crate::watching::{admin, get};

/// A copy of an old folder: its settings, its data, and the last ticks that its players saw.
struct Old {
    folder: Folder,
    /// The entries of `matches.json`.
    matches: Vec<Value>,
    /// The journals as the old program left them, by the ids of their matches.
    journals: BTreeMap<String, Vec<u8>>,
    rows: BTreeSet<String>,
}

/// Returns a copy of each old folder.
fn all() -> Vec<Old> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old-data");
    let entries = fs::read_dir(folders).expect("a folder").map(|entry| entry.expect("one").path());
    let all: Vec<Old> = entries.filter(|path| path.is_dir()).map(|path| Old::copy(&path)).collect();
    assert!(!all.is_empty());
    all
}

impl Old {
    fn copy(from: &Path) -> Old {
        let folder = Folder::new();
        for path in ["", "data", "data/journals"] {
            fs::create_dir_all(folder.0.join(path)).expect("made");
            for entry in fs::read_dir(from.join(path)).expect("a folder") {
                let file = entry.expect("an entry").path();
                if file.is_file() {
                    let name = file.file_name().expect("a name");
                    fs::copy(&file, folder.0.join(path).join(name)).expect("copied");
                }
            }
        }
        let matches = fs::read(folder.0.join("matches.json")).expect("what was played");
        let matches = serde_json::from_slice(&matches).expect("JSON");
        let (journals, rows) = (BTreeMap::new(), rows(&folder));
        let mut old = Old { folder, matches, journals, rows };
        old.journals = old.read();
        assert_eq!(old.journals.len(), old.matches.len());
        old
    }

    /// Changes the journals to those that the next version of the program would have left.
    fn of_the_next_version(mut self) -> Old {
        for (id, journal) in &mut self.journals {
            *journal = of_the_next_version(journal);
            fs::write(self.folder.0.join(format!("data/journals/{id}.journal")), journal)
                .expect("written");
        }
        self
    }

    /// Returns whether this program can resume the matches.
    fn is_ours(&self) -> bool {
        let is_ours = |journal: &Vec<u8>| match Reader::open(journal) {
            Ok(_) => true,
            Err(error) if error.is_foreign() => false,
            Err(error) => panic!("{error}"),
        };
        let ours = self.journals.values().filter(|journal| is_ours(journal)).count();
        assert!(ours == 0 || ours == self.journals.len(), "one program wrote them");
        ours > 0
    }

    /// Reads the current journals, without those of newer matches.
    fn read(&self) -> BTreeMap<String, Vec<u8>> {
        let known = self.matches.iter().map(|it| text(&it["match"]).to_owned());
        known.map(|id| (id.clone(), fs::read(self.journal(&id)).expect("a journal"))).collect()
    }

    fn journal(&self, id: &str) -> PathBuf {
        self.folder.0.join(format!("data/journals/{id}.journal"))
    }

    fn is_untouched(&self) {
        assert!(self.read() == self.journals, "the journals are as they were");
        assert!(!self.folder.0.join("data/journals/quarantine").exists());
    }

    /// Returns the matches that a room would resume.
    fn rooms(&self) -> impl Iterator<Item = &Value> {
        self.matches.iter().filter(|it| !tokens(it).is_empty())
    }

    fn serve(&self) -> Running {
        // Long enough for every seat to be kept until the test has resumed the last room.
        let options = ["--grace-s", "3600", "--admin-listen", "127.0.0.1:0"];
        Running::start(bolide(&self.folder).args(["--config", "bolide.toml"]).args(options))
    }

    /// Runs a command, and returns its exit code, output and errors.
    fn ask(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = output(bolide(&self.folder).args(arguments));
        let [said, wrong] = [output.stdout, output.stderr].map(String::from_utf8);
        (output.status.code(), said.expect("text"), wrong.expect("text"))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn tokens(of_match: &Value) -> Vec<&str> {
    let seats = of_match["seats"].as_array().expect("a list");
    seats.iter().map(|seat| text(&seat["token"])).collect()
}

/// Returns the rooms, matches and seats that the database holds. They are read from a copy, because
/// even reading changes the files.
fn rows(folder: &Folder) -> BTreeSet<String> {
    let copy = Folder::new();
    for name in ["bolide.sqlite", "bolide.sqlite-wal"] {
        let file = folder.0.join("data").join(name);
        if file.exists() {
            fs::copy(file, copy.0.join(name)).expect("copied");
        }
    }
    let database = Connection::open(copy.0.join("bolide.sqlite")).expect("opens");
    let queries = [
        "SELECT 'room ' || quote(id) || quote(mode) || quote(code) || locked FROM rooms",
        "SELECT 'match ' || quote(room) || number || quote(id) FROM matches",
        "SELECT 'seat ' || quote(room) || player || quote(name) || quote(token)
            || quote(previous_token) || creator FROM seats",
    ];
    let mut rows = BTreeSet::new();
    for query in queries {
        let mut statement = database.prepare(query).expect("known tables");
        let found = statement.query_map([], |row| row.get::<_, String>(0)).expect("read");
        let before = rows.len();
        rows.extend(found.map(|row| row.expect("a text")));
        assert!(rows.len() > before, "nothing is kept: {query}");
    }
    rows
}

/// Checks the commands that need no server and change nothing.
fn is_listed_and_replayed(old: &Old) {
    let is_ours = old.is_ours();
    let (code, said, wrong) = old.ask(&["journal", "list", "--json", "--config", "bolide.toml"]);
    assert_eq!(code, Some(0), "{wrong}");
    let listed = said.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let listed: BTreeMap<String, Value> =
        listed.map(|line: Value| (text(&line["id"]).to_owned(), line)).collect();
    assert_eq!(listed.len(), old.matches.len(), "{said}");
    for played in &old.matches {
        let id = text(&played["match"]);
        let line = &listed[id];
        let state = if is_ours { text(&played["state"]) } else { "foreign" };
        assert_eq!(line["state"], state, "{line}");
        if is_ours || !tokens(played).is_empty() {
            assert_eq!(line["mode"], played["mode"], "{line}");
        }
        let file = format!("data/journals/{id}.journal");
        let (code, said, wrong) = old.ask(&["replay", "--verify", &file]);
        let inspected = old.ask(&["journal", "inspect", id, "--data-dir", "data"]);
        if is_ours {
            assert_eq!((code, inspected.0), (Some(0), Some(0)), "{wrong}{inspected:?}");
            assert!(said.starts_with("verified: "), "{said}");
            assert_eq!(said.contains("cut off"), played["torn"] == true, "{said}");
        } else {
            assert_eq!((code, inspected.0), (Some(2), Some(1)), "{said}{inspected:?}");
            assert!(wrong.contains("this journal is of arena "), "{wrong}");
            assert!(text(&line["why"]).contains("this journal is of arena "), "{line}");
        }
    }
    old.is_untouched();
}

/// Resumes every seat, and checks that each match goes on from where it was.
async fn goes_on(old: &Old) {
    let running = old.serve();
    for room in old.rooms() {
        let mut players = Vec::new();
        for token in tokens(room) {
            players.push(Player::resume(&running.address, token).await);
        }
        for (player, seat) in players.iter().zip(room["seats"].as_array().expect("a list")) {
            assert_eq!(player.seat, seat["seat"]);
        }
        let seen = players[0].until(|message| message[0] == 1).await;
        assert!(tick(&seen) >= room["tick"].as_u64().expect("a tick"), "{room}");
        players[0].until(|message| message[0] == 1 && tick(message) > tick(&seen)).await;
    }
    assert_eq!(unrestored(&running, "version"), 0.0);
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    for (id, journal) in old.read() {
        let before = &old.journals[&id];
        let whole = recover(before).expect("it was recovered").whole_bytes;
        assert!(journal.starts_with(&before[..whole]), "{id}");
        let (code, said, wrong) =
            old.ask(&["replay", "--verify", &format!("data/journals/{id}.journal")]);
        assert_eq!(code, Some(0), "{wrong}");
        assert!(!said.contains("cut off"), "{said}");
    }
    assert!(!old.folder.0.join("data/journals/quarantine").exists());
}

/// New players play, and nothing of the old rooms is lost, however often the wrong program is
/// started.
async fn is_kept(old: &Old) {
    for _ in 0..2 {
        let mut running = old.serve();
        for _ in old.rooms() {
            running.logs("the match waits for the program that wrote it");
        }
        assert_eq!(unrestored(&running, "version"), old.rooms().count() as f64);
        assert!(get(&admin(&running), "/readyz").contains("200"), "it can take others");
        let listed = get(&running.address, "/api/v1/rooms");
        assert!(!listed.contains("\"mode\":\"fog\""), "nobody is sent to them: {listed}");
        for token in old.rooms().flat_map(tokens) {
            is_sent_away(&running, token).await;
        }
        let mut newcomer = Player::join(&running.address, "quick").await;
        newcomer.until(|message| message[0] == 1).await;
        running.signal("TERM");
        assert_eq!(running.end().0, Some(0));
        old.is_untouched();
        let lost: Vec<_> = old.rows.difference(&rows(&old.folder)).cloned().collect();
        assert!(lost.is_empty(), "{lost:#?}");
    }
    // Even if nothing is to be kept: a room may need these journals again.
    let (code, _, wrong) = old.ask(&["journal", "prune", "--keep", "0", "--data-dir", "data"]);
    assert_eq!(code, Some(0), "{wrong}");
    for room in old.rooms() {
        let id = text(&room["match"]);
        assert!(fs::read(old.journal(id)).expect("it is needed") == old.journals[id], "{id}");
    }
}

#[test]
fn old_matches_are_listed_and_replayed_or_refused_by_their_version() {
    for old in all() {
        is_listed_and_replayed(&old);
        is_listed_and_replayed(&old.of_the_next_version());
    }
}

#[tokio::test]
async fn old_rooms_go_on_or_are_kept_for_the_program_that_wrote_them() {
    for old in all() {
        if old.is_ours() { goes_on(&old).await } else { is_kept(&old).await }
    }
}

/// The copy is what the older program left, and it can be started on it again.
#[test]
fn the_copy_of_the_store_from_before_an_upgrade_leads_back() {
    for old in all() {
        let data = old.folder.0.join("data");
        let version = version(&data.join("bolide.sqlite"));
        for _ in 0..2 {
            let running = old.serve();
            running.signal("KILL");
            running.end();
            // The way back of docs/operations.md.
            let copy = data.join(format!("bolide.sqlite.v{version}"));
            fs::rename(copy, data.join("bolide.sqlite")).expect("there is a copy");
            for log in ["bolide.sqlite-wal", "bolide.sqlite-shm"] {
                fs::remove_file(data.join(log)).ok();
            }
            assert_eq!(self::version(&data.join("bolide.sqlite")), version);
            assert_eq!(rows(&old.folder), old.rows);
        }
    }
}

/// Returns the version of the tables of a store. It is in the header of the file.
fn version(store: &Path) -> u32 {
    let header = fs::read(store).expect("a store");
    u32::from_be_bytes(header[60..64].try_into().expect("four bytes"))
}

#[tokio::test]
async fn rooms_of_a_newer_program_are_kept_for_it() {
    for old in all() {
        is_kept(&old.of_the_next_version()).await;
    }
}
