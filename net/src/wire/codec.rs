//! The two formats. One frame is one message: a map is a control message, an array a hot one.
//! Reading is strict: a frame must be whole, without unknown fields, and nothing may follow the
//! message.

use core::fmt;

use bytes::Bytes;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::messages::control::{ClientControl, ClientMessage, ServerMessage, WantedRoom};
use crate::messages::event::{EVENTS, Events};
use crate::messages::tick::{InputMessage, PRIVATE, Private, RawInput};
use crate::messages::wrong_input::WrongInput;
use crate::views::delta::{DELTA, Delta};
use crate::views::snapshot::{SNAPSHOT, Snapshot};
use crate::wire::error::DecodeError;
use crate::wire::fields::Fields;
use crate::wire::limits::ERROR_CHARS_MAX;
use crate::wire::precheck;

/// The format of messages, negotiated as the WebSocket subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Text frames.
    Json,
    /// Binary frames.
    MessagePack,
}

/// The kind of a WebSocket frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

/// One encoded message. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The kind of frame in which to send it.
    pub kind: FrameKind,
    /// The message. UTF-8 if `kind` is text.
    pub bytes: Bytes,
}

/// None of the offered subprotocols is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown subprotocol {offered}; this server speaks bolide.v1.json and bolide.v1.msgpack")]
pub struct UnknownSubprotocol {
    offered: String,
}

impl Codec {
    /// Both codecs.
    pub const ALL: [Codec; 2] = [Codec::Json, Codec::MessagePack];

