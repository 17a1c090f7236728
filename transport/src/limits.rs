//! The numbers that bound the cost of one socket. They are settings of the server.

use crate::token_bucket::Rate;

/// The limits of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketLimits {
    /// Received bytes, headers included.
    pub bytes: Rate,
    /// Frames of one message.
    pub fragments_max: u32,
    /// Bytes of a received message, and of each of its frames.
    pub message_bytes_max: usize,
    /// Bytes that may wait for a reader besides the newest snapshot.
    pub outbox_bytes_max: usize,
    /// Bytes that the kernel may buffer for a reader. Linux takes twice as much.
    pub send_buffer_bytes: usize,
}
