//! The bodies of the fuzz targets, so that stable tests can replay their corpora. The first byte of
//! the input selects the format: even is JSON, odd is MessagePack. For an address of an old relay
//! it selects the meaning of `/ws/<name>/`: even is a user, odd is a room.

use bolide_sim::{Tuning, preset};

use crate::messages::control::{ClientMessage, ServerMessage};
use crate::messages::legality::{ConnectionState, legal};
use crate::relay::{Endpoint, PathName, old_endpoint};
use crate::views::view::View;
use crate::wire::codec::Codec;
use crate::wire::limits::{FACILITY_BYTES_MAX, RELAY_NAME_CHARS_MAX};

/// Decodes any bytes as a client's frame. They are refused, or decode to a message that survives
/// encoding and decoding.
pub fn decode_client(data: &[u8]) {
    let Some((codec, frame)) = split(data) else { return };
    if let Ok(message) = codec.decode_client(frame) {
        let again = codec.encode_client(&message);
        assert_eq!(codec.decode_client(&again.bytes).as_ref(), Ok(&message));
    }
}

/// Decodes any bytes as a server's frame, with the same check.
pub fn decode_server(data: &[u8]) {
    let Some((codec, frame)) = split(data) else { return };
    if let Ok(Some(message)) = codec.decode_server(frame) {
        let again = codec.encode_server(&message);
        assert_eq!(codec.decode_server(&again.bytes).as_ref(), Ok(&Some(message)));
    }
}

/// Applies any delta to any snapshot. The result is a mismatch that changes nothing, or a view with
/// the hash that the delta names.
pub fn delta_apply(data: &[u8]) {
    let Some((codec, rest)) = split(data) else { return };
    let Some((length, rest)) = rest.split_first_chunk::<2>() else { return };
    let at = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (before, delta) = rest.split_at(at);
    let (Ok(Some(ServerMessage::Snapshot(before))), Ok(Some(ServerMessage::Delta(delta)))) =
        (codec.decode_server(before), codec.decode_server(delta))
    else {
        return;
    };
    let tuning = tuning();
    let mut view = View::default();
    view.begin(before.clone());
    match view.take(&delta, &tuning) {
        Ok(()) => {
            let seen = view.seen_at(delta.tick, &tuning);
            assert_eq!(seen.tick, delta.tick);
            assert!(delta.hash.is_none_or(|hash| hash == seen.view_hash()));
        }
        Err(_) => assert_eq!(view.known(), &before),
    }
}

fn tuning() -> Tuning {
    Tuning::new(&preset("brawl").expect("a preset").rules)
}

/// Checks any sequence of frames, each preceded by its length, against [`legal`]. Only a hello is
/// legal at first, and it is legal only once.
pub fn connection(data: &[u8]) {
    let Some((codec, mut rest)) = split(data) else { return };
    let mut state = ConnectionState::Greeting;
    while let Some((length, after)) = rest.split_first() {
        let (frame, next) = after.split_at(usize::from(*length).min(after.len()));
        rest = next;
        let Ok(message) = codec.decode_client(frame) else { continue };
        let hello = matches!(message, ClientMessage::Hello(_));
        let verdict = legal(state, &message);
        assert_eq!(verdict.is_ok(), hello == (state == ConnectionState::Greeting), "{message:?}");
        if hello && verdict.is_ok() {
            state = ConnectionState::Joined;
        }
    }
}

/// Reads any address as one of an old relay. It is none, or is refused, or means an endpoint whose
/// name is short and visible, and which the same name means in every spelling.
pub fn relay_endpoint(data: &[u8]) {
    let Some((selector, address)) = data.split_first() else { return };
    let Ok(address) = core::str::from_utf8(address) else { return };
    let names = if selector & 1 == 0 { PathName::User } else { PathName::Room };
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let Ok(Some(endpoint)) = old_endpoint(path, query, names) else { return };
    let (folder, name) = match &endpoint {
        Endpoint::User(name) => ("/ws", name.as_str()),
        Endpoint::Room { name, .. } => ("/room", name.as_str()),
        Endpoint::Topic { facility, .. } => {
            assert!(facility.len() <= FACILITY_BYTES_MAX);
            return;
        }
        Endpoint::Arena | Endpoint::Broadcast | Endpoint::Chat(_) => return,
    };
    assert!((1..=RELAY_NAME_CHARS_MAX).contains(&name.chars().count()), "{name:?}");
    assert!(!name.contains('/') && !name.chars().any(char::is_control), "{name:?}");
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let again = old_endpoint(&format!("{folder}/{encoded}/"), query, PathName::User);
    assert_eq!(again, Ok(Some(endpoint)));
}

fn split(data: &[u8]) -> Option<(Codec, &[u8])> {
    let (selector, frame) = data.split_first()?;
    Some((if selector & 1 == 0 { Codec::Json } else { Codec::MessagePack }, frame))
}
