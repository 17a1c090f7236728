//! Journals that the program leaves behind: they replay, whether it was stopped or killed.

use std::fs;
use std::path::PathBuf;

use bolide_sim::journal::{Reader, Record, Writer};
use bolide_sim::{BotSkill, Command, PlayerId, PlayerKind, Tick, World, preset};
use serde_json::{Value, json};

use crate::player::{Player, is_fight, place};
use crate::program::{Folder, Running, bolide, output};

/// Two modes without countdown: a short duel, and a longer one at 60 ticks a second.
const CONFIG: &str = "\
listen = '127.0.0.1:0'
data_dir = 'data'
bots.fill_to = 0
[modes.short]
base = 'duel'
countdown_s = 0
fireball_cooldown_s = 0
hit_damage = 25
[modes.long]
base = 'duel'
countdown_s = 0
tick_rate = 60
";

fn serve(folder: &Folder) -> Running {
    let config = folder.file("bolide.toml", CONFIG);
    Running::start(bolide(folder).arg("--config").arg(config))
}

/// Joins with two players, and waits until they fight.
async fn fight(running: &Running, mode: &str) -> [Player; 2] {
    let mut players =
        [Player::join(&running.address, mode).await, Player::join(&running.address, mode).await];
    for player in &mut players {
        player.until(is_fight).await;
    }
    players
}

/// Has the first player shoot at the second until the match is won. Returns the result that each
/// was sent.
async fn to_the_end([one, other]: &mut [Player; 2]) -> [Value; 2] {
    let is_result = |message: &Value| message["t"] == "result";
    loop {
        let seen = one.until(|message| is_fight(message) || is_result(message)).await;
        if is_result(&seen) {
            return [seen, other.until(is_result).await];
        }
        one.shoot(place(&seen, other.seat)).await;
    }
}

