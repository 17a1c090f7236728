//! The transport without a game: returns every message to its sender. The conformance suite for
//! WebSockets runs against it. The program never starts it.

use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bolide_net::Frame;
use tokio::net::TcpListener;

use crate::async_socket::{AsyncSocket, answer_close, close};
use crate::config::Budgets;
use crate::counters::Cut;
use crate::inbound::Event;
use crate::socket::{READ_BYTES, Socket};
use crate::upgrade::Handshake;

/// Serves a listener until the future is dropped. Only the budgets of the transport itself apply.
pub async fn echo(listener: TcpListener, budgets: Budgets) {
    let app = Router::new().fallback(get(upgrade)).with_state(budgets);
    axum::serve(listener, app).await.ok();
}

async fn upgrade(State(budgets): State<Budgets>, mut request: Request) -> Response {
    match Handshake::read(&mut request) {
        Ok(handshake) => {
            let response = handshake.response(None);
            tokio::spawn(async move {
                if let Some((stream, first)) = handshake.finish().await {
                    repeat(Socket::new(stream, first, &budgets, Instant::now())).await;
                }
            });
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn repeat(socket: Socket) {
    let mut watched = match AsyncSocket::new(socket) {
        Ok(watched) => watched,
        Err((socket, _)) => return close(socket, Cut::System.into()).await,
    };
    let mut buffer = [0; READ_BYTES];
    loop {
        let event = watched.event(&mut buffer).await;
        let socket = watched.get_mut();
        match event {
            Ok(Event::Data(kind, payload)) => {
                let bytes = payload.into_bytes(&buffer);
                socket.push(Frame { kind, bytes });
            }
            Ok(Event::Ping(payload)) => socket.pong(payload),
            Ok(Event::Pong) => {}
            Ok(Event::Closed(code)) => return answer_close(watched.into_inner(), code).await,
            Ok(Event::Gone) | Err(None) => return,
            Ok(Event::Broken(cut)) => return close(watched.into_inner(), cut.into()).await,
            Err(Some(closing)) => return close(watched.into_inner(), closing).await,
        }
        socket.flush();
    }
}
