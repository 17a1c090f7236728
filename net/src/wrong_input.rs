//! Which element of an input has a value of a wrong type. It is looked for only once an input could not be read, and the frame
//! is read again for that: a reader that kept track of where it is would cost every input.

use core::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::error::DecodeError;
use crate::fields::{Value, refused};
use crate::grid::{Number, STEPS, UNITS, WHOLE};
use crate::hot::INPUT;

/// What is wrong with the types of an array that is no input; none if they are all right.
pub(crate) struct WrongInput(pub(crate) Option<DecodeError>);

/// An element: its name, what it may be, and whether null is that as well.
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

/// What is wrong with the type of an element. What is of another kind is no input at all.
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
