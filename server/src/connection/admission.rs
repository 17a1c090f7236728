//! The permits of a game socket. `http` decides who gets them.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::address_quota::AddressPermit;

/// The permits that a game socket holds as long as it is open. The default is a socket that is not
/// counted.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    /// Counts for the limit of the server.
    _socket: Option<OwnedSemaphorePermit>,
    /// Counts for the address of the client.
    pub(crate) address: Option<Arc<AddressPermit>>,
    /// True if a trusted proxy holds the other end of the socket.
    pub(crate) is_proxied: bool,
}

impl Admission {
    pub(crate) const fn new(
        socket: OwnedSemaphorePermit,
        address: Option<Arc<AddressPermit>>,
        is_proxied: bool,
    ) -> Admission {
        Admission { _socket: Some(socket), address, is_proxied }
    }
}
