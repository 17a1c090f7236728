//! Hot messages: positional arrays whose first element is their kind. The layout is drawn in `docs/protocol.md`,
//! which carries the hash of this file. Encoding only; what a snapshot holds is `snapshot.rs`'s business.
//!
//! ```text
//! client  [1, seq, for_tick|nil, view|nil, intent, x, y]        a stop ends after its intent
//! server  [1, tick, phase, phase_ends|nil, [player...], [fireball...], [ack...]]
//!         [2, tick, fireball_ready, blink_ready, [refused...], rewind_ticks_max]
//!         [3, tick, [event...]]
//!         [4, ...]                                     a delta, drawn in `delta.rs`
//! player [id, x, y, health, life]  fireball [id, owner, x, y, toward_x, toward_y, since]  ack [player, seq]  refused [seq, why]
//! ```

use core::fmt;

use bolide_sim::{Input, Point};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

use crate::error::DecodeError;
use crate::grid::{Coordinate, Number};
use crate::positional::positional;

/// An intent of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputMessage {
    /// Rises with every input of a session, from 1.
    pub seq: u32,
    /// The tick it is meant for; the next one if none.
    pub for_tick: Option<u32>,
    /// The tick of the world that the player saw; none asks for no lag compensation.
    pub view: Option<u32>,
    /// What the player wants to do.
    pub input: Input,
}

/// All of the world that a client may see at the end of a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The tick.
    pub tick: u32,
    /// 0 waiting, 1 countdown, 2 fighting, 3 over.
    pub phase: u8,
    /// The tick at which countdown or fight end.
    pub phase_ends: Option<u32>,
    /// Sorted by id.
    pub players: Vec<PlayerState>,
    /// Sorted by id.
    pub fireballs: Vec<FireballState>,
    /// The newest input of each player that a tick has taken, for players that have sent any.
    pub acks: Vec<Ack>,
}

/// A player in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayerState {
    /// The player id.
    pub id: u16,
    /// Where it is.
    pub at: Point,
    /// Health left.
    pub health: u16,
    /// 0 alive, 1 dead, 2 left.
    pub life: u8,
}

/// A fireball in a snapshot: its path, which is known from its birth. At the end of `tick` it is `fireball_speed × (tick −
/// since) / tick_rate` units from `from` on the way to `toward`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FireballState {
    /// The fireball's id.
    pub id: u32,
    /// The player id of whoever threw it.
    pub owner: u16,
    /// Where it was thrown.
    pub from: Point,
    /// Where it ends if it hits nobody.
    pub toward: Point,
    /// The tick at whose end it was at `from`.
    pub since: u32,
}

/// An input that a tick has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The player id.
    pub player: u16,
    /// The input's number.
    pub seq: u32,
}

/// What only one seat is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Private {
    /// The tick.
    pub tick: u32,
    /// The first tick in which you may throw a fireball.
    pub fireball_ready: u32,
    /// The first tick in which you may blink.
    pub blink_ready: u32,
    /// Your inputs of this tick that the rules refused.
    pub refused: Vec<RefusedInput>,
    /// How many ticks back your shots may reach, by your round trip: the cap of the lag compensation.
    pub rewind_ticks_max: u8,
}

/// An input that had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedInput {
    /// The input's number.
    pub seq: u32,
    /// 0 not fighting, 1 not alive, 2 cooldown, 3 no way.
    pub why: u8,
}

/// What happened in a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// The tick.
    pub tick: u32,
    /// In the order in which it happened.
    pub events: Vec<WireEvent>,
}

/// Something that happened, as everybody may know it. Fields as in [`bolide_sim::Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        by: u16,
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

pub(crate) const INPUT: u8 = 1;
pub(crate) const SNAPSHOT: u8 = 1;
pub(crate) const PRIVATE: u8 = 2;
pub(crate) const EVENTS: u8 = 3;

positional!(Snapshot = SNAPSHOT { tick, phase, phase_ends, players, fireballs, acks });
positional!(Private = PRIVATE { tick, fireball_ready, blink_ready, refused, rewind_ticks_max });
positional!(Events = EVENTS { tick, events });
positional!(Ack { player, seq });
positional!(RefusedInput { seq, why });

impl Serialize for PlayerState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (x, y) = coordinates(self.at);
        (self.id, x, y, self.health, self.life).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PlayerState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PlayerState, D::Error> {
        let (id, x, y, health, life): (u16, Coordinate, Coordinate, u16, u8) =
            Deserialize::deserialize(deserializer)?;
        Ok(PlayerState { id, at: Point::new(x.0, y.0), health, life })
    }
}