/// Returns the journals of the data folder in the order of their matches, whose ids begin with the
/// time.
fn journals(folder: &Folder) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.0.join("data/journals")).expect("the folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn replay(folder: &Folder, options: &[&str], journal: &PathBuf) -> String {
    let output = output(bolide(folder).arg("replay").args(options).arg(journal));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

fn last_tick(journal: &PathBuf) -> u32 {
    let bytes = fs::read(journal).expect("a journal");
    let ticks = Reader::open(&bytes).expect("opens").1.filter_map(|record| match record {
        Ok(Record::Tick { tick, .. }) => Some(tick.0),
        _ => None,
    });
    ticks.last().expect("a tick")
}

#[tokio::test]
async fn a_match_that_was_played_is_replayed_and_verified_after_the_end() {
    let folder = Folder::new();
    let running = serve(&folder);
    assert!(running.start_block.join("\n").contains("royale, short, long"));
    let mut players = fight(&running, "short").await;
    let [result, same] = to_the_end(&mut players).await;
    assert_eq!(result["winner"], same["winner"]);
    assert_eq!(result["winner"], players[0].seat);
    for player in &mut players {
        player.say(&json!({"t": "rematch"})).await;
    }
    // The second match is unfinished when the server is stopped. A second of it has a state hash.
    players[1].until(|message| is_fight(message) && message[1].as_u64() > Some(40)).await;
    // A player that waits alone in another room keeps its seat in the next process.
    let _alone = Player::join(&running.address, "brawl").await;
    running.signal("TERM");
    assert_eq!(players[0].closed().await, 1012);
    assert_eq!(running.end().0, Some(0));

    let journals = journals(&folder);
    assert_eq!(journals.len(), 3, "{journals:?}");
    let whole = replay(&folder, &["--verify"], &journals[0]);
    assert!(whole.starts_with("verified: ") && whole.trim_end().ends_with(" ticks"), "{whole}");
    let text = replay(&folder, &[], &journals[0]);
    let winner = format!("#{} wins: nobody else is left standing", players[0].seat);
    assert!(text.contains(&winner) && text.contains("2 humans (#0-1)"), "{text}");
    let events = replay(&folder, &["--json"], &journals[0]);
    let ended: Value = serde_json::from_str(events.lines().last().expect("a line")).expect("JSON");
    assert_eq!(ended["winner"], result["winner"]);
    assert_eq!(ended["placements"], placements(&result));
    let unfinished = replay(&folder, &["--verify"], &journals[1]);
    assert!(unfinished.contains("; the journal ends before the match is decided"), "{unfinished}");
}

/// Returns the placements of a result as a replay prints them: `id` on the wire is `player` there.
fn placements(result: &Value) -> Value {
    let told = result["placements"].as_array().expect("a list").iter();
    let renamed = |told: &Value| {
        json!({
            "player": told["id"], "place": told["place"], "hits": told["hits"], "kills": told["kills"],
        })
    };
    told.map(renamed).collect()
}

#[tokio::test]
async fn a_killed_server_has_written_down_all_that_anybody_saw() {
    let folder = Folder::new();
    let running = serve(&folder);
    let mut players = fight(&running, "long").await;
    let seen =
        players[0].until(|message| is_fight(message) && message[1].as_u64() > Some(100)).await;
    running.signal("KILL");
    assert_eq!(running.end().0, None, "it was killed");
    let journals = journals(&folder);
    assert_eq!(journals.len(), 1, "{journals:?}");
    assert!(u64::from(last_tick(&journals[0])) >= seen[1].as_u64().expect("a tick"));
    let line = replay(&folder, &["--verify"], &journals[0]);
    assert!(line.starts_with("verified: ") && !line.contains("cut off"), "{line}");
}

/// The second file of a match is gone. The third one begins with a full state, so the match goes
/// on, and whoever reads it names what is missing.
#[test]
fn all_who_read_a_match_agree_about_a_file_that_is_missing() {
    let folder = Folder::new();
    let id = "00000000-0000-0000-0000-000000000009";
    let journals = folder.0.join("data/journals");
    fs::create_dir_all(&journals).expect("made");
    let [first, third] = segments_with_a_gap();
    let file = journals.join(format!("{id}.journal"));
    fs::write(&file, first).expect("written");
    fs::write(journals.join(format!("{id}.2.journal")), third).expect("written");

    let line = replay(&folder, &["--verify"], &file);
    let gap = "; ticks 31 to 60 are in no file: the disk failed to keep them; file 1 is missing\n";
    assert!(line.starts_with("verified: 1 hashes in 80 ticks") && line.ends_with(gap), "{line}");
    assert!(replay(&folder, &[], &file).ends_with("\nfile 1 is missing\n"));
    let journal = |args: &[&str]| {
        let output = output(bolide(&folder).arg("journal").args(args).args(["--data-dir", "data"]));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(journal(&["list"]).contains("unfinished; file 1 is missing\n"));
    let listed: Value = serde_json::from_str(&journal(&["list", "--json"])).expect("JSON");
    assert_eq!((&listed["ticks"], &listed["files"]), (&json!(80), &json!(2)));
    assert_eq!(listed["missing"], json!([1]));
    assert!(journal(&["inspect", id]).ends_with("\nfile 1 is missing\n"));
    let inspected = journal(&["inspect", id, "--json"]);
    assert_eq!(inspected.matches("\"missing\":[1]").count(), 2, "{inspected}");
}

/// Plays a duel of bots for 80 ticks. Returns the files of the ticks up to 30 and from 60 on.
fn segments_with_a_gap() -> [Vec<u8>; 2] {
    let mut world = World::new(preset("duel").expect("a preset").rules, 7).expect("in range");
    let (mut first, mut third) = (Writer::new(&world, "duel", "test"), Writer::default());
    let bot = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Hard) };
    while world.tick() < Tick(80) {
        let commands = if world.tick().0 == 0 { vec![bot(0), bot(1)] } else { Vec::new() };
        world.step(&commands, &mut Vec::new());
        match world.tick().0 {
            ..=30 => first.tick(world.tick(), &commands),
            60 => {
                third = Writer::new(&world, "duel", "test");
                third.state(&world);
            }
            _ => third.tick(world.tick(), &commands),
        }
    }
    third.hash(&world);
    [first.take(), third.take()]
}
