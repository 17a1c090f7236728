//! The table of the endpoints that paths and queries mean.

use bolide_net::relay::{
    Audience, Audiences, ChatRoute, Endpoint, PathName, RelayName, TopicFlags, old_endpoint,
};

fn name(name: &str) -> RelayName {
    RelayName::parse(name).expect(name)
}

fn user(user: &str) -> Option<Endpoint> {
    Some(Endpoint::User(name(user)))
}

fn room(room: &str) -> Option<Endpoint> {
    Some(Endpoint::Room { name: name(room), presence: false })
}

fn topic(facility: &str, subscribe: &[Audience], publish: &[Audience]) -> Option<Endpoint> {
    let set = |audiences: &[Audience]| audiences.iter().copied().collect::<Audiences>();
    let flags = TopicFlags { subscribe: set(subscribe), publish: set(publish), echo: false };
    Some(Endpoint::Topic { facility: facility.to_owned(), flags })
}

const ALL: &[Audience] = &[Audience::Broadcast];

#[track_caller]
fn check(names: PathName, cases: &[(&str, Option<Endpoint>)]) {
    for (address, expect) in cases {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        assert_eq!(old_endpoint(path, query, names), Ok(expect.clone()), "{address}");
    }
}

#[test]
fn arenas_chats_and_other_paths() {
    let chat = |route| Some(Endpoint::Chat(route));
    check(
        PathName::User,
        &[
            ("/wss/multiplayer/", Some(Endpoint::Arena)),
            ("/wss/multiplayer", Some(Endpoint::Arena)),
            ("/wss/multiplayer/?token=a.b.c", Some(Endpoint::Arena)),
            ("/wss/multiplayer?subscribe-broadcast", Some(Endpoint::Arena)),
            ("/chat", chat(ChatRoute::Chat)),
            ("/chat/", chat(ChatRoute::Chat)),
            ("/chat?after=7", chat(ChatRoute::Chat)),
            ("/to_chat", chat(ChatRoute::Chat)),
            ("/to_chat/", chat(ChatRoute::Chat)),
            ("/msg_send", chat(ChatRoute::Say)),
            ("/msg_send/", chat(ChatRoute::Say)),
            ("/change_name", chat(ChatRoute::Rename)),
            ("/change_name/", chat(ChatRoute::Rename)),
            ("", None),
            ("/", None),
            ("/play", None),
            ("/wss", None),
            ("/wss/", None),
            ("/wss/multiplayer/x", None),
            ("/wsx/", None),
            ("/rooms/a/", None),
            ("/roomy", None),
            ("/chat/x", None),
            ("/Chat", None),
            ("/WS/", None),
            ("/x/ws/", None),
            ("/%77s/", None),
        ],
    );
}

#[test]
fn everybody_and_users() {
    check(
        PathName::User,
        &[
            ("/ws", Some(Endpoint::Broadcast)),
            ("/ws/", Some(Endpoint::Broadcast)),
            ("/ws/?token=x", Some(Endpoint::Broadcast)),
            ("/ws/alice/", user("alice")),
            ("/ws/alice/?x=1", user("alice")),
            ("/ws/%E5%B0%8F%E6%98%8E/", user("小明")),
            ("/ws/小明/", user("小明")),
            ("/ws/e%CC%81/", user("é")),
            ("/ws/a%20b/", user("a b")),
            ("/ws/a+b/", user("a+b")),
            ("/ws/a%3Cb%3E/", user("a<b>")),
            ("/ws/%E2%80%8Bbob/", user("bob")),
            ("/ws/Alice/", user("Alice")),
            (
                "/ws/1b4e28ba-2fa1-11d2-883f-0016d3cca427/",
                user("1b4e28ba-2fa1-11d2-883f-0016d3cca427"),
            ),
            ("/ws/multiplayer/", user("multiplayer")),
        ],
    );
    let longest = format!("/ws/{}/", "%C3%A9".repeat(64));
    check(PathName::User, &[(&longest, user(&"é".repeat(64)))]);
}

