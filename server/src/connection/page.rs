//! The connection of an old relay's page: its frames are translated on both ways by its
//! [`Translator`](super::dialect::Translator).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use bolide_legacy::PageError;
use bolide_net::{ClientMessage, CloseCode, Frame, FrameKind};
use bolide_sim::Tick;

use super::close_reason::CloseReason;
use super::dialect::Dialect;
use super::{Connection, ConnectionContext, Ending};

/// The close of a page that has nothing left to play.
const OVER: CloseReason = CloseReason {
    code: CloseCode::Normal,
    reason: "the match is over, and this page is out of it",
    drop_reason: None,
};

impl Connection {
    /// Takes a frame of an old relay's page. What it means for the room comes from
    /// [`Connection::next`]. A frame that means nothing is ignored, but for its count.
    #[cold]
    pub(super) fn on_legacy_frame(
        &mut self,
        kind: FrameKind,
        bytes: &[u8],
        now: Instant,
        context: &ConnectionContext,
    ) -> Result<(), Ending> {
        if !self.spend_input(now, context)? {
            return Ok(());
        }
        let Dialect::Legacy(translator) = &mut self.dialect else { return Ok(()) };
        let handled = match kind {
            FrameKind::Text => translator.handle_frame(bytes, self.client.socket.outbox()),
            FrameKind::Binary => Err(PageError::NotJson),
        };
        self.client.socket.flush();
        match handled {
            Ok(()) => Ok(()),
            Err(error) => {
                context.counters.ignored((&error).into());
                self.count_invalid()
            }
        }
    }

    /// Returns whether frames are [translated](Connection::translate) for it.
    pub(crate) const fn is_translated(&self) -> bool {
        matches!(self.dialect, Dialect::Legacy(_))
    }

    /// Queues the translation of a frame of the room. Returns whether the page has something to
    /// say to the room now.
    ///
    /// # Errors
    /// The translation panicked.
    #[cold]
    pub(crate) fn translate(&mut self, frame: &Frame) -> Result<bool, Ending> {
        let Dialect::Legacy(translator) = &mut self.dialect else { return Ok(false) };
        let outbox = self.client.socket.outbox();
        let translated =
            catch_unwind(AssertUnwindSafe(|| translator.handle_room_frame(frame, outbox)));
        translated.map(|()| translator.has_next()).map_err(|_| Ending::panicked())
    }

    /// Tells the page of an old relay that a tick has ended, and returns whether it has something
    /// to say to the room now.
    ///
    /// # Errors
    /// The page has nothing left to play, or the translation panicked.
    #[cold]
    pub(crate) fn end_tick(&mut self, tick: Tick) -> Result<bool, Ending> {
        let Dialect::Legacy(translator) = &mut self.dialect else { return Ok(false) };
        let outbox = self.client.socket.outbox();
        catch_unwind(AssertUnwindSafe(|| translator.handle_tick(tick, outbox)))
            .map_err(|_| Ending::panicked())?;
        if translator.is_over() {
            return Err(Ending::Close(OVER));
        }
        Ok(translator.has_next())
    }

    /// Returns the next message of an old relay's page to its room.
    pub(super) fn next_translated(&mut self) -> Option<ClientMessage> {
        let Dialect::Legacy(translator) = &mut self.dialect else { return None };
        translator.next()
    }
}
