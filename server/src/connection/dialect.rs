//! The language of a client: the protocol of a codec, or the frames of an old relay's page. A page
//! is an ordinary seat for its room. Its frames are translated here, on both ways, and nothing of
//! that reaches the room.

use std::collections::VecDeque;

use bolide_legacy::{Page, PageError, PageOutput};
use bolide_net::{ClientMessage, Codec, Frame, FrameKind, ServerMessage};
use bolide_sim::Tick;
use bolide_transport::Outbox;

/// The codec of the frames that the room makes for a page.
const CODEC: Codec = Codec::MessagePack;

/// The language of a client.
pub(crate) enum Dialect {
    /// The protocol `bolide.v1`.
    Native(Codec),
    /// The frames of an old relay.
    Legacy(Box<Translator>),
}

/// Translates for one page of an old relay.
pub(crate) struct Translator {
    page: Page,
    /// Messages of the page that its room has not received yet.
    said: VecDeque<ClientMessage>,
    output: PageOutput,
    /// The last tick of the match that the page knows.
    tick: Tick,
}

impl Dialect {
    /// Returns the dialect of a page.
    pub(crate) fn legacy(page: Page) -> Dialect {
        let (said, output, tick) = (VecDeque::new(), PageOutput::default(), Tick(0));
        Dialect::Legacy(Box::new(Translator { page, said, output, tick }))
    }

    /// Returns the codec of the frames that the room makes.
    pub(crate) const fn codec(&self) -> Codec {
        match self {
            Dialect::Native(codec) => *codec,
            Dialect::Legacy(_) => CODEC,
        }
    }
}

impl Translator {
    /// Takes a frame of the page.
    ///
    /// # Errors
    /// The frame is ignored.
    pub(crate) fn handle_frame(
        &mut self,
        text: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), PageError> {
        let text = str::from_utf8(text).map_err(|_| PageError::NotJson)?;
        let handled = self.page.handle_frame(text, self.tick, &mut self.output);
        self.drain(outbox);
        handled
    }

    /// Takes a frame of the room.
    pub(crate) fn handle_room_frame(&mut self, frame: &Frame, outbox: &mut Outbox) {
        let message = CODEC.decode_server(&frame.bytes);
        let message = message.expect("the room made it").expect("of a known kind");
        self.handle_message(message, outbox);
    }

    /// Takes a message to the page.
    pub(crate) fn handle_message(&mut self, message: ServerMessage, outbox: &mut Outbox) {
        self.page.handle_message(message, self.tick, &mut self.output);
        self.drain(outbox);
    }

    /// Takes the answer to a numbered ping.
    pub(crate) fn handle_pong(&mut self, number: u32, outbox: &mut Outbox) {
        self.page.handle_pong(number, self.tick, &mut self.output);
        self.drain(outbox);
    }

    /// Takes the end of a tick, all of whose frames were handled.
    pub(crate) fn handle_tick(&mut self, tick: Tick, outbox: &mut Outbox) {
        if self.tick == tick {
            return;
        }
        self.tick = tick;
        self.page.handle_tick(tick, &mut self.output);
        self.drain(outbox);
    }

    /// Returns whether the page has nothing left to play.
    pub(crate) const fn is_over(&self) -> bool {
        self.output.close
    }

    /// Returns the next message of the page to its room.
    pub(crate) fn next(&mut self) -> Option<ClientMessage> {
        self.said.pop_front()
    }

    /// Returns whether the page has a message to its room.
    pub(crate) fn has_next(&self) -> bool {
        !self.said.is_empty()
    }

    fn drain(&mut self, outbox: &mut Outbox) {
        let PageOutput { to_room, to_page, pings, .. } = &mut self.output;
        self.said.extend(to_room.drain(..));
        for text in to_page.drain(..) {
            outbox.push(Frame { kind: FrameKind::Text, bytes: text.into() });
        }
        pings.drain(..).for_each(|number| outbox.push_ping(number));
    }
}
