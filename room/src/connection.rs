//! A connection and its formats, as the room sees it.

use bolide_net::{Codec, SyncMode};

use crate::ids::ConnectionId;

/// A connection and its formats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) codec: Codec,
    pub(crate) sync: SyncMode,
    /// True if it was sent the last snapshot of its stream, so that a delta is enough.
    pub(crate) in_step: bool,
}

impl Connection {
    /// Creates a connection that has no snapshot yet.
    pub(crate) const fn new(id: ConnectionId, codec: Codec, sync: SyncMode) -> Connection {
        Connection { id, codec, sync, in_step: false }
    }
}
