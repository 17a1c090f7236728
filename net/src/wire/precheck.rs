//! A walk over a frame before anything is built from it. It allocates nothing, does not recurse,
//! and checks what serde would trust: the depth of nested containers, and that every length fits
//! into the remaining bytes. A frame that claims four billion elements is refused here.

use crate::wire::error::DecodeError;
use crate::wire::limits::DEPTH_MAX;

/// Walks over a JSON text. Only nesting can do harm, because JSON has no lengths. The rest is left
/// to the parser.
pub(crate) fn json(frame: &[u8]) -> Result<(), DecodeError> {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for byte in frame {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(too_deep());
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Walks over a MessagePack value and checks that nothing follows it.
pub(crate) fn msgpack(frame: &[u8]) -> Result<(), DecodeError> {
    let mut rest = frame;
    // Elements still to come at each level of nesting.
    let mut open = [0u64; DEPTH_MAX];
    let mut depth = 0;
    loop {
        let elements = value(&mut rest)?;
        if elements > rest.len() as u64 {
            return Err(malformed(format!(
                "a container claims {elements} elements, {} bytes are left",
                rest.len()
            )));
        }
        if elements > 0 {
            *open.get_mut(depth).ok_or_else(too_deep)? = elements;
            depth += 1;
            continue;
        }
        while depth > 0 {
            open[depth - 1] -= 1;
            if open[depth - 1] > 0 {
                break;
            }
            depth -= 1;
        }
        if depth == 0 {
            return match rest.len() {
                0 => Ok(()),
                left => Err(malformed(format!("{left} bytes follow the message"))),
            };
        }
    }
}

/// Skips one value, or the head of a container. Returns how many values the container holds.
fn value(rest: &mut &[u8]) -> Result<u64, DecodeError> {
    let marker = take(rest, 1)?[0];
    let skip = match marker {
        // Small numbers, nil, false, true.
        0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => 0,
        // Small maps, arrays and texts.
        0x80..=0x8f => return Ok(2 * u64::from(marker & 0x0f)),
        0x90..=0x9f => return Ok(u64::from(marker & 0x0f)),
        0xa0..=0xbf => u64::from(marker & 0x1f),
        0xc1 => return Err(malformed("0xc1 is no MessagePack".to_owned())),
        // Bytes and texts with a length of 1, 2 or 4 bytes.
        0xc4 | 0xd9 => number(rest, 1)?,
        0xc5 | 0xda => number(rest, 2)?,
        0xc6 | 0xdb => number(rest, 4)?,
        0xc7..=0xc9 | 0xd4..=0xd8 => {
            return Err(malformed("no message has an extension type".to_owned()));
        }
        // Numbers.
        0xcc | 0xd0 => 1,
        0xcd | 0xd1 => 2,
        0xca | 0xce | 0xd2 => 4,
        0xcb | 0xcf | 0xd3 => 8,
        // Arrays and maps with a length of 2 or 4 bytes.
        0xdc => return number(rest, 2),
        0xdd => return number(rest, 4),
        0xde => return Ok(2 * number(rest, 2)?),
        0xdf => return Ok(2 * number(rest, 4)?),
    };
    take(rest, skip).map(|_| 0)
}

fn number(rest: &mut &[u8], bytes: u64) -> Result<u64, DecodeError> {
    Ok(take(rest, bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn take<'a>(rest: &mut &'a [u8], bytes: u64) -> Result<&'a [u8], DecodeError> {
    let left = rest.len();
    let split = usize::try_from(bytes).ok().and_then(|bytes| rest.split_at_checked(bytes));
    let (taken, after) =
        split.ok_or_else(|| malformed(format!("a value claims {bytes} bytes, {left} are left")))?;
    *rest = after;
    Ok(taken)
}

fn too_deep() -> DecodeError {
    malformed(format!("containers are nested deeper than {DEPTH_MAX}"))
}

const fn malformed(text: String) -> DecodeError {
    DecodeError::Malformed(text)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::{json, msgpack};
    use crate::wire::limits::DEPTH_MAX;

    #[test]
    fn depth_is_counted_exactly() {
        for (depth, fits) in [(DEPTH_MAX, true), (DEPTH_MAX + 1, false), (10_000, false)] {
            assert_eq!(
                json(&[vec![b'['; depth], vec![b']'; depth]].concat()).is_ok(),
                fits,
                "{depth}"
            );
            let nested = [vec![0x91; depth - 1], vec![0x90]].concat();
            // An empty container opens no level of its own.
            assert_eq!(msgpack(&nested).is_ok(), depth - 1 <= DEPTH_MAX, "{depth}");
        }
        json(br#"{"text":"[[[[[[[[[[[[\"[[[["}"#).expect("brackets in a text nest nothing");
    }

    #[test]
    fn lengths_must_fit() {
        let refused = |frame: &[u8]| msgpack(frame).expect_err("refused").to_string();
        assert_eq!(refused(b""), "a value claims 1 bytes, 0 are left");
        assert_eq!(
            refused(b"\xdd\xff\xff\xff\xff\x01"),
            "a container claims 4294967295 elements, 1 bytes are left"
        );
        assert_eq!(
            refused(b"\xdf\xff\xff\xff\xff\x01"),
            "a container claims 8589934590 elements, 1 bytes are left"
        );
        assert_eq!(
            refused(b"\xdb\xff\xff\xff\xff\x01"),
            "a value claims 4294967295 bytes, 1 are left"
        );
        assert_eq!(refused(b"\xa3ab"), "a value claims 3 bytes, 2 are left");
        assert_eq!(refused(b"\xc0\xc0"), "1 bytes follow the message");
        assert_eq!(refused(b"\xc1"), "0xc1 is no MessagePack");
        assert_eq!(refused(b"\xd4\x01\x01"), "no message has an extension type");
        assert_eq!(refused(b"\x92\x01"), "a container claims 2 elements, 1 bytes are left");
    }

    proptest! {
        /// Every frame that passes the walk is one whole value to an independent MessagePack
        /// decoder.
        #[test]
        fn what_passes_is_one_whole_value(bytes in vec(any::<u8>(), 0..64)) {
            if msgpack(&bytes).is_ok() {
                let mut decoder = rmp_serde::Deserializer::new(std::io::Cursor::new(&bytes));
                let value = <serde::de::IgnoredAny as serde::Deserialize>::deserialize(&mut decoder);
                // A text that is not UTF-8 may still be refused.
                if value.is_ok() {
                    assert_eq!(decoder.position(), bytes.len() as u64);
                }
            }
            let _any_result = json(&bytes);
        }
    }
}
