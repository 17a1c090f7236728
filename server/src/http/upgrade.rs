//! `GET /play`: upgrades an HTTP request to a game socket. The handshake is done here and not by
//! axum's extractor. That one sorts the offered subprotocols. It also hides the stream below the
//! WebSocket, which is needed to close a connection so that the client receives the reason.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use bolide_net::Codec;
use bolide_transport::GameSocket;
use bytes::Bytes;
use hyper::body::Body as _;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tracing::{debug, error};
use tungstenite::handshake::derive_accept_key;

use super::admission::admit;
use super::greeting::greet;
use super::stream::HttpStream;
use crate::connection::dialect::Dialect;
use crate::connection::{Admission, Connection};
use crate::measure::reasons::RefuseReason;
use crate::server::Server;

/// Answers a request for a game socket, and serves the socket in a task of its own.
pub(crate) async fn play(State(server): State<Arc<Server>>, mut request: Request) -> Response {
    answer(accept(&server, &mut request), server)
}

/// Answers a request for the game socket of an old arena's page, and serves the socket in a task of
/// its own.
pub(super) async fn arena(server: Arc<Server>, mut request: Request) -> Response {
    answer(accept_legacy(&server, &mut request), server)
}

fn answer(accepted: Result<Accepted, HttpRefusal>, server: Arc<Server>) -> Response {
    match accepted {
        Ok(accepted) => {
            let response = accepted.response();
            tokio::spawn(accepted.serve(server));
            response
        }
        Err(refusal) => refusal.refuse(&server),
    }
}

/// A request that becomes a socket.
struct Accepted {
    dialect: Dialect,
    subprotocol: Option<&'static str>,
    handshake: Handshake,
    admission: Admission,
}

/// The handshake of a WebSocket, whatever its subprotocol.
pub(crate) struct Handshake {
    accept_key: String,
    on_upgrade: OnUpgrade,
}

/// The reason why a request does not become a socket, as the answer to it.
pub(crate) struct HttpRefusal {
    why: RefuseReason,
    status: StatusCode,
    headers: &'static [(HeaderName, &'static str)],
    text: String,
}

fn accept(server: &Server, request: &mut Request) -> Result<Accepted, HttpRefusal> {
    let handshake = Handshake::read(request, NO_UPGRADE)?;
    let offered = texts(request.headers(), &header::SEC_WEBSOCKET_PROTOCOL)
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let (codec, subprotocol) =
        Codec::negotiate(offered).map_err(|error| malformed(error.to_string()))?;
    let admission = admit(server, request)?;
    Ok(Accepted { dialect: Dialect::Native(codec), subprotocol, handshake, admission })
}

fn accept_legacy(server: &Server, request: &mut Request) -> Result<Accepted, HttpRefusal> {
    let handshake = Handshake::read(request, NO_UPGRADE)?;
    let page = super::legacy::page(server, request).map_err(malformed)?;
    let admission = admit(server, request)?;
    Ok(Accepted { dialect: Dialect::legacy(page), subprotocol: None, handshake, admission })
}

/// Returns those values of a header that are text.
fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// Checks a request line by line against RFC 6455, 4.2.1, and returns its key. The likeliest
/// mistakes come first: a proxy that speaks HTTP/1.0 also leaves out the headers of the upgrade.
fn check<'a>(
    request: &'a Request,
    no_upgrade: &'static str,
) -> Result<&'a HeaderValue, HttpRefusal> {
    let headers = request.headers();
    if request.method() != Method::GET {
        let headers = &[(header::ALLOW, "GET")];
        return Err(refusal(StatusCode::METHOD_NOT_ALLOWED, headers, NOT_GET));
    }
    if request.version() < Version::HTTP_11 {
        return Err(refusal(StatusCode::UPGRADE_REQUIRED, &UPGRADE, OLD_HTTP));
    }
    if !request.body().is_end_stream() {
        return Err(malformed("the request for a WebSocket has a body; send none"));
    }
    let host = single(headers, &header::HOST).and_then(|host| host.to_str().ok());
    if host.is_none_or(|host| host.parse::<Authority>().is_err()) {
        return Err(malformed("the request needs exactly one header Host, with a name or address"));
    }
    let has = |name: HeaderName, word: &str| {
        let values = texts(headers, &name).flat_map(|value| value.split(','));
        values.map(str::trim).any(|value| value.eq_ignore_ascii_case(word))
    };
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return Err(refusal(StatusCode::UPGRADE_REQUIRED, &UPGRADE, no_upgrade));
    }
    if single(headers, &header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(refusal(StatusCode::UPGRADE_REQUIRED, &UPGRADE, OTHER_VERSION));
    }
    let key = single(headers, &header::SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    key.ok_or_else(|| malformed("Sec-WebSocket-Key must be there once, with 16 bytes in base64"))
}

