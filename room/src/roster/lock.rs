//! The lock of a room, which keeps new players out. Only the seat that created the room may lock
//! it, as long as that seat is held. A session that has a seat can resume it in spite of the lock.
//! A room that no client asked to be opened is never locked.

use bolide_net::ServerMessage;
use bolide_sim::PlayerId;

use crate::ids::SaveNumber;
use crate::output::Output;

/// A room's lock.
#[derive(Default)]
pub(super) struct Lock {
    locked: bool,
    /// The state that it takes once that is stored.
    unsaved: Option<(SaveNumber, bool)>,
}

impl Lock {
    /// Creates the lock of a room that is recovered.
    pub(super) const fn recovered(locked: bool) -> Lock {
        Lock { locked, unsaved: None }
    }

    /// Returns whether new players are kept out.
    pub(super) const fn is_locked(&self) -> bool {
        self.locked
    }

    /// Returns the state that was wanted last, stored or not.
    pub(super) fn wanted(&self) -> bool {
        self.unsaved.map_or(self.locked, |(_, locked)| locked)
    }

    /// Changes the state once that is stored; see [`Output::SaveLock`].
    pub(super) const fn want(&mut self, number: SaveNumber, locked: bool) {
        self.unsaved = Some((number, locked));
    }

    /// Returns the request to store the state that is wanted, if it is not answered yet.
    pub(super) fn request(&self) -> Option<Output> {
        let (number, locked) = self.unsaved?;
        Some(Output::SaveLock { number, locked })
    }

    /// Takes the state that was stored. Of several only the last one counts. Returns whether it
    /// was that one.
    pub(super) fn saved(&mut self, saved: SaveNumber) -> bool {
        let stored = self.unsaved.take_if(|(number, _)| *number == saved);
        self.locked = stored.map_or(self.locked, |(_, locked)| locked);
        stored.is_some()
    }

    /// Returns the message about the lock, which only the creator of the room may change.
    pub(super) fn message(&self, creator: Option<PlayerId>) -> ServerMessage {
        ServerMessage::Lock { locked: self.locked, creator: creator.map(|player| player.0) }
    }
}
