//! Lag compensation: a shot at what its shooter saw hits up to 200 ms later. It misses beyond that,
//! and in modes without compensation.

use bolide_sim::{
    Command, Event, Input, Motion, Phase, PlayerId, PlayerKind, Point, Rules, TickRate, World,
    preset,
};

const SHOOTER: PlayerId = PlayerId(0);
const TARGET: PlayerId = PlayerId(1);

/// Distance in units by which the shot passes behind the middle of the target as it was seen. Body
/// and fireball reach 0.06, so it grazes the trailing edge.
const LATE: f32 = 0.05;

/// Distance that the target walks while the fireball flies to it: 0.5 units at 8 units/s, at 0.5
/// units/s.
const LEAD: f32 = 0.5 / 8.0 * 0.5;

struct Probe {
    world: World,
    events: Vec<Event>,
}

impl Probe {
    /// Two players, one above the other. The lower one walks across.
    fn new(tick_rate: TickRate, change: impl FnOnce(&mut Rules)) -> Probe {
        let mut rules = preset("brawl").expect("a preset").rules;
        rules.tick_rate = tick_rate;
        rules.countdown_s = 0.0;
        rules.fireball_cooldown_s = 0.0;
        rules.blink_cooldown_s = 0.0;
        rules.fireball_speed = 8.0;
        rules.walk_speed = 0.5;
        rules.blink_range = 2.0;
        change(&mut rules);
        let mut probe = Probe { world: World::new(rules, 1).expect("valid"), events: Vec::new() };
        for player in [SHOOTER, TARGET] {
            probe.step(&[Command::Join { player, kind: PlayerKind::Human }]);
        }
        probe.step(&[]);
        assert!(matches!(probe.world.phase(), Phase::Fighting { .. }));
        probe.step(&[
            input(SHOOTER, Input::Blink(units(0.6, 0.4)), 0),
            input(TARGET, Input::Blink(units(0.1, 0.9)), 0),
        ]);
        probe.step(&[input(TARGET, Input::Move(units(1.7, 0.9)), 0)]);
        probe
    }

    fn step(&mut self, commands: &[Command]) {
        self.world.step(commands, &mut self.events);
    }

    fn at(&self, player: PlayerId) -> Point {
        self.world.player(player).expect("takes part").at
    }

    /// The shooter sees the target, and `lag_ms` later its shot arrives, aimed at what it saw. It
    /// claims `claim_ms` of lag. Returns the rewind of the hit, if there is one.
    fn shoot(mut self, lag_ms: u32, claim_ms: u32) -> Option<u8> {
        let hz = self.world.rules().tick_rate.hz();
        while self.at(TARGET).to_vec2().x < 0.6 {
            self.step(&[]);
        }
        let seen = self.at(TARGET).to_vec2();
        for _ in 0..lag_ms * hz / 1000 {
            self.step(&[]);
        }
        let aim = units(seen.x + LEAD - LATE, seen.y);
        let rewind_ticks = u8::try_from(claim_ms * hz / 1000).expect("small");
        self.step(&[input(SHOOTER, Input::Shoot(aim), rewind_ticks)]);
        for _ in 0..hz {
            self.step(&[]);
        }
        self.events.iter().find_map(|event| match event {
            Event::Hit { by: SHOOTER, victim: TARGET, rewind_ticks, .. } => Some(*rewind_ticks),
            _ => None,
        })
    }
}

fn input(player: PlayerId, input: Input, rewind_ticks: u8) -> Command {
    Command::Input { player, input, rewind_ticks }
}

fn units(x: f32, y: f32) -> Point {
    Point::snap([x, y].into())
}

const RATES: [TickRate; 3] = [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60];

#[test]
fn what_was_seen_is_hit_up_to_200_ms_later() {
    for rate in RATES {
        for lag_ms in [0, 100, 200] {
            let hit = Probe::new(rate, |_| {}).shoot(lag_ms, lag_ms);
            assert!(hit.is_some(), "{rate:?}, {lag_ms} ms");
        }
    }
}

#[test]
fn the_hit_says_how_far_back_it_was() {
    let hit = Probe::new(TickRate::Hz30, |_| {}).shoot(200, 200).expect("a hit");
    assert!((1..=6).contains(&hit), "{hit} ticks");
    assert_eq!(Probe::new(TickRate::Hz30, |_| {}).shoot(0, 0), Some(0));
}

#[test]
fn beyond_the_cap_it_misses_whatever_is_claimed() {
    for rate in RATES {
        assert_eq!(Probe::new(rate, |_| {}).shoot(400, 400), None, "{rate:?}");
        assert_eq!(Probe::new(rate, |_| {}).shoot(400, 2_000), None, "{rate:?}");
    }
}

