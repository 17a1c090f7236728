//! All who hear a text that belongs to no match: the pages of old relays, which are rooms by path,
//! users by name, topics of a backend, and a chat room. Sans-I/O: what members and backends say in,
//! [`Output`]s out. It must not name a socket, a clock or a match. Chance and time are arguments.
//!
//! The contract of its owner: one thread calls `handle_*` in the order of arrival, and drains
//! [`Lobby::poll_output`] after each call. It calls [`Lobby::advance`] once a second, and at
//! [`Lobby::next_wake`]. A member is a socket; its [`MemberId`] is the slot that the owner gave it.
//! The limit of a text's size is the owner's.
//!
//! Start at [`Lobby`]. `member` is who comes in, `output` what goes out, `channel` a list of
//! members who hear the same texts, `budget` the messages that a person may send over all its
//! sockets, and `relay` the meaning of a text at each kind of endpoint.

#![forbid(unsafe_code)]

mod budget;
mod channel;
pub mod fuzzing;
mod lobby;
mod member;
mod output;
mod relay;
mod settings;

pub use channel::Members;
pub use lobby::Lobby;
pub use member::{Browser, Entrance, Identity, MemberId, Now};
pub use output::{Output, Refusal};
pub use relay::topic::{KeptTopic, Recipient, Topic, TopicError};
pub use settings::{Anonymous, LobbySettings};