#[test]
fn rooms() {
    let watched = |room: &str| Some(Endpoint::Room { name: name(room), presence: true });
    check(
        PathName::User,
        &[
            ("/room/123/", room("123")),
            ("/room/123", room("123")),
            ("/room/a-b.c_d/", room("a-b.c_d")),
            ("/room/%E7%BE%A4/", room("群")),
            ("/room/%E0%A4%95%E0%A4%BF/", room("कि")),
            ("/room/e%CC%81/", room("é")),
            ("/room/%C3%A9/", room("é")),
            ("/room/a/?presence", watched("a")),
            ("/room/a/?x=1&presence=1", watched("a")),
            ("/room/a/?nopresence", room("a")),
            // A flag of a topic means nothing here.
            ("/room/a/?subscribe-broadcast", room("a")),
        ],
    );
    check(
        PathName::Room,
        &[
            ("/ws/123/", room("123")),
            ("/ws/123/?presence", watched("123")),
            ("/room/123/", room("123")),
            ("/ws/", Some(Endpoint::Broadcast)),
            ("/ws/123?subscribe-broadcast", topic("123", ALL, &[])),
        ],
    );
}

/// Rows 3.1 to 3.3.
#[test]
fn topics() {
    let all = Audience::ALL.as_slice();
    check(
        PathName::User,
        &[
            ("/ws/notifications?subscribe-broadcast", topic("notifications", ALL, &[])),
            ("/ws/notifications?Subscribe-Broadcast=1&unknown", topic("notifications", ALL, &[])),
            ("/ws/deep/er/f?subscribe-broadcast", topic("deep/er/f", ALL, &[])),
            ("/ws/tr/?subscribe-broadcast", topic("tr/", ALL, &[])),
            ("/ws/tr?subscribe-broadcast", topic("tr", ALL, &[])),
            ("/ws/?subscribe-broadcast", topic("", ALL, &[])),
            ("/ws?subscribe-broadcast", topic("", ALL, &[])),
            ("/ws/f?publish-broadcast", topic("f", &[], ALL)),
            ("/ws/a%2Fb%20c?subscribe-user", topic("a/b c", &[Audience::User], &[])),
            (
                "/ws/f?subscribe-broadcast&subscribe-user&subscribe-group&subscribe-session&publish-session",
                topic("f", all, &[Audience::Session]),
            ),
        ],
    );
    let longest = format!("/ws/{}?subscribe-broadcast", "f".repeat(256));
    check(PathName::User, &[(&longest, topic(&"f".repeat(256), ALL, &[]))]);
}

/// Rows 1.12 and 2.6.
#[test]
fn what_is_no_endpoint_is_told_the_forms() {
    let too_long = format!("/ws/{}/", "a".repeat(65));
    let facility = format!("/ws/{}?subscribe-broadcast", "f".repeat(257));
    for address in [
        "/ws/alice",
        "/ws/a/b/",
        "/ws/a%2Fb/",
        "/ws//",
        "/ws/%E2%80%8B/",
        "/ws/%ff/",
        "/ws/%/",
        "/ws/%4/",
        "/ws/%zz/",
        "/ws/%ff?subscribe-broadcast",
        "/room",
        "/room/",
        "/room//",
        "/room/a b/",
        "/room/a%20b/",
        "/room/a%0Ab/",
        "/room/a%E2%80%8Bb/",
        "/room/a%2Fb/",
        "/room/a/b/",
        "/room/%3Cb%3E/",
        &too_long,
        &facility,
    ] {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let told = old_endpoint(path, query, PathName::User).expect_err(address).to_string();
        for form in ["/ws/<name>/", "?subscribe-broadcast", "/room/<name>/"] {
            assert!(told.contains(form), "{told}");
        }
    }
    for address in ["/ws/a b/", "/ws/a"] {
        assert!(old_endpoint(address, "", PathName::Room).is_err(), "{address}");
    }
}
