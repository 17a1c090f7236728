//! The names that peers agree on before a message is sent: subprotocols, and the code of a private
//! room as people and logs read it.

use bolide_net::{Codec, RoomCode};

#[test]
fn the_first_known_subprotocol_is_chosen_and_named() {
    let negotiate = |offered: &[&str]| {
        let chosen = Codec::negotiate(offered.iter().copied());
        chosen.map_err(|unknown| unknown.to_string())
    };
    let json = (Codec::Json, Some("bolide.v1.json"));
    let messagepack = (Codec::MessagePack, Some("bolide.v1.msgpack"));
    assert_eq!(negotiate(&["bolide.v1.json", "bolide.v1.msgpack"]), Ok(json));
    assert_eq!(negotiate(&["bolide.v1.msgpack", "bolide.v1.json"]), Ok(messagepack));
    assert_eq!(negotiate(&["chat", "bolide.v1.msgpack"]), Ok(messagepack));
    assert_eq!(negotiate(&[]), Ok((Codec::Json, None)), "no offer is JSON, without a name");
    let unknown = "unknown subprotocol chat, bolide.v2; this server speaks bolide.v1.json and bolide.v1.msgpack";
    assert_eq!(negotiate(&["chat", "bolide.v2"]), Err(unknown.to_owned()));
}

#[test]
fn a_room_code_is_shown_to_people_and_hidden_in_logs() {
    let code = RoomCode::parse("ABC234").expect("six characters of the alphabet");
    assert_eq!(code.to_string(), "ABC234");
    assert_eq!(format!("{code:?}"), "RoomCode");
}
