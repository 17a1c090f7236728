//! Texts for people and programs: subprotocols, codes of rooms and errors, and why a frame of a
//! server is refused.

use bolide_net::{Codec, DecodeError, ErrorCode, RoomCode};

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

#[test]
fn an_error_code_is_shown_as_it_is_sent() {
    assert_eq!(ErrorCode::RoomFull.to_string(), "room_full");
}

#[test]
fn a_list_of_a_server_with_a_wrong_element_is_refused_with_what_belongs_there() {
    let refused = |frame: &str| match Codec::Json.decode_server(frame.as_bytes()) {
        Err(DecodeError::Malformed(text)) => text,
        other => panic!("{other:?}"),
    };
    for (frame, expect) in [
        (r#"[4,1,1,["x"]]"#, "the array of a player"),
        (r#"[4,1,1,[],[],[[12,0,"x"]]]"#, "a number"),
        (r#"[3,1,["x"]]"#, "the array of an event"),
    ] {
        let text = refused(frame);
        assert!(text.contains(&format!("expected {expect}")), "{frame}: {text}");
    }
}

#[test]
fn brackets_within_a_text_of_json_nest_nothing() {
    let decode = |frame: &str| {
        let refused = Codec::Json.decode_client(frame.as_bytes()).err();
        refused.is_some_and(|error| error.to_string().contains("nested deeper"))
    };
    let deep = "[".repeat(8);
    for (frame, is_deep) in [
        (format!(r#"{{"t":"chat","text":"{deep}"}}"#), false),
        (format!(r#"{{"t":"chat","text":"\"{deep}"}}"#), false),
        (format!(r#"{{"t":"chat\\","text":{deep}"#), true),
        (format!(r#"{{"t":["]]]]",{deep}"#), true),
        (format!(r#"{{"t":["\"]]]]",{deep}"#), true),
        (format!(r#"{{"t":[[[]]],{}"#, "[".repeat(7)), false),
        (format!(r#"{{"t":\"{deep}""#), false),
    ] {
        assert_eq!(decode(&frame), is_deep, "{frame}");
    }
}

#[test]
fn rules_of_a_server_that_are_infinite_are_refused() {
    let goldens = include_str!("golden/frames.json");
    let goldens: serde_json::Value = serde_json::from_str(goldens).expect("JSON");
    let welcome = goldens.as_array().and_then(|goldens| {
        goldens.iter().find(|golden| golden["name"] == "welcome-classic")?["json"].as_str()
    });
    let welcome = welcome.expect("a golden welcome");
    let infinite = welcome.replace(r#""walk_speed":0.15"#, r#""walk_speed":1e39"#);
    assert_ne!(infinite, welcome);
    assert!(Codec::Json.decode_server(welcome.as_bytes()).is_ok());
    let error = Codec::Json.decode_server(infinite.as_bytes()).expect_err("refused").to_string();
    assert_eq!(error, "rules is inf; allowed is finite numbers");
}
