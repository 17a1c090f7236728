//! Finds the element of an input that has a wrong type. It is searched only once an input could not
//! be read, and the frame is read again for that. A reader that kept track of its position would
//! make every input more expensive.

use core::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::messages::tick::INPUT;
use crate::wire::coordinate::{Number, STEPS, UNITS, WHOLE};
use crate::wire::error::DecodeError;
use crate::wire::fields::{Value, refused};

/// The first type error in an array that is not an input, or `None` if all types are right.
pub(crate) struct WrongInput(pub(crate) Option<DecodeError>);

/// An element: its name, its allowed values, and whether it may be null.
type Element = (&'static str, &'static str, bool);

const fn elements(in_units: bool) -> [Element; 7] {
    let place = if in_units { UNITS } else { STEPS };
    [
        ("kind", "1", false),
        ("seq", WHOLE, false),
        ("for_tick", "whole numbers from 0 to 4294967295, or null", true),
        ("view", "whole numbers from 0 to 4294967295, or null", true),
        ("intent", "0 (stop), 1 (move), 2 (shoot) or 3 (blink)", false),
        ("x", place, false),
        ("y", place, false),
    ]
}

/// Returns the type error of an element. An array of another kind is not an input at all.
fn look((name, allowed, may_be_null): Element, value: &Value<'_>) -> Option<DecodeError> {
    match value {
        Value::Number(kind) if name == "kind" => {
            let kind = kind.integer_if_whole();
            let is_input = kind == Number::Integer(INPUT.into());
            (!is_input).then(|| DecodeError::UnknownMessage(format!("of hot kind {kind}")))
        }
        Value::Number(_) => None,
        Value::Null if may_be_null => None,
        value => Some(refused(name, &value.to_string(), allowed)),
    }
}

impl<'de> Deserialize<'de> for WrongInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WrongInput, D::Error> {
        struct ArrayVisitor([Element; 7]);

        impl<'de> Visitor<'de> for ArrayVisitor {
            type Value = WrongInput;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the array of an input")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<WrongInput, A::Error> {
                let mut wrong = None;
                for element in self.0 {
                    let Some(value) = array.next_element()? else { return Ok(WrongInput(wrong)) };
                    wrong = wrong.or_else(|| look(element, &value));
                }
                while array.next_element::<IgnoredAny>()?.is_some() {
                    wrong.get_or_insert_with(|| {
                        DecodeError::Malformed("the input goes on after y".to_owned())
                    });
                }
                Ok(WrongInput(wrong))
            }
        }

        let elements = elements(deserializer.is_human_readable());
        deserializer.deserialize_seq(ArrayVisitor(elements))
    }
}
