//! Schemas and labelled tuples of the messages that are arrays. For those that `positional!`
//! writes, both come from the same field names. The others are listed in `forms.rs`.

use schemars::Schema;
use serde_json::{Value, json};
use ts_rs::{Config, TS};

/// Describes an array. `array!(Name, Some(1), [a, b], [c])` is `[1, a, b]` or `[1, a, b, c]`.
/// `positional!` calls it.
macro_rules! array {
    ($name:ident, $kind:expr, [$($field:ident),*], [$($optional:ident),*]) => {
        impl $name {
            /// Turns the derived schema of an object into that of an array.
            fn as_array(schema: &mut schemars::Schema) {
                let (needed, optional) = ([$(stringify!($field)),*], [$(stringify!($optional)),*]);
                $crate::describe::array::from_object(schema, $kind, &needed, &optional);
            }
        }

        impl ts_rs::TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &ts_rs::Config) -> String {
                stringify!($name).to_owned()
            }

            fn inline(config: &ts_rs::Config) -> String {
                use $crate::describe::array::{label_of, tuple};
                tuple($kind, vec![
                    $(label_of(config, stringify!($field), |array: &$name| &array.$field),)*
                    $(label_of(config, concat!(stringify!($optional), "?"), |array: &$name| &array.$optional),)*
                ])
            }

            fn decl(config: &ts_rs::Config) -> String {
                format!("type {} = {};", stringify!($name), Self::inline(config))
            }
        }
    };
}
pub(crate) use array;

/// Returns the schema of an array whose elements are the properties of the object, in this order.
pub(crate) fn from_object(
    schema: &mut Schema,
    kind: Option<u8>,
    needed: &[&str],
    optional: &[&str],
) {
    let object = schema.ensure_object();
    object.remove("required");
    let properties = object.remove("properties").unwrap_or_default();
    let kind = kind.map(|kind| json!({"title": "kind", "const": kind}));
    let fields = needed.iter().chain(optional).map(|name| {
        let mut element = properties[*name].clone();
        element["title"] = json!(name);
        element
    });
    let elements: Vec<Value> = kind.into_iter().chain(fields).collect();
    object.insert("type".to_owned(), json!("array"));
    object.insert("minItems".to_owned(), json!(elements.len() - optional.len()));
    object.insert("prefixItems".to_owned(), Value::Array(elements));
}

/// `label: type`, the type being that of the field.
pub(crate) fn label_of<T, F: TS>(config: &Config, label: &str, _: fn(&T) -> &F) -> String {
    format!("{label}: {}", F::name(config))
}

/// A labelled tuple.
pub(crate) fn tuple(kind: Option<u8>, elements: Vec<String>) -> String {
    let kind = kind.map(|kind| format!("kind: {kind}"));
    let elements: Vec<String> = kind.into_iter().chain(elements).collect();
    format!("[{}]", elements.join(", "))
}
