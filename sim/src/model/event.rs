//! The events of a tick. Events are output for people and clients: nothing in the simulation reads
//! them.

use crate::ids::PlayerId;
use crate::model::fireball::FireballId;
use crate::model::phase::Outcome;
use crate::space::point::Point;

/// Something that happened in one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The countdown to the fight began.
    CountdownBegan,
    /// Too few players were left to fight. The match waits again.
    CountdownStopped,
    /// The fight began.
    FightBegan,
    /// A player threw a fireball.
    Shot {
        /// The player that threw it.
        player: PlayerId,
        /// The new fireball.
        fireball: FireballId,
    },
    /// A fireball reached the end of its path without a hit.
    Fizzled {
        /// The fireball that ended.
        fireball: FireballId,
        /// The place where it ended.
        at: Point,
    },
    /// A fireball hit a player.
    Hit {
        /// The fireball, which ended with this hit.
        fireball: FireballId,
        /// The player that threw it.
        by: PlayerId,
        /// The player that was hit.
        victim: PlayerId,
        /// The place where the victim stood at the moment of contact.
        at: Point,
        /// The victim's health after the hit.
        health: u16,
        /// Ticks since the victim stood there; 0 if the hit happened in the present.
        rewind_ticks: u8,
    },
    /// A player lost health outside the zone.
    Burned {
        /// The player.
        player: PlayerId,
        /// Its health afterwards.
        health: u16,
    },
    /// A player blinked.
    Blinked {
        /// The player.
        player: PlayerId,
        /// The place where it was.
        from: Point,
        /// The place where it is now.
        to: Point,
    },
    /// A player died.
    Died {
        /// The player that died.
        player: PlayerId,
        /// The player whose fireball killed it; `None` if it was the zone.
        by: Option<PlayerId>,
    },
    /// A player left the match for good.
    Left {
        /// The player that left.
        player: PlayerId,
    },
    /// The match is over.
    Ended(Outcome),
    /// The rules refused an intent. Only its player is sent this.
    Refused {
        /// The player whose intent it was.
        player: PlayerId,
        /// The reason why it had no effect.
        why: Refusal,
    },
}

/// The reason why an intent had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The fight has not begun, or is over.
    NotFighting,
    /// The player is dead, or not part of this match.
    NotAlive,
    /// The fireball or the blink is still cooling down.
    Cooldown,
    /// There is no direction: the target is where the player stands, or a wall leaves no space.
    NoWay,
}
