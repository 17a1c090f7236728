//! The named presets. A mode is data: no code checks which mode it is in.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::ids::TickRate;
use crate::model::rules::{Rules, Spawn, Walls, Zone};

/// A named set of rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// The name by which a client requests it.
    pub name: String,
    /// Its rules.
    pub rules: Rules,
}

/// The names of all presets.
pub const PRESETS: [&str; 6] = ["classic", "brawl", "duel", "royale", "legacy-a", "legacy-b"];

/// Returns the preset with this name, if there is one.
#[must_use]
pub fn preset(name: &str) -> Option<Mode> {
    let rules = match name {
        "classic" => classic(),
        "brawl" => brawl(),
        "duel" => duel(),
        "royale" => royale(),
        "legacy-a" => legacy_a(),
        "legacy-b" => legacy_b(),
        _ => return None,
    };
    Some(Mode { name: name.to_owned(), rules })
}

/// Slow and deliberate: three players, four hits to die, long cooldowns.
fn classic() -> Rules {
    Rules {
        tick_rate: TickRate::Hz30,
        capacity: 3,
        fight_at: 3,
        arena_width: 16.0 / 9.0,
        arena_height: 1.0,
        health: 50,
        hit_damage: 10,
        dead_at: 10,
        radius_per_health: 0.001,
        walk_speed: 0.15,
        fireball_radius: 0.01,
        fireball_speed: 0.5,
        fireball_range: 1.0,
        fireball_cooldown_s: 3.0,
        blink_range: 0.8,
        blink_cooldown_s: 5.0,
        knockback_speed: 1.0,
        knockback_kept: 0.9,
        knockback_ends_below: 0.01,
        walls: Walls::Solid,
        spawn: Spawn::Spread,
        countdown_s: 3.0,
        time_limit_s: 180.0,
        lag_compensation: true,
        vision_radius: None,
        zone: None,
        late_joins: false,
        ends_at: 1,
        protection_s: 0.0,
        rewinds_flight: false,
    }
}

/// Fast: up to ten players, three hits to die, a fireball each second.
fn brawl() -> Rules {
    Rules {
        capacity: 10,
        fight_at: 2,
        dead_at: 20,
        walk_speed: 0.3,
        fireball_speed: 0.8,
        fireball_range: 16.0 / 9.0,
        fireball_cooldown_s: 1.0,
        blink_cooldown_s: 3.0,
        knockback_ends_below: 0.1,
        ..classic()
    }
}

/// One against one, four hits to die.
fn duel() -> Rules {
    Rules { capacity: 2, dead_at: 10, ..brawl() }
}

/// Up to sixty players in a wide arena, a view of 2.5 units, and a zone that closes around the
/// middle.
fn royale() -> Rules {
    Rules {
        capacity: 60,
        fight_at: 10,
        arena_width: 16.0,
        arena_height: 9.0,
        dead_at: 10,
        vision_radius: Some(2.5),
        zone: Some(Zone { waits_s: 10.0, closes_s: 60.0, end_radius: 0.5, damage: 4 }),
        ..brawl()
    }
}

/// The faster rules of a relay arena, which pages that trust each other play among themselves.
///
/// A page takes 0.01 units of radius for a hit, which is 10 health, and ends a player below 0.02.
/// The third hit leaves 20 health, which is 0.02 here and a rounding error less on the page.
fn legacy_a() -> Rules {
    Rules {
        fireball_cooldown_s: 0.001,
        knockback_ends_below: classic().knockback_ends_below,
        ..relay(&brawl())
    }
}

/// The slower rules of a relay arena. A player ends below 0.01 units of radius. The fourth hit
/// leaves 10 health, which is as much.
fn legacy_b() -> Rules {
    relay(&classic())
}

/// Returns these rules as a relay arena has them: without walls, countdown or limit, entered and
/// left at any time, and each page shows a fireball from the click on. A page computes 60 frames a
/// second. A push begins with 100 times the radius that a hit takes, 1.0 units a second, and keeps
/// 0.9 of it after each frame.
///
/// All start at one place, where the first click would decide the fight: protection is not of the
/// pages. It lasts as long as a person needs to click too, because a page claims in vain the hits
/// that it prevents.
fn relay(rules: &Rules) -> Rules {
    Rules {
        tick_rate: TickRate::Hz60,
        walls: Walls::Open,
        spawn: Spawn::Centre,
        countdown_s: 0.0,
        time_limit_s: 0.0,
        late_joins: true,
        ends_at: 0,
        protection_s: 0.25,
        rewinds_flight: true,
        ..rules.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{PRESETS, preset};

    #[test]
    fn every_preset_is_valid_and_carries_its_name() {
        for name in PRESETS {
            let mode = preset(name).expect("listed");
            assert_eq!(mode.name, name);
            mode.rules.check().expect(name);
            mode.rules.check_fireballs().expect(name);
        }
        assert_eq!(preset("battle"), None);
    }
}
