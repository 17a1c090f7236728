//! A room with two members.

use bolide_lobby::{Entrance, Identity, Lobby, LobbySettings, MemberId, Now, Output};
use bolide_net::relay::{PathName, old_endpoint};

#[test]
fn a_text_in_a_room_reaches_its_members() {
    let mut lobby = Lobby::new(LobbySettings::default());
    let now = Now::default();
    for id in [1, 2] {
        let endpoint = old_endpoint("/room/a/", "", PathName::User).expect("a form").expect("one");
        let entrance = Entrance { endpoint, identity: Identity::default(), draw: 0 };
        lobby.handle_enter(MemberId(id), entrance, now);
    }
    lobby.handle_text(MemberId(1), "hi", now);
    let Some(Output::Cast { to, except: None, text }) = lobby.poll_output() else {
        panic!("no cast");
    };
    assert_eq!((to.as_slice(), &text[..]), (&[MemberId(1), MemberId(2)][..], &b"hi"[..]));
    assert_eq!(lobby.poll_output(), None);
}
