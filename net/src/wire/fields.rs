//! The fields of a client's control message, each with its value on the wire, whatever its type. A
//! value is then taken as a text or a number, or refused with the name of its field and the values
//! that are allowed.
//!
//! A field that is null counts as absent. A text may be sent as bytes that are UTF-8, because some
//! languages do not distinguish the two.

use core::fmt;
use std::borrow::Cow;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::wire::coordinate::Number;
use crate::wire::error::{DecodeError, quoted};

/// The names of all fields of all control messages of a client.
const NAMES: [&str; 12] = [
    "t", "name", "mode", "room", "code", "create", "resume", "sync", "text", "nonce", "locked",
    "wanted",
];

/// The fields of one message. Each value can be taken once.
pub(crate) struct Fields<'a> {
    values: [Option<Value<'a>>; NAMES.len()],
    /// The beginning of the first name that no message has, quoted.
    unknown: Option<String>,
}

/// A value on the wire.
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    /// A type that no field may have.
    Other(&'static str),
}

impl<'a> Fields<'a> {
    /// Takes a text that must be present.
    pub(crate) fn text(
        &mut self,
        field: &'static str,
        allowed: &str,
    ) -> Result<Cow<'a, str>, DecodeError> {
        self.optional_text(field, allowed)?.ok_or_else(|| missing(field, allowed))
    }

    /// Takes a text, if it is present.
    pub(crate) fn optional_text(
        &mut self,
        field: &'static str,
        allowed: &str,
    ) -> Result<Option<Cow<'a, str>>, DecodeError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(refused(field, &other.to_string(), allowed)),
        }
    }

    /// Takes one of the words that serde knows for a type, if it is present.
    pub(crate) fn optional_word<T: Deserialize<'static>>(
        &mut self,
        field: &'static str,
        allowed: &str,
    ) -> Result<Option<T>, DecodeError> {
        let Some(text) = self.optional_text(field, allowed)? else { return Ok(None) };
        let word: Result<T, de::value::Error> = T::deserialize(StrDeserializer::new(&text));
        word.map(Some).map_err(|_| refused(field, &quoted(&text), allowed))
    }

    /// Takes a number that must be present. A whole number becomes an integer.
    pub(crate) fn number(
        &mut self,
        field: &'static str,
        allowed: &str,
    ) -> Result<Number, DecodeError> {
        match self.take(field) {
            None => Err(missing(field, allowed)),
            Some(Value::Number(number)) => Ok(number.integer_if_whole()),
            Some(other) => Err(refused(field, &other.to_string(), allowed)),
        }
    }

    /// Takes a boolean that must be present.
    pub(crate) fn bool(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        let allowed = "true or false";
        match self.take(field) {
            None => Err(missing(field, allowed)),
            Some(Value::Bool(value)) => Ok(value),
            Some(other) => Err(refused(field, &other.to_string(), allowed)),
        }
    }

    /// Checks that a message of this kind has no fields but these and `t`.
    pub(crate) fn only(&self, kind: &str, allowed: &[&str]) -> Result<(), DecodeError> {
        let given = NAMES.iter().zip(&self.values).filter(|(_, value)| value.is_some());
        let elsewhere = given.map(|(name, _)| *name).find(|name| !allowed.contains(name));
        let unknown = elsewhere.map(quoted).or_else(|| self.unknown.clone());
        unknown.map_or(Ok(()), |unknown| {
            let allowed = match allowed {
                [] => "none but `t`".to_owned(),
                names => format!("`t`, `{}`", names.join("`, `")),
            };
            Err(DecodeError::Malformed(format!("unknown field {unknown}; {kind} has {allowed}")))
        })
    }

    /// Takes a field that is present. Null counts as absent.
    fn take(&mut self, field: &str) -> Option<Value<'a>> {
        let place = NAMES.iter().position(|name| *name == field);
        debug_assert!(place.is_some(), "{field} is not listed");
        self.values[place?].take().filter(|value| !matches!(value, Value::Null))
    }
}

fn missing(field: &str, allowed: &str) -> DecodeError {
    DecodeError::Malformed(format!("`{field}` is missing; allowed is {allowed}"))
}

pub(crate) fn refused(field: &str, value: &str, allowed: &str) -> DecodeError {
    DecodeError::Malformed(format!("`{field}` is {value}; allowed is {allowed}"))
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Value::Null => "null",
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::Other(what) => what,
        })
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'de>, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the map of a control message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields { values: [const { None }; NAMES.len()], unknown: None };
        while let Some(name) = map.next_key()? {
            match name {
                Name::Known(place) => {
                    if fields.values[place].replace(map.next_value()?).is_some() {
                        return Err(de::Error::duplicate_field(NAMES[place]));
                    }
                }
                Name::Unknown(name) => {
                    map.next_value::<IgnoredAny>()?;
                    fields.unknown.get_or_insert(name);
                }
            }
        }
        Ok(fields)
    }
}

enum Name {
    Known(usize),
    /// The beginning of the name, quoted.
    Unknown(String),
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field, which is a text")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                let place = NAMES.iter().position(|known| *known == name);
                Ok(place.map_or_else(|| Name::Unknown(quoted(name)), Name::Known))
            }

            fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<Name, E> {
                let name = str::from_utf8(name);
                self.visit_str(name.map_err(|_| E::custom("the name of a field is not UTF-8"))?)
            }
        }

        deserializer.deserialize_any(NameVisitor)
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::Integer(i64::try_from(value).unwrap_or(i64::MAX))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::Float(value)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Value<'de>, E> {
        let text = str::from_utf8(bytes).map(|text| Value::Text(Cow::Borrowed(text)));
        Ok(text.unwrap_or(Value::Other("bytes that are not UTF-8")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other("a map"))
    }
}
