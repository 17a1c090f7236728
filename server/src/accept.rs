//! From the listener to HTTP. Limits that hyper and axum do not set by themselves are set here: a dribbled
//! request head would otherwise keep its connection for ever.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_service::Service;
use tracing::{debug, warn};

use crate::addresses::Place;
use crate::admission::Peer;
use crate::counters::Refused;
use crate::server::Server;

/// Connections that are in the middle of HTTP, at most; game sockets are counted elsewhere. One more is closed
/// at once.
const HTTP_CONNECTIONS_MAX: usize = 1024;

/// How long a client may take to send a request head; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest request head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long to wait when the system has no file descriptor left.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Accepts connections for ever.
pub(crate) async fn serve(listener: TcpListener, app: Router, server: Arc<Server>) -> Infallible {
    let places = Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX));
    loop {
        let (stream, address) = next(&listener).await;
        let Ok(permit) = Arc::clone(&places).try_acquire_owned() else {
            server.commons.counters.refused(Refused::Http);
            continue;
        };
        let place = match count(&server, address) {
            Ok(place) => place.map(Arc::new),
            Err(why) => {
                server.commons.counters.refused(why);
                continue;
            }
        };
        let (app, peer) = (app.clone(), Peer { address, place });
        tokio::spawn(async move {
            if let Err(error) = serve_http(stream, app, peer).await {
                debug!(%error, "an HTTP connection ended");
            }
            drop(permit);
        });
    }
}

/// The next connection, however long it takes.
pub(crate) async fn next(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address.ip()),
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Whose address this is, if that can be known: behind a proxy it stands in the request.
fn count(server: &Server, address: IpAddr) -> Result<Option<Place>, Refused> {
    if server.trusted_proxies.iter().any(|proxy| proxy.contains(address)) {
        return Ok(None);
    }
    server.addresses.open(address, Instant::now())
}

/// Serves one connection within the limits above.
pub(crate) async fn serve_http(
    stream: TcpStream,
    app: Router,
    peer: Peer,
) -> Result<(), hyper::Error> {
    // A tick is one small write; waiting to fill a packet would only delay it.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a connection stays without TCP_NODELAY");
    }
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        app.clone().call(request.map(Body::new))
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await
}
