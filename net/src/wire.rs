//! Frames as bytes: the two formats, the check of a frame's structure, how structs become arrays,
//! coordinates, limits, errors and close codes.

pub(crate) mod close_code;
pub(crate) mod codec;
pub(crate) mod coordinate;
pub(crate) mod error;
pub(crate) mod fields;
pub mod limits;
pub(crate) mod positional;
pub(crate) mod precheck;
pub(crate) mod schema;
