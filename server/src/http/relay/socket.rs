//! The upgrade of a request to a socket of the lobby. The member enters before the handshake is
//! answered, so that whatever is said from the answer on reaches it.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bolide_lobby::{Entrance, MemberId};
use bolide_net::relay::Endpoint;
use bolide_room::ConnectionId;
use bolide_transport::{GameSocket, SocketLimits};
use tokio::sync::oneshot;

use super::visitor::{Visitor, new_cookie};
use crate::connection::{Admission, ClientSocket};
use crate::http::admission::admit;
use crate::http::upgrade::{Handshake, HttpRefusal};
use crate::lobby::handle::{EnterRequest, LobbyCommand, LobbyGone};
use crate::measure::reasons::{DropReason, RefuseReason};
use crate::random::{browser_key, draw};
use crate::server::Server;

/// The answer to a request without an upgrade.
const NO_UPGRADE: &str =
    "this is a socket of an old relay: open it as a WebSocket, for example with new WebSocket(...)";

/// Answers a request for a socket of the lobby, and serves the socket in a task of its own.
pub(super) async fn open(
    server: Arc<Server>,
    endpoint: Endpoint,
    mut request: Request,
) -> Response {
    match accept(&server, endpoint, &mut request).await {
        Ok(accepted) => {
            let response = accepted.response();
            let (entered, has_entered) = oneshot::channel();
            tokio::spawn(accepted.serve(Arc::clone(&server), entered));
            match has_entered.await {
                Ok(()) => response,
                Err(_) => HttpRefusal::from(RefuseReason::Stopping).refuse(&server),
            }
        }
        Err(refusal) => refusal.refuse(&server),
    }
}

/// A request that becomes a socket.
struct Accepted {
    entrance: Entrance,
    subprotocol: Option<HeaderValue>,
    /// The cookie that the answer sets.
    new_cookie: Option<HeaderValue>,
    handshake: Handshake,
    admission: Admission,
}

async fn accept(
    server: &Server,
    endpoint: Endpoint,
    request: &mut Request,
) -> Result<Accepted, HttpRefusal> {
    let handshake = Handshake::read(request, NO_UPGRADE)?;
    let admission = admit(server, request)?;
    let visitor = Visitor::identify(server, request.headers(), admission.is_proxied).await?;
    let mut identity = visitor.identity;
    server.relay.lobby.permit(&endpoint, &identity).map_err(|why| {
        server.lobby_metrics.refused(why);
        HttpRefusal::new(RefuseReason::Stranger, StatusCode::FORBIDDEN, why.to_string())
    })?;
    // A page that is no stranger's is known again by a cookie where it has a name or an id.
    let is_known_again = matches!(endpoint, Endpoint::User(_) | Endpoint::Chat(_));
    let wants_cookie = is_known_again && visitor.is_believed && identity.browser.is_none();
    let new_cookie = wants_cookie.then(|| {
        let (cookie, browser) = new_cookie(&browser_key());
        identity.browser = Some(browser);
        cookie
    });
    let subprotocol = match endpoint {
        Endpoint::Topic { .. } => offered(request),
        _ => None,
    };
    let entrance = Entrance { endpoint, identity, draw: draw() };
    Ok(Accepted { entrance, subprotocol, new_cookie, handshake, admission })
}

/// Returns the first subprotocol that a page of a topic offers. It is agreed on whatever it is.
fn offered(request: &Request) -> Option<HeaderValue> {
    let offered = request.headers().get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    HeaderValue::from_str(offered.split(',').next()?.trim()).ok()
}

impl Accepted {
    fn response(&self) -> Response {
        let mut response = self.handshake.response(self.subprotocol.clone());
        if let Some(cookie) = &self.new_cookie {
            response.headers_mut().insert(header::SET_COOKIE, cookie.clone());
        }
        response
    }

    /// Enters the lobby, says so, and hands the socket over once the handshake is answered.
    async fn serve(self, server: Arc<Server>, entered: oneshot::Sender<()>) {
        let Accepted { entrance, handshake, admission, .. } = self;
        let id = server.next_connection();
        let Some(member) = enter(&server, id, entrance).await else { return };
        entered.send(()).ok();
        let command = match handshake.finish().await {
            Some((stream, first)) => {
                let budgets = &server.context.budgets;
                let message_bytes_max = server.relay.message_bytes_max as usize;
                let limits = SocketLimits { message_bytes_max, ..budgets.socket() };
                let socket = GameSocket::new(stream, first, &limits, Instant::now());
                let socket = ClientSocket::new(id, socket, budgets, admission);
                LobbyCommand::Connect { member, socket: Box::new(socket) }
            }
            None => LobbyCommand::Abandon { member },
        };
        if let Err(LobbyGone(LobbyCommand::Connect { socket, .. })) =
            server.lobby.send(command).await
        {
            socket.end(DropReason::Shard.into(), &server.context).await;
        }
    }
}

/// Returns the slot of a member that has entered; `None` if the lobby has ended.
async fn enter(server: &Server, id: ConnectionId, entrance: Entrance) -> Option<MemberId> {
    let (reply, slot) = oneshot::channel();
    let request = EnterRequest { id, entrance, reply };
    server.lobby.send(LobbyCommand::Enter(Box::new(request))).await.ok()?;
    slot.await.ok()
}
