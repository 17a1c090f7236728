//! Matches of bots alone: they end, they replay, and the better ones win.

use bolide_sim::{BotSkill, Command, Event, Phase, PlayerId, PlayerKind, World, preset};

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

/// How many of `duels` each side wins; the sides change with the seed, so that no seat is favoured.
fn duels(duels: u64, one: BotSkill, other: BotSkill) -> [u64; 2] {
    let half = |first: u64| {
        let mut wins = [0; 2];
        for seed in (first..duels).step_by(2) {
            let skills = if seed % 2 == 0 { [one, other] } else { [other, one] };
            let winner = play("duel", seed, &skills).phase().outcome().expect("over").winner;
            if let Some(PlayerId(seat)) = winner {
                wins[usize::from(u64::from(seat) != seed % 2)] += 1;
            }
        }
        wins
    };
    std::thread::scope(|scope| {
        let odd = scope.spawn(|| half(1));
        let even = half(0);
        let odd = odd.join().expect("no panic");
        [even[0] + odd[0], even[1] + odd[1]]
    })
}

#[test]
fn hard_beats_easy_and_each_skill_beats_the_one_below() {
    let [hard, _] = duels(1_000, BotSkill::Hard, BotSkill::Easy);
    assert!(hard >= 900, "hard won {hard} of 1,000 against easy");
    for (better, worse) in [(BotSkill::Hard, BotSkill::Normal), (BotSkill::Normal, BotSkill::Easy)]
    {
        let [wins, _] = duels(200, better, worse);
        assert!(wins >= 150, "{better:?} won {wins} of 200 against {worse:?}");
    }
}

/// Neither the lower id nor the earlier turn is worth anything: between equals each seat wins half.
#[test]
fn no_seat_is_favoured() {
    let seat = |first: u64| {
        let mut wins = [0u64; 2];
        for seed in (first..10_000).step_by(2) {
            let outcome =
                play("duel", seed, &[BotSkill::Normal; 2]).phase().outcome().expect("over");
            if let Some(PlayerId(seat)) = outcome.winner {
                wins[usize::from(seat)] += 1;
            }
        }
        wins
    };
    let wins = std::thread::scope(|scope| {
        let odd = scope.spawn(|| seat(1));
        let even = seat(0);
        let odd = odd.join().expect("no panic");
        [even[0] + odd[0], even[1] + odd[1]]
    });
    let decided = wins[0] + wins[1];
    assert!(decided > 9_000, "{wins:?}");
    let share = wins[0] as f64 / decided as f64;
    assert!((0.485..=0.515).contains(&share), "seat 0 won {share} of {decided}");
}

#[test]
fn bots_keep_out_of_the_fire() {
    let mut burned = 0;
    for seed in 0..4 {
        let mut world = World::new(preset("royale").expect("a preset").rules, seed).expect("valid");
        let bot =
            |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Normal) };
        let joins: Vec<_> = (0..20).map(bot).collect();
        let mut events = Vec::new();
        world.step(&joins, &mut events);
        while !matches!(world.phase(), Phase::Over { .. }) {
            world.step(&[], &mut events);
        }
        burned +=
            events.iter().filter(|event| matches!(event, Event::Died { by: None, .. })).count();
    }
    assert!(burned <= 4, "{burned} of 80 bots died in the fire");
}