const UPGRADE: [(HeaderName, &str); 3] = [
    (header::CONNECTION, "upgrade"),
    (header::UPGRADE, "websocket"),
    (header::SEC_WEBSOCKET_VERSION, "13"),
];

const NOT_GET: &str = "a WebSocket is opened with GET";

const OLD_HTTP: &str = "this is the game socket, and the request came in HTTP/1.0, which cannot open a WebSocket; if there \
                        is a proxy, let it speak HTTP/1.1 (nginx: proxy_http_version 1.1) and pass the headers Upgrade \
                        and Connection on";

const NO_UPGRADE: &str = "this is the game socket: open it as a WebSocket, with the subprotocol bolide.v1.json or \
                          bolide.v1.msgpack; seen from here, the page to play is at ./";

const OTHER_VERSION: &str = "this server speaks version 13 of the WebSocket protocol";

/// Returns the value of a header that occurs exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Returns whether this is base64 of 16 bytes: 22 digits and two padding characters.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits = key.strip_suffix(b"==");
    digits.is_some_and(|digits| digits.len() == 22 && digits.iter().all(is_digit))
}

impl Accepted {
    fn response(&self) -> Response {
        self.handshake.response(self.subprotocol.map(HeaderValue::from_static))
    }

    async fn serve(self, server: Arc<Server>) {
        let Accepted { dialect, handshake, admission, .. } = self;
        if let Some((stream, first)) = handshake.finish().await {
            let budgets = &server.context.budgets;
            let socket = GameSocket::new(stream, first, &budgets.socket(), Instant::now());
            let id = server.next_connection();
            let connection = Connection::new(id, dialect, socket, budgets, admission);
            greet(Box::new(connection), server).await;
        }
    }
}

impl Handshake {
    /// Reads the request. `no_upgrade` is the answer to one that is for no WebSocket.
    ///
    /// # Errors
    /// It is no handshake.
    pub(crate) fn read(
        request: &mut Request,
        no_upgrade: &'static str,
    ) -> Result<Handshake, HttpRefusal> {
        let accept_key = derive_accept_key(check(request, no_upgrade)?.as_bytes());
        Ok(Handshake { accept_key, on_upgrade: hyper::upgrade::on(request) })
    }

    pub(crate) fn response(&self, subprotocol: Option<HeaderValue>) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(key) = HeaderValue::from_str(&self.accept_key) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
        }
        if let Some(subprotocol) = subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        response
    }

    /// Waits until the response is written, and returns the socket with the bytes that were already
    /// read.
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

/// Returns the socket below an upgrade, with the bytes that were already read. Our own listener and
/// `axum::serve` wrap it in different ways.
fn tcp_of(upgraded: Upgraded) -> Option<(TcpStream, Bytes)> {
    match upgraded.downcast::<TokioIo<HttpStream>>() {
        Ok(parts) => Some((parts.io.into_inner().into_inner(), parts.read_buf)),
        Err(upgraded) => {
            let parts = auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded).ok()?;
            Some((parts.io.into_inner(), parts.read_buf))
        }
    }
}

fn malformed(text: impl Into<String>) -> HttpRefusal {
    refusal(StatusCode::BAD_REQUEST, &[], text)
}

fn refusal(
    status: StatusCode,
    headers: &'static [(HeaderName, &'static str)],
    text: impl Into<String>,
) -> HttpRefusal {
    HttpRefusal { why: RefuseReason::Handshake, status, headers, text: text.into() }
}

impl From<RefuseReason> for HttpRefusal {
    fn from(why: RefuseReason) -> HttpRefusal {
        let (status, text) = status_and_text(why);
        let is_passing =
            matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        let headers: &[_] = if is_passing { &[(header::RETRY_AFTER, "5")] } else { &[] };
        HttpRefusal { why, status, headers, text: text.to_owned() }
    }
}

/// Returns the status and text of the answer to a refused client, for those that get one.
const fn status_and_text(why: RefuseReason) -> (StatusCode, &'static str) {
    let later = StatusCode::SERVICE_UNAVAILABLE;
    let many = StatusCode::TOO_MANY_REQUESTS;
    match why {
        RefuseReason::Handshake => (StatusCode::BAD_REQUEST, "this is no handshake of a WebSocket"),
        RefuseReason::Forwarded => (
            StatusCode::BAD_REQUEST,
            "the proxy in front of this server sends an X-Forwarded-For whose last element is no address; \
             it has to append the one that it sees",
        ),
        RefuseReason::AddressConnections => {
            (many, "your address has too many connections; close one")
        }
        RefuseReason::AddressHandshakes => {
            (many, "your address opens game sockets too fast; try again later")
        }
        RefuseReason::Http
        | RefuseReason::Descriptors
        | RefuseReason::Addresses
        | RefuseReason::Connections => (later, "this server has too many connections"),
        RefuseReason::Slow => (StatusCode::REQUEST_TIMEOUT, "this request took too long"),
        RefuseReason::Origin => (
            StatusCode::FORBIDDEN,
            "this server takes no players from the page you come from; its operator sets `origins`",
        ),
        RefuseReason::NotServed => (StatusCode::NOT_FOUND, "this server does not serve that"),
        RefuseReason::Stranger => (StatusCode::FORBIDDEN, "you may not connect here"),
        RefuseReason::Site => (
            later,
            "the site that says who you are does not answer as it should; its operator finds the reason in the log of this \
             server",
        ),
        RefuseReason::Stopping => (later, "this server is stopping"),
    }
}

