//! One encoding for many receivers: a message is encoded once per codec, and all receivers share
//! the bytes.

use bolide_net::{CloseCode, Codec, ErrorCode, Frame, ServerMessage};

use crate::connection::Connection;
use crate::ids::ConnectionId;
use crate::output::{Lane, Output, Outputs};

/// A message that is encoded at its first use in each codec.
pub(crate) struct Shared<E> {
    encode: E,
    json: Option<Frame>,
    msgpack: Option<Frame>,
}

impl<E: Fn(Codec) -> Frame> Shared<E> {
    pub(crate) const fn new(encode: E) -> Shared<E> {
        Shared { encode, json: None, msgpack: None }
    }

    pub(crate) fn frame(&mut self, codec: Codec) -> Frame {
        let slot = match codec {
            Codec::Json => &mut self.json,
            Codec::MessagePack => &mut self.msgpack,
        };
        slot.get_or_insert_with(|| (self.encode)(codec)).clone()
    }
}

/// Sends a message to all of these connections, in the reliable lane.
pub(crate) fn broadcast(
    outputs: &mut Outputs,
    to: impl Iterator<Item = Connection>,
    message: &ServerMessage,
) {
    let mut shared = Shared::new(|codec| codec.encode_server(message));
    for connection in to {
        let (to, frame) = (connection.id, shared.frame(connection.codec));
        outputs.push_back(Output::Send { to, lane: Lane::Reliable, frame });
    }
}

/// Sends a message to one connection, in the reliable lane.
pub(crate) fn tell(outputs: &mut Outputs, connection: Connection, message: &ServerMessage) {
    let frame = connection.codec.encode_server(message);
    outputs.push_back(Output::Send { to: connection.id, lane: Lane::Reliable, frame });
}

/// Closes a connection.
pub(crate) fn close(
    outputs: &mut Outputs,
    to: ConnectionId,
    code: CloseCode,
    reason: &'static str,
) {
    outputs.push_back(Output::Close { to, code, reason });
}

/// Sends an error to one connection, and reports it to the shell for its counters.
pub(crate) fn refuse(outputs: &mut Outputs, to: Connection, code: ErrorCode, text: String) {
    tell(outputs, to, &ServerMessage::error(code, text));
    outputs.push_back(Output::Refused(code));
}
