//! The chat room of old relays: rows 4.1 to 4.12 of the behaviours that its pages rely on, as far
//! as HTTP and sockets are concerned.

use bolide_server::{Config, Served};
use bolide_tests::{Answer, RelayPage, TestServer, get, request};
use serde_json::Value;

fn serving(config: &mut Config) {
    config.relay.serve = vec![Served::Chat];
}

/// A page that takes part.
struct Member {
    page: RelayPage,
    cookie: String,
    id: String,
}

impl Member {
    async fn join(server: &TestServer, name: &str) -> Member {
        let mut page = RelayPage::open(server, "/chat").await;
        let cookie = page.cookie().expect("a cookie");
        page.say(format!("test_{name}")).await;
        let own: Value = serde_json::from_str(&page.next().await).expect("JSON");
        let id = own["user_id"].as_str().expect("an id").to_owned();
        Member { page, cookie, id }
    }

    async fn post(&self, server: &TestServer, path: &str, form: &str) -> Answer {
        let form = format!("{form}&user_from={}", self.id);
        post(server, path, &format!("Cookie: {}\r\n", self.cookie), &form).await
    }
}

async fn post(server: &TestServer, path: &str, headers: &str, form: &str) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        server.address,
        form.len()
    );
    request(server.address, &head).await
}

fn check(answer: &Answer, status: u16, msg: &str) {
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!((answer.status, body["msg"].as_str()), (status, Some(msg)));
}

