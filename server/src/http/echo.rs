//! The transport without a game: returns every message to its sender. The conformance suite for
//! WebSockets runs against it. The program never starts it.

use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bolide_net::Frame;
use bolide_transport::{GameSocket, READ_BYTES, Received, SocketEnd};
use tokio::net::TcpListener;

use super::upgrade::Handshake;
use crate::config::Budgets;
use crate::connection::async_socket::{AsyncSocket, answer_close, close};
use crate::measure::reasons::DropReason;

/// Serves a listener until the future is dropped. Only the budgets of the transport itself apply.
pub async fn echo(listener: TcpListener, budgets: Budgets) {
    let app = Router::new().fallback(get(upgrade)).with_state(budgets);
    axum::serve(listener, app).await.ok();
}

async fn upgrade(State(budgets): State<Budgets>, mut request: Request) -> Response {
    match Handshake::read(&mut request, "this is an echo: open it as a WebSocket") {
        Ok(handshake) => {
            let response = handshake.response(None);
            tokio::spawn(async move {
                if let Some((stream, first)) = handshake.finish().await {
                    let limits = budgets.socket();
                    repeat(GameSocket::new(stream, first, &limits, Instant::now())).await;
                }
            });
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn repeat(socket: GameSocket) {
    let mut watched = match AsyncSocket::new(socket) {
        Ok(watched) => watched,
        Err((socket, _)) => return close(socket, DropReason::System.into()).await,
    };
    let mut buffer = [0; READ_BYTES];
    loop {
        match watched.next(&mut buffer).await {
            Received::Message(kind, payload) => {
                let bytes = payload.into_bytes(&buffer);
                watched.get_mut().outbox().push(Frame { kind, bytes });
            }
            Received::Ping(payload) => watched.get_mut().outbox().pong(payload),
            Received::Pong(_) => {}
            Received::Close(code) => return answer_close(watched.into_inner(), code).await,
            Received::End(SocketEnd::Gone) => return,
            Received::End(SocketEnd::Violation(violation)) => {
                return close(watched.into_inner(), DropReason::from(violation).into()).await;
            }
        }
        watched.get_mut().flush();
    }
}
