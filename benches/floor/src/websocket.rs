//! The little of a WebSocket that a yardstick reads by itself.

use anyhow::{Context, Result, bail};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Returns the payload of a client's first frame, once it is whole, and its length with the header.
///
/// # Errors
/// It is longer than any that is sent here.
pub fn unmasked(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let (length, rest) = match bytes {
        [_, length, rest @ ..] if *length < 0x80 + 126 => (usize::from(length & 0x7f), rest),
        [_, 0xfe, a, b, rest @ ..] => (usize::from(u16::from_be_bytes([*a, *b])), rest),
        [_, 0xff, ..] => bail!("too big"),
        _ => return Ok(None),
    };
    let Some((key, rest)) = rest.split_at_checked(4) else { return Ok(None) };
    let Some(payload) = rest.get(..length) else { return Ok(None) };
    let payload = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Ok(Some((payload, bytes.len() - rest.len() + length)))
}

/// Returns the answer to a request for a WebSocket.
///
/// # Errors
/// The request has no key.
pub fn answer(request: &str, subprotocol: Option<&str>) -> Result<String> {
    let header =
        request.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
            name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
        });
    let accept = derive_accept_key(header.context("no key")?.as_bytes());
    let subprotocol =
        subprotocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{subprotocol}\r\n"
    ))
}
