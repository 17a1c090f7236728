//! The body of the fuzz target, so that stable tests can replay its corpus.

use core::time::Duration;
use std::collections::BTreeSet;

use bolide_net::relay::chat::{RenameForm, SayForm};
use bolide_net::relay::{Audience, PathName, old_endpoint};

use crate::lobby::Lobby;
use crate::member::{Browser, Entrance, Identity, MemberId, Now};
use crate::output::Output;
use crate::relay::topic::{Recipient, Topic};
use crate::settings::LobbySettings;

/// Sockets that come and go.
const SOCKETS: u8 = 8;

/// Handles any sequence of acts. Each is a byte that selects the act, one that selects the socket,
/// the length of a text, and the text. Whatever they are, only sockets that are in are sent
/// anything, all of it is UTF-8, and what the lobby itself writes is strict JSON.
pub fn relay_frame(data: &[u8]) {
    let mut lobby = Lobby::new(LobbySettings {
        publish: Audience::ALL.into_iter().collect(),
        channels_max: 4,
        members_max: 4,
        chat_history: 4,
        ..LobbySettings::default()
    });
    let mut present = BTreeSet::new();
    let mut now = Now::default();
    let mut rest = data;
    while let [act, socket, length, after @ ..] = rest {
        let (text, next) = after.split_at(usize::from(*length).min(after.len()));
        rest = next;
        let socket = socket % SOCKETS;
        let id = MemberId(u32::from(socket));
        let Ok(text) = core::str::from_utf8(text) else { continue };
        match act % 8 {
            0 => enter(&mut lobby, socket, text, now, &mut present),
            1 => {
                lobby.handle_leave(id, now);
                present.remove(&id);
            }
            2 => {
                let topic = Topic { facility: text.to_owned(), to: Recipient::Everybody };
                assert_eq!(topic.to_string().parse(), Ok(topic.clone()));
                lobby.handle_publish(&[topic], text, None, now);
            }
            3 => say(&mut lobby, socket, text, now),
            4 => {
                now.since_start += Duration::from_millis(u64::from(*length));
                now.unix_s += u64::from(*length);
                lobby.advance(now);
            }
            _ => lobby.handle_text(id, text, now),
        }
        drain(&mut lobby, &mut present);
    }
    let view: serde_json::Value =
        serde_json::from_str(&lobby.chat_since(None)).expect("strict JSON");
    assert!(view["lines"].as_array().is_some_and(|lines| lines.len() <= 4));
}

/// Lets a socket in, if the text is an address.
fn enter(lobby: &mut Lobby, socket: u8, address: &str, now: Now, present: &mut BTreeSet<MemberId>) {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let Ok(Some(endpoint)) = old_endpoint(path, query, PathName::User) else { return };
    let id = MemberId(u32::from(socket));
    present.insert(id);
    let identity = Identity {
        user: socket.is_multiple_of(2).then(|| "john".to_owned()),
        groups: vec!["a".to_owned(), "b".to_owned()],
        session: Some("key".to_owned()),
        browser: Some(Browser([socket; 32])),
    };
    let draw = u64::from(socket) << 32;
    lobby.handle_enter(id, Entrance { endpoint, identity, draw }, now);
}

/// Hands in the forms of the chat that a text is.
fn say(lobby: &mut Lobby, socket: u8, body: &str, now: Now) {
    let browser = Some(Browser([socket; 32]));
    if let Ok(form) = SayForm::parse(body) {
        // A refused text has had no effect.
        let _counted = lobby.handle_say(browser, &form.from, &form.text, form.to.as_deref(), now);
    }
    if let Ok(form) = RenameForm::parse(body) {
        let _counted = lobby.handle_rename(browser, &form.from, &form.name, now);
    }
}

fn drain(lobby: &mut Lobby, present: &mut BTreeSet<MemberId>) {
    while let Some(output) = lobby.poll_output() {
        match output {
            Output::Send { to, text } => {
                assert!(present.contains(&to), "{to:?} is not in");
                core::str::from_utf8(&text).expect("UTF-8");
            }
            Output::Cast { to, text, .. } => {
                assert!(to.as_slice().iter().all(|to| present.contains(to)), "{to:?}");
                core::str::from_utf8(&text).expect("UTF-8");
            }
            Output::Close { to, .. } => assert!(present.remove(&to), "{to:?} is not in"),
            Output::Keep(kept) => assert!(!kept.topic.to_string().is_empty()),
            Output::Forget(_) | Output::Refused(_) => {}
        }
    }
}
