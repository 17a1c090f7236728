//! The endpoints of old relays. One rule says which endpoint a request means, before any other
//! route is looked for. Sockets go to the thread of the lobby, those of the arena to the game.

mod chat;
mod page;
mod socket;
mod visitor;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use bolide_net::relay::{ChatRoute, Endpoint, old_endpoint};

use super::upgrade::{self, HttpRefusal};
use crate::config::Served;
use crate::measure::reasons::RefuseReason;
use crate::server::Server;

/// Answers a request that means an endpoint of old relays, and passes on any other.
pub(super) async fn route(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    let endpoint = match old_endpoint(uri.path(), query, server.relay.ws_name) {
        Ok(Some(endpoint)) => endpoint,
        Ok(None) => return next.run(request).await,
        Err(unknown) => return not_found(unknown.to_string()).refuse(&server),
    };
    let served = served_as(&endpoint);
    if !server.relay.serves(served) {
        let text = format!(
            "this server does not serve {served} of old relays; its operator turns that on with --relay {served} (or \
             --relay all), or with `serve` in the table [relay] of its configuration"
        );
        return not_found(text).refuse(&server);
    }
    match endpoint {
        Endpoint::Arena => upgrade::arena(server, request).await,
        Endpoint::Chat(ChatRoute::Say) => chat::say(server, request).await,
        Endpoint::Chat(ChatRoute::Rename) => chat::rename(server, request).await,
        Endpoint::Chat(ChatRoute::Chat) if page::is_asked_for(&request) => {
            chat::read(server, request).await
        }
        Endpoint::Room { .. } if page::is_asked_for(&request) => page::room(),
        endpoint => socket::open(server, endpoint, request).await,
    }
}

/// Returns the word by which an operator turns an endpoint on.
const fn served_as(endpoint: &Endpoint) -> Served {
    match endpoint {
        Endpoint::Arena => Served::Arena,
        Endpoint::Topic { .. } => Served::Topics,
        Endpoint::Broadcast => Served::Broadcast,
        Endpoint::User(_) => Served::Users,
        Endpoint::Room { .. } => Served::Rooms,
        Endpoint::Chat(_) => Served::Chat,
    }
}

fn not_found(text: String) -> HttpRefusal {
    HttpRefusal::new(RefuseReason::NotServed, StatusCode::NOT_FOUND, text)
}
