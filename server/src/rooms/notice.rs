//! A notice to clients in rooms, encoded once for each codec.

use bolide_net::{Codec, Frame, ServerMessage};
use bolide_room::RoomId;

/// A notice, and the clients that get it.
#[derive(Debug)]
pub(crate) struct Notice {
    to: NoticeTo,
    json: Frame,
    message_pack: Frame,
}

/// The rooms whose clients get a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoticeTo {
    /// All rooms.
    All,
    /// The rooms of the mode with this name.
    Mode(String),
    /// One room.
    Room(RoomId),
}

impl Notice {
    /// Encodes a notice.
    pub(crate) fn new(to: NoticeTo, message: &ServerMessage) -> Notice {
        let [json, message_pack] =
            [Codec::Json, Codec::MessagePack].map(|codec| codec.encode_server(message));
        Notice { to, json, message_pack }
    }

    /// Returns the rooms that get it.
    pub(crate) const fn to(&self) -> &NoticeTo {
        &self.to
    }

    /// Returns its frame, whose bytes all clients of this codec share.
    pub(super) const fn frame(&self, codec: Codec) -> &Frame {
        match codec {
            Codec::Json => &self.json,
            Codec::MessagePack => &self.message_pack,
        }
    }
}