    /// The subprotocol's name for this codec.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Codec::Json => "bolide.v1.json",
            Codec::MessagePack => "bolide.v1.msgpack",
        }
    }

    /// The kind of this codec's frames.
    #[must_use]
    pub const fn frame_kind(self) -> FrameKind {
        match self {
            Codec::Json => FrameKind::Text,
            Codec::MessagePack => FrameKind::Binary,
        }
    }

    /// Selects the codec for the offered subprotocols, and the name to answer with. That is the
    /// first known one. If none is offered, it is JSON without a name.
    ///
    /// # Errors
    /// Subprotocols are offered, and none of them is known.
    pub fn negotiate<'a>(
        offered: impl Iterator<Item = &'a str>,
    ) -> Result<(Codec, Option<&'static str>), UnknownSubprotocol> {
        let mut unknown = String::new();
        for name in offered {
            if let Some(codec) = Codec::ALL.into_iter().find(|codec| codec.subprotocol() == name) {
                return Ok((codec, Some(codec.subprotocol())));
            }
            if !unknown.is_empty() {
                unknown.push_str(", ");
            }
            unknown.push_str(name);
        }
        if unknown.is_empty() {
            Ok((Codec::Json, None))
        } else {
            Err(UnknownSubprotocol { offered: unknown })
        }
    }

    /// Reads a client's frame.
    ///
    /// # Errors
    /// It is not a valid message. The text says what is wrong and what is allowed.
    pub fn decode_client(self, frame: &[u8]) -> Result<ClientMessage, DecodeError> {
        match self.root(frame)? {
            Root::Map => self.decode_control(frame),
            Root::Array => self.decode_input(frame).map(ClientMessage::Input),
        }
    }

    fn decode_input(self, frame: &[u8]) -> Result<InputMessage, DecodeError> {
        let mut input = match self.read::<RawInput>(frame) {
            Ok(input) => input,
            Err(error) => return Err(self.explain_input(frame, error)),
        };
        let mut has_floats = true;
        // One call, which is inlined, so that only clients without integers pay for the second
        // attempt.
        loop {
            match input.check(self == Codec::Json) {
                Err(_) if has_floats => input.make_whole_floats_integers(),
                checked => return checked,
            }
            has_floats = false;
        }
    }

    /// Explains why a frame is not an input. If an element has a wrong type, the error names it.
    #[cold]
    #[inline(never)]
    fn explain_input(self, frame: &[u8], error: DecodeError) -> DecodeError {
        self.read(frame).ok().and_then(|WrongInput(wrong)| wrong).unwrap_or(error)
    }

    // Never inline: inputs are frequent, and would pay for the stack space of this function.
    #[inline(never)]
    fn decode_control(self, frame: &[u8]) -> Result<ClientMessage, DecodeError> {
        self.read::<Fields<'_>>(frame)?.try_into()
    }

    /// Reads a server's frame. Returns `None` for a message of a newer server, which is to be
    /// ignored.
    ///
    /// # Errors
    /// It is not a valid message.
    pub fn decode_server(self, frame: &[u8]) -> Result<Option<ServerMessage>, DecodeError> {
        match self.root(frame)? {
            Root::Map => {
                let Tag { t } = self.read(frame)?;
                if !SERVER_CONTROLS.contains(&t.as_str()) {
                    return Ok(None);
                }
                let message = self.read(frame)?;
                if let ServerMessage::Welcome(welcome) = &message {
                    welcome.rules.check()?;
                }
                Ok(Some(message))
            }
            Root::Array => self.read::<ServerHot>(frame).map(|hot| hot.0),
        }
    }

    /// Writes a server's message.
    #[must_use]
    pub fn encode_server(self, message: &ServerMessage) -> Frame {
        match message {
            ServerMessage::Snapshot(snapshot) => self.frame(snapshot),
            ServerMessage::Delta(delta) => self.frame(delta),
            ServerMessage::Private(private) => self.frame(private),
            ServerMessage::Events(events) => self.frame(events),
            control => self.frame(control),
        }
    }

    /// Writes a snapshot that is not wrapped in a message.
    // Never inline: the cost of encoding is counted by the names of this function and the next.
    #[inline(never)]
    #[must_use]
    pub fn encode_snapshot(self, snapshot: &Snapshot) -> Frame {
        let Snapshot { players, fireballs, acks, .. } = snapshot;
        self.frame_of(snapshot, players.len() + fireballs.len() + acks.len())
    }

    /// Writes a delta that is not wrapped in a message.
    #[inline(never)]
    #[must_use]
    pub fn encode_delta(self, delta: &Delta) -> Frame {
        let Delta { players, born, acks, .. } = delta;
        self.frame_of(delta, players.len() + born.len() + acks.len())
    }

    /// Writes a client's message.
    #[must_use]
    pub fn encode_client(self, message: &ClientMessage) -> Frame {
        let control = match message {
            ClientMessage::Input(input) => return self.frame(input),
            ClientMessage::Hello(hello) => {
                let (room, code, create) = match &hello.room {
                    WantedRoom::Any => (None, None, None),
                    WantedRoom::Id(room) => (Some(room.clone()), None, None),
                    WantedRoom::Code(code) => (None, Some(code.as_str().to_owned()), None),
                    WantedRoom::New(create) => (None, None, Some(*create)),
                };
                ClientControl::Hello {
                    name: hello.name.as_str().to_owned(),
                    mode: hello.mode.clone(),
                    room,
                    code,
                    create,
                    resume: hello.resume.clone(),
                    sync: Some(hello.sync),
                }
            }
            ClientMessage::Chat(text) => ClientControl::Chat { text: text.as_str().to_owned() },
            ClientMessage::Pong(nonce) => ClientControl::Pong { nonce: *nonce },
            ClientMessage::Resync => ClientControl::Resync {},
            ClientMessage::Rematch => ClientControl::Rematch {},
            ClientMessage::Lock(locked) => ClientControl::Lock { locked: *locked },
            ClientMessage::Bots(wanted) => ClientControl::Bots { wanted: *wanted },
            ClientMessage::Leave => ClientControl::Leave {},
        };
        self.frame(&control)
    }

    fn frame(self, message: &impl Serialize) -> Frame {
        self.frame_of(message, 0)
    }

    /// Writes a frame with that many entities. The buffer is sized for them, because growing copies
    /// it.
    fn frame_of(self, message: &impl Serialize, entities: usize) -> Frame {
        let mut bytes = Vec::with_capacity(256 + 48 * entities);
        let written = match self {
            Codec::Json => {
                serde_json::to_writer(&mut bytes, message).map_err(|error| error.to_string())
            }
            Codec::MessagePack => {
                let mut serializer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
                message.serialize(&mut serializer).map_err(|error| error.to_string())
            }
        };
        // Writing to memory cannot fail, and our own types have no map keys or numbers that a
        // format lacks.
        debug_assert_eq!(written, Ok(()));
        Frame { kind: self.frame_kind(), bytes: bytes.into() }
    }

    /// Returns the kind of a frame's root, after the check that makes the frame safe to read.
    fn root(self, frame: &[u8]) -> Result<Root, DecodeError> {
        match self {
            _ if frame.is_empty() => {}
            Codec::Json => precheck::json(frame)?,
            Codec::MessagePack => precheck::msgpack(frame)?,
        }
        let first = match self {
            Codec::Json => frame.iter().find(|byte| !byte.is_ascii_whitespace()),
            Codec::MessagePack => frame.first(),
        };
        match (self, first) {
            (Codec::Json, Some(b'{')) | (Codec::MessagePack, Some(0x80..=0x8f | 0xde | 0xdf)) => {
                Ok(Root::Map)
            }
            (Codec::Json, Some(b'[')) | (Codec::MessagePack, Some(0x90..=0x9f | 0xdc | 0xdd)) => {
                Ok(Root::Array)
            }
            (_, None) => Err(malformed("the frame is empty")),
            (Codec::Json, _) => Err(malformed("a message is a JSON object or a JSON array")),
            (Codec::MessagePack, _) => {
                Err(malformed("a message is a MessagePack map or a MessagePack array"))
            }
        }
    }

    fn read<'a, T: Deserialize<'a>>(self, frame: &'a [u8]) -> Result<T, DecodeError> {
        match self {
            Codec::Json => serde_json::from_slice(frame).map_err(malformed),
            // The precheck has seen that nothing follows, and the depth.
            Codec::MessagePack => rmp_serde::from_slice(frame).map_err(malformed),
        }
    }
}

