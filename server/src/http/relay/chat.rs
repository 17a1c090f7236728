//! The requests of the chat room: its page, what was said, a line, and another nickname. Lines and
//! nicknames belong to a socket of the same browser, which its cookie tells.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bolide_lobby::Refusal;
use bolide_net::relay::chat::{RenameForm, SayForm};
use bolide_net::relay::{ChatRoute, Endpoint};
use serde_json::json;
use tokio::time::timeout;

use super::page;
use super::visitor::Visitor;
use crate::http::admission::is_proxied;
use crate::server::Server;

/// Bytes of a form besides its text, whose characters may be percent-encoded.
const FORM_BYTES: usize = 1024;

/// Maximum time for the body of a form to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers with the page to browsers, and with what was said to others.
pub(super) async fn read(server: Arc<Server>, request: Request) -> Response {
    if wants_page(request.headers()) {
        return page::chat();
    }
    let is_proxied = is_proxied(&server, &request);
    let visitor = match Visitor::identify(&server, request.headers(), is_proxied).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal.refuse(&server),
    };
    if let Err(why) = server.relay.lobby.permit(&Endpoint::Chat(ChatRoute::Chat), &visitor.identity)
    {
        server.lobby_metrics.refused(why);
        return answer(StatusCode::FORBIDDEN, &why.to_string());
    }
    let Ok(after) = after(request.uri().query().unwrap_or_default()) else {
        let text = "`after` is not the number of a line; it is the `id` of the last one you have";
        return answer(StatusCode::BAD_REQUEST, text);
    };
    match server.lobby.ask(move |lobby, _| lobby.chat_since(after)).await {
        Some(said) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
                (header::VARY, "Accept"),
            ];
            (headers, said).into_response()
        }
        None => lost(),
    }
}

/// Says a line.
pub(super) async fn say(server: Arc<Server>, request: Request) -> Response {
    let (form, visitor) = match read_form(&server, request).await {
        Ok(read) => read,
        Err(refusal) => return refusal,
    };
    let SayForm { text, from, to } = match SayForm::parse(&form) {
        Ok(form) => form,
        Err(error) => return answer(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let max = server.relay.message_bytes_max as usize;
    if text.len() > max {
        return too_long(max);
    }
    let browser = visitor.identity.browser;
    let said = server
        .lobby
        .ask(move |lobby, now| lobby.handle_say(browser, &from, &text, to.as_deref(), now));
    outcome(said.await)
}

/// Changes a nickname.
pub(super) async fn rename(server: Arc<Server>, request: Request) -> Response {
    let (form, visitor) = match read_form(&server, request).await {
        Ok(read) => read,
        Err(refusal) => return refusal,
    };
    let RenameForm { name, from } = match RenameForm::parse(&form) {
        Ok(form) => form,
        Err(error) => return answer(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let browser = visitor.identity.browser;
    let renamed =
        server.lobby.ask(move |lobby, now| lobby.handle_rename(browser, &from, &name, now));
    outcome(renamed.await)
}

/// Returns whether a request accepts HTML, as those of browsers for a page do.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(','));
    kinds.any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/html"))
}

/// Returns the number of the last line that the asker has.
fn after(query: &str) -> Result<Option<u32>, std::num::ParseIntError> {
    let after = query.split('&').find_map(|pair| pair.strip_prefix("after="));
    after.map(str::parse).transpose()
}

/// Reads the body of a form, and who sends it.
async fn read_form(server: &Server, request: Request) -> Result<(String, Visitor), Response> {
    if request.method() != Method::POST {
        let mut refusal = answer(StatusCode::METHOD_NOT_ALLOWED, "send a form with POST");
        refusal.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
        return Err(refusal);
    }
    let visitor = Visitor::of(server, request.headers(), is_proxied(server, &request));
    let max = server.relay.message_bytes_max as usize;
    let body = timeout(FORM_TIMEOUT, collect(request.into_body(), 3 * max + FORM_BYTES)).await;
    let late = || answer(StatusCode::REQUEST_TIMEOUT, "this request took too long");
    let body = body.map_err(|_| late())?.ok_or_else(|| too_long(max))?;
    let form = String::from_utf8(body.to_vec());
    let form = form.map_err(|_| answer(StatusCode::BAD_REQUEST, "the form is not UTF-8"))?;
    Ok((form, visitor))
}

async fn collect(body: Body, most: usize) -> Option<axum::body::Bytes> {
    to_bytes(body, most).await.ok()
}

fn too_long(max: usize) -> Response {
    answer(StatusCode::PAYLOAD_TOO_LARGE, &format!("a line has at most {max} bytes"))
}

fn outcome(outcome: Option<Result<(), Refusal>>) -> Response {
    match outcome {
        Some(Ok(())) => answer(StatusCode::OK, "success"),
        Some(Err(error)) => {
            let status = StatusCode::from_u16(error.status());
            answer(status.unwrap_or(StatusCode::BAD_REQUEST), error.reason())
        }
        None => lost(),
    }
}

fn lost() -> Response {
    answer(StatusCode::SERVICE_UNAVAILABLE, "this part of the server failed; try again")
}

fn answer(status: StatusCode, msg: &str) -> Response {
    (status, Json(json!({ "msg": msg }))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{after, wants_page};

    #[test]
    fn a_browser_gets_the_page_and_others_what_was_said() {
        for (accept, expect) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("application/json, text/html;q=0.9", true),
            ("*/*", false),
            ("application/json", false),
            ("text/htmlx", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(wants_page(&headers), expect, "{accept}");
        }
        assert!(!wants_page(&HeaderMap::new()));
    }

    #[test]
    fn the_last_line_of_an_asker_is_a_number() {
        assert_eq!(after(""), Ok(None));
        assert_eq!(after("x=1&after=7"), Ok(Some(7)));
        for query in ["after=", "after=-1", "after=x", "after=4294967296"] {
            after(query).expect_err(query);
        }
    }
}
