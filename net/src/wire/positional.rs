//! Hot messages are arrays: this macro writes a struct as the array of its fields, and reads it
//! back. Additional elements at the end are ignored, so that a newer server may add some. The
//! frames of clients are read more strictly in `tick.rs`.

use bolide_sim::Point;
use serde::de::{self, Deserialize, SeqAccess};

use crate::wire::coordinate::Coordinate;

/// Implements positional serde. `positional!(Name { a, b })` implements `Serialize` and
/// `Deserialize` as `[a, b]`. `positional!(Name = 1 { a, b })` is a message of kind 1, `[1, a, b]`,
/// and `from_rest` reads the elements after the kind. With `{ a; b, c }` the array ends after the
/// last of `b, c` that is not its default, and elements that are left out are read as the default.
macro_rules! positional {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeTuple;
                let mut array = serializer.serialize_tuple([$(stringify!($field)),*].len())?;
                $(array.serialize_element(&self.$field)?;)*
                array.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                struct ArrayVisitor;

                impl<'de> serde::de::Visitor<'de> for ArrayVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str(concat!("the array of a ", stringify!($name)))
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut array: A) -> Result<$name, A::Error> {
                        $crate::wire::positional::positional!(@fields array $name { $($field),* })
                    }
                }

                deserializer.deserialize_seq(ArrayVisitor)
            }
        }

        #[cfg(feature = "describe")]
        $crate::describe::array!($name, None, [$($field),*], []);
    };
    ($name:ident = $kind:ident { $($field:ident),* $(,)? }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeTuple;
                let mut array = serializer.serialize_tuple(1 + [$(stringify!($field)),*].len())?;
                array.serialize_element(&$kind)?;
                $(array.serialize_element(&self.$field)?;)*
                array.end()
            }
        }

        impl $name {
            pub(crate) fn from_rest<'de, A: serde::de::SeqAccess<'de>>(mut array: A) -> Result<$name, A::Error> {
                $crate::wire::positional::positional!(@fields array $name { $($field),* })
            }
        }

        #[cfg(feature = "describe")]
        $crate::describe::array!($name, Some($kind), [$($field),*], []);
    };
    ($name:ident = $kind:ident { $($field:ident),*; $($optional:ident),* $(,)? }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeTuple;
                let needed = [$($crate::wire::positional::is_given(&self.$optional)),*];
                let mut left = needed.iter().rposition(|needed| *needed).map_or(0, |last| last + 1);
                let mut array = serializer.serialize_tuple(1 + [$(stringify!($field)),*].len() + left)?;
                array.serialize_element(&$kind)?;
                $(array.serialize_element(&self.$field)?;)*
                $(
                    if left > 0 {
                        array.serialize_element(&self.$optional)?;
                        left -= 1;
                    }
                )*
                debug_assert_eq!(left, 0);
                array.end()
            }
        }

        impl $name {
            pub(crate) fn from_rest<'de, A: serde::de::SeqAccess<'de>>(mut array: A) -> Result<$name, A::Error> {
                $(let $field = $crate::wire::positional::element(&mut array, stringify!($field))?;)*
                $(let $optional = array.next_element()?.unwrap_or_default();)*
                while array.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok($name { $($field),*, $($optional),* })
            }
        }

        #[cfg(feature = "describe")]
        $crate::describe::array!($name, Some($kind), [$($field),*], [$($optional),*]);
    };
    (@fields $array:ident $name:ident { $($field:ident),* }) => {{
        $(
            let $field = $array
                .next_element()?
                .ok_or_else(|| serde::de::Error::custom(concat!(stringify!($name), " ends before ", stringify!($field))))?;
        )*
        while $array.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok($name { $($field),* })
    }};
}
pub(crate) use positional;

/// Returns whether a field must be written.
pub(crate) fn is_given<T: Default + PartialEq>(field: &T) -> bool {
    *field != T::default()
}

/// Reads the next element of an array, which must be present.
pub(crate) fn element<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    array: &mut A,
    name: &str,
) -> Result<T, A::Error> {
    array
        .next_element()?
        .ok_or_else(|| de::Error::custom(format_args!("the array ends before {name}")))
}

/// Reads the next two elements as a point.
pub(crate) fn place<'de, A: SeqAccess<'de>>(array: &mut A) -> Result<Point, A::Error> {
    let (x, y): (Coordinate, Coordinate) = (element(array, "x")?, element(array, "y")?);
    Ok(Point::new(x.0, y.0))
}

/// Returns a point as two elements.
pub(crate) fn coordinates(point: Point) -> (Coordinate, Coordinate) {
    (Coordinate(point.x()), Coordinate(point.y()))
}