/// Rows 4.1 to 4.3 and 4.5.
#[tokio::test]
async fn members_see_each_other_and_what_is_said() {
    let server = TestServer::start(serving).await;
    let mut a = RelayPage::open(&server, "/chat").await;
    let cookie = a.cookie().expect("a cookie");
    a.say("test_阿明").await;
    let own = a.next().await;
    let id = own.split('"').nth(9).expect("the id").to_owned();
    assert!(id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{own}");
    let expect =
        format!(r#"{{"type":0,"user_list":["阿明"],"user_id":"{id}","user_name":"阿明"}}"#);
    assert_eq!(own, expect);
    a.hears(&[r#"{"type":0,"user_list":["阿明"],"user":null}"#]).await;
    let b = Member::join(&server, "").await;
    let roster: Value = serde_json::from_str(&a.next().await).expect("JSON");
    let drawn = roster["user_list"][1].as_str().expect("a name").to_owned();
    assert_eq!(drawn.split(' ').count(), 3, "{drawn}");
    let mut b_page = b.page;
    b_page.hears(&[&format!(r#"{{"type":0,"user_list":["阿明","{drawn}"],"user":null}}"#)]).await;
    let form = format!("txt=%E4%BD%A0%E5%A5%BD+%3Cb%3E&user_from={id}");
    let said = post(&server, "/msg_send", &format!("Cookie: {cookie}\r\n"), &form).await;
    check(&said, 200, "success");
    let line =
        format!(r#"{{"type":1,"data":{{"msg":"你好 <b>","user_id":"{id}","user_name":"阿明"}}}}"#);
    a.hears(&[&line]).await;
    b_page.hears(&[&line]).await;
    b_page.close().await;
    a.hears(&[r#"{"type":0,"user_list":["阿明"],"user":null}"#]).await;
}

/// Row 4.4.
#[tokio::test]
async fn a_nickname_changes_once() {
    let server = TestServer::start(serving).await;
    let mut a = Member::join(&server, "A").await;
    a.page.next().await;
    check(&a.post(&server, "/change_name", "user_name=B").await, 200, "success");
    a.page.hears(&[r#"{"type":0,"user_list":["B"],"user":null}"#]).await;
    let again = a.post(&server, "/change_name/", "user_name=C").await;
    check(&again, 409, "the name was changed already");
}

/// Row 4.7 and trap 5: nobody posts as somebody else.
#[tokio::test]
async fn nobody_posts_as_somebody_else() {
    let server = TestServer::start(serving).await;
    let mut a = Member::join(&server, "A").await;
    a.page.next().await;
    let b = Member::join(&server, "B").await;
    a.page.next().await;
    let form = format!("txt=x&user_from={}", a.id);
    let cookie_of_a = format!("Cookie: {}\r\n", a.cookie);
    let cookie_of_b = format!("Cookie: {}\r\n", b.cookie);
    let foreign = format!("{cookie_of_a}Origin: https://evil.example\r\n");
    for headers in ["", cookie_of_b.as_str(), foreign.as_str()] {
        check(&post(&server, "/msg_send", headers, &form).await, 403, "that is not you");
        let renamed = format!("user_name=x&user_from={}", a.id);
        check(&post(&server, "/change_name", headers, &renamed).await, 403, "that is not you");
    }
    a.page.hears_nothing().await;
    let own = format!("{cookie_of_a}Origin: http://{}\r\n", server.address);
    check(&post(&server, "/msg_send", &own, &form).await, 200, "success");
}

/// Rows 4.6, 4.9 and 4.10.
#[tokio::test]
async fn one_address_is_the_page_the_lines_and_the_socket() {
    let server = TestServer::start(serving).await;
    let a = Member::join(&server, "A").await;
    for text in ["one", "two", "three"] {
        check(&a.post(&server, "/msg_send", &format!("txt={text}")).await, 200, "success");
    }
    let said: Value = serde_json::from_str(&get(server.address, "/chat").await.body).expect("JSON");
    assert_eq!((&said["user_list"], &said["count"]), (&Value::from(vec!["A"]), &3.into()));
    assert_eq!(said["lines"][2]["msg"], "three");
    let after = format!("/chat?after={}", said["lines"][0]["id"]);
    let later: Value = serde_json::from_str(&get(server.address, &after).await.body).expect("JSON");
    assert_eq!((&later["count"], &later["lines"][0]["msg"]), (&2.into(), &"two".into()));
    assert_eq!(get(server.address, "/chat?after=x").await.status, 400);
    let accept =
        "GET /chat HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAccept: text/html\r\n\r\n";
    let page = request(server.address, accept).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    let mut late = RelayPage::open(&server, "/to_chat").await;
    late.say("test_L").await;
    late.next().await;
    for text in ["one", "two", "three"] {
        assert!(late.next().await.contains(&format!(r#""msg":"{text}""#)));
    }
}

/// A form that lacks something, or has too much of it, is refused with that.
#[tokio::test]
async fn a_form_that_is_wrong_is_explained() {
    let server = TestServer::start(serving).await;
    let a = Member::join(&server, "A").await;
    let missing = post(&server, "/msg_send", "", "user_from=1").await;
    assert_eq!(missing.status, 400);
    assert!(missing.body.contains("the form has no txt"), "{}", missing.body);
    let long = a.post(&server, "/msg_send", &format!("txt={}", "x".repeat(4097))).await;
    check(&long, 413, "a line has at most 4096 bytes");
    let huge = a.post(&server, "/msg_send", &format!("txt={}", "x".repeat(100_000))).await;
    check(&huge, 413, "a line has at most 4096 bytes");
    check(&a.post(&server, "/msg_send", "txt=").await, 400, "the line is empty");
    let got = get(server.address, "/msg_send").await;
    assert_eq!((got.status, got.header("allow")), (405, Some("post")));
}

/// Rows 4.8 and 4.12: the first text takes part, in either dialect.
#[tokio::test]
async fn the_first_text_takes_part_in_either_dialect() {
    let server = TestServer::start(serving).await;
    let mut a = RelayPage::open(&server, "/chat/").await;
    a.say("hello").await;
    a.hears_nothing().await;
    a.say("test_a_b").await;
    assert!(a.next().await.contains(r#""user_name":"a_b""#));
    a.next().await;
    let mut old = RelayPage::open(&server, "/chat").await;
    old.say("test").await;
    let own: Value = serde_json::from_str(&old.next().await).expect("JSON");
    assert_eq!(own["userlist"].as_array().map(Vec::len), Some(2));
    let roster: Value = serde_json::from_str(&a.next().await).expect("JSON");
    assert_eq!(roster["user_list"][1], own["userid"]);
}
