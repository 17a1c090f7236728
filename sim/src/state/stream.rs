//! The state of a world as a stream of words, the same for the hash, the save and the restore. A
//! type is written by naming its fields in a pattern without `..`, so a new field that is forgotten
//! here does not compile. All that is saved is hashed, and the reverse, because both are the same
//! stream.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ids::{PlayerId, Tick, TickRate};
use crate::space::point::Point;

/// Takes the words of a state, in order.
pub(crate) trait Sink {
    fn word(&mut self, word: u64);
}

/// A part of the state.
pub(crate) trait State: Sized {
    fn write(&self, sink: &mut impl Sink);
    fn read(source: &mut Source<'_>) -> Result<Self, StateError>;
}

/// The reason why bytes are not the state of a world.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StateError {
    /// The bytes end too early.
    #[error("the state ends early")]
    EndsEarly,
    /// Bytes follow the state.
    #[error("{0} bytes follow the state")]
    Trailing(usize),
    /// A value that no state has.
    #[error("the state holds a {0} that cannot be")]
    Impossible(&'static str),
    /// Rules outside their ranges.
    #[error("{0}")]
    Rules(String),
}

/// Saves words as variable-length integers, seven bits per byte, the low ones first.
#[derive(Default)]
pub(crate) struct Saved(pub(crate) Vec<u8>);

impl Sink for Saved {
    fn word(&mut self, mut word: u64) {
        while word >= 0x80 {
            self.0.push(low_byte(word) | 0x80);
            word >>= 7;
        }
        self.0.push(low_byte(word));
    }
}

const fn low_byte(word: u64) -> u8 {
    word.to_le_bytes()[0]
}

/// Reads the words that [`Saved`] wrote.
pub(crate) struct Source<'a> {
    bytes: &'a [u8],
}

impl<'a> Source<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Source<'a> {
        Source { bytes }
    }

    pub(crate) fn word(&mut self) -> Result<u64, StateError> {
        let mut word = 0;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.bytes.split_first().ok_or(StateError::EndsEarly)?;
            self.bytes = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits || (*byte == 0 && shift > 0) {
                break;
            }
            word |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(word);
            }
        }
        Err(StateError::Impossible("number"))
    }

    /// Reads the length of a list. An element takes at least a byte, so a length of four billion
    /// allocates nothing.
    pub(crate) fn length(&mut self) -> Result<usize, StateError> {
        let length = usize::try_from(self.word()?).unwrap_or(usize::MAX);
        if length > self.left() { Err(StateError::EndsEarly) } else { Ok(length) }
    }

    /// Reads a number of bytes, and the bytes.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], StateError> {
        let length = self.length()?;
        let (bytes, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        Ok(bytes)
    }

    /// Returns the number of bytes that are left.
    pub(crate) const fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn end(&self) -> Result<(), StateError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(StateError::Trailing(self.bytes.len())) }
    }
}

/// Implements [`State`] for a struct by its fields, or for an enum by numbered variants. The last
/// fields of a struct may be written together, as a type that holds just them.
macro_rules! state {
    (struct $name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::state::stream::State for $name {
            fn write(&self, sink: &mut impl $crate::state::stream::Sink) {
                let $name { $($field),* } = self;
                $($crate::state::stream::State::write($field, sink);)*
            }

            fn read(source: &mut $crate::state::stream::Source<'_>) -> Result<Self, $crate::state::stream::StateError> {
                Ok($name { $($field: $crate::state::stream::State::read(source)?),* })
            }
        }
    };
    (struct $name:ident { $($field:ident,)* ..$tail:ident { $($last:ident),* $(,)? } }) => {
        impl $crate::state::stream::State for $name {
            fn write(&self, sink: &mut impl $crate::state::stream::Sink) {
                let $name { $($field,)* $($last),* } = self;
                $($crate::state::stream::State::write($field, sink);)*
                $crate::state::stream::State::write(&$tail { $($last: *$last),* }, sink);
            }

            fn read(source: &mut $crate::state::stream::Source<'_>) -> Result<Self, $crate::state::stream::StateError> {
                $(let $field = $crate::state::stream::State::read(source)?;)*
                let $tail { $($last),* } = $crate::state::stream::State::read(source)?;
                Ok($name { $($field,)* $($last),* })
            }
        }
    };
    (enum $name:ident { $($number:literal => $variant:ident $({ $($field:ident),* $(,)? })?),* $(,)? }) => {
        impl $crate::state::stream::State for $name {
            fn write(&self, sink: &mut impl $crate::state::stream::Sink) {
                match self {
                    $($name::$variant $({ $($field),* })? => {
                        sink.word($number);
                        $($($crate::state::stream::State::write($field, sink);)*)?
                    })*
                }
            }

            fn read(source: &mut $crate::state::stream::Source<'_>) -> Result<Self, $crate::state::stream::StateError> {
                match source.word()? {
                    $($number => Ok($name::$variant $({ $($field: $crate::state::stream::State::read(source)?),* })?),)*
                    _ => Err($crate::state::stream::StateError::Impossible(stringify!($name))),
                }
            }
        }
    };
}
pub(crate) use state;

