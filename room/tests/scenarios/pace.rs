//! Measures how a player's time in a room is spent. The rows are those of `docs/rules.md`, so that
//! the page cannot become outdated unnoticed.

use bolide_net::ClientMessage;
use bolide_room::{ConnectionId, RoomConfig, RoomId, RoomPolicy, Stage};
use bolide_sim::{Input, PlayerId, Point, preset};

use crate::shell::{ADA, BEA, CAT, Shell};

fn room(mode: &str, policy: RoomPolicy) -> Shell {
    let mode = preset(mode).expect("a preset");
    Shell::of(RoomConfig {
        id: RoomId::known("r1"),
        code: None,
        mode,
        policy,
        server: "test".into(),
    })
}

fn hz(shell: &Shell) -> u32 {
    shell.room.world().rules().tick_rate.hz()
}

/// A person that walks somewhere once a second, and half a second later shoots at the nearest
/// player.
struct Person {
    connection: ConnectionId,
    player: PlayerId,
    seq: u32,
    /// Ticks in a room; `fighting` counts those alive in a fight.
    here: u32,
    fighting: u32,
}

impl Person {
    fn act(&mut self, shell: &mut Shell, votes: bool) {
        self.here += 1;
        let (world, hz) = (shell.room.world(), hz(shell));
        let me = world.player(self.player).filter(|me| me.is_alive()).map(|me| me.at);
        let others = world.players().iter().filter(|p| p.id != self.player && p.is_alive());
        let places = others.map(|other| other.at);
        let is_fight = shell.status().stage == Stage::Running;
        let intent = match (self.here % hz, me.filter(|_| is_fight)) {
            (0, Some(_)) => Some(Input::Move(self.somewhere())),
            (half, Some(me)) if half == hz / 2 => {
                places.min_by_key(|place| place.distance_squared(me)).map(Input::Shoot)
            }
            _ => None,
        };
        self.fighting += u32::from(is_fight && me.is_some());
        if let Some(intent) = intent {
            self.seq += 1;
            shell.input(self.connection, self.seq, intent);
        }
        if votes && shell.status().stage == Stage::Over && self.here.is_multiple_of(2 * hz) {
            shell.say(self.connection, ClientMessage::Rematch);
        }
    }

    /// Returns places all over the arena, though not random ones.
    fn somewhere(&self) -> Point {
        let share = |step: u32| (self.seq * step % 97) as f32 / 97.0;
        Point::in_units(0.2 + 1.5 * share(31 + u32::from(self.player.0)), 0.2 + 0.7 * share(57))
    }
}

/// Returns the percentage of ten minutes that three people are alive in a fight.
fn share_in_fights(mode: &str, intermission_s: f32, votes: bool) -> u32 {
    let mut shell = room(mode, RoomPolicy { intermission_s, ..RoomPolicy::default() });
    let seats = usize::from(shell.room.world().rules().capacity).min(3);
    let mut people: Vec<_> = [ADA, BEA, CAT][..seats]
        .iter()
        .map(|connection| {
            let player = shell.join(*connection).expect("a seat");
            Person { connection: *connection, player, seq: 0, here: 0, fighting: 0 }
        })
        .collect();
    for _ in 0..600 * hz(&shell) {
        people.iter_mut().for_each(|person| person.act(&mut shell, votes));
        shell.ticks(1);
        shell.told.clear();
        shell.frames.clear();
        shell.journals.values_mut().flatten().for_each(Vec::clear);
    }
    let sum = |of: fn(&Person) -> u32| people.iter().map(of).sum::<u32>();
    sum(|person| person.fighting) * 100 / sum(|person| person.here)
}

/// Returns the seconds from the seat to a fight, for a player that is alone at first.
fn seconds_to_a_fight(mode: &str) -> f32 {
    let mut shell = room(mode, RoomPolicy::default());
    shell.join(ADA).expect("a seat");
    let mut ticks = 0u16;
    while shell.status().stage != Stage::Running {
        shell.ticks(1);
        ticks += 1;
    }
    f32::from(ticks) / hz(&shell) as f32
}

/// Returns the MB of journal in a day of a player that waits alone, extrapolated from ten minutes.
fn megabytes_a_day() -> f32 {
    let mut shell = room("brawl", RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() });
    shell.join(ADA).expect("a seat");
    for _ in 0..600 * hz(&shell) {
        shell.ticks(1);
        shell.told.clear();
        shell.frames.clear();
    }
    let bytes: usize = shell.journals.values().flatten().map(Vec::len).sum();
    bytes as f32 * 144.0 / 1e6
}

#[test]
fn time_in_a_room_is_spent_as_the_page_of_the_rules_says() {
    let mut rows = ["brawl", "duel"].map(|mode| {
        let shares = [(15.0, false), (8.0, false), (8.0, true)];
        let [before, paused, voted] = shares.map(|(s, votes)| share_in_fights(mode, s, votes));
        format!(
            "| {mode} | {:.1} s | {before} % | {paused} % | {voted} % |",
            seconds_to_a_fight(mode)
        )
    });
    rows.sort();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let waiting = format!("{:.1} MB of journal a day", megabytes_a_day());
    for told in rows.iter().chain([&waiting]) {
        assert!(page.contains(told), "not in docs/rules.md: {told}\nof {rows:#?}");
    }
}