enum Root {
    Map,
    Array,
}

/// The kind of a control message. The other fields of the map are ignored.
#[derive(Deserialize)]
struct Tag {
    t: String,
}

const SERVER_CONTROLS: [&str; 12] = [
    "welcome", "roster", "match", "chat", "result", "paused", "lock", "bots", "sight", "notice",
    "ping", "error",
];

/// A hot message of a server, or `None` if its kind is unknown.
struct ServerHot(Option<ServerMessage>);

impl<'de> Deserialize<'de> for ServerHot {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ServerHot, D::Error> {
        struct HotVisitor;

        impl<'de> Visitor<'de> for HotVisitor {
            type Value = ServerHot;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the array of a hot message")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<ServerHot, A::Error> {
                let kind = array.next_element::<u8>()?;
                Ok(ServerHot(match kind {
                    Some(SNAPSHOT) => Some(ServerMessage::Snapshot(Snapshot::from_rest(array)?)),
                    Some(DELTA) => Some(ServerMessage::Delta(Delta::from_rest(array)?)),
                    Some(PRIVATE) => Some(ServerMessage::Private(Private::from_rest(array)?)),
                    Some(EVENTS) => Some(ServerMessage::Events(Events::from_rest(array)?)),
                    _ => {
                        while array.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                        None
                    }
                }))
            }
        }

        deserializer.deserialize_seq(HotVisitor)
    }
}

/// Makes an error whose text is for the client's developer. A parser may quote its input, so the
/// text is cut to [`ERROR_CHARS_MAX`].
fn malformed(error: impl fmt::Display) -> DecodeError {
    let mut text = error.to_string();
    if let Some((cut, _)) = text.char_indices().nth(ERROR_CHARS_MAX) {
        text.truncate(cut);
        text.push('…');
    }
    DecodeError::Malformed(text)
}
