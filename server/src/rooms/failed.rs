//! The reasons why a room cannot continue, with the texts for its clients.

use bolide_net::CloseCode;
use bolide_storage::JournalError;

use crate::connection::close_reason::CloseReason;

/// The reason why the room cannot continue. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoomFailed {
    /// The room panicked.
    #[error("the panic above is a bug of this program")]
    Panicked,
    /// The match cannot be journaled, so it must not be played for now.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl RoomFailed {
    /// The error message and the close for the clients of a room that is gone for good.
    pub(super) const fn for_good(&self) -> (&'static str, CloseReason) {
        match self {
            RoomFailed::Panicked => (
                "this room failed and its match is lost; please join again",
                closing(CloseCode::Internal, "the room failed"),
            ),
            RoomFailed::Journal(_) => (
                "this match cannot be written down any more and has ended; try again later",
                closing(CloseCode::TryLater, "the match cannot be written down"),
            ),
        }
    }

    /// The same for a room that is restored.
    pub(super) const fn for_now(&self) -> (Option<&'static str>, CloseReason) {
        match self {
            RoomFailed::Panicked => {
                (None, closing(CloseCode::Restarting, "the room begins again from its journal"))
            }
            RoomFailed::Journal(_) => (
                Some(
                    "this match cannot be written down at the moment; its seats are kept, come back for yours later",
                ),
                closing(CloseCode::TryLater, "the match cannot be written down at the moment"),
            ),
        }
    }
}

const fn closing(code: CloseCode, reason: &'static str) -> CloseReason {
    CloseReason { code, reason, drop_reason: None }
}
