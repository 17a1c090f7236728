//! The client's side of the WebSocket framing: parses the head of a server's frame, and writes
//! client frames. It uses no library, because a load client needs the bytes of each frame in place,
//! without a copy. It holds no socket.
//!
//! ```text
//! server  [fin|opcode] [length]                      then the payload
//! client  [fin|opcode] [mask|length] [key: 4 bytes]  then the payload, exclusive or with the key
//! length  7 bits, or 126 and 16 bits, or 127 and 64 bits
//! ```

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) opcode: Opcode,
    /// Number of bytes before the payload.
    pub(crate) header_bytes: usize,
    pub(crate) payload_bytes: usize,
}

/// A frame that a Bolide server never sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the server sent a message in pieces, with an extension or with a mask")]
    Form,
    #[error("the server sent a frame of an unknown kind")]
    Opcode,
    #[error("the server sent a frame of more than {FRAME_BYTES_MAX} bytes")]
    TooBig,
}

/// The largest legitimate frame is a whole snapshot of 1,000 players in JSON, below 200 KiB.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 20;

/// Parses the head of the frame at the beginning of `bytes`. Returns `None` if there are too few
/// bytes.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<Head>, Broken> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let opcode = match first {
        0x81 => Opcode::Text,
        0x82 => Opcode::Binary,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8a => Opcode::Pong,
        0x83..=0x8f => return Err(Broken::Opcode),
        _ => return Err(Broken::Form),
    };
    let (header_bytes, length) = match (second, rest) {
        (0..=125, _) => (2, u64::from(*second)),
        (126, [a, b, ..]) => (4, u64::from(u16::from_be_bytes([*a, *b]))),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
        }
        (126 | 127, _) => return Ok(None),
        _ => return Err(Broken::Form),
    };
    let payload_bytes = usize::try_from(length).ok().filter(|length| *length <= FRAME_BYTES_MAX);
    Ok(Some(Head { opcode, header_bytes, payload_bytes: payload_bytes.ok_or(Broken::TooBig)? }))
}

/// Appends a client's frame to `out`.
pub(crate) fn write(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], key: [u8; 4]) {
    out.push(match opcode {
        Opcode::Text => 0x81,
        Opcode::Binary => 0x82,
        Opcode::Close => 0x88,
        Opcode::Ping => 0x89,
        Opcode::Pong => 0x8a,
    });
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => out.push(0x80 | length.to_be_bytes()[1]),
        Ok(length) => {
            out.push(0x80 | 126);
            out.extend(length.to_be_bytes());
        }
        Err(_) => {
            out.push(0x80 | 127);
            out.extend((payload.len() as u64).to_be_bytes());
        }
    }
    out.extend(key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}

#[cfg(test)]
mod tests {
    use super::{Broken, Head, Opcode, head, write};

    #[test]
    fn a_head_is_read_as_soon_as_it_is_whole() {
        for (bytes, expect) in [
            (vec![0x82, 3, 1, 2, 3], (Opcode::Binary, 2, 3)),
            (vec![0x81, 126, 1, 0], (Opcode::Text, 4, 256)),
            (vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], (Opcode::Binary, 10, 65_536)),
            (vec![0x89, 0], (Opcode::Ping, 2, 0)),
            (vec![0x88, 2, 3, 232], (Opcode::Close, 2, 2)),
        ] {
            let (opcode, header_bytes, payload_bytes) = expect;
            let expect = Ok(Some(Head { opcode, header_bytes, payload_bytes }));
            assert_eq!(head(&bytes), expect);
            for cut in 0..header_bytes {
                assert_eq!(head(&bytes[..cut]), Ok(None), "{cut} bytes of {bytes:?}");
            }
        }
    }

    #[test]
    fn what_no_bolide_sends_is_refused() {
        for (bytes, expect) in [
            (vec![0x02, 1, 0], Broken::Form),
            (vec![0xc2, 1, 0], Broken::Form),
            (vec![0x82, 0x81, 0], Broken::Form),
            (vec![0x83, 0], Broken::Opcode),
            (vec![0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0], Broken::TooBig),
            (vec![0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255], Broken::TooBig),
        ] {
            assert_eq!(head(&bytes), Err(expect), "{bytes:?}");
        }
    }

    #[test]
    fn our_frames_are_masked_and_long_ones_have_long_lengths() {
        let mut out = Vec::new();
        write(&mut out, Opcode::Text, b"abcde", [1, 2, 3, 4]);
        assert_eq!(out, [0x81, 0x85, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2, b'c' ^ 3, b'd' ^ 4, b'e' ^ 1]);
        for (length, expect) in [
            (125, vec![0x82, 0xfd]),
            (126, vec![0x82, 0xfe, 0, 126]),
            (65_535, vec![0x82, 0xfe, 255, 255]),
            (65_536, vec![0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut out = Vec::new();
            write(&mut out, Opcode::Binary, &vec![7; length], [0; 4]);
            assert!(out.starts_with(&expect), "{length}");
            assert_eq!(out.len(), expect.len() + 4 + length);
        }
    }
}
