//! `GET /play`: from an HTTP request to a game socket. The handshake is done here and not by axum's extractor,
//! because that one sorts the offered subprotocols, and hides the stream below the WebSocket without which a
//! connection cannot be closed so that the client learns why.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bolide_net::Codec;
use hyper::upgrade::OnUpgrade;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::debug;

use crate::connection;
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
        Err(refused) => refused.into_response(),
    }
}

/// A request that becomes a socket.
struct Accepted {
    codec: Codec,
    subprotocol: Option<&'static str>,
    accept_key: String,
    on_upgrade: OnUpgrade,
    permit: OwnedSemaphorePermit,
}

/// Why a request does not become one; for people.
struct Refused {
    status: StatusCode,
    header: Option<(HeaderName, &'static str)>,
    text: String,
}

fn accept(server: &Server, request: &mut Request) -> Result<Accepted, Refused> {
    let headers = request.headers();
    let key = websocket_key(headers)?;
    let offered = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let offered =
        offered.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let (codec, subprotocol) = Codec::negotiate(offered)
        .map_err(|error| refused(StatusCode::BAD_REQUEST, error.to_string()))?;
    let accept_key = derive_accept_key(key.as_bytes());
    if server.is_stopping() {
        return Err(try_later("this server is stopping"));
    }
    let permit = server.admit().ok_or_else(|| try_later("this server has too many connections"))?;
    Ok(Accepted { codec, subprotocol, accept_key, on_upgrade: hyper::upgrade::on(request), permit })
}

fn websocket_key(headers: &HeaderMap) -> Result<&HeaderValue, Refused> {
    let has = |name: HeaderName, word: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return Err(Refused {
            status: StatusCode::UPGRADE_REQUIRED,
            header: Some((header::UPGRADE, "websocket")),
            text: "this is the game socket: open it as a WebSocket, with the subprotocol bolide.v1.json or \
                   bolide.v1.msgpack; the page to play is at /"
                .to_owned(),
        });
    }
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(Refused {
            status: StatusCode::UPGRADE_REQUIRED,
            header: Some((header::SEC_WEBSOCKET_VERSION, "13")),
            text: "this server speaks version 13 of the WebSocket protocol".to_owned(),
        });
    }
    let missing =
        || refused(StatusCode::BAD_REQUEST, "the header Sec-WebSocket-Key is missing".to_owned());
    headers.get(header::SEC_WEBSOCKET_KEY).ok_or_else(missing)
}

impl Accepted {
    fn response(&self) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(key) = HeaderValue::from_str(&self.accept_key) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
        }
        if let Some(subprotocol) = self.subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
        }
        response
    }

    async fn serve(self, server: Arc<Server>) {
        let Accepted { codec, on_upgrade, permit, .. } = self;
        match on_upgrade.await {
            Ok(stream) => connection::serve(Socket::new(stream).await, codec, server).await,
            Err(error) => debug!(%error, "a client left during the handshake"),
        }
        drop(permit);
    }
}

fn refused(status: StatusCode, text: String) -> Refused {
    Refused { status, header: None, text }
}

fn try_later(text: &str) -> Refused {
    let header = Some((header::RETRY_AFTER, "5"));
    Refused { status: StatusCode::SERVICE_UNAVAILABLE, header, text: text.to_owned() }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.text + "\n").into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
