//! The HTTP interface: health, the lists of rooms and modes, publishing, the page, the route to the
//! game socket, and the endpoints of old relays.

pub(crate) mod admission;
mod client_ip;
pub(crate) mod connections;
pub(crate) mod echo;
mod greeting;
mod legacy;
pub(crate) mod listener;
mod problem;
mod publish;
mod relay;
mod room_list;
mod stream;
mod topics;
mod upgrade;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use bolide_room::Terms;
use serde::Serialize;

use self::room_list::RoomList;
use crate::server::{Server, assets};

/// Returns the whole HTTP interface, for [`crate::run`] or for a program that has a server of its
/// own. Serve it over plain TCP with upgrades allowed.
pub fn app(server: Arc<Server>) -> Router {
    let room_list = RoomList::new(Arc::clone(&server.directory));
    let lists = Router::new()
        .route("/api/v1/rooms", get(rooms).with_state(Arc::new(room_list)))
        .route("/api/v1/modes", get(modes))
        .route_layer(server.origins.cors());
    Router::new()
        .route("/play", any(upgrade::play))
        .route(legacy::PICTURE_PATH, get(legacy::picture))
        .route(HEALTH_PATHS[0], get(livez))
        .route(HEALTH_PATHS[1], get(readyz))
        .route("/api/v1/topics/{*facility}", get(topics::topic))
        .route("/api/v1/relay/users", get(topics::users))
        .route("/api/v1/publish", post(publish::publish).fallback(publish::only_post))
        .merge(lists)
        .fallback_service(get(assets::serve).with_state(Arc::clone(&server.assets)))
        .layer(from_fn_with_state(Arc::clone(&server), relay::route))
        .with_state(server)
}

/// Paths that are answered for every peer.
pub(crate) const HEALTH_PATHS: [&str; 2] = ["/livez", "/readyz"];

/// Answers that the process is alive.
pub(crate) async fn livez() -> &'static str {
    "alive\n"
}

/// Answers whether the server accepts players, and if not, the reason.
pub(crate) async fn readyz(State(server): State<Arc<Server>>) -> (StatusCode, String) {
    match server.not_ready() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
    }
}

async fn rooms(State(list): State<Arc<RoomList>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], list.json(Instant::now()))
}

#[derive(Serialize)]
struct Modes {
    modes: Vec<ModeEntry>,
}

#[derive(Serialize)]
struct ModeEntry {
    name: String,
    capacity: u16,
    fight_at: u16,
    tick_rate: u32,
}

async fn modes(State(server): State<Arc<Server>>) -> Json<Modes> {
    let entry = |mode: &bolide_sim::Mode| {
        let Terms { seats, starts_at, rate, .. } = Terms::of(&mode.rules);
        let (name, tick_rate) = (mode.name.clone(), rate.hz());
        ModeEntry { name, capacity: seats, fight_at: starts_at, tick_rate }
    };
    Json(Modes { modes: server.modes.listed().map(entry).collect() })
}
