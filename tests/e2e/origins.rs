//! The setting `origins`: the pages that may read the lists, open a socket and frame the page.

use std::net::SocketAddr;

use bolide_server::Config;
use bolide_tests::{Answer, Raw, TestServer, get, request};

const LISTS: [&str; 2] = ["/api/v1/rooms", "/api/v1/modes"];

fn named(config: &mut Config) {
    config.origins = ["https://a.example", "http://b.example:8080"]
        .map(|origin| origin.parse().expect("an origin"))
        .to_vec();
}

async fn ask(server: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: game.example\r\nConnection: close\r\n");
    request(server, &format!("{head}{headers}\r\n")).await
}

fn allowed(answer: &Answer) -> Option<&str> {
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn pages_of_the_origins_that_are_named_read_the_lists() {
    let server = TestServer::start(named).await;
    for path in LISTS {
        for (origin, expect) in [
            ("https://a.example", Some("https://a.example")),
            ("http://b.example:8080", Some("http://b.example:8080")),
            ("https://game.example", Some("https://game.example")),
            ("https://evil.example", None),
            ("null", None),
        ] {
            let origin = format!("Origin: {origin}\r\n");
            let answer = ask(server.address, "GET", path, &origin).await;
            assert_eq!((answer.status, allowed(&answer)), (200, expect), "{path} {origin}");
            // Otherwise a cache would give one page the answer for another.
            let vary = answer.header("vary").expect("it varies");
            assert!(vary.contains("origin"), "{vary}");
            assert!(answer.body.starts_with('{'), "a browser alone keeps it from the page");
        }
        let answer = ask(server.address, "GET", path, "").await;
        assert_eq!((answer.status, allowed(&answer)), (200, None), "no page");
    }
}

#[tokio::test]
async fn with_no_origin_named_every_page_reads_the_lists() {
    let server = TestServer::start(|_| {}).await;
    for path in LISTS {
        for origin in ["https://a.example", "null"] {
            let answer = ask(server.address, "GET", path, &format!("Origin: {origin}\r\n")).await;
            assert_eq!((answer.status, allowed(&answer)), (200, Some("*")), "{path} {origin}");
        }
    }
}

#[tokio::test]
async fn a_browser_that_asks_first_is_answered() {
    let server = TestServer::start(named).await;
    for path in LISTS {
        for (origin, expect) in
            [("https://a.example", Some("https://a.example")), ("https://evil.example", None)]
        {
            let headers = format!(
                "Origin: {origin}\r\nAccess-Control-Request-Method: GET\r\n\
                 Access-Control-Request-Headers: if-none-match\r\n"
            );
            let answer = ask(server.address, "OPTIONS", path, &headers).await;
            assert_eq!((answer.status, allowed(&answer)), (200, expect), "{path} {origin}");
            assert_eq!(answer.header("access-control-allow-methods"), Some("get,head"));
            assert_eq!(answer.header("access-control-allow-headers"), Some("*"));
        }
        let post = ask(server.address, "POST", path, "Origin: https://a.example\r\n").await;
        assert_eq!(post.status, 405, "the lists are read and nothing else");
    }
}

#[tokio::test]
async fn the_page_is_framed_by_the_origins_that_are_named_and_by_itself() {
    for (change, expect) in [
        ((|_| {}) as fn(&mut Config), "frame-ancestors 'self'"),
        (named, "frame-ancestors 'self' https://a.example http://b.example:8080"),
    ] {
        let server = TestServer::start(change).await;
        let page = get(server.address, "/").await;
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.ends_with(expect), "{policy}");
        // Whatever pages may frame it, the built-in page connects only to its own server.
        let connect = policy.split("; ").find(|part| part.starts_with("connect-src"));
        assert_eq!(connect, Some("connect-src 'self'"));
    }
}

#[tokio::test]
async fn the_servers_own_page_brings_players_whatever_is_named() {
    let server = TestServer::start(named).await;
    // `Raw` asks for the host `test`.
    Raw::open_with(server.address, "Origin: https://test\r\n").await.expect("its own page");
    let refused = Raw::open_with(server.address, "Origin: https://test.example\r\n").await;
    assert!(refused.expect_err("another page").starts_with("HTTP/1.1 403"));
}
