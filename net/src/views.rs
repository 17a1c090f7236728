//! Views of a world: snapshots, the deltas between them, the part that one seat may know, and the
//! receiver's side.

pub(crate) mod capture;
pub(crate) mod delta;
pub(crate) mod interest;
pub(crate) mod snapshot;
pub(crate) mod view;
