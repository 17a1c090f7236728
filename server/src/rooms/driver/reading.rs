//! Reads the sockets of a room that became ready, and passes the clients' messages to the room.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use bolide_net::ClientMessage;
use bolide_room::ConnectionId;

use super::RoomDriver;
use crate::connection::poller::Ready;
use crate::connection::{Ending, Readiness};
use crate::rooms::{RoomFailed, Scratch};

/// Messages of one connection that are handled at once. The rest waits for the next tick.
const MESSAGES_MAX: usize = 64;

/// The need to read the socket of a connection again before the next tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadAgain {
    Yes,
    No,
}

impl RoomDriver {
    /// Reads the sockets that are ready and handles their messages. Those that are to be read again
    /// before the next tick stay in the list.
    pub(crate) fn read_ready(
        &mut self,
        ready: &mut Vec<Ready>,
        now: Instant,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        // All of them first, so that their cache misses overlap.
        for Ready { slot, readiness } in ready.iter() {
            if let Some(connection) = self.connections.at(*slot) {
                connection.mark_ready(*readiness);
            }
        }
        let mut kept = 0;
        for index in 0..ready.len() {
            let slot = ready[index].slot;
            let again = self.read_connection(slot, now, scratch);
            let again = again.inspect_err(|_| ready.clear())?;
            // A socket that the kernel has reported meanwhile is in the list twice.
            if again == ReadAgain::Yes && ready[..kept].iter().all(|kept| kept.slot != slot) {
                ready[kept] = Ready { slot, readiness: Readiness::Open };
                kept += 1;
            }
        }
        ready.truncate(kept);
        Ok(())
    }

    /// Handles the messages with which pages of old relays answer frames of the room.
    pub(super) fn read_answers(
        &mut self,
        now: Instant,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        for slot in self.connections.take_answered() {
            self.read_connection(slot, now, scratch)?;
        }
        Ok(())
    }

    /// Reads one connection. If its bytes make the decoder panic, only this connection is closed.
    fn read_connection(
        &mut self,
        slot: u16,
        now: Instant,
        scratch: &mut Scratch,
    ) -> Result<ReadAgain, RoomFailed> {
        let mut is_decoding = false;
        let read = catch_unwind(AssertUnwindSafe(|| {
            self.read_messages(slot, now, scratch, &mut is_decoding)
        }));
        read.unwrap_or_else(|panic| {
            if !is_decoding {
                resume_unwind(panic);
            }
            let end = Ending::panicked();
            if let Some(id) = self.connections.at(slot).map(|connection| connection.id()) {
                self.connections.disconnect(id, end);
            }
            Ok(ReadAgain::No)
        })
    }

    /// Handles what a connection has sent. `is_decoding` is set while its bytes are decoded: a
    /// panic then is caused by them.
    fn read_messages(
        &mut self,
        slot: u16,
        now: Instant,
        scratch: &mut Scratch,
        is_decoding: &mut bool,
    ) -> Result<ReadAgain, RoomFailed> {
        for _ in 0..MESSAGES_MAX {
            let Some(connection) = self.connections.at(slot) else { return Ok(ReadAgain::No) };
            *is_decoding = true;
            let read = connection.next(&mut scratch.buffer, now, &self.context.connections);
            *is_decoding = false;
            let id = connection.id();
            match read {
                Some(Ok(message)) => {
                    self.context.metrics.message((&message).into());
                    self.message(id, message, scratch)?;
                }
                Some(Err(end)) => {
                    self.connections.disconnect(id, end);
                    return Ok(ReadAgain::No);
                }
                // The kernel reports only new bytes. Those from before the welcome would never be
                // read.
                None if connection.awaits_welcome() => return Ok(ReadAgain::Yes),
                None => return Ok(ReadAgain::No),
            }
        }
        Ok(ReadAgain::Yes)
    }

    /// Handles a message of a connection that has joined.
    pub(super) fn message(
        &mut self,
        id: ConnectionId,
        message: ClientMessage,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        let is_pong = matches!(message, ClientMessage::Pong(_));
        self.call(scratch, |room| room.handle_message(id, message))?;
        let connection = if is_pong { self.connections.find(id) } else { None };
        if let Some(least) = connection.and_then(|connection| connection.round_trip()) {
            self.call(scratch, |room| room.handle_round_trip(id, least))?;
        }
        Ok(())
    }
}
