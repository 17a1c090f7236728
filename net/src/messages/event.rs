//! The events of a tick on the wire: arrays that begin with their kind. They are for people.
//! Nothing in a snapshot follows from them.
//!
//! ```text
//! [3, tick, [event...]]
//! event [0, player, fireball]  [1, fireball, x, y]
//!       [2, fireball, by|nil, victim, x, y, health, rewind_ticks]
//!       [3, player, from_x, from_y, to_x, to_y]
//!       [4, player, by|nil]  [5, player]  [6, player, health]
//! ```

use core::fmt;

use bolide_sim::Point;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::wire::positional::{coordinates, element, place, positional};

/// The events of a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = Events::as_array))]
pub struct Events {
    /// The tick.
    pub tick: u32,
    /// In the order in which they happened.
    pub events: Vec<WireEvent>,
}

/// An event as its receiver may know it. The fields are those of [`bolide_sim::Event`]. A player
/// that the receiver may not know is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each field is documented in bolide_sim::Event")]
pub enum WireEvent {
    Shot {
        player: u16,
        fireball: u32,
    },
    Fizzled {
        fireball: u32,
        at: Point,
    },
    Hit {
        fireball: u32,
        by: Option<u16>,
        victim: u16,
        at: Point,
        health: u16,
        rewind_ticks: u8,
    },
    Blinked {
        player: u16,
        from: Point,
        to: Point,
    },
    Died {
        player: u16,
        by: Option<u16>,
    },
    Left {
        player: u16,
    },
    Burned {
        player: u16,
        health: u16,
    },
    /// An event of a newer server.
    Unknown,
}

impl WireEvent {
    /// Returns the same event about another fireball, if it is about one.
    #[must_use]
    pub(crate) const fn with_fireball(mut self, number: u32) -> WireEvent {
        if let WireEvent::Shot { fireball, .. }
        | WireEvent::Fizzled { fireball, .. }
        | WireEvent::Hit { fireball, .. } = &mut self
        {
            *fireball = number;
        }
        self
    }
}

pub(crate) const EVENTS: u8 = 3;

positional!(Events = EVENTS { tick, events });

impl Serialize for WireEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            WireEvent::Shot { player, fireball } => (0u8, player, fireball).serialize(serializer),
            WireEvent::Fizzled { fireball, at } => {
                let (x, y) = coordinates(at);
                (1u8, fireball, x, y).serialize(serializer)
            }
            WireEvent::Hit { fireball, by, victim, at, health, rewind_ticks } => {
                let (x, y) = coordinates(at);
                (2u8, fireball, by, victim, x, y, health, rewind_ticks).serialize(serializer)
            }
            WireEvent::Blinked { player, from, to } => {
                let ((from_x, from_y), (to_x, to_y)) = (coordinates(from), coordinates(to));
                (3u8, player, from_x, from_y, to_x, to_y).serialize(serializer)
            }
            WireEvent::Died { player, by } => (4u8, player, by).serialize(serializer),
            WireEvent::Left { player } => (5u8, player).serialize(serializer),
            WireEvent::Burned { player, health } => (6u8, player, health).serialize(serializer),
            WireEvent::Unknown => (u8::MAX,).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for WireEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WireEvent, D::Error> {
        deserializer.deserialize_seq(WireEventVisitor)
    }
}

struct WireEventVisitor;

impl<'de> Visitor<'de> for WireEventVisitor {
    type Value = WireEvent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the array of an event")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<WireEvent, A::Error> {
        let kind: u8 = element(&mut array, "kind")?;
        let event = match kind {
            0 => WireEvent::Shot {
                player: element(&mut array, "player")?,
                fireball: element(&mut array, "fireball")?,
            },
            1 => WireEvent::Fizzled {
                fireball: element(&mut array, "fireball")?,
                at: place(&mut array)?,
            },
            2 => WireEvent::Hit {
                fireball: element(&mut array, "fireball")?,
                by: element(&mut array, "by")?,
                victim: element(&mut array, "victim")?,
                at: place(&mut array)?,
                health: element(&mut array, "health")?,
                rewind_ticks: element(&mut array, "rewind_ticks")?,
            },
            3 => WireEvent::Blinked {
                player: element(&mut array, "player")?,
                from: place(&mut array)?,
                to: place(&mut array)?,
            },
            4 => WireEvent::Died {
                player: element(&mut array, "player")?,
                by: element(&mut array, "by")?,
            },
            5 => WireEvent::Left { player: element(&mut array, "player")? },
            6 => WireEvent::Burned {
                player: element(&mut array, "player")?,
                health: element(&mut array, "health")?,
            },
            _ => WireEvent::Unknown,
        };
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(event)
    }
}
