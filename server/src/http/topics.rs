//! Reading with a key: the last message of a topic, and the users of old relays'
//! pages who are connected.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bolide_lobby::{Lobby, Recipient, Topic};
use bolide_storage::Permission;
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::Problem;
use super::publish::authorize;
use crate::lobby::session_key::session_key;
use crate::server::Server;

/// The channel of a facility that is asked for; that of everybody if no field is set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    user: Option<String>,
    group: Option<String>,
    session: Option<String>,
}

/// Answers with the last message of a topic's channel.
pub(super) async fn topic(
    State(server): State<Arc<Server>>,
    Path(facility): Path<String>,
    channel: Result<Query<Channel>, QueryRejection>,
    request: Request,
) -> Response {
    let readers = [Permission::Publish, Permission::Read];
    let answer = match authorize(&server, &request, &readers) {
        Ok(_) => last(&server, facility, channel).await,
        Err(problem) => Err(problem),
    };
    answer.map_or_else(IntoResponse::into_response, |answer| Json(answer).into_response())
}

async fn last(
    server: &Server,
    facility: String,
    channel: Result<Query<Channel>, QueryRejection>,
) -> Result<Value, Problem> {
    let to = match channel {
        Ok(Query(Channel { user: None, group: None, session: None })) => Recipient::Everybody,
        Ok(Query(Channel { user: Some(name), group: None, session: None })) => {
            Recipient::User(name)
        }
        Ok(Query(Channel { user: None, group: Some(name), session: None })) => {
            Recipient::Group(name)
        }
        Ok(Query(Channel { user: None, group: None, session: Some(cookie) })) => {
            Recipient::Session(session_key(&cookie))
        }
        _ => {
            let text = "ask for one channel: `?user=NAME`, `?group=NAME`, `?session=KEY`, or none of them for everybody's";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "malformed", text));
        }
    };
    let topic = Topic { facility, to };
    let asked = topic.clone();
    let last = server.lobby.ask(move |lobby, now| lobby.topic(&asked, now).cloned());
    let text = last.await.ok_or_else(stopping)?.ok_or_else(|| {
        let text = format!("nothing is kept for `{topic}`");
        Problem::new(StatusCode::NOT_FOUND, "nothing_kept", text)
    })?;
    Ok(json!({"facility": topic.facility, "text": String::from_utf8_lossy(&text)}))
}

/// Answers with the names of the users who are connected at `/ws/<name>/`.
pub(super) async fn users(State(server): State<Arc<Server>>, request: Request) -> Response {
    if let Err(problem) = authorize(&server, &request, &[Permission::Read]) {
        return problem.into_response();
    }
    let names = |lobby: &mut Lobby, _| lobby.users().map(str::to_owned).collect::<Vec<_>>();
    match server.lobby.ask(names).await {
        Some(users) => Json(json!({"users": users})).into_response(),
        None => stopping().into_response(),
    }
}

fn stopping() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "this server is stopping")
}
