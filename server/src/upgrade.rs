//! `GET /play`: from an HTTP request to a game socket. The handshake is done here and not by axum's extractor,
//! because that one sorts the offered subprotocols, and hides the stream below the WebSocket without which a
//! connection cannot be closed so that the client learns why.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bolide_net::Codec;
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::{debug, error};

use crate::addresses::Place;
use crate::client::Client;
use crate::connection;
use crate::counters::Refused;
use crate::forwarded::client_of;
use crate::server::Server;
use crate::socket::Socket;

/// Answers a request for a game socket, and serves the socket in a task of its own.
pub(crate) async fn play(State(server): State<Arc<Server>>, mut request: Request) -> Response {
    match accept(&server, &mut request) {
        Ok(accepted) => {
            let response = accepted.response();
            tokio::spawn(accepted.serve(server));
            response
        }
        Err(refusal) => {
            server.commons.counters.refused(refusal.why);
            refusal.into_response()
        }
    }
}

/// From where a request came, and what counts for its address meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) place: Option<Arc<Place>>,
}

/// A request that becomes a socket.
struct Accepted {
    codec: Codec,
    subprotocol: Option<&'static str>,
    handshake: Handshake,
    admission: Admission,
}

/// A request for a WebSocket, whatever is spoken on it.
pub(crate) struct Handshake {
    accept_key: String,
    on_upgrade: OnUpgrade,
}

/// What a socket holds as long as it is open.
struct Admission {
    _permit: OwnedSemaphorePermit,
    _place: Option<Arc<Place>>,
}

/// Why a request does not become one; for people.
pub(crate) struct Refusal {
    why: Refused,
    status: StatusCode,
    header: Option<(HeaderName, &'static str)>,
    text: String,
}

fn accept(server: &Server, request: &mut Request) -> Result<Accepted, Refusal> {
    let handshake = Handshake::read(request)?;
    let offered = texts(request.headers(), &header::SEC_WEBSOCKET_PROTOCOL)
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let (codec, subprotocol) = Codec::negotiate(offered)
        .map_err(|error| malformed(StatusCode::BAD_REQUEST, error.to_string()))?;
    let admission = admit(server, request)?;
    Ok(Accepted { codec, subprotocol, handshake, admission })
}

/// Whether this server takes one more, from there.
fn admit(server: &Server, request: &Request) -> Result<Admission, Refused> {
    if server.is_stopping() {
        return Err(Refused::Stopping);
    }
    let headers = request.headers();
    if !server.origins.admit(headers) {
        return Err(Refused::Origin);
    }
    let mut place = None;
    if let Some(peer) = peer(request) {
        let forwarded: Vec<&str> = texts(headers, &X_FORWARDED_FOR).collect();
        let client = client_of(peer.address, forwarded.into_iter(), &server.trusted_proxies);
        let now = Instant::now();
        server.addresses.handshake(client, now)?;
        place = match peer.place {
            Some(place) => Some(place),
            None => server.addresses.open(client, now)?.map(Arc::new),
        };
    }
    let permit = server.admit().ok_or(Refused::Connections)?;
    Ok(Admission { _permit: permit, _place: place })
}

/// Our own listener says from where a request came; one of another program may, as axum does.
fn peer(request: &Request) -> Option<Peer> {
    let extensions = request.extensions();
    extensions.get::<Peer>().cloned().or_else(|| {
        let ConnectInfo(address) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(Peer { address: address.ip(), place: None })
    })
}

/// A header's values, as far as they are text.
fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

fn websocket_key(headers: &HeaderMap) -> Result<&HeaderValue, Refusal> {
    let has = |name: HeaderName, word: &str| {
        texts(headers, &name)
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return Err(Refusal {
            why: Refused::Handshake,
            status: StatusCode::UPGRADE_REQUIRED,
            header: Some((header::UPGRADE, "websocket")),
            text: "this is the game socket: open it as a WebSocket, with the subprotocol bolide.v1.json or \
                   bolide.v1.msgpack; the page to play is at /"
                .to_owned(),
        });
    }
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(Refusal {
            why: Refused::Handshake,
            status: StatusCode::UPGRADE_REQUIRED,
            header: Some((header::SEC_WEBSOCKET_VERSION, "13")),
            text: "this server speaks version 13 of the WebSocket protocol".to_owned(),
        });
    }
    let missing =
        || malformed(StatusCode::BAD_REQUEST, "the header Sec-WebSocket-Key is missing".to_owned());
    headers.get(header::SEC_WEBSOCKET_KEY).ok_or_else(missing)
}

impl Accepted {
    fn response(&self) -> Response {
        self.handshake.response(self.subprotocol)
    }

    async fn serve(self, server: Arc<Server>) {
        let Accepted { codec, handshake, admission, .. } = self;
        if let Some((stream, first)) = handshake.finish().await {
            let budgets = &server.commons.budgets;
            let socket = Socket::new(stream, first, budgets, Instant::now());
            let id = server.next_connection();
            let client = Client::new(id, codec, socket, budgets, admission);
            connection::serve(Box::new(client), server).await;
        }
    }
}

impl Handshake {
    pub(crate) fn read(request: &mut Request) -> Result<Handshake, Refusal> {
        let accept_key = derive_accept_key(websocket_key(request.headers())?.as_bytes());
        Ok(Handshake { accept_key, on_upgrade: hyper::upgrade::on(request) })
    }

    pub(crate) fn response(&self, subprotocol: Option<&'static str>) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(key) = HeaderValue::from_str(&self.accept_key) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
        }
        if let Some(subprotocol) = subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
        }
        response
    }

    /// Waits until the answer has been written; then the socket is ours, and what was read of it already.
    pub(crate) async fn finish(self) -> Option<(socket2::Socket, Bytes)> {
        match self.on_upgrade.await {
            Ok(upgraded) => {
                let Some((stream, first)) = tcp_of(upgraded) else {
                    error!("game sockets need plain TCP; this listener has something else");
                    return None;
                };
                Some((stream.into_std().ok()?.into(), first))
            }
            Err(error) => {
                debug!(%error, "a client left during the handshake");
                None
            }
        }
    }
}

/// The socket below an upgrade, and what was read of it already. Our own listener has it bare, `axum::serve` wraps it.
fn tcp_of(upgraded: Upgraded) -> Option<(TcpStream, Bytes)> {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => Some((parts.io.into_inner(), parts.read_buf)),
        Err(upgraded) => {
            let parts = auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded).ok()?;
            Some((parts.io.into_inner(), parts.read_buf))
        }
    }
}

fn malformed(status: StatusCode, text: String) -> Refusal {
    Refusal { why: Refused::Handshake, status, header: None, text }
}

impl From<Refused> for Refusal {
    fn from(why: Refused) -> Refusal {
        let (status, text) = why.answer();
        let header = (status != StatusCode::FORBIDDEN).then_some((header::RETRY_AFTER, "5"));
        Refusal { why, status, header, text: text.to_owned() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.text + "\n").into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
