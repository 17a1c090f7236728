//! Accepts connections, gives each a place, and serves HTTP on it. Sets the limits that hyper and
//! axum do not set, together with `http_connections`.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use tower_service::Service;
use tracing::{debug, warn};

use super::HEALTH_PATHS;
use super::admission::Peer;
use super::client_ip::is_trusted;
use super::connections::{HttpConnection, HttpConnections};
use super::stream::HttpStream;
use super::upgrade::HttpRefusal;
use crate::connection::address_quota::AddressPermit;
use crate::measure::log_pace::LogPace;
use crate::measure::reasons::{Counters, RefuseReason};
use crate::server::Server;

/// Maximum number of connections that are within HTTP. Game sockets are counted elsewhere.
const HTTP_CONNECTIONS_MAX: usize = 1024;

/// Number of descriptors that admitted sockets leave free. Where the limit of the process is below
/// four times this number, a quarter of that limit is kept instead. A match opens files as it goes
/// on, and ends when it cannot.
const DESCRIPTORS_KEPT: u64 = 128;

/// One in this many of the kept descriptors is for refused connections: those whose address has
/// reached its limit, and those that came while descriptors were scarce. They are answered about
/// health and nothing else.
const KEPT_FOR_REFUSED: u64 = 4;

/// Maximum size of a request head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Maximum silence between two requests on a connection that counts for its address.
const IDLE: Duration = Duration::from_secs(5);

/// Maximum silence between two requests on a connection that no address is counted for. Trusted
/// proxies and balancers keep connections for a minute, and do not try again when one is closed
/// under a request.
const PROXY_IDLE: Duration = Duration::from_secs(75);

/// Interval between two searches for overdue connections.
const SWEEP: Duration = Duration::from_millis(250);

/// Accepts connections forever.
pub(crate) async fn serve(listener: TcpListener, app: Router, server: Arc<Server>) -> Infallible {
    let counters = &server.context.counters;
    let admitted = HttpConnections::new(HTTP_CONNECTIONS_MAX);
    let mut listener = Listener::new(listener, counters);
    let refused = HttpConnections::new(listener.refused_max());
    loop {
        let Accepted { stream, address, is_scarce } = listener.next(&[&refused, &admitted]).await;
        let peer = peer_at(&server, address, is_scarce);
        let table = if peer.refused.is_some() { &refused } else { &admitted };
        if let Some(why) = peer.refused {
            counters.refused(why);
        }
        listener.serve(stream, app.clone(), peer, table);
    }
}

/// Returns the peer at an address, counted for that address or refused.
fn peer_at(server: &Server, address: IpAddr, is_scarce: bool) -> Peer {
    let permit = if is_scarce { Err(RefuseReason::Descriptors) } else { count(server, address) };
    match permit {
        Ok(permit) => Peer { permit: permit.map(Arc::new), ..Peer::uncounted(address) },
        Err(why) => Peer { refused: Some(why), ..Peer::uncounted(address) },
    }
}

/// Counts a connection for its address if the address is known. Behind a proxy it is not: there it
/// stands in the request.
fn count(server: &Server, address: IpAddr) -> Result<Option<AddressPermit>, RefuseReason> {
    if is_trusted(address, &server.trusted_proxies) {
        return Ok(None);
    }
    server.addresses.open(address, Instant::now())
}

/// A listener that survives running out of descriptors, and closes overdue connections.
pub(crate) struct Listener<'a> {
    listener: TcpListener,
    counters: &'a Counters,
    failures: Failures,
    sweep: Interval,
    /// The lowest descriptor that counts as scarce. The kernel always gives the lowest free one.
    scarce_from: u64,
    descriptors_kept: u64,
}

/// A newly accepted connection.
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) address: IpAddr,
    /// True if the connection took a descriptor that is kept for files.
    pub(crate) is_scarce: bool,
}

impl Listener<'_> {
    pub(crate) fn new(listener: TcpListener, counters: &Counters) -> Listener<'_> {
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let descriptors_kept = DESCRIPTORS_KEPT.min(most / 4);
        Listener {
            listener,
            counters,
            failures: Failures::default(),
            sweep,
            scarce_from: most - descriptors_kept,
            descriptors_kept,
        }
    }

    fn refused_max(&self) -> usize {
        usize::try_from(self.descriptors_kept / KEPT_FOR_REFUSED).unwrap_or(1).max(1)
    }

    /// Waits for the next connection. Meanwhile closes the overdue connections in the tables.
    pub(crate) async fn next(&mut self, tables: &[&Arc<HttpConnections>]) -> Accepted {
        loop {
            tokio::select! {
                _ = self.sweep.tick() => {
                    let slow = tables.iter().map(|table| table.close_overdue(Instant::now())).sum();
                    self.counters.refused_many(RefuseReason::Slow, slow);
                }
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        self.failures.end();
                        let is_scarce = self.is_scarce(&stream) && !self.make_room(tables);
                        if is_scarce {
                            // The closed connections give their descriptors back first.
                            tokio::task::yield_now().await;
                        }
                        return Accepted { stream, address: address.ip(), is_scarce };
                    }
                    Err(error) => self.failed(&error, tables).await,
                },
            }
        }
    }

    fn is_scarce(&self, stream: &TcpStream) -> bool {
        u64::try_from(stream.as_raw_fd()).is_ok_and(|descriptor| descriptor >= self.scarce_from)
    }

    /// Closes one connection to free its descriptor. Returns whether there was one to close.
    fn make_room(&self, tables: &[&Arc<HttpConnections>]) -> bool {
        let is_made = tables.iter().any(|table| table.close_one(Instant::now()));
        if is_made {
            self.counters.refused(RefuseReason::Http);
        }
        is_made
    }

    async fn failed(&mut self, error: &io::Error, tables: &[&Arc<HttpConnections>]) {
        self.counters.accept_failed();
        let is_of_the_peer = matches!(
            error.kind(),
            ErrorKind::ConnectionAborted
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionRefused
        );
        if is_of_the_peer {
            return;
        }
        self.make_room(tables);
        let (pause, failures) = self.failures.add(Instant::now());
        if let Some(failures) = failures {
            warn!(%error, failures, "cannot accept connections; is `ulimit -n` too low?");
        }
        sleep(pause).await;
    }

    /// Serves a connection in its own task, with a place in `table`.
    pub(crate) fn serve(
        &self,
        stream: TcpStream,
        app: Router,
        peer: Peer,
        table: &Arc<HttpConnections>,
    ) {
        let (place, is_full) = table.enter(idle_max(&peer), Instant::now());
        if is_full {
            self.counters.refused(RefuseReason::Http);
        }
        tokio::spawn(async move {
            let stream = HttpStream::new(stream, Arc::clone(&place.connection));
            tokio::select! {
                served = serve_http(stream, app, peer, Arc::clone(&place.connection)) => {
                    if let Err(error) = served {
                        debug!(%error, "an HTTP connection ended");
                    }
                }
                () = place.connection.closed() => debug!("an HTTP connection was closed"),
            }
        });
    }
}

