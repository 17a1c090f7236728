//! The ways in which a socket ends, as far as bytes tell. What the peer is told, and under which
//! name it is counted, is the server's.

/// A limit or rule that a peer has broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// More bytes than its budget.
    Bytes,
    /// A message of too many fragments.
    Fragments,
    /// A message over the limit.
    TooBig,
    /// A text frame that is not UTF-8.
    BadUtf8,
    /// Not the WebSocket protocol.
    Protocol,
    /// It does not read what it is sent, and its outbox exceeds the limit.
    Unread,
}

/// The end of a socket that the peer did not close properly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketEnd {
    /// The peer is gone. It cannot be told anything.
    Gone,
    /// The peer has broken a limit or rule. It is to be told, and closed.
    Violation(Violation),
}