macro_rules! state_integer {
    ($($integer:ty),*) => {
        $(impl State for $integer {
            fn write(&self, sink: &mut impl Sink) {
                sink.word(u64::from(*self));
            }

            fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
                <$integer>::try_from(source.word()?).map_err(|_| StateError::Impossible(stringify!($integer)))
            }
        })*
    };
}
state_integer!(u8, u16, u32, u64);

impl State for bool {
    fn write(&self, sink: &mut impl Sink) {
        sink.word(u64::from(*self));
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        match source.word()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StateError::Impossible("flag")),
        }
    }
}

impl State for f32 {
    fn write(&self, sink: &mut impl Sink) {
        sink.word(u64::from(self.to_bits()));
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        u32::read(source).map(f32::from_bits)
    }
}

impl State for Tick {
    fn write(&self, sink: &mut impl Sink) {
        self.0.write(sink);
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        u32::read(source).map(Tick)
    }
}

impl State for PlayerId {
    fn write(&self, sink: &mut impl Sink) {
        self.0.write(sink);
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        u16::read(source).map(PlayerId)
    }
}

impl State for TickRate {
    fn write(&self, sink: &mut impl Sink) {
        self.hz().write(sink);
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        TickRate::from_hz(u32::read(source)?).ok_or(StateError::Impossible("tick rate"))
    }
}

impl State for i32 {
    fn write(&self, sink: &mut impl Sink) {
        sink.word(zigzag(*self));
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        u32::read(source).map(unzigzag)
    }
}

impl State for Point {
    fn write(&self, sink: &mut impl Sink) {
        self.x().write(sink);
        self.y().write(sink);
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        let mut coordinate = || {
            let steps = i32::read(source)?;
            let allowed = -Point::LIMIT..=Point::LIMIT;
            if allowed.contains(&steps) { Ok(steps) } else { Err(StateError::Impossible("place")) }
        };
        Ok(Point::new(coordinate()?, coordinate()?))
    }
}

/// Maps small numbers of either sign to small numbers: 0, -1, 1, -2, … become 0, 1, 2, 3, …
fn zigzag(value: i32) -> u64 {
    u64::from(((value << 1) ^ (value >> 31)).cast_unsigned())
}

const fn unzigzag(value: u32) -> i32 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

impl<T: State> State for Option<T> {
    fn write(&self, sink: &mut impl Sink) {
        self.is_some().write(sink);
        if let Some(value) = self {
            value.write(sink);
        }
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        if bool::read(source)? { T::read(source).map(Some) } else { Ok(None) }
    }
}

impl<T: State> State for Vec<T> {
    fn write(&self, sink: &mut impl Sink) {
        sink.word(self.len() as u64);
        for value in self {
            value.write(sink);
        }
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        let mut values = Vec::new();
        for _ in 0..source.length()? {
            values.push(T::read(source)?);
        }
        Ok(values)
    }
}

impl<T: State + Default, const N: usize> State for [T; N] {
    fn write(&self, sink: &mut impl Sink) {
        for value in self {
            value.write(sink);
        }
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        let mut values = [(); N].map(|()| T::default());
        for value in &mut values {
            *value = T::read(source)?;
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Saved, Sink, Source, State, StateError};
    use crate::space::point::Point;

    proptest! {
        #[test]
        fn words_and_places_come_back(word: u64, x in -Point::LIMIT..=Point::LIMIT, y in -Point::LIMIT..=Point::LIMIT) {
            let mut saved = Saved::default();
            saved.word(word);
            Point::new(x, y).write(&mut saved);
            let mut source = Source::new(&saved.0);
            prop_assert_eq!(source.word(), Ok(word));
            prop_assert_eq!(Point::read(&mut source), Ok(Point::new(x, y)));
            prop_assert_eq!(source.end(), Ok(()));
        }
    }

    #[test]
    fn a_number_has_one_way_to_be_written() {
        let read = |bytes: &[u8]| Source::new(bytes).word();
        assert_eq!(read(&[0x80, 0x01]), Ok(128));
        assert_eq!(read(&[0x80, 0x00]), Err(StateError::Impossible("number")));
        assert_eq!(read(&[0x80]), Err(StateError::EndsEarly));
        assert_eq!(read(&[0xff; 11]), Err(StateError::Impossible("number")));
        assert_eq!(
            Vec::<u8>::read(&mut Source::new(&[0xff, 0xff, 0xff, 0xff, 0x0f])),
            Err(StateError::EndsEarly)
        );
    }

    use std::vec::Vec;
}
