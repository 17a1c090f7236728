//! `POST /api/v1/publish`: a backend with a key says something to people.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bolide_storage::Permission;
use bytes::Bytes;
use tokio::time::timeout;
use tracing::warn;

use super::admission::client_address;
use super::problem::Problem;
use crate::keys::Key;
use crate::publish::repeats::OtherBody;
use crate::publish::{Publish, PublishError, Published};
use crate::server::Server;

/// Bytes of a body: a text of which each character is escaped, and its receivers.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The time in which a body is to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Characters of an `Idempotency-Key`.
const REPEAT_KEY_CHARS_MAX: usize = 255;

/// Publishes the text of a request.
pub(super) async fn publish(State(server): State<Arc<Server>>, request: Request) -> Response {
    match try_publish(server, request).await {
        Ok(published) => (StatusCode::ACCEPTED, Json(published)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Answers a request of another method.
pub(super) async fn only_post() -> Problem {
    let text = "publish with POST; docs/relays.md, Publishing, shows how";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", text).with(header::ALLOW, "POST")
}

async fn try_publish(server: Arc<Server>, request: Request) -> Result<Published, Problem> {
    let key = authorize(&server, &request, &[Permission::Publish])?;
    if server.is_stopping() {
        let text = "this server is stopping";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", text);
        return Err(problem.with(header::RETRY_AFTER, "5"));
    }
    let repeat_key = repeat_key(request.headers())?;
    let body = body(request.into_body()).await?;
    let publish = Publish::read(&body).map_err(Problem::from)?;
    server.publisher.check(&publish).map_err(Problem::from)?;
    let by = key.record.name.to_string();
    let Some(repeat_key) = repeat_key else {
        return Ok(server.publisher.publish(&publish, &by).await);
    };
    let answer = server.publisher.repeats.answer((by.clone(), repeat_key), &body, Instant::now());
    let answer = answer.map_err(|OtherBody| {
        let text = "this Idempotency-Key came with another body; take a new one for a new text";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", text)
    })?;
    // In a task of its own: if this client leaves, a repetition gets the answer all the same.
    let publishing = tokio::spawn(async move {
        answer.get_or_init(|| server.publisher.publish(&publish, &by)).await.clone()
    });
    publishing.await.map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "publishing failed, a bug here")
    })
}

/// Returns the key of a request that may do one of these things.
///
/// # Errors
/// There is no such key, it may not do that, or it does it too often.
pub(super) fn authorize(
    server: &Server,
    request: &Request,
    one_of: &[Permission],
) -> Result<Arc<Key>, Problem> {
    let now = Instant::now();
    let Some(secret) = bearer(request.headers()) else {
        let text = "send a key as `Authorization: Bearer bk_…`; `bolide key new` makes one";
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "no_key", text);
        return Err(problem.with(header::WWW_AUTHENTICATE, "Bearer"));
    };
    let Some(key) = server.keys.find(secret) else {
        return Err(wrong_key(server, client_address(server, request), now));
    };
    if !one_of.iter().any(|permission| key.record.may.contains(*permission)) {
        let (name, may) = (&key.record.name, &key.record.may);
        let names: Vec<&str> = one_of.iter().map(|it| it.name()).collect();
        let text = format!("the key {name} may {may}; this needs {}", names.join(" or "));
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_allowed", text));
    }
    if !key.takes_request(now) {
        let text = "a key may send 100 requests a second; wait a second";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate", text);
        return Err(problem.with(header::RETRY_AFTER, "1"));
    }
    Ok(key)
}

/// Returns the problem of a wrong key. A right one is never refused for the wrong ones of others
/// behind the same address.
fn wrong_key(server: &Server, address: Option<IpAddr>, now: Instant) -> Problem {
    if address.is_none_or(|address| server.addresses.wrong_key(address, now)) {
        warn!(?address, "a wrong key");
        let text = "this key is unknown, or was revoked; `bolide key list` shows all";
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "unknown_key", text);
        return problem.with(header::WWW_AUTHENTICATE, "Bearer");
    }
    let text = "ten wrong keys within a minute; wait a minute";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "wrong_keys", text);
    problem.with(header::RETRY_AFTER, "60")
}

/// Returns the secret that a request bears.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

fn repeat_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| values.next().is_none() && !text.is_empty());
    let text = text.filter(|text| text.len() <= REPEAT_KEY_CHARS_MAX);
    text.map(|text| Some(text.to_owned())).ok_or_else(|| {
        let text = "Idempotency-Key may be there once, with 1 to 255 ASCII characters";
        Problem::new(StatusCode::BAD_REQUEST, "malformed", text)
    })
}

async fn body(body: Body) -> Result<Bytes, Problem> {
    match timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let text = "the body did not arrive whole, or has over 64 KiB; send at most that";
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_big", text))
        }
        Err(_) => {
            let text = "the body did not arrive within 5 s";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", text))
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Problem {
        let (status, code) = match error {
            PublishError::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed"),
            PublishError::OutOfRange { .. } | PublishError::Text(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "out_of_range")
            }
            PublishError::Keep => (StatusCode::UNPROCESSABLE_ENTITY, "not_yet"),
            PublishError::UnknownRoom(_) => (StatusCode::NOT_FOUND, "unknown_room"),
        };
        Problem::new(status, code, error.to_string())
    }
}
