//! Hot messages are arrays: this macro writes a struct as the array of its fields, and reads it back. Additional
//! elements at the end are ignored, so that a newer server may add some; the frames of clients are read more strictly in
//! `hot.rs`.

/// `positional!(Name { a, b })` implements `Serialize` and `Deserialize` as `[a, b]`. With `positional!(Name = 1 { a, b })`
/// it is a message of kind 1, `[1, a, b]`, and `from_rest` reads what follows the kind.
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
                        $crate::positional::positional!(@fields array $name { $($field),* })
                    }
                }

                deserializer.deserialize_seq(ArrayVisitor)
            }
        }
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
                $crate::positional::positional!(@fields array $name { $($field),* })
            }
        }
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
