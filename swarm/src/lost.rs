//! Reasons for which a player's connection is lost. Each reason is a short text without details of
//! the single case, so that players can be counted by it.

use std::fmt;
use std::io;

/// The end of a connection, or the reason for which there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The connection could not be opened.
    Connect(String),
    /// The handshake was answered with something else.
    Refused(String),
    /// The hello was answered with an error.
    NotSeated {
        /// The stable code.
        code: String,
        /// The server's message.
        text: String,
    },
    /// A close frame.
    Closed {
        /// Its code.
        code: u16,
        /// Its reason: a text for people that may contain the time to come back.
        reason: String,
    },
    /// The end of the stream without a close frame.
    Ended,
    /// An error of the socket.
    Socket(String),
    /// No answer in time.
    Silent(&'static str),
    /// Bytes that are no frame, or a frame that is no message.
    NotUnderstood(String),
}

impl Lost {
    pub(crate) fn connect(error: &io::Error) -> Lost {
        Lost::Connect(plain(error))
    }

    pub(crate) fn socket(error: &io::Error) -> Lost {
        Lost::Socket(plain(error))
    }
}

/// Formats the error without the operating system's error number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Connect(why) => write!(f, "no connection: {why}"),
            Lost::Refused(why) => write!(f, "the handshake was refused: {why}"),
            Lost::NotSeated { code, .. } => write!(f, "the hello was refused: {code}"),
            Lost::Closed { code, .. } => write!(f, "closed with {code}"),
            Lost::Ended => f.write_str("ended without a close frame"),
            Lost::Socket(why) => f.write_str(why),
            Lost::Silent(what) => f.write_str(what),
            Lost::NotUnderstood(what) => write!(f, "not understood: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::Lost;

    #[test]
    fn a_reason_is_a_sentence_without_numbers_of_the_system() {
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(Lost::connect(&refused).to_string(), "no connection: connection refused");
        let closed = Lost::Closed { code: 1012, reason: "back in 700 ms".to_owned() };
        assert_eq!(closed.to_string(), "closed with 1012", "the same for all");
    }
}
