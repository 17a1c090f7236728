//! Invariants of every tick of every match, whatever the commands.

use bolide_sim::{
    BotSkill, Command, Event, Input, PRESETS, Phase, Player, PlayerId, PlayerKind, Point, Rules,
    Walls, World, preset,
};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{collection, sample};

fn point() -> impl Strategy<Value = Point> {
    prop_oneof![
        4 => (0..60_000, 0..33_000).prop_map(|(x, y)| Point::new(x, y)),
        1 => (any::<i32>(), any::<i32>()).prop_map(|(x, y)| Point::new(x, y)),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let player = (0u16..6).prop_map(PlayerId);
    let skill = sample::select(vec![BotSkill::Easy, BotSkill::Normal, BotSkill::Hard]);
    let kind = prop_oneof![Just(PlayerKind::Human), skill.prop_map(PlayerKind::Bot)];
    let input = prop_oneof![
        Just(Input::Stop),
        point().prop_map(Input::Move),
        point().prop_map(Input::Shoot),
        point().prop_map(Input::Blink),
    ];
    prop_oneof![
        1 => (player.clone(), kind).prop_map(|(player, kind)| Command::Join { player, kind }),
        1 => player.clone().prop_map(|player| Command::Leave { player }),
        20 => (player, input, 0u8..15).prop_map(|(player, input, rewind_ticks)| Command::Input { player, input, rewind_ticks }),
    ]
}

fn rules(mode: &str) -> Rules {
    let mut rules = preset(mode).expect("a preset").rules;
    rules.countdown_s = 0.1;
    rules.fight_at = 2;
    rules.fireball_cooldown_s = 0.2;
    rules.blink_cooldown_s = 0.3;
    rules
}

fn check(world: &World) {
    let rules = world.rules();
    assert!(world.players().len() <= usize::from(rules.capacity));
    assert!(world.players().is_sorted_by(|a, b| a.id < b.id));
    assert!(world.fireballs().is_sorted_by(|a, b| a.id < b.id));
    for player in world.players() {
        let (at, radius) = (player.at.to_vec2(), rules.radius(player.health));
        let is_inside = at.min_element() >= radius
            && at.x <= rules.arena_width - radius
            && at.y <= rules.arena_height - radius;
        assert!(is_inside || rules.walls == Walls::Open, "{player:?}");
        assert!(player.health <= rules.health);
        assert!(!player.is_alive() || player.health > rules.dead_at, "{player:?}");
    }
    if let Phase::Over { outcome, .. } = world.phase() {
        let alive = world.players().iter().filter(|player| player.is_alive()).count();
        assert!(
            outcome
                .winner
                .is_none_or(|winner| world.player(winner).is_some_and(|player| player.is_alive()))
        );
        assert!(alive > 0 || outcome.winner.is_none());
    }
}

proptest! {
    #[test]
    fn any_commands_keep_the_world_sound(
        mode in sample::select(PRESETS.to_vec()),
        seed: u64,
        ticks in collection::vec(collection::vec(command(), 0..6), 1..200),
    ) {
        let mut world = World::new(rules(mode), seed).expect("valid");
        let mut events = Vec::new();
        for id in 0..2 {
            world.step(&[Command::Join { player: PlayerId(id), kind: PlayerKind::Human }], &mut events);
        }
        let mut last_shot = [None; 6];
        let mut next_fireball = 0;
        for mut commands in ticks {
            commands.sort_by_key(Command::player);
            events.clear();
            let still = |player: &Player| (player.at, player.motion, player.health, player.life);
            let before = world.players().to_vec();
            world.step(&commands, &mut events);
            check(&world);
            for gone in before.iter().filter(|player| !player.is_alive()) {
                let leaves = commands.contains(&Command::Leave { player: gone.id });
                let now = world.player(gone.id).map(still);
                let stays = now == Some(still(gone)) || (leaves && world.rules().late_joins);
                assert!(stays, "whoever is out stays as it is, or makes room: {now:?}");
            }
            for event in &events {
                if let Event::Shot { player, fireball } = event {
                    assert!(fireball.0 >= next_fireball, "a fireball's id is never used again");
                    next_fireball = fireball.0 + 1;
                    let tick = world.tick().0;
                    let last = last_shot[usize::from(player.0)].replace(tick);
                    assert!(last.is_none_or(|last| tick - last >= 6), "0.2 s at 30 Hz");
                }
            }
        }
    }

    #[test]
    fn equal_commands_give_equal_worlds(
        seed: u64,
        ticks in collection::vec(collection::vec(command(), 0..4), 1..100),
    ) {
        let mut worlds = [0, 1].map(|_| World::new(rules("brawl"), seed).expect("valid"));
        for commands in ticks {
            let hashes = worlds.each_mut().map(|world| {
                world.step(&commands, &mut Vec::new());
                world.hash()
            });
            assert_eq!(hashes[0], hashes[1]);
        }
    }
}
