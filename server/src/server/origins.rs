//! The setting `origins`: the pages that may open a game socket, read the lists, and embed the page
//! in a frame. It concerns pages only. A program that is not a browser sends no `Origin` and is
//! always served.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::config::Origin;

/// The origins that the operator allows. If there are none, sockets and lists are open to all
/// pages, and only the server's own page may frame the page.
#[derive(Clone, Debug)]
pub(crate) struct Origins(Arc<[Origin]>);

impl Origins {
    pub(crate) fn new(named: &[Origin]) -> Origins {
        Origins(named.into())
    }

    /// Returns whether the page that sends this request may be served. Any page may if no origin is
    /// named. Otherwise it must be of one of the named origins or the server's own.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> bool {
        headers.get(header::ORIGIN).is_none_or(|origin| {
            self.0.is_empty()
                || self.0.iter().any(|named| named.is(origin.as_bytes()))
                || is_own(origin, headers.get(header::HOST))
        })
    }

    /// Returns whether the cookies of a request are believed. A browser sends them with the
    /// requests of any page, so the page must be the server's own or of one of the named
    /// origins. `forwarded` is the host that a trusted proxy was asked for.
    pub(crate) fn believes_cookies(
        &self,
        headers: &HeaderMap,
        forwarded: Option<&HeaderValue>,
    ) -> bool {
        headers.get(header::ORIGIN).is_none_or(|origin| {
            self.0.iter().any(|named| named.is(origin.as_bytes()))
                || is_own(origin, headers.get(header::HOST))
                || is_own(origin, forwarded)
        })
    }

    /// Returns a layer that lets pages of these origins read responses. No response depends on
    /// credentials, so none are allowed.
    pub(crate) fn cors(&self) -> CorsLayer {
        let origins = self.clone();
        let allow_origin = if self.0.is_empty() {
            AllowOrigin::any()
        } else {
            AllowOrigin::predicate(move |_, request| origins.admit(&request.headers))
        };
        CorsLayer::new()
            .allow_origin(allow_origin)
            .allow_methods([Method::GET, Method::HEAD])
            .allow_headers(AllowHeaders::any())
    }

    /// The origins as sources of a content security policy, each preceded by a space.
    pub(crate) fn sources(&self) -> String {
        self.0.iter().map(|origin| format!(" {origin}")).collect()
    }

    /// The same for WebSockets, which a policy distinguishes from HTTP.
    pub(crate) fn socket_sources(&self) -> String {
        self.sources().replace(" http", " ws")
    }
}

/// Returns whether a page of this origin comes from this server, which it does if it names the host
/// of the request.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    authority.zip(host).is_some_and(|((_, authority), host)| {
        authority.as_bytes().eq_ignore_ascii_case(host.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::Origins;

    fn origins(named: &[&str]) -> Origins {
        let named: Vec<_> = named.iter().map(|text| text.parse().expect("an origin")).collect();
        Origins::new(&named)
    }

    #[test]
    fn a_page_is_served_if_it_is_named_or_the_servers_own_or_none_is_named() {
        let named = ["https://a.org", "http://b.org:8080"];
        for (named, origin, host, expect) in [
            (&named[..], Some("https://a.org"), "game.org", true),
            (&named, Some("http://b.org:8080"), "game.org", true),
            (&named, Some("http://b.org"), "game.org", false),
            (&named, Some("https://game.org"), "game.org", true),
            (&named, Some("https://GAME.org:4000"), "game.org:4000", true),
            (&named, Some("https://game.org:4000"), "game.org", false),
            (&named, Some("https://evil.org"), "game.org", false),
            (&named, Some("https://game.org.evil.org"), "game.org", false),
            (&named, Some("null"), "game.org", false),
            (&named, None, "game.org", true),
            (&[], Some("https://evil.org"), "game.org", true),
            (&[], Some("null"), "game.org", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(origins(named).admit(&headers), expect, "{origin:?} {host}");
        }
    }

    #[test]
    fn cookies_are_believed_from_pages_of_this_host_and_of_named_origins_alone() {
        for (named, origin, forwarded, expect) in [
            (&[][..], Some("https://game.org"), None, true),
            (&[], Some("https://evil.org"), None, false),
            (&[], Some("null"), None, false),
            (&[], None, None, true),
            (&["https://a.org"], Some("https://a.org"), None, true),
            (&[], Some("https://site.org"), Some("site.org"), true),
            (&[], Some("https://evil.org"), Some("site.org"), false),
        ] {
            let value = HeaderValue::from_static;
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, value("game.org"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, value(origin));
            }
            let forwarded = forwarded.map(value);
            let believed = origins(named).believes_cookies(&headers, forwarded.as_ref());
            assert_eq!(believed, expect, "{origin:?} {forwarded:?}");
        }
    }

    #[test]
    fn sources_name_http_and_sockets_apart() {
        let named = origins(&["https://a.org", "http://http.org:1"]);
        assert_eq!(named.sources(), " https://a.org http://http.org:1");
        assert_eq!(named.socket_sources(), " wss://a.org ws://http.org:1");
        assert_eq!(origins(&[]).sources() + &origins(&[]).socket_sources(), "");
    }
}
