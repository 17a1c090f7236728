//! The pages of rooms and of the chat, for those who open the address of a socket in a browser.
//! Nothing of a request is written into them: their scripts read the address themselves, and show
//! all texts as text.

use axum::extract::Request;
use axum::http::{Method, header};
use axum::response::{Html, IntoResponse, Response};

const ROOM: &str = include_str!("room.html");

const CHAT: &str = include_str!("chat.html");

/// The content security policy: nothing but the script and the style of the page itself, and
/// connections to this host.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

/// Returns whether a request is for a page and not for a socket.
pub(super) fn is_asked_for(request: &Request) -> bool {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    is_read && !request.headers().contains_key(header::UPGRADE)
}

/// Answers with the page of a room.
pub(super) fn room() -> Response {
    page(ROOM)
}

/// Answers with the page of the chat.
pub(super) fn chat() -> Response {
    page(CHAT)
}

fn page(html: &'static str) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::VARY, "Accept"),
    ];
    (headers, Html(html)).into_response()
}
