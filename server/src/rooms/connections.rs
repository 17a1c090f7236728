//! The connections of a room: queues frames for them, writes these in one call each, and sees them
//! off. A connection that is gone is reported to the room by its driver.

use std::time::Instant;

use bolide_net::Frame;
use bolide_room::{ConnectionId, Lane, Room};
use bolide_sim::Tick;
use tracing::info;

use super::journal_gate::Delivery;
use super::notice::Notice;
use super::slab::{ConnectionSlab, Slot};
use crate::connection::close_reason::CloseReason;
use crate::connection::poller::{SocketRegistry, SocketToken};
use crate::connection::{Connection, ConnectionContext, Ending};

/// The connections of a room.
pub(super) struct Connections {
    slab: ConnectionSlab,
    registry: SocketRegistry,
    /// Those that are gone since the last tick.
    gone: Vec<Gone>,
    /// The slots of those with frames queued since the last flush, once each.
    addressed: Vec<u16>,
    /// The slots of pages of old relays that have answered a frame of the room. Nothing that the
    /// kernel reports belongs to that.
    answered: Vec<u16>,
    /// True once there was such a page.
    has_pages: bool,
}

/// A connection that is gone.
pub(super) struct Gone {
    pub(super) id: ConnectionId,
    /// Its welcome was handed to the kernel. If not, it knows no token of its seat.
    pub(super) was_welcomed: bool,
    /// It may come back for its seat.
    pub(super) can_resume: bool,
}

impl Gone {
    fn new(connection: &Connection) -> Gone {
        Gone {
            id: connection.id(),
            was_welcomed: !connection.awaits_welcome(),
            can_resume: connection.can_resume(),
        }
    }
}

