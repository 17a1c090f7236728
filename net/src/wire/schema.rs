//! The schema hash: one number for the text of the message types. It is information, and no
//! connection is refused because of it.

/// The hash of `CONTROL` and `GAME`, each as 8 bytes, the high one first. It is sent in the
/// welcome as 16 hex digits, and written in `docs/protocol.md`, so that a page that is older than
/// the types is noticed.
pub const SCHEMA_HASH: u64 = fnv1a(fnv1a(FNV_OFFSET, &CONTROL.to_be_bytes()), &GAME.to_be_bytes());

/// The hash of the control messages, which any game has: `messages/control.rs`.
const CONTROL: u64 = fnv1a(FNV_OFFSET, include_bytes!("../messages/control.rs"));

/// The hash of what this game sends: its rules and its tick messages. Over `rules.rs`, `tick.rs`,
/// `entity.rs` and `event.rs` in `messages`, then `snapshot.rs` and `delta.rs` in `views`.
const GAME: u64 = {
    let rules = fnv1a(FNV_OFFSET, include_bytes!("../messages/rules.rs"));
    let tick = fnv1a(rules, include_bytes!("../messages/tick.rs"));
    let entity = fnv1a(tick, include_bytes!("../messages/entity.rs"));
    let event = fnv1a(entity, include_bytes!("../messages/event.rs"));
    let snapshot = fnv1a(event, include_bytes!("../views/snapshot.rs"));
    fnv1a(snapshot, include_bytes!("../views/delta.rs"))
};

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

const fn fnv1a(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(FNV_PRIME);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::{FNV_OFFSET, fnv1a};

    #[test]
    fn known_values_of_fnv1a() {
        assert_eq!(fnv1a(FNV_OFFSET, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(FNV_OFFSET, b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(FNV_OFFSET, b"foobar"), 0x8594_4171_f739_67e8);
    }
}
