//! The transport without a game: every message goes back to whom it came from. It is what the conformance suite of the
//! WebSocket talks to. The program never starts it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bolide_net::Frame;
use tokio::net::TcpListener;

use crate::budgets::Budgets;
use crate::incoming::Event;
use crate::socket::Socket;
use crate::upgrade::Handshake;

/// Serves a listener until the future is dropped. No budget but those of the transport itself counts.
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
                    repeat(Socket::new(stream, first, &budgets)).await;
                }
            });
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn repeat(mut socket: Socket) {
    let outbox = Arc::clone(socket.outbox());
    loop {
        let event = tokio::select! {
            biased;
            closing = outbox.ended() => return match closing {
                Some(closing) => socket.close(closing).await,
                None => socket.abandon(),
            },
            event = socket.event() => event,
        };
        match event {
            Event::Data(kind, bytes) => outbox.push(Frame { kind, bytes }),
            Event::Ping(payload) => outbox.pong(payload),
            Event::Pong => {}
            Event::Closed(code) => return socket.answer_close(code).await,
            Event::Gone => return socket.abandon(),
            Event::Broken(cut) => return socket.close(cut.into()).await,
        }
        outbox.flush();
    }
}
