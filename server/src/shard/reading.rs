//! Reads the sockets of a shard that became ready, and passes the clients' messages to their rooms.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use bolide_net::ClientMessage;
use bolide_room::ConnectionId;
use bolide_transport::READ_BYTES;

use super::{RoomKey, Shard};
use crate::connection::End;
use crate::poller::{Poller, SocketToken};

/// Messages of one client that are handled at once. The rest waits for the next tick.
const MESSAGES_MAX: usize = 64;

/// The poller of a shard, and its buffers.
pub(super) struct SocketReader {
    poller: Poller,
    /// Received bytes.
    buffer: [u8; READ_BYTES],
    /// Ready sockets by the place of their room.
    ready: Vec<Vec<Ready>>,
    /// Set while bytes of a client are decoded. A panic then is caused by them, and not by a room
    /// or the shard.
    is_decoding: bool,
}

impl SocketReader {
    pub(super) fn new(poller: Poller) -> SocketReader {
        SocketReader { poller, buffer: [0; READ_BYTES], ready: Vec::new(), is_decoding: false }
    }

    /// Polls for sockets that became ready, and reads none of them.
    pub(super) fn poll(&mut self) {
        let ready = &mut self.ready;
        self.poller.poll_ready(|token, is_last| note(ready, token, is_last));
    }
}

/// A client whose socket is ready.
struct Ready {
    /// Its place in its room.
    slot: u16,
    /// Nothing follows what is ready now, and the kernel does not report that again.
    is_last: bool,
}

fn note(ready: &mut Vec<Vec<Ready>>, token: SocketToken, is_last: bool) {
    let room = token.room as usize;
    if room >= ready.len() {
        ready.resize_with(room + 1, Vec::new);
    }
    ready[room].push(Ready { slot: token.slot, is_last });
}

fn note_once(ready: &mut Vec<Vec<Ready>>, token: SocketToken) {
    let known = |ready: &Vec<Ready>| ready.iter().any(|ready| ready.slot == token.slot);
    if !ready.get(token.room as usize).is_some_and(known) {
        note(ready, token, false);
    }
}

impl Shard {
    /// Reads the sockets of this room that became ready.
    pub(super) fn read_ready(&mut self, room: RoomKey, now: Instant, reader: &mut SocketReader) {
        let Some(ready) = reader.ready.get_mut(room.slot() as usize) else { return };
        if ready.is_empty() {
            return;
        }
        let mut slots = std::mem::take(ready);
        if let Some((driver, _)) = self.rooms.get_mut(room) {
            // All of them first, so that their cache misses overlap.
            slots.iter().for_each(|ready| driver.mark_ready(ready.slot, ready.is_last));
        }
        for Ready { slot, .. } in slots.drain(..) {
            self.read_connection(SocketToken { room: room.slot(), slot }, now, reader);
        }
        // Clients that are not read to the end are in the list again; they are kept.
        let ready = &mut reader.ready[room.slot() as usize];
        slots.append(ready);
        *ready = slots;
    }

    /// Watches the socket of a client that has just joined. Messages that came with its hello are
    /// read before the first tick after its welcome.
    pub(super) fn welcome(&mut self, room: RoomKey, slot: u16, reader: &mut SocketReader) {
        let token = SocketToken { room: room.slot(), slot };
        let Some((driver, _)) = self.rooms.get_mut(room) else { return };
        let Some(connection) = driver.connection(slot) else { return };
        if let Err(error) = self.registry.register(connection, token) {
            let end = self.context.unwatched(&error, Instant::now());
            return driver.let_go(slot, end);
        }
        if let Some(open) = self.draining {
            return self.call(room, |driver| driver.drain(open));
        }
        note(&mut reader.ready, token, false);
    }

    /// Reads one client. If its bytes make the decoder panic, only this client is closed.
    fn read_connection(&mut self, token: SocketToken, now: Instant, reader: &mut SocketReader) {
        let read = catch_unwind(AssertUnwindSafe(|| self.read_messages(token, now, reader)));
        let Err(panic) = read else { return };
        if !std::mem::take(&mut reader.is_decoding) {
            resume_unwind(panic);
        }
        let end = End::panicked();
        if let Some((_, (driver, _))) = self.rooms.at(token.room) {
            driver.let_go(token.slot, end);
        }
    }

    fn read_messages(&mut self, token: SocketToken, now: Instant, reader: &mut SocketReader) {
        for _ in 0..MESSAGES_MAX {
            let Some((room, (driver, _))) = self.rooms.at(token.room) else { return };
            reader.is_decoding = true;
            let read = driver.hear(token.slot, &mut reader.buffer, now, &self.context);
            reader.is_decoding = false;
            let Some((from, message)) = read else {
                // The kernel reports only new bytes. Those from before the welcome would never be
                // read.
                if driver.awaits_welcome(token.slot) {
                    note_once(&mut reader.ready, token);
                }
                return;
            };
            self.message(room, from, message);
        }
        note(&mut reader.ready, token, false);
    }

    fn message(&mut self, room: RoomKey, from: ConnectionId, message: ClientMessage) {
        self.metrics.message((&message).into());
        // If the room has failed meanwhile, its clients were closed with a reason.
        let Some((driver, _)) = self.rooms.get_mut(room) else { return };
        let frees_a_seat = message == ClientMessage::Leave;
        if let Err(why) = driver.message(from, message) {
            let id = driver.id().clone();
            self.fail_room(&id, &why);
        } else if frees_a_seat && let Some(status) = driver.changed_status() {
            self.directory.update(driver.id(), status);
        }
    }
}
