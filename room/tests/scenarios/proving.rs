//! Detection of lost synchronisation: deltas carry the hash of the receiver's view once a second.

use bolide_net::ServerMessage;
use bolide_room::Output;
use bolide_sim::{GRID, Input, Point};

use crate::shell::{ADA, BEA, codec_of, fight};

#[test]
fn a_delta_carries_a_hash_once_a_second() {
    let (mut shell, ..) = fight();
    let mut hashed_at = Vec::new();
    for tick in 1..=300u32 {
        let x = if tick.is_multiple_of(2) { 0 } else { GRID };
        shell.input(ADA, tick, Input::Move(Point::new(x, GRID / 2)));
        shell.room.handle_tick();
        while let Some(output) = shell.room.poll_output() {
            let Output::Send { to: BEA, frame, .. } = output else { continue };
            let message = codec_of(BEA).decode_server(&frame.bytes).expect("decodes");
            if let Some(ServerMessage::Delta(delta)) = message {
                hashed_at.extend(delta.hash.map(|_| tick));
            }
        }
    }
    assert_eq!(hashed_at.len(), 10, "{hashed_at:?}");
    assert!(hashed_at.windows(2).all(|pair| pair[1] - pair[0] == 30), "{hashed_at:?}");
}
