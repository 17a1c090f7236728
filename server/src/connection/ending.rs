//! The ways in which a connection ends.

use bolide_transport::SocketEnd;
use tracing::error;

use super::close_reason::CloseReason;
use crate::measure::reasons::DropReason;

/// The end of a connection.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The client is gone.
    PeerGone,
    /// The client closes, and is answered with this code.
    PeerClosed(Option<u16>),
    /// The server closes the connection.
    Close(CloseReason),
}

impl Ending {
    /// Returns the end of a client whose bytes made the decoder panic.
    pub(crate) fn panicked() -> Ending {
        error!("the panic above was caused by what a client sent, which is closed: a bug");
        DropReason::Panic.into()
    }
}

impl From<DropReason> for Ending {
    fn from(drop_reason: DropReason) -> Ending {
        Ending::Close(drop_reason.into())
    }
}

impl From<SocketEnd> for Ending {
    fn from(end: SocketEnd) -> Ending {
        match end {
            SocketEnd::Gone => Ending::PeerGone,
            SocketEnd::Violation(violation) => DropReason::from(violation).into(),
        }
    }
}
