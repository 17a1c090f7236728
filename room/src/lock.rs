//! Who may let nobody new in: the seat that created the room, as long as it is held. Who has a seat comes back whatever the
//! lock says, and a room that nobody asked to be opened is never locked.

use bolide_net::{ErrorCode, ServerMessage};
use bolide_sim::PlayerId;

use crate::fanout::{broadcast, refuse, tell};
use crate::output::{Lane, Output, SaveNumber};
use crate::room::Room;
use crate::seat::Connection;

/// A room's lock.
#[derive(Default)]
pub(crate) struct Lock {
    pub(crate) locked: bool,
    /// What it becomes as soon as that is kept.
    pub(crate) unsaved: Option<(SaveNumber, bool)>,
}

impl Lock {
    pub(crate) const fn recovered(locked: bool) -> Lock {
        Lock { locked, unsaved: None }
    }
}

impl Room {
    /// A seat wants the room locked or open. Nobody hears of it before it is kept: see [`Output::SaveLock`].
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

    /// Takes note that the lock is kept; of several only the last one counts.
    pub(crate) fn lock_saved(&mut self, saved: SaveNumber) {
        if let Some((_, locked)) = self.lock.unsaved.take_if(|(number, _)| *number == saved) {
            self.lock.locked = locked;
            self.tell_lock();
        }
    }

    /// Who created the room is gone: nobody could open a lock any more, so it ends. Whoever recovers the room comes to the same.
    pub(crate) fn end_lock(&mut self) {
        self.lock = Lock::default();
        self.tell_lock();
    }

    pub(crate) fn creator(&self) -> Option<PlayerId> {
        self.seats.iter().find(|seat| seat.session.creator).map(|seat| seat.player)
    }

    /// Tells a connection that came in.
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
