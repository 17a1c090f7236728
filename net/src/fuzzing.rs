//! The bodies of the fuzz targets, so that stable tests can replay their corpora. The first byte of the input
//! picks the format: even is JSON, odd is MessagePack.

use crate::codec::Codec;

/// Any bytes are refused or decode to a message that encodes and decodes to itself.
pub fn decode_client(data: &[u8]) {
    let Some((codec, frame)) = split(data) else { return };
    if let Ok(message) = codec.decode_client(frame) {
        let again = codec.encode_client(&message);
        assert_eq!(codec.decode_client(&again.bytes).as_ref(), Ok(&message));
    }
}

/// The same for what a client reads.
pub fn decode_server(data: &[u8]) {
    let Some((codec, frame)) = split(data) else { return };
    if let Ok(Some(message)) = codec.decode_server(frame) {
        let again = codec.encode_server(&message);
        assert_eq!(codec.decode_server(&again.bytes).as_ref(), Ok(&Some(message)));
    }
}

fn split(data: &[u8]) -> Option<(Codec, &[u8])> {
    let (selector, frame) = data.split_first()?;
    Some((if selector & 1 == 0 { Codec::Json } else { Codec::MessagePack }, frame))
}