impl Serialize for FireballState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ((x, y), (toward_x, toward_y)) = (coordinates(self.from), coordinates(self.toward));
        (self.id, self.owner, x, y, toward_x, toward_y, self.since).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FireballState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FireballState, D::Error> {
        type Wire = (u32, u16, Coordinate, Coordinate, Coordinate, Coordinate, u32);
        let (id, owner, x, y, tx, ty, since): Wire = Deserialize::deserialize(deserializer)?;
        let (from, toward) = (Point::new(x.0, y.0), Point::new(tx.0, ty.0));
        Ok(FireballState { id, owner, from, toward, since })
    }
}

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

pub(crate) fn element<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    array: &mut A,
    name: &str,
) -> Result<T, A::Error> {
    array
        .next_element()?
        .ok_or_else(|| de::Error::custom(format_args!("the array ends before {name}")))
}

pub(crate) fn place<'de, A: SeqAccess<'de>>(array: &mut A) -> Result<Point, A::Error> {
    let (x, y): (Coordinate, Coordinate) = (element(array, "x")?, element(array, "y")?);
    Ok(Point::new(x.0, y.0))
}

fn coordinates(point: Point) -> (Coordinate, Coordinate) {
    (Coordinate(point.x()), Coordinate(point.y()))
}

impl Serialize for InputMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (intent, place) = match self.input {
            Input::Stop => (0u8, None),
            Input::Move(to) => (1, Some(to)),
            Input::Shoot(at) => (2, Some(at)),
            Input::Blink(to) => (3, Some(to)),
        };
        let mut array = serializer.serialize_tuple(if place.is_some() { 7 } else { 5 })?;
        array.serialize_element(&INPUT)?;
        array.serialize_element(&self.seq)?;
        array.serialize_element(&self.for_tick)?;
        array.serialize_element(&self.view)?;
        array.serialize_element(&intent)?;
        if let Some(place) = place {
            let (x, y) = coordinates(place);
            array.serialize_element(&x)?;
            array.serialize_element(&y)?;
        }
        array.end()
    }
}

/// The array of a client's hot message as it stands on the wire: right types, values not yet checked.
pub(crate) struct RawInput {
    kind: Number,
    seq: Option<Number>,
    for_tick: Option<Option<Number>>,
    view: Option<Option<Number>>,
    intent: Option<Number>,
    place: Vec<Number>,
}

impl RawInput {
    /// The message, if every number is in range and none is missing or left over.
    pub(crate) fn check(self, in_units: bool) -> Result<InputMessage, DecodeError> {
        const WHOLE: &str = "0 to 4294967295";
        if self.kind != Number::Integer(i64::from(INPUT)) {
            return Err(DecodeError::UnknownMessage(format!("of hot kind {}", self.kind)));
        }
        let missing = |name: &str| DecodeError::Malformed(format!("the input ends before {name}"));
        let seq = self.seq.ok_or_else(|| missing("seq"))?.to_integer("seq", u32::MAX, WHOLE)?;
        let tick = |name: &'static str, number: Option<Option<Number>>| {
            let number = number.ok_or_else(|| missing(name))?;
            number.map(|number| number.to_integer(name, u32::MAX, WHOLE)).transpose()
        };
        let for_tick = tick("for_tick", self.for_tick)?;
        let view = tick("view", self.view)?;
        let intent = self.intent.ok_or_else(|| missing("intent"))?;
        let intent =
            intent.to_integer("intent", 3, "0 (stop), 1 (move), 2 (shoot) or 3 (blink)")?;
        let input = match (intent, self.place.as_slice()) {
            (0, []) => Input::Stop,
            (0, _) => {
                return Err(DecodeError::Malformed("a stop ends after its intent".to_owned()));
            }
            (_, [x, y]) => {
                let at = Point::new(x.to_grid("x", in_units)?, y.to_grid("y", in_units)?);
                match intent {
                    1 => Input::Move(at),
                    2 => Input::Shoot(at),
                    _ => Input::Blink(at),
                }
            }
            (_, place) => {
                let count = place.len();
                return Err(DecodeError::Malformed(format!(
                    "an intent at a place has x and y; here are {count} numbers"
                )));
            }
        };
        Ok(InputMessage { seq, for_tick, view, input })
    }
}

impl<'de> Deserialize<'de> for RawInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawInput, D::Error> {
        struct RawInputVisitor;

        impl<'de> Visitor<'de> for RawInputVisitor {
            type Value = RawInput;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the array of an input")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<RawInput, A::Error> {
                let kind = element(&mut array, "kind")?;
                let (seq, for_tick) = (array.next_element()?, array.next_element()?);
                let (view, intent) = (array.next_element()?, array.next_element()?);
                let mut place = Vec::new();
                while let Some(number) = array.next_element()? {
                    if place.len() == 2 {
                        return Err(de::Error::custom("the input goes on after y"));
                    }
                    place.push(number);
                }
                Ok(RawInput { kind, seq, for_tick, view, intent, place })
            }
        }

        deserializer.deserialize_seq(RawInputVisitor)
    }
}
