//! The lock of a room, which keeps new players out. Only the seat that created the room may lock
//! it, as long as that seat is held. A session that has a seat can resume it in spite of the lock.
//! A room that no client asked to be opened is never locked.

use bolide_net::{ErrorCode, ServerMessage};
use bolide_sim::PlayerId;

use crate::output::{Lane, Output, SaveNumber};
use crate::room::Room;
use crate::roster::seat::Connection;
use crate::streams::fanout::{broadcast, refuse, tell};

/// A room's lock.
#[derive(Default)]
pub(crate) struct Lock {
    pub(crate) locked: bool,
    /// The state that it takes once that is stored.
    pub(crate) unsaved: Option<(SaveNumber, bool)>,
}

impl Lock {
    pub(crate) const fn recovered(locked: bool) -> Lock {
        Lock { locked, unsaved: None }
    }
}

impl Room {
    /// Handles a seat's request to lock or open the room. Clients learn of it only once it is
    /// stored; see [`Output::SaveLock`].
    pub(crate) fn want_lock(&mut self, index: usize, locked: bool) {
        let seat = &self.seats[index];
        if !seat.session.creator {
            let Some(connection) = seat.connection else { return };
            let text = "only who created a room may lock it, and this seat did not".to_owned();
            return refuse(&mut self.outputs, connection, ErrorCode::NotCreator, text);
        }
        let wanted = self.lock.unsaved.map_or(self.lock.locked, |(_, locked)| locked);
        if wanted != locked {
            let number = self.next_save();
            self.lock.unsaved = Some((number, locked));
            self.outputs.push_back(Output::SaveLock { number, locked });
        }
    }

    /// Applies a lock that was stored. Of several only the last one counts.
    pub(crate) fn lock_saved(&mut self, saved: SaveNumber) {
        if let Some((_, locked)) = self.lock.unsaved.take_if(|(number, _)| *number == saved) {
            self.lock.locked = locked;
            self.tell_lock();
        }
    }

    /// Ends the lock once the seat that created the room is free, because no other seat could open
    /// it. A recovery without that seat has the same result.
    pub(crate) fn end_lock(&mut self) {
        self.lock = Lock::default();
        self.tell_lock();
    }

    pub(crate) fn creator(&self) -> Option<PlayerId> {
        self.seats.iter().find(|seat| seat.session.creator).map(|seat| seat.player)
    }

    /// Sends the lock to a connection that has just joined or resumed.
    pub(crate) fn tell_lock_to(&mut self, connection: Connection) {
        if self.creator().is_some() {
            let message = self.lock_message();
            tell(&mut self.outputs, connection, &message);
        }
    }

    fn tell_lock(&mut self) {
        let message = self.lock_message();
        broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &message);
    }

    fn lock_message(&self) -> ServerMessage {
        let creator = self.creator().map(|player| player.0);
        ServerMessage::Lock { locked: self.lock.locked, creator }
    }
}
