//! Coordinates on the wire. In MessagePack they are integers in grid steps. In JSON they are
//! numbers in units, with just enough decimals to be read back as the same step.

use core::fmt;

use bolide_sim::{GRID, Point};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::wire::error::DecodeError;

/// One coordinate of a point that the server knows. It is always on the grid and in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coordinate(pub(crate) i32);

/// The integers that are on the wire, for error texts.
pub(crate) const WHOLE: &str = "whole numbers from 0 to 4294967295";

/// The coordinates that JSON may have.
pub(crate) const UNITS: &str = "-64 to 64 units";

/// The coordinates that MessagePack may have.
pub(crate) const STEPS: &str = "-2097152 to 2097152 grid steps (-64 to 64 units)";

/// The largest number up to which a float is exact for every whole number: 2^53.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A number as the client sent it, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(i64),
    Float(f64),
}

impl Number {
    /// Converts the number to a grid step, according to its format.
    pub(crate) fn to_grid(self, field: &'static str, in_units: bool) -> Result<i32, DecodeError> {
        match (self, in_units) {
            (number, true) => units_to_grid(field, number.as_f64()),
            (Number::Integer(steps), false) => i32::try_from(steps)
                .ok()
                .filter(|steps| (-Point::LIMIT..=Point::LIMIT).contains(steps))
                .ok_or_else(|| out_of_range(field, steps, STEPS)),
            (Number::Float(value), false) => Err(DecodeError::Malformed(format!(
                "{field} is the float {value}; in MessagePack a coordinate is a whole number of steps of 1/32768 unit"
            ))),
        }
    }

    /// Converts the number to an integer in `0..=high`.
    pub(crate) fn to_integer(
        self,
        field: &'static str,
        high: u32,
        allowed: &'static str,
    ) -> Result<u32, DecodeError> {
        match self {
            Number::Integer(value) => u32::try_from(value)
                .ok()
                .filter(|v| *v <= high)
                .ok_or_else(|| out_of_range(field, value, allowed)),
            Number::Float(value) => Err(out_of_range(field, value, allowed)),
        }
    }

    /// The same number, as an integer if it is whole. 1.0 becomes 1, because the only numbers of
    /// some languages are floats.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and exact")]
    pub(crate) fn integer_if_whole(self) -> Number {
        match self {
            Number::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT_MAX => {
                Number::Integer(value as i64)
            }
            number => number,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "what loses precision is out of range anyway")]
    const fn as_f64(self) -> f64 {
        match self {
            Number::Integer(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be within ±64 units")]
fn units_to_grid(field: &'static str, units: f64) -> Result<i32, DecodeError> {
    if (-64.0..=64.0).contains(&units) {
        Ok((units * f64::from(GRID)).round() as i32)
    } else {
        Err(out_of_range(field, units, UNITS))
    }
}

fn out_of_range(
    field: &'static str,
    value: impl fmt::Display,
    allowed: &'static str,
) -> DecodeError {
    DecodeError::OutOfRange { field, value: value.to_string(), allowed }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Integer(value) => value.fmt(f),
            Number::Float(value) => value.fmt(f),
        }
    }
}

impl Serialize for Coordinate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            // Half a grid step is 1.5e-5 units: five decimals are enough, four are not.
            let units = f64::from(self.0) / f64::from(GRID);
            serializer.serialize_f64((units * 1e5).round() / 1e5)
        } else {
            serializer.serialize_i32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Coordinate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Coordinate, D::Error> {
        let in_units = deserializer.is_human_readable();
        let number = Number::deserialize(deserializer)?;
        number.to_grid("coordinate", in_units).map(Coordinate).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number::Integer(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number::Float(value))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

#[cfg(test)]
mod tests {
    use bolide_sim::Point;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Coordinate, Number};

    proptest! {
        #[test]
        fn both_formats_keep_the_grid_step(steps in -Point::LIMIT..=Point::LIMIT) {
            let json = serde_json::to_string(&Coordinate(steps)).expect("encodes");
            prop_assert_eq!(serde_json::from_str::<Coordinate>(&json).expect(&json), Coordinate(steps));
            let packed = rmp_serde::to_vec(&Coordinate(steps)).expect("encodes");
            prop_assert_eq!(rmp_serde::from_slice::<Coordinate>(&packed).expect("decodes"), Coordinate(steps));
        }
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let check = |number: Number, in_units, expect: &str| {
            assert_eq!(number.to_grid("x", in_units).expect_err("refused").to_string(), expect);
        };
        check(
            Number::Float(1e39),
            true,
            "x is 1000000000000000000000000000000000000000; allowed is -64 to 64 units",
        );
        check(Number::Float(f64::NAN), true, "x is NaN; allowed is -64 to 64 units");
        check(
            Number::Integer(i64::from(i32::MIN)),
            true,
            "x is -2147483648; allowed is -64 to 64 units",
        );
        check(
            Number::Integer(i64::from(i32::MIN)),
            false,
            "x is -2147483648; allowed is -2097152 to 2097152 grid steps (-64 to 64 units)",
        );
        check(
            Number::Float(f64::NAN),
            false,
            "x is the float NaN; in MessagePack a coordinate is a whole number of steps of 1/32768 unit",
        );
    }
}
