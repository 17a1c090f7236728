//! Matches of bots: they end, they replay, the better ones win, and none sees more than a player.

mod dice;

use bolide_sim::{
    BotSkill, Command, Event, Input, Motion, Phase, PlayerId, PlayerKind, Point, Rules, Spawn,
    World, Zone, preset,
};

use dice::Dice;

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

/// Returns the wins of each side in `duels` duels. The sides change with the seed, so that no seat
/// is favoured.
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

/// Neither the lower id nor the earlier turn is an advantage: between equals each seat wins half.
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

/// One bot and one human in the fog, with the human out of the bot's sight.
struct Fog {
    world: World,
    dice: Dice,
}

const BOT: PlayerId = PlayerId(0);
const PERSON: PlayerId = PlayerId(1);

impl Fog {
    fn new(seed: u64, skill: BotSkill) -> Fog {
        let rules = Rules {
            fight_at: 2,
            blink_range: 32.0,
            blink_cooldown_s: 0.0,
            fireball_cooldown_s: 0.0,
            fireball_range: 0.5,
            countdown_s: 0.0,
            ..preset("royale").expect("a preset").rules
        };
        let mut world = World::new(rules, seed).expect("valid");
        let bot = Command::Join { player: BOT, kind: PlayerKind::Bot(skill) };
        let person = Command::Join { player: PERSON, kind: PlayerKind::Human };
        world.step(&[bot, person], &mut Vec::new());
        Fog { world, dice: Dice(seed) }
    }

    /// Returns a place so far from the bot that neither the human nor its fireballs are in sight.
    fn out_of_sight(&mut self, dice_of: u64) -> Point {
        let bot = self.world.player(BOT).expect("takes part").at;
        let mut dice = Dice(self.dice.0 ^ dice_of);
        loop {
            let mut share = || dice.roll(1_000) as f32 / 1_000.0;
            let place = Point::in_units(share() * 16.0, share() * 9.0);
            if place.distance(bot) > 3.5 {
                return place;
            }
        }
    }

    /// The human blinks away and throws a fireball, each time from another place.
    fn step(&mut self, dice_of: u64) {
        let place = self.out_of_sight(dice_of);
        let input = |input| Command::Input { player: PERSON, input, rewind_ticks: 0 };
        let middle = Point::in_units(8.0, 4.5);
        self.world.step(&[input(Input::Blink(place))], &mut Vec::new());
        self.world.step(&[input(Input::Shoot(middle))], &mut Vec::new());
        self.dice.roll(2);
    }
}

#[test]
fn what_a_bot_cannot_see_changes_nothing_of_what_it_does() {
    let mut walked = 0;
    for (seed, skill) in
        (0..30).zip([BotSkill::Easy, BotSkill::Normal, BotSkill::Hard].into_iter().cycle())
    {
        let (mut one, mut other) = (Fog::new(seed, skill), Fog::new(seed, skill));
        let start = one.world.player(BOT).expect("takes part").at;
        for _ in 0..120 {
            one.step(1);
            other.step(2);
            let [a, b] =
                [&one, &other].map(|fog| fog.world.player(BOT).expect("takes part").clone());
            assert_eq!(a, b, "seed {seed}, {skill:?}, tick {}", one.world.tick());
        }
        let [a, b] = [&one, &other].map(|fog| fog.world.player(PERSON).expect("takes part").at);
        assert_ne!(a, b);
        walked += u32::from(one.world.player(BOT).expect("takes part").at.distance(start) > 0.5);
    }
    assert!(walked > 25, "{walked} of 30 bots that saw nobody went to look for somebody");
}

#[test]
fn bots_that_see_nobody_find_each_other() {
    let mut rules = preset("royale").expect("a preset").rules;
    (rules.fight_at, rules.zone) = (2, None);
    let met = |seed: &u64| {
        let mut world = World::new(rules.clone(), *seed).expect("valid");
        let bot =
            |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Normal) };
        world.step(&[bot(0), bot(1), bot(2)], &mut Vec::new());
        let mut events = Vec::new();
        (0..30 * 150).for_each(|_| world.step(&[], &mut events));
        events.iter().any(|event| matches!(event, Event::Hit { .. }))
    };
    let met = (0..20).filter(met).count();
    assert!(met >= 16, "{met} of 20 fights of three bots came to a hit");
}

#[test]
fn bots_on_one_place_do_not_wait_for_ever() {
    let rules = Rules {
        spawn: Spawn::Centre,
        fireball_cooldown_s: 0.0,
        ..preset("brawl").expect("a preset").rules
    };
    let mut world = World::new(rules, 1).expect("valid");
    let bot = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Hard) };
    world.step(&[bot(0), bot(1)], &mut Vec::new());
    (0..30 * 10).for_each(|_| world.step(&[], &mut Vec::new()));
    let [a, b] = [0, 1].map(|id| world.player(PlayerId(id)).expect("takes part").at);
    assert_ne!(a, b);
}

#[test]
fn an_easy_bot_throws_nothing_in_the_first_three_seconds() {
    let first_shot = |skill| {
        let mut world = World::new(preset("brawl").expect("a preset").rules, 1).expect("valid");
        let joins: Vec<_> = (0..4)
            .map(|id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(skill) })
            .collect();
        world.step(&joins, &mut Vec::new());
        let mut events = Vec::new();
        while !events.iter().any(|event| matches!(event, Event::Shot { .. })) {
            world.step(&[], &mut events);
        }
        let Phase::Fighting { since, .. } = world.phase() else { panic!("a fight") };
        world.tick().since(since)
    };
    assert!((90..150).contains(&first_shot(BotSkill::Easy)));
    assert!((30..60).contains(&first_shot(BotSkill::Normal)));
}

#[test]
fn a_bot_that_sees_nobody_searches_each_quarter_of_the_arena() {
    let late = Zone { waits_s: 170.0, closes_s: 1.0, end_radius: 8.0, damage: 1 };
    for zone in [None, Some(late)] {
        let mut rules = preset("royale").expect("a preset").rules;
        (rules.fight_at, rules.zone, rules.vision_radius) = (2, zone, Some(0.1));
        let middle = rules.middle().to_vec2();
        let mut world = World::new(rules, 3).expect("valid");
        let kind = PlayerKind::Bot(BotSkill::Hard);
        let bot = |id| Command::Join { player: PlayerId(id), kind };
        world.step(&[bot(0), bot(1)], &mut Vec::new());
        let (mut searched, mut inside) = ([[0; 2]; 2], 0);
        for _ in 0..30 * 170 {
            world.step(&[], &mut Vec::new());
            if let Motion::Walk { to, .. } = world.player(PlayerId(0)).expect("takes part").motion {
                let to = to.to_vec2();
                searched[usize::from(to.x > middle.x)][usize::from(to.y > middle.y)] += 1;
                let offset = (to - middle).abs();
                inside += u32::from(offset.x < middle.x / 2.0 && offset.y < middle.y / 2.0);
            }
        }
        assert!(inside > 510, "{zone:?}: {inside} of 5,100 ticks on the way to the inner quarter");
        assert!(searched.iter().flatten().all(|ticks| *ticks > 0), "{zone:?}: {searched:?}");
    }
}