impl HttpRefusal {
    /// Creates a refusal with a text.
    pub(crate) fn new(why: RefuseReason, status: StatusCode, text: String) -> HttpRefusal {
        HttpRefusal { why, status, headers: &[], text }
    }

    /// Counts the refusal, and returns the answer.
    pub(crate) fn refuse(self, server: &Server) -> Response {
        server.context.counters.refused(self.why);
        self.into_response()
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.text + "\n").into_response();
        for (name, value) in self.headers {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::Version;
    use axum::response::IntoResponse;

    use super::{Handshake, NO_UPGRADE, NOT_GET, OLD_HTTP, OTHER_VERSION};

    /// Changes a valid handshake and checks the status and the text of the response.
    fn check(change: impl FnOnce(&mut Request), expect: Option<(u16, &str)>) {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = "/play".parse().expect("a path");
        for (name, value) in [
            ("host", "game.example:4000"),
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            set(&mut request, name, value);
        }
        change(&mut request);
        let refusal = Handshake::read(&mut request, NO_UPGRADE).err();
        let text = refusal.as_ref().map(|refusal| refusal.text.clone()).unwrap_or_default();
        let response = refusal.map(IntoResponse::into_response);
        let status = response.as_ref().map(|response| response.status().as_u16());
        assert_eq!(status.map(|status| (status, text.as_str())), expect);
        if status == Some(426) {
            let headers = response.expect("refused").headers().clone();
            for (name, value) in [
                ("upgrade", "websocket"),
                ("connection", "upgrade"),
                ("sec-websocket-version", "13"),
            ] {
                assert_eq!(headers[name], value);
            }
        }
    }

    fn set(request: &mut Request, name: &'static str, value: &'static str) {
        request.headers_mut().insert(name, value.parse().expect("a value"));
    }

    fn add(request: &mut Request, name: &'static str, value: &'static str) {
        request.headers_mut().append(name, value.parse().expect("a value"));
    }

    #[test]
    fn a_handshake_is_read_as_rfc_6455_says() {
        check(|_| {}, None);
        check(|request| add(request, "connection", "x"), None);
        check(|request| set(request, "upgrade", "h2c, websocket"), None);
        check(|request| set(request, "host", "[2001:db8::1]:4000"), None);
    }

    #[test]
    fn each_line_of_a_handshake_is_required() {
        let upgrade = Some((426, NO_UPGRADE));
        let version = Some((426, OTHER_VERSION));
        let host = Some((400, "the request needs exactly one header Host, with a name or address"));
        let key = Some((400, "Sec-WebSocket-Key must be there once, with 16 bytes in base64"));
        for method in ["POST", "HEAD", "OPTIONS"] {
            let change =
                |request: &mut Request| *request.method_mut() = method.parse().expect("one");
            check(change, Some((405, NOT_GET)));
        }
        for old in [Version::HTTP_09, Version::HTTP_10] {
            check(|request| *request.version_mut() = old, Some((426, OLD_HTTP)));
        }
        let body = Some((400, "the request for a WebSocket has a body; send none"));
        check(|request| *request.body_mut() = Body::from("frames?"), body);
        for (name, expect) in [
            ("host", host),
            ("connection", upgrade),
            ("upgrade", upgrade),
            ("sec-websocket-version", version),
            ("sec-websocket-key", key),
        ] {
            check(|request| drop(request.headers_mut().remove(name)), expect);
            check(|request| set(request, name, ""), expect);
        }
        check(|request| set(request, "host", "a b"), host);
        check(|request| add(request, "host", "other.example"), host);
        check(|request| set(request, "connection", "close"), upgrade);
        check(|request| set(request, "upgrade", "h2c"), upgrade);
        for wrong in ["8", "013", "13, 8"] {
            check(|request| set(request, "sec-websocket-version", wrong), version);
        }
        check(|request| add(request, "sec-websocket-version", "13"), version);
        for wrong in [
            "eA==",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZQAA",
            "dGhlIHNhbXBsZSBub25j-Q==",
        ] {
            check(|request| set(request, "sec-websocket-key", wrong), key);
        }
        check(|request| add(request, "sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), key);
    }
}