/// Maximum silence between two requests on the connection of this peer.
const fn idle_max(peer: &Peer) -> Duration {
    let is_counted = peer.permit.is_some() || peer.refused.is_some();
    if is_counted { IDLE } else { PROXY_IDLE }
}

/// Serves the requests of one connection.
async fn serve_http(
    stream: HttpStream,
    app: Router,
    peer: Peer,
    connection: Arc<HttpConnection>,
) -> Result<(), hyper::Error> {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let is_last = connection.asked(Instant::now());
        let refused = peer.refused.filter(|_| !HEALTH_PATHS.contains(&request.uri().path()));
        request.extensions_mut().insert(peer.clone());
        let mut app = app.clone();
        async move {
            let mut response = match refused {
                Some(why) => HttpRefusal::from(why).into_response(),
                None => app.call(request.map(Body::new)).await?,
            };
            if is_last || refused.is_some() {
                close_after(&mut response);
            }
            Ok::<_, Infallible>(response)
        }
    });
    http1::Builder::new()
        // `http_connections` has a timeout that distinguishes a head from an idle connection.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await
}

/// Makes hyper close the connection after this answer.
fn close_after(response: &mut Response) {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Failures to accept: computes the pause after each and decides when to log them. Time is an
/// argument.
#[derive(Debug, Default)]
struct Failures {
    pause: Duration,
    pace: LogPace,
}

/// The shortest and the longest pause.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

impl Failures {
    /// Counts one more failure. Returns the pause, and the number of failures to log now.
    fn add(&mut self, now: Instant) -> (Duration, Option<u64>) {
        self.pause = (2 * self.pause).clamp(PAUSES[0], PAUSES[1]);
        (self.pause, self.pace.add(now))
    }

    /// Resets the pause after a connection was accepted.
    const fn end(&mut self) {
        self.pause = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bolide_storage::Durability;

    use super::{Failures, RefuseReason, idle_max, peer_at};
    use crate::config::Config;
    use crate::server::Server;

    /// A balancer that keeps its connections for a minute must not find one closed under a request.
    /// No other peer may keep a place for that long.
    #[tokio::test]
    async fn only_a_connection_that_counts_for_no_address_may_be_idle_for_longer_than_a_minute() {
        let mut config = Config { durability: Durability::Off, ..Config::default() };
        config.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
        config.budgets.address_connections = 1;
        let server = Server::start(&config).expect("it starts");
        let mut peers = Vec::new();
        for (address, is_scarce, refused, idle_s) in [
            ("10.1.2.3", false, None, 75),
            ("10.1.2.3", false, None, 75),
            ("127.0.0.1", false, None, 75),
            ("192.0.2.1", false, None, 5),
            ("192.0.2.1", false, Some(RefuseReason::AddressConnections), 5),
            ("10.1.2.3", true, Some(RefuseReason::Descriptors), 5),
        ] {
            let peer = peer_at(&server, address.parse().expect("an address"), is_scarce);
            let idle = idle_max(&peer);
            assert_eq!((peer.refused, idle.as_secs()), (refused, idle_s), "{address}");
            peers.push(peer);
        }
    }

    #[test]
    fn pauses_grow_and_a_line_in_five_seconds_says_how_often_it_failed() {
        let (mut failures, start) = (Failures::default(), Instant::now());
        for (after_ms, pause_ms, logged) in [
            (0, 10, Some(1)),
            (10, 20, None),
            (30, 40, None),
            (4999, 80, None),
            (5000, 160, Some(4)),
            (5160, 320, None),
            (5480, 640, None),
            (6120, 1000, None),
            (9999, 1000, None),
            (10_000, 1000, Some(5)),
        ] {
            let added = failures.add(start + Duration::from_millis(after_ms));
            assert_eq!(added, (Duration::from_millis(pause_ms), logged), "{after_ms}");
        }
        failures.end();
        let later = start + Duration::from_secs(60);
        assert_eq!(failures.add(later), (Duration::from_millis(10), Some(1)));
    }
}
