//! The endpoint of an old relay, `/wss/multiplayer/`, with or without the slash at its end: which
//! mode its pages play, and the picture of all their players.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use bolide_legacy::{Page, PageSettings};

use super::admission::X_FORWARDED_FOR;
use crate::server::Server;

/// The path of the picture. It is below the endpoint, so that a proxy that passes one on passes on
/// the other.
pub(super) const PICTURE_PATH: &str = "/wss/multiplayer/player.svg";

const PICTURE: &str = include_str!("legacy/player.svg");

/// Answers with the picture, to the pages of any origin.
pub(super) async fn picture() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, PICTURE)
}

/// Returns the page that this request for a socket is from.
///
/// # Errors
/// There is no mode of the requested name.
pub(super) fn page(server: &Server, request: &Request) -> Result<Page, String> {
    let asked = mode_of(request.uri().query().unwrap_or_default());
    let name = asked.unwrap_or(&server.arena_mode);
    if server.modes.get(name).is_none() {
        let modes = server.modes.all_names();
        return Err(format!("there is no mode {name:?}; the modes are {modes}"));
    }
    let (picture, mode) = (picture_url(request.headers()), Some(name.to_owned()));
    Ok(Page::new(PageSettings { picture, mode }))
}

/// Returns the mode that a query names. All else in it is ignored.
fn mode_of(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("mode="))
}

/// Returns the address of the picture for this page. A page of another site needs the name of this
/// server, which a browser has sent. A proxy may send its own name for it; its pages are of the
/// same site.
fn picture_url(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let page_host = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    match (page_host, text(header::HOST)) {
        (Some((_, page)), Some(host)) if page != host && !headers.contains_key(X_FORWARDED_FOR) => {
            format!("//{host}{PICTURE_PATH}")
        }
        _ => PICTURE_PATH.to_owned(),
    }
}
