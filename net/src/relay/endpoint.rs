//! The endpoint that a path and a query mean. One path has one meaning, so it never depends on what
//! a page sends later.

use super::RelayName;
use super::flags::TopicFlags;
use crate::wire::limits::FACILITY_BYTES_MAX;

/// An endpoint of an old relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The arena: `/wss/multiplayer/`.
    Arena,
    /// A topic: `/ws/<facility>` with a flag in the query.
    Topic {
        /// The path behind `/ws/`. It may hold slashes, and one at its end counts.
        facility: String,
        /// The flags in the query.
        flags: TopicFlags,
    },
    /// Everybody: `/ws/`.
    Broadcast,
    /// A user: `/ws/<name>/`.
    User(RelayName),
    /// A room: `/room/<name>/`.
    Room {
        /// Its name: word characters, `-` and `.`.
        name: RelayName,
        /// True if the query has `presence`, which asks to be told of all who come and go.
        presence: bool,
    },
    /// The chat room.
    Chat(ChatRoute),
}

/// A route of the chat room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatRoute {
    /// `/chat` and `/to_chat`: the page, what was said, and the socket.
    Chat,
    /// `/msg_send`: a line.
    Say,
    /// `/change_name`: another name.
    Rename,
}

/// The meaning of `/ws/<name>/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathName {
    /// The name of a user.
    #[default]
    User,
    /// The name of a room.
    Room,
}

/// A path below `/ws` or `/room` that is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no such endpoint; the forms are /ws/ (everybody), /ws/<name>/ (one user), \
     /ws/<facility>?subscribe-broadcast (a topic) and /room/<name>/ (a room: word characters, - and .). \
     A name has 1 to 64 characters, a facility 256 bytes at most"
)]
pub struct UnknownEndpoint;

/// Returns the endpoint that a request means; `None` if the path is not of an old relay. `path` and
/// `query` are as they came, percent-encoded. `names` is the meaning of `/ws/<name>/`.
///
/// # Errors
/// The path is below `/ws` or `/room`, and no endpoint.
pub fn old_endpoint(
    path: &str,
    query: &str,
    names: PathName,
) -> Result<Option<Endpoint>, UnknownEndpoint> {
    let endpoint = match path {
        "/wss/multiplayer" | "/wss/multiplayer/" => Endpoint::Arena,
        "/chat" | "/chat/" | "/to_chat" | "/to_chat/" => Endpoint::Chat(ChatRoute::Chat),
        "/msg_send" | "/msg_send/" => Endpoint::Chat(ChatRoute::Say),
        "/change_name" | "/change_name/" => Endpoint::Chat(ChatRoute::Rename),
        _ => {
            if let Some(rest) = below(path, "/ws") {
                socket(rest, query, names)?
            } else if let Some(rest) = below(path, "/room") {
                room(rest.strip_suffix('/').unwrap_or(rest), query)?
            } else {
                return Ok(None);
            }
        }
    };
    Ok(Some(endpoint))
}

/// Returns the part of a path behind a folder and its slash.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

fn socket(rest: &str, query: &str, names: PathName) -> Result<Endpoint, UnknownEndpoint> {
    if let Some(flags) = TopicFlags::read(query) {
        let facility = decode(rest).filter(|facility| facility.len() <= FACILITY_BYTES_MAX);
        return Ok(Endpoint::Topic { facility: facility.ok_or(UnknownEndpoint)?, flags });
    }
    if rest.is_empty() {
        return Ok(Endpoint::Broadcast);
    }
    let encoded = rest.strip_suffix('/').ok_or(UnknownEndpoint)?;
    match names {
        PathName::User => {
            let name = decode(encoded).filter(|name| !name.contains('/')).ok_or(UnknownEndpoint)?;
            Ok(Endpoint::User(RelayName::parse(&name).map_err(|_| UnknownEndpoint)?))
        }
        PathName::Room => room(encoded, query),
    }
}

fn room(encoded: &str, query: &str) -> Result<Endpoint, UnknownEndpoint> {
    let name =
        decode(encoded).filter(|name| name.chars().all(is_of_room)).ok_or(UnknownEndpoint)?;
    let name = RelayName::parse(&name).map_err(|_| UnknownEndpoint)?;
    let presence = query.split('&').any(|pair| pair.split('=').next() == Some("presence"));
    Ok(Endpoint::Room { name, presence })
}

/// Returns whether a character may be in the name of a room. Marks may, because many scripts write
/// vowels with them.
fn is_of_room(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '-' | '.')
        || unicode_normalization::char::is_combining_mark(c)
}

/// Decodes `%XX`. Returns `None` if the result is not UTF-8, or a percent sign begins nothing.
pub(crate) fn decode(encoded: &str) -> Option<String> {
    if !encoded.contains('%') {
        return Some(encoded.to_owned());
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte == b'%' {
            let [high, low, after @ ..] = after else { return None };
            bytes.push(digit(*high)? << 4 | digit(*low)?);
            rest = after;
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
