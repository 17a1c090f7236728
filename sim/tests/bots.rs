//! Matches of bots alone: they end, they replay, and the better ones win.

use bolide_sim::{BotSkill, Command, Phase, PlayerId, PlayerKind, World, preset};

fn play(mode: &str, seed: u64, skills: &[BotSkill]) -> World {
    let mut world = World::new(preset(mode).expect("a preset").rules, seed).expect("valid");
    let joins: Vec<_> = (0..)
        .map(PlayerId)
        .zip(skills)
        .map(|(player, skill)| Command::Join { player, kind: PlayerKind::Bot(*skill) })
        .collect();
    let mut events = Vec::new();
    world.step(&joins, &mut events);
    while !matches!(world.phase(), Phase::Over { .. }) {
        assert!(world.tick().0 < 30 * 200, "a match ends within its time limit");
        events.clear();
        world.step(&[], &mut events);
    }
    world
}

#[test]
fn matches_of_bots_end_mostly_with_a_winner() {
    for mode in ["classic", "brawl"] {
        let worlds: Vec<_> = (0..40).map(|seed| play(mode, seed, &[BotSkill::Normal; 3])).collect();
        let won = worlds
            .iter()
            .filter(|world| world.phase().outcome().expect("over").winner.is_some())
            .count();
        assert!(won >= 30, "{mode}: {won} of 40 matches had a winner");
    }
}

#[test]
fn a_match_of_bots_replays() {
    let skills = [BotSkill::Hard, BotSkill::Normal, BotSkill::Easy, BotSkill::Normal];
    assert_eq!(play("brawl", 5, &skills).hash(), play("brawl", 5, &skills).hash());
    assert_ne!(play("brawl", 5, &skills).hash(), play("brawl", 6, &skills).hash());
}

#[test]
fn the_better_bot_wins_most_duels() {
    for (better, worse) in [(BotSkill::Hard, BotSkill::Normal), (BotSkill::Normal, BotSkill::Easy)]
    {
        let wins = (0..100)
            .filter(|seed| {
                // Sides change with the seed, so that no seat is favoured.
                let (skills, winner) = if seed % 2 == 0 {
                    ([better, worse], PlayerId(0))
                } else {
                    ([worse, better], PlayerId(1))
                };
                play("brawl", *seed, &skills).phase().outcome().expect("over").winner
                    == Some(winner)
            })
            .count();
        assert!(wins >= 60, "{better:?} won {wins} of 100 against {worse:?}");
    }
}