impl Connections {
    /// Creates an empty list. Those that leave are passed to the registry.
    pub(super) fn new(registry: SocketRegistry) -> Connections {
        let slab = ConnectionSlab::default();
        let (gone, addressed, answered) = (Vec::new(), Vec::new(), Vec::new());
        Connections { slab, registry, gone, addressed, answered, has_pages: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// Inserts a connection and returns its slot.
    pub(super) fn insert(&mut self, connection: Box<Connection>) -> u16 {
        self.has_pages |= connection.is_translated();
        self.slab.insert(connection)
    }

    /// Returns the connection in this slot.
    pub(super) fn at(&mut self, slot: u16) -> Option<&mut Connection> {
        self.slab.at(slot).map(|slot| &mut *slot.connection)
    }

    /// Returns the connection with this id.
    pub(super) fn find(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.slab.find(id).map(|(_, slot)| &mut *slot.connection)
    }

    /// Removes and returns a connection that nothing was sent to.
    pub(super) fn take(&mut self, id: ConnectionId) -> Option<Box<Connection>> {
        self.slab.remove(id).map(|slot| slot.connection)
    }

    /// Watches the socket of a connection that has just joined. One that the kernel does not watch
    /// is disconnected.
    pub(super) fn register(&mut self, token: SocketToken, context: &ConnectionContext) {
        let Some(slot) = self.slab.at(token.slot) else { return };
        if let Err(error) = self.registry.register(&slot.connection, token) {
            let (id, end) = (slot.connection.id(), context.unwatched(&error, Instant::now()));
            self.disconnect(id, end);
        }
    }

    /// Handles the deadlines that are due.
    pub(super) fn check_deadlines(&mut self, now: Instant, context: &ConnectionContext) {
        let mut ended = Vec::new();
        for Slot { connection, .. } in self.slab.iter_mut() {
            // Of all of them, so that their cache misses overlap.
            connection.warm();
            if connection.is_due(now)
                && let Err(end) = connection.on_deadline(now, context)
            {
                ended.push((connection.id(), end));
            }
        }
        for (id, end) in ended {
            self.disconnect(id, end);
        }
    }

    /// Drops snapshots for connections that have one waiting. The next snapshot after that one is
    /// complete.
    pub(super) fn thin(&mut self, deliveries: &mut Vec<Delivery>, room: &mut Room) {
        deliveries.retain(|delivery| match delivery {
            Delivery::Frame { to, lane: Lane::Latest | Lane::Chained, .. } => {
                let Some((_, slot)) = self.slab.find(*to) else { return false };
                if slot.is_awaiting {
                    room.handle_lagged(*to);
                }
                !std::mem::replace(&mut slot.is_awaiting, true)
            }
            _ => true,
        });
    }

    /// Queues the frames and carries out the closes, in this order. The next flush writes what was
    /// queued. Returns the list, which is empty then.
    pub(super) fn queue_all(
        &mut self,
        mut deliveries: Vec<Delivery>,
        room: &mut Room,
    ) -> Vec<Delivery> {
        for delivery in deliveries.drain(..) {
            match delivery {
                Delivery::Frame { to, lane, frame } => self.queue(to, lane, frame, room),
                Delivery::Close { to, code, reason } => {
                    if self.close(to, CloseReason { code, reason, drop_reason: None }) {
                        let room = &room.config().id;
                        info!(%room, connection = to.0, reason, "closed");
                    }
                }
            }
        }
        deliveries
    }

    fn queue(&mut self, to: ConnectionId, lane: Lane, frame: Frame, room: &mut Room) {
        let Some((index, slot)) = self.slab.find(to) else { return };
        // The first reliable frame is the welcome.
        if lane == Lane::Reliable
            && slot.connection.awaits_welcome()
            && let Some(end) = slot.connection.closed_early(Instant::now())
        {
            return self.disconnect(to, end);
        }
        if !slot.is_addressed {
            slot.is_addressed = true;
            self.addressed.push(index);
        }
        let connection = &mut slot.connection;
        match lane {
            _ if connection.is_translated() => {
                match connection.translate(&frame) {
                    Ok(true) => self.answered.push(index),
                    Ok(false) => {}
                    Err(end) => return self.disconnect(to, end),
                }
                if lane == Lane::Reliable {
                    connection.welcomed();
                }
            }
            Lane::Reliable => {
                connection.socket().outbox().push(frame);
                // Nothing is sent to a connection before its welcome.
                connection.welcomed();
            }
            Lane::Latest => connection.socket().outbox().replace_latest(frame),
            Lane::Chained => {
                if !connection.socket().outbox().chain(frame) {
                    room.handle_lagged(to);
                }
            }
        }
        slot.is_awaiting &= lane == Lane::Reliable;
    }

    /// Queues a notice for all that were welcomed, and returns their number. The next flush writes
    /// it.
    pub(super) fn notify(&mut self, notice: &Notice, room: &mut Room) -> usize {
        let welcomed = self.slab.iter_mut().filter(|slot| !slot.connection.awaits_welcome());
        let to: Vec<_> =
            welcomed.map(|slot| (slot.connection.id(), slot.connection.codec())).collect();
        for (id, codec) in &to {
            self.queue(*id, Lane::Reliable, notice.frame(*codec).clone(), room);
        }
        to.len()
    }

    /// Tells the pages of old relays that a tick has ended, all of whose frames are queued.
    pub(super) fn end_tick(&mut self, tick: Tick) {
        if !self.has_pages {
            return;
        }
        let mut ended = Vec::new();
        for (index, slot) in self.slab.pages() {
            match slot.connection.end_tick(tick) {
                Ok(has_answer) => {
                    if has_answer {
                        self.answered.push(index);
                    }
                    if !slot.is_addressed {
                        slot.is_addressed = true;
                        self.addressed.push(index);
                    }
                }
                Err(end) => ended.push((slot.connection.id(), end)),
            }
        }
        for (id, end) in ended {
            self.disconnect(id, end);
        }
    }

    /// Returns the slots of pages that have something to say without having sent anything.
    pub(super) fn take_answered(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.answered)
    }

    /// Writes what was queued, with one write per connection.
    pub(super) fn flush(&mut self) {
        let mut addressed = std::mem::take(&mut self.addressed);
        for index in addressed.drain(..) {
            let Some(slot) = self.slab.at(index) else { continue };
            slot.is_addressed = false;
            slot.connection.socket().flush();
            if let Some(end) = slot.connection.ended() {
                let id = slot.connection.id();
                self.disconnect(id, end);
            }
        }
        self.addressed = addressed;
    }

    /// Closes a connection that the room itself has let go.
    fn close(&mut self, id: ConnectionId, closing: CloseReason) -> bool {
        let slot = self.slab.remove(id);
        let was_open = slot.is_some();
        slot.into_iter()
            .for_each(|slot| self.registry.release(slot.connection, Ending::Close(closing)));
        was_open
    }

    /// Disconnects a client for this reason. Its room is told in its next tick.
    pub(super) fn disconnect(&mut self, id: ConnectionId, end: Ending) {
        if let Some(slot) = self.slab.remove(id) {
            self.gone.push(Gone::new(&slot.connection));
            self.registry.release(slot.connection, end);
        }
    }

    /// Disconnects all clients.
    pub(super) fn disconnect_all(&mut self, mut end: impl FnMut(&mut Connection) -> CloseReason) {
        for mut slot in self.slab.drain() {
            let closing = end(&mut slot.connection);
            self.gone.push(Gone::new(&slot.connection));
            self.registry.release(slot.connection, Ending::Close(closing));
        }
    }

    /// Takes the list of those that are gone.
    pub(super) fn take_gone(&mut self) -> Vec<Gone> {
        std::mem::take(&mut self.gone)
    }
}
