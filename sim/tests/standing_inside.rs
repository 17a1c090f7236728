//! A fireball hits the players that it approaches. Of those that stand on its thrower, it hits the
//! ones it is thrown at.

mod fight;

use bolide_sim::{Command, Event, Input, PlayerId, Rules, Spawn, TickRate};

use fight::{ADA, BEA, Fight, units};

/// Distance between two players that stand on each other, in units. Well within the 0.06 at which
/// body and fireball touch.
const BESIDE: f32 = 0.02;

fn rules(tick_rate: TickRate) -> impl FnOnce(&mut Rules) {
    move |rules| {
        rules.tick_rate = tick_rate;
        rules.blink_range = 4.0;
    }
}

/// Bea stands on Ada, a little to the right, and Ada shoots. With `leaves`, Bea blinks away in that
/// tick.
fn shoot(fight: &Fight, direction: (f32, f32), rewind_ticks: u8, leaves: bool) -> Fight {
    let mut fight = fight.clone();
    let at = fight.player(ADA).at.to_vec2();
    let aim = units(at.x + direction.0, at.y + direction.1);
    let mut commands = vec![Command::Input { player: ADA, input: Input::Shoot(aim), rewind_ticks }];
    if leaves {
        let corner = units(if at.x < 0.9 { 1.7 } else { 0.1 }, if at.y < 0.5 { 0.9 } else { 0.1 });
        let input = Input::Blink(corner);
        commands.push(Command::Input { player: BEA, input, rewind_ticks: 0 });
    }
    fight.step(&commands);
    fight.wait(3.0);
    assert!(fight.world.fireballs().is_empty());
    fight
}

#[test]
fn a_shot_away_from_somebody_who_stands_on_its_thrower_misses_him() {
    for rate in [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60] {
        let mut fight = Fight::new(rules(rate));
        let at = fight.player(ADA).at.to_vec2();
        fight.input(BEA, Input::Blink(units(at.x + BESIDE, at.y)));
        fight.wait(3.1);
        let beside = fight.player(BEA).at;
        for direction in
            [(1.0, 0.0), (1.0, 1.0), (0.1, -1.0), (0.0, 1.0), (0.0, -1.0), (-0.1, 1.0), (-1.0, 0.0)]
        {
            for rewind_ticks in [0, 1, 3, 12] {
                let shot = shoot(&fight, direction, rewind_ticks, false);
                let expect = if direction.0 > 0.0 { &[(BEA, 40)][..] } else { &[] };
                assert_eq!(shot.hits(), expect, "{rate:?}, {direction:?}, {rewind_ticks} ticks");
                if direction.0 > 0.0 {
                    assert!(shot.player(BEA).at.x() > beside.x(), "pushed away, never through");
                }
            }
            // In the past Bea stood there. Now it does not.
            let shot = shoot(&fight, direction, 3, true);
            let hit = direction.0 > 0.0;
            assert_eq!(!shot.hits().is_empty(), hit, "{rate:?}, {direction:?}, in the past");
        }
    }
}

#[test]
fn from_one_and_the_same_place_nobody_is_hit() {
    let mut fight = Fight::of(8, |rules| {
        rules.spawn = Spawn::Centre;
        rules.fireball_cooldown_s = 0.0;
        rules.fight_at = 8;
    });
    let corners = [(0.1, 0.1), (1.6, 0.1), (1.6, 0.9), (0.1, 0.9)].map(|(x, y)| units(x, y));
    let everybody: Vec<_> = (0..8)
        .map(|id| {
            let input = Input::Shoot(corners[usize::from(id) % corners.len()]);
            Command::Input { player: PlayerId(id), input, rewind_ticks: (id % 7) as u8 }
        })
        .collect();
    fight.step(&everybody);
    assert_eq!(fight.world.fireballs().len(), 8);
    fight.wait(3.0);
    assert_eq!(fight.hits(), []);
    assert!(fight.events.iter().any(|event| matches!(event, Event::Fizzled { .. })));
}
