//! The messages of each tick, which `docs/protocol.md` calls hot: arrays whose first element is
//! their kind. That page carries a hash of this file. A snapshot, its parts, the events and a delta
//! are in files of their own.
//!
//! ```text
//! client  [1, seq, for_tick|nil, view|nil, intent, x, y]        a stop ends after its intent
//! server  [1, ...]  a snapshot, drawn in `snapshot.rs`
//!         [2, tick, fireball_ready, blink_ready, [refused...], rewind_ticks_max]
//!         [3, ...]  events, drawn in `event.rs`
//!         [4, ...]  a delta, drawn in `delta.rs`
//! refused [seq, why]
//! ```

use core::fmt;

use bolide_sim::{Input, Point, Refusal};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

use crate::wire::coordinate::{Number, WHOLE};
use crate::wire::error::DecodeError;
use crate::wire::positional::{coordinates, element, positional};

/// An intent of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputMessage {
    /// The number of the input. It rises with every input of a session, from 1.
    pub seq: u32,
    /// The tick it is meant for; the next one if none.
    pub for_tick: Option<u32>,
    /// The tick of the world that the player saw; none for no lag compensation.
    pub view: Option<u32>,
    /// The intent.
    pub input: Input,
}

/// Information for one seat only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = Private::as_array))]
pub struct Private {
    /// The tick.
    pub tick: u32,
    /// The first tick in which its player may throw a fireball.
    pub fireball_ready: u32,
    /// The first tick in which its player may blink.
    pub blink_ready: u32,
    /// Its inputs of this tick that the rules refused.
    pub refused: Vec<RefusedInput>,
    /// Most ticks that its shots may reach back, by its round trip: the cap of the lag
    /// compensation.
    pub rewind_ticks_max: u8,
}

/// An input that had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = RefusedInput::as_array))]
pub struct RefusedInput {
    /// The input's number.
    pub seq: u32,
    /// 0 not fighting, 1 not alive, 2 cooldown, 3 no way.
    pub why: u8,
}

pub(crate) const INPUT: u8 = 1;
pub(crate) const PRIVATE: u8 = 2;

positional!(Private = PRIVATE { tick, fireball_ready, blink_ready, refused, rewind_ticks_max });
positional!(RefusedInput { seq, why });

impl RefusedInput {
    /// Returns the input with this number as refused for this reason.
    #[must_use]
    pub const fn new(seq: u32, why: Refusal) -> RefusedInput {
        let why = match why {
            Refusal::NotFighting => 0,
            Refusal::NotAlive => 1,
            Refusal::Cooldown => 2,
            Refusal::NoWay => 3,
        };
        RefusedInput { seq, why }
    }
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

/// The array of a client's input on the wire. Its types are right, its values not yet checked.
pub(crate) struct RawInput {
    kind: Number,
    seq: Option<Number>,
    for_tick: Option<Option<Number>>,
    view: Option<Option<Number>>,
    intent: Option<Number>,
    x: Option<Number>,
    y: Option<Number>,
}

impl RawInput {
    /// Converts each whole number to an integer.
    #[cold]
    pub(crate) fn make_whole_floats_integers(&mut self) {
        let RawInput { kind, seq, for_tick, view, intent, x, y } = self;
        let numbers = [Some(kind), seq.as_mut(), intent.as_mut(), x.as_mut(), y.as_mut()];
        let ticks = [for_tick, view].into_iter().filter_map(|tick| tick.as_mut()?.as_mut());
        for number in numbers.into_iter().flatten().chain(ticks) {
            *number = number.integer_if_whole();
        }
    }

    /// Returns the message if every number is in range and none is missing or left over.
    pub(crate) fn check(&self, in_units: bool) -> Result<InputMessage, DecodeError> {
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
        let input = match (intent, self.x, self.y) {
            (0, None, None) => Input::Stop,
            (0, ..) => {
                return Err(DecodeError::Malformed("a stop ends after its intent".to_owned()));
            }
            (_, Some(x), Some(y)) => {
                let at = Point::new(x.to_grid("x", in_units)?, y.to_grid("y", in_units)?);
                match intent {
                    1 => Input::Move(at),
                    2 => Input::Shoot(at),
                    _ => Input::Blink(at),
                }
            }
            (_, x, y) => {
                let count = x.into_iter().chain(y).count();
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
                let (x, y) = (array.next_element()?, array.next_element()?);
                if array.next_element::<Number>()?.is_some() {
                    return Err(de::Error::custom("the input goes on after y"));
                }
                Ok(RawInput { kind, seq, for_tick, view, intent, x, y })
            }
        }

        deserializer.deserialize_seq(RawInputVisitor)
    }
}
