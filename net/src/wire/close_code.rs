//! Reasons for closing a connection, as the numbers of `docs/protocol.md`.

/// A WebSocket close code that this server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// 1000: the client asked for it.
    Normal,
    /// 1002: not the WebSocket protocol.
    Protocol,
    /// 1003: a text frame where binary was agreed, or the other way round.
    WrongFrameKind,
    /// 1007: a text frame that is not UTF-8.
    BadUtf8,
    /// 1008: against a rule of the server, such as the deadline for `hello`.
    Policy,
    /// 1009: a message over [`crate::limits::FRAME_BYTES_MAX`].
    TooBig,
    /// 1011: the room failed; a bug of the server.
    Internal,
    /// 1012: the server restarts.
    Restarting,
    /// 1013: full; try later.
    TryLater,
    /// 4001: the token is not valid.
    BadToken,
    /// 4004: the client's version cannot play here.
    Version,
    /// 4008: over a rate limit.
    Rate,
    /// 4009: a newer connection of the same session took over.
    Replaced,
    /// 4010: the client reads too slowly or does not answer pings.
    TooSlow,
    /// 4011: repeated invalid messages.
    InvalidMessage,
    /// 4012: the client was idle for too long, in a match, after it, or while a player waits for
    /// others.
    Idle,
}

/// Returns the delay in the reason of a close frame with [`CloseCode::Restarting`], which ends like
/// `back in 1700 ms`. The server sends its clients different delays, so that they do not all
/// reconnect at once.
#[must_use]
pub fn back_in_ms(reason: &str) -> Option<u16> {
    let (_, told) = reason.rsplit_once("back in ")?;
    told.strip_suffix(" ms")?.parse().ok()
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            CloseCode::Normal => 1000,
            CloseCode::Protocol => 1002,
            CloseCode::WrongFrameKind => 1003,
            CloseCode::BadUtf8 => 1007,
            CloseCode::Policy => 1008,
            CloseCode::TooBig => 1009,
            CloseCode::Internal => 1011,
            CloseCode::Restarting => 1012,
            CloseCode::TryLater => 1013,
            CloseCode::BadToken => 4001,
            CloseCode::Version => 4004,
            CloseCode::Rate => 4008,
            CloseCode::Replaced => 4009,
            CloseCode::TooSlow => 4010,
            CloseCode::InvalidMessage => 4011,
            CloseCode::Idle => 4012,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::back_in_ms;

    #[test]
    fn a_reason_says_when_to_come_back_or_does_not() {
        for (reason, expect) in [
            ("the server restarts; back in 1700 ms", Some(1700)),
            ("back in 0 ms", Some(0)),
            ("back in 65536 ms", None),
            ("back in -1 ms", None),
            ("back in 1.5 s", None),
            ("the server is stopping", None),
            ("", None),
        ] {
            assert_eq!(back_in_ms(reason), expect, "{reason}");
        }
    }
}
