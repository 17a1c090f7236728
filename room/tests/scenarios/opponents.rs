//! The skill of the bots of a room, by the results of its people or by the operator's setting.

use bolide_room::{BotsSkill, RoomPolicy, Stage};
use bolide_sim::{BotSkill, Input, PlayerId, PlayerKind};

use crate::shell::{ADA, BEA, Shell};

fn policy(bots_skill: BotsSkill) -> RoomPolicy {
    RoomPolicy {
        bot_wait_s: 0.0,
        bots_fill_to: 3,
        bots_skill,
        intermission_s: 0.0,
        ..RoomPolicy::default()
    }
}

fn skills(shell: &Shell) -> Vec<BotSkill> {
    let players = shell.room.world().players().iter();
    let skill = |kind| match kind {
        PlayerKind::Bot(skill) => Some(skill),
        PlayerKind::Human => None,
    };
    players.filter_map(|player| skill(player.kind())).collect()
}

/// Waits for the fight of a match. Returns the skills of its bots.
fn gather(shell: &mut Shell) -> Vec<BotSkill> {
    while shell.status().stage != Stage::Running {
        shell.ticks(1);
    }
    skills(shell)
}

/// Plays the fight to its end. Ada shoots at the nearest player, or does nothing. Returns whether
/// she wins.
fn play(shell: &mut Shell, ada: PlayerId, seq: &mut u32, shoots: bool) -> bool {
    while shell.status().stage == Stage::Running {
        let world = shell.room.world();
        let me = world.player(ada).expect("takes part").at;
        let others = world.players().iter().filter(|player| player.id != ada && player.is_alive());
        let nearest = others.map(|player| player.at).min_by_key(|at| me.distance_squared(*at));
        *seq += 1;
        let shot = nearest.filter(|_| shoots && seq.is_multiple_of(3)).map(Input::Shoot);
        shell.input(ADA, *seq, shot.unwrap_or(Input::Stop));
        shell.ticks(1);
    }
    shell.room.world().phase().outcome().expect("over").winner == Some(ada)
}

#[test]
fn a_newcomer_meets_easy_bots_who_wins_meets_better_ones_and_who_loses_easier_ones() {
    let mut shell = Shell::new("duel", policy(BotsSkill::Adaptive));
    let ada = shell.join(ADA).expect("a seat");
    let (mut seq, mut level, mut levels) = (0, 0usize, Vec::new());
    for number in 0..16 {
        let first = [BotSkill::Easy, BotSkill::Normal, BotSkill::Normal, BotSkill::Normal];
        let expect = first.get(level).unwrap_or(&BotSkill::Hard);
        assert_eq!(gather(&mut shell), [*expect], "level {level}, match {number}");
        let wins = play(&mut shell, ada, &mut seq, number < 8);
        level = if wins { (level + 1).min(5) } else { level.saturating_sub(1) };
        levels.push(level);
    }
    assert!(levels.contains(&1) && levels[8..].contains(&0), "{levels:?}");
}

#[test]
fn beside_a_newcomer_an_old_hand_meets_easy_bots_too() {
    let mut shell = Shell::new("brawl", policy(BotsSkill::Adaptive));
    let ada = shell.join(ADA).expect("a seat");
    let mut seq = 0;
    while gather(&mut shell)[0] == BotSkill::Easy {
        play(&mut shell, ada, &mut seq, true);
        assert!(shell.status().match_number < 40, "she wins one of them");
    }
    shell.join(BEA).expect("a seat");
    play(&mut shell, ada, &mut seq, true);
    assert_eq!(gather(&mut shell), [BotSkill::Easy]);
}

#[test]
fn bots_play_as_the_operator_says() {
    let skills = [BotSkill::Easy, BotSkill::Normal, BotSkill::Hard, BotSkill::Hard];
    for (number, skill) in (0..).zip(skills) {
        let mut shell = Shell::new("brawl", policy(BotsSkill::Always(number)));
        let ada = shell.join(ADA).expect("a seat");
        for _ in 0..2 {
            assert_eq!(gather(&mut shell), [skill; 2]);
            play(&mut shell, ada, &mut 0, true);
        }
    }
}
