//! What happened in a tick. Events are a view for people and clients: nothing in the simulation reads them.

use crate::fireball::FireballId;
use crate::ids::PlayerId;
use crate::math::Point;
use crate::phase::Outcome;

/// Something that happened in one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The countdown to the fight began.
    CountdownBegan,
    /// Too few were left to fight; the match waits again.
    CountdownStopped,
    /// The fight began.
    FightBegan,
    /// A player threw a fireball.
    Shot {
        /// Who threw it.
        player: PlayerId,
        /// The new fireball.
        fireball: FireballId,
    },
    /// A fireball reached the end of its path without hitting anyone.
    Fizzled {
        /// The fireball that ended.
        fireball: FireballId,
        /// Where it ended.
        at: Point,
    },
    /// A fireball hit a player.
    Hit {
        /// The fireball, which ended with this hit.
        fireball: FireballId,
        /// Who had thrown it.
        by: PlayerId,
        /// Who was hit.
        victim: PlayerId,
        /// Where the victim stood at the moment of contact.
        at: Point,
        /// The victim's health after the hit.
        health: u16,
        /// How many ticks ago the victim stood there; 0 if the hit happened in the present.
        rewind_ticks: u8,
    },
    /// A player lost health outside the zone.
    Burned {
        /// Who.
        player: PlayerId,
        /// Its health after it.
        health: u16,
    },
    /// A player blinked.
    Blinked {
        /// Who blinked.
        player: PlayerId,
        /// From where.
        from: Point,
        /// To where.
        to: Point,
    },
    /// A player died.
    Died {
        /// Who died.
        player: PlayerId,
        /// Whose fireball did it; none if it was the zone.
        by: Option<PlayerId>,
    },
    /// A player left the match for good.
    Left {
        /// Who left.
        player: PlayerId,
    },
    /// The match is over.
    Ended(Outcome),
    /// The rules refused an intent. Only its owner is told.
    Refused {
        /// Whose intent it was.
        player: PlayerId,
        /// Why it had no effect.
        why: Refusal,
    },
}

/// Why an intent had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The fight has not begun, or is over.
    NotFighting,
    /// The player is dead, or not part of this match.
    NotAlive,
    /// The fireball or the blink is still cooling down.
    Cooldown,
    /// The target is where the player stands, or a wall leaves no room: no direction.
    NoWay,
}
