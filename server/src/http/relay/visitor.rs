//! The person behind a request for an endpoint of old relays, as far as its cookies tell. They are
//! believed only from a page of this host or of one of the `origins`: a browser sends them with the
//! requests of any page.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use bolide_lobby::{Browser, Identity};
use sha2::{Digest, Sha256};

use crate::http::upgrade::HttpRefusal;
use crate::lobby::session_key::session_key;
use crate::measure::reasons::RefuseReason;
use crate::server::Server;

/// The cookie by which a browser is known again.
const BROWSER_COOKIE: &str = "bolide_relay";

/// The header in which a trusted proxy names the host that was asked for.
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The person behind a request.
pub(super) struct Visitor {
    pub(super) identity: Identity,
    /// True if its cookies are believed.
    pub(super) is_believed: bool,
}

impl Visitor {
    /// Reads the cookies of a request, and asks the site who that is, if there is one.
    /// `is_proxied`: it came from a trusted proxy.
    ///
    /// # Errors
    /// The site does not say.
    pub(super) async fn identify(
        server: &Server,
        headers: &HeaderMap,
        is_proxied: bool,
    ) -> Result<Visitor, HttpRefusal> {
        let mut visitor = Visitor::of(server, headers, is_proxied);
        let (Some(site), true) = (&server.site, visitor.is_believed) else { return Ok(visitor) };
        let cookies = cookies_for_site(headers);
        if !cookies.is_empty() {
            let known = site.user_of(&cookies).await;
            let known = known.map_err(|_| HttpRefusal::from(RefuseReason::Site))?;
            (visitor.identity.user, visitor.identity.groups) = (known.user, known.groups);
        }
        Ok(visitor)
    }

    /// Reads the cookies of a request. `is_proxied`: it came from a trusted proxy.
    pub(super) fn of(server: &Server, headers: &HeaderMap, is_proxied: bool) -> Visitor {
        let forwarded = headers.get(X_FORWARDED_HOST).filter(|_| is_proxied);
        let is_believed = server.origins.believes_cookies(headers, forwarded);
        if !is_believed {
            return Visitor { identity: Identity::default(), is_believed };
        }
        let browser = cookie(headers, BROWSER_COOKIE).filter(|key| is_browser_key(key));
        let session = cookie(headers, &server.relay.session_cookie);
        let identity = Identity {
            session: session.map(session_key),
            browser: browser.map(browser_of),
            ..Identity::default()
        };
        Visitor { identity, is_believed }
    }
}

/// Returns the header that sets the cookie of a browser, and how the lobby knows it. No script can
/// read the cookie, and no other site can send it.
pub(super) fn new_cookie(key: &str) -> (HeaderValue, Browser) {
    let text = format!("{BROWSER_COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict");
    (HeaderValue::from_str(&text).expect("hex digits"), browser_of(key))
}

fn browser_of(key: &str) -> Browser {
    Browser(Sha256::digest(key.as_bytes()).into())
}

/// Returns whether this is a key as the server draws it: 256 bits in hex.
fn is_browser_key(key: &str) -> bool {
    key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the cookies of a request as one header, without the one of this server.
fn cookies_for_site(headers: &HeaderMap) -> String {
    let theirs = cookies(headers).filter(|(name, _)| *name != BROWSER_COOKIE);
    theirs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('='))
}

/// Returns the value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut cookies = cookies(headers);
    let (_, value) = cookies.find(|(key, _)| *key == name)?;
    Some(value.trim_matches('"')).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{cookie, cookies_for_site, is_browser_key, new_cookie};

    #[test]
    fn a_cookie_is_found_among_others_on_any_line() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; sessionid=k1;b = 2"));
        headers.append(header::COOKIE, HeaderValue::from_static("c=\"3\"; empty="));
        for (name, value) in [
            ("a", Some("1")),
            ("sessionid", Some("k1")),
            ("c", Some("3")),
            ("empty", None),
            ("session", None),
            ("", None),
        ] {
            assert_eq!(cookie(&headers, name), value, "{name}");
        }
        headers.append(header::COOKIE, HeaderValue::from_static("bolide_relay=secret; d=4"));
        let for_site = "a=1; sessionid=k1; b = 2; c=\"3\"; empty=; d=4";
        assert_eq!(cookies_for_site(&headers), for_site);
    }

    #[test]
    fn only_keys_that_the_server_drew_are_cookies_of_a_browser() {
        let key = "0123456789abcdef".repeat(4);
        assert!(is_browser_key(&key));
        assert!(!is_browser_key(&key[1..]) && !is_browser_key(&key.replace('0', "g")));
        let (header, browser) = new_cookie(&key);
        let expect = format!("bolide_relay={key}; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(header.to_str().expect("text"), expect);
        assert_ne!(browser, new_cookie(&key.replace('0', "1")).1);
    }
}
