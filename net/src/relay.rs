//! The requests and frames of old relay pages: the endpoint that a path means, the flags of a
//! topic, and the frames and forms of the chat room. Names in them are cleaned as those of players
//! are.

pub mod chat;
mod endpoint;
mod flags;

pub use endpoint::{ChatRoute, Endpoint, PathName, UnknownEndpoint, old_endpoint};
pub use flags::{Audience, Audiences, TopicFlags};

pub use crate::messages::user_text::RelayName;

pub(crate) use endpoint::decode;
