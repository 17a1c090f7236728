//! The room of a walk: a mode of any kind, small enough to become full, with short matches.

use bolide_net::RoomCode;
use bolide_room::{BotsSkill, RoomConfig, RoomId, RoomPolicy, Spectators};
use bolide_sim::{Mode, PRESETS, Spawn, TickRate, Walls, Zone, preset};

use crate::dice::Dice;

pub(crate) fn config(dice: &mut Dice) -> RoomConfig {
    let mode = mode(dice);
    let bots_fill_to = if dice.one_in(3) { 0 } else { dice.number(1, mode.rules.capacity + 1) };
    RoomConfig {
        id: RoomId::known("walk"),
        code: dice.one_in(3).then(|| RoomCode::of_random([7; 6])),
        mode,
        policy: RoomPolicy {
            bot_wait_s: dice.seconds(0.0, 2.0),
            bots_fill_to,
            bots_skill: BotsSkill::Adaptive,
            grace_s: if dice.one_in(4) { 20.0 } else { dice.seconds(0.5, 4.0) },
            idle_s: if dice.one_in(3) { dice.seconds(0.5, 3.0) } else { 600.0 },
            private_idle_s: if dice.one_in(3) { dice.seconds(0.5, 6.0) } else { 3600.0 },
            intermission_s: dice.seconds(0.0, 3.0),
            recovery_s: dice.seconds(0.0, 3.0),
            spectators: dice.pick(&[Spectators::Own, Spectators::Killer, Spectators::All]),
        },
        server: "laws".to_owned(),
    }
}

fn mode(dice: &mut Dice) -> Mode {
    let mut mode = preset(dice.pick(&PRESETS)).expect("a preset");
    let rules = &mut mode.rules;
    rules.tick_rate = dice.pick(&[TickRate::Hz20, TickRate::Hz20, TickRate::Hz30, TickRate::Hz60]);
    rules.capacity = dice.number(2, 5);
    rules.fight_at = dice.number(2, rules.capacity.min(3));
    rules.countdown_s = dice.seconds(0.0, 3.0);
    rules.time_limit_s = dice.seconds(1.0, 6.0);
    rules.fireball_cooldown_s = dice.seconds(0.0, 1.0);
    rules.blink_cooldown_s = dice.seconds(0.0, 1.0);
    rules.lag_compensation = !dice.one_in(5);
    rules.vision_radius = dice.one_in(4).then_some(0.7);
    rules.walls = dice.pick(&[Walls::Solid, Walls::Open]);
    rules.spawn = dice.pick(&[Spawn::Spread, Spawn::Spread, Spawn::Centre]);
    rules.zone =
        dice.one_in(4).then_some(Zone { waits_s: 0.5, closes_s: 1.0, end_radius: 0.2, damage: 10 });
    mode
}