#[test]
fn switched_off_it_misses() {
    for rate in RATES {
        assert_eq!(
            Probe::new(rate, |rules| rules.lag_compensation = false).shoot(100, 100),
            None,
            "{rate:?}"
        );
        assert_eq!(Probe::new(rate, |_| {}).shoot(100, 0), None, "{rate:?}, nothing claimed");
    }
}

#[test]
fn nobody_is_hit_on_the_way_of_a_blink() {
    let mut probe = Probe::new(TickRate::Hz30, |_| {});
    for _ in 0..3 {
        probe.step(&[]);
    }
    // From the lower left to the lower right, across the line of fire.
    probe.step(&[input(TARGET, Input::Blink(units(1.6, 0.9)), 0)]);
    probe.step(&[]);
    probe.step(&[input(SHOOTER, Input::Shoot(units(0.6, 0.9)), 6)]);
    for _ in 0..30 {
        probe.step(&[]);
    }
    assert!(!probe.events.iter().any(|event| matches!(event, Event::Hit { .. })));
}

/// A fight in which a fireball arrives almost at once, and a target that walks farther in each tick
/// than a shot may miss it by.
fn exact(rate: TickRate) -> Probe {
    let mut probe = Probe::new(rate, |rules| {
        rules.fireball_speed = 1000.0;
        rules.radius_per_health = 0.0001;
        rules.walk_speed = 0.06 * rate.hz() as f32;
    });
    (0..14).for_each(|_| probe.step(&[]));
    probe
}

#[test]
fn a_rewind_meets_everybody_where_they_were_in_that_very_tick() {
    for rate in RATES {
        let cap = u8::try_from(rate.hz() / 5).expect("small");
        for seen_ago in 0..=cap {
            for rewind_ticks in 0..=cap {
                let mut probe = exact(rate);
                let seen = probe.at(TARGET);
                (0..seen_ago).for_each(|_| probe.step(&[]));
                probe.step(&[input(SHOOTER, Input::Shoot(seen), rewind_ticks)]);
                let hits = probe.events.iter().filter(|event| matches!(event, Event::Hit { .. }));
                let expect = usize::from(seen_ago == rewind_ticks);
                assert_eq!(hits.count(), expect, "{rate:?}, {seen_ago}, {rewind_ticks}");
            }
        }
    }
}

#[test]
fn a_hit_in_the_past_carries_nobody_back() {
    for seen_ago in 1..=6 {
        let mut probe = exact(TickRate::Hz30);
        let seen = probe.at(TARGET);
        (0..seen_ago).for_each(|_| probe.step(&[]));
        let now = probe.at(TARGET);
        probe.step(&[input(SHOOTER, Input::Shoot(seen), seen_ago)]);
        let hit = probe.events.iter().find_map(|event| match event {
            Event::Hit { at, .. } => Some(*at),
            _ => None,
        });
        assert!(hit.expect("a hit").distance(seen) < 0.01, "told where it was seen");
        assert!(seen.distance(now) > 0.05, "and it walked on");
        assert_eq!(probe.at(TARGET), now);
        let motion = probe.world.player(TARGET).expect("takes part").motion;
        assert!(matches!(motion, Motion::Push { from, .. } if from == now), "{motion:?}");
    }
}

/// Players have no past before the fight. A shot reaches back at most to the end of the fight's
/// first tick.
#[test]
fn nothing_reaches_back_to_before_the_fight() {
    for rate in RATES {
        let mut rules = preset("brawl").expect("a preset").rules;
        (rules.tick_rate, rules.countdown_s, rules.fireball_cooldown_s) = (rate, 0.0, 0.0);
        let mut world = World::new(rules, 1).expect("valid");
        let joins =
            [SHOOTER, TARGET].map(|player| Command::Join { player, kind: PlayerKind::Human });
        world.step(&joins, &mut Vec::new());
        world.step(&[], &mut Vec::new());
        let Phase::Fighting { since, .. } = world.phase() else { panic!("a fight") };
        let cap = u8::try_from(rate.hz() / 5).expect("small");
        for ticks in 1..=cap + 3 {
            let mut events = Vec::new();
            world.step(&[input(SHOOTER, Input::Shoot(units(0.9, 0.5)), u8::MAX)], &mut events);
            assert_eq!(world.tick().since(since), u32::from(ticks));
            let fireball = world.fireballs().last().expect("thrown");
            assert_eq!(fireball.rewind_ticks, cap.min(ticks - 1), "{rate:?}, tick {ticks}");
        }
    }
}
