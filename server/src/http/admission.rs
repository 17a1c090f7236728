//! Decides whether a peer may open a game socket, by its origin, the quota of its address, and the
//! limit of the server. The handshake itself is handled by `upgrade`.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderName;
use tracing::warn;

use super::client_ip::{client_of, is_trusted};
use crate::connection::Admission;
use crate::connection::address_quota::AddressPermit;
use crate::measure::reasons::RefuseReason;
use crate::server::Server;

/// The source of a request, and the permit that counts for its address meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) permit: Option<Arc<AddressPermit>>,
    /// The reason why the peer may request nothing but the health of the server.
    pub(crate) refused: Option<RefuseReason>,
}

impl Peer {
    /// Returns a peer whose address is not counted.
    pub(crate) const fn uncounted(address: IpAddr) -> Peer {
        Peer { address, permit: None, refused: None }
    }
}

/// Admits a game socket, or returns the reason for the refusal.
pub(crate) fn admit(server: &Server, request: &Request) -> Result<Admission, RefuseReason> {
    if server.is_stopping() {
        return Err(RefuseReason::Stopping);
    }
    if !server.origins.admit(request.headers()) {
        return Err(RefuseReason::Origin);
    }
    let peer = peer(request);
    let is_proxied =
        peer.as_ref().is_some_and(|peer| is_trusted(peer.address, &server.trusted_proxies));
    let address = match peer {
        Some(peer) => count(server, request, peer, is_proxied)?,
        None => None,
    };
    let socket = server.admit().ok_or(RefuseReason::Connections)?;
    Ok(Admission::new(socket, address, is_proxied))
}

/// Returns whether a request comes from a trusted proxy.
pub(super) fn is_proxied(server: &Server, request: &Request) -> bool {
    peer(request).is_some_and(|peer| is_trusted(peer.address, &server.trusted_proxies))
}

/// Counts a game socket for the address of its client. `is_proxied`: the peer is a trusted proxy.
fn count(
    server: &Server,
    request: &Request,
    peer: Peer,
    is_proxied: bool,
) -> Result<Option<Arc<AddressPermit>>, RefuseReason> {
    let lines = request.headers().get_all(X_FORWARDED_FOR);
    let is_forwarded = lines.iter().next().is_some();
    match (is_proxied, is_forwarded) {
        (false, true) => warn_of_untrusted(peer.address),
        (true, false) => warn_of_silent(peer.address),
        (true, true) | (false, false) => {}
    }
    let forwarded = lines.iter().map(|line| line.as_bytes());
    let client = client_of(peer.address, forwarded, &server.trusted_proxies)
        .map_err(|_| RefuseReason::Forwarded)?;
    let now = Instant::now();
    server.addresses.handshake(client, now)?;
    match peer.permit {
        Some(permit) => Ok(Some(permit)),
        None => Ok(server.addresses.open(client, now)?.map(Arc::new)),
    }
}

/// Returns the peer of a request. Our own listener stores it as [`Peer`]; the listener of another
/// program may use axum's `ConnectInfo`.
fn peer(request: &Request) -> Option<Peer> {
    let extensions = request.extensions();
    extensions.get::<Peer>().cloned().or_else(|| {
        let ConnectInfo(address) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(Peer::uncounted(address.ip()))
    })
}

/// Returns the address that counts for a request, if it is known.
pub(super) fn client_address(server: &Server, request: &Request) -> Option<IpAddr> {
    let forwarded = request.headers().get_all(X_FORWARDED_FOR).iter().map(|line| line.as_bytes());
    client_of(peer(request)?.address, forwarded, &server.trusted_proxies).ok()
}

/// Warns once per process that an untrusted peer forwards addresses. If it is a proxy, all its
/// players seem to come from it.
fn warn_of_untrusted(peer: IpAddr) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        let peer = peer.to_canonical();
        warn!(
            "X-Forwarded-For from {peer} is ignored, because {peer} is not a trusted proxy; if it is your proxy, set \
             trusted_proxies = [\"{peer}\"], or the limits of an address count all its players as one, and none of \
             them when it is on this machine"
        );
    });
}

/// Warns once per process that a trusted proxy names no client. It then stands for all its players.
fn warn_of_silent(peer: IpAddr) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        let peer = peer.to_canonical();
        warn!(
            "the trusted proxy {peer} sends no X-Forwarded-For; have it append the address that it sees, or the limits \
             of an address count all its players as one, and none of them when it is on this machine (a program there \
             that connects by itself is told of as well)"
        );
    });
}

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
