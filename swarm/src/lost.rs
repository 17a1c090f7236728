//! Why a player of the swarm is no longer there. Each reason is a short sentence, the same for all whom it befell, so that
//! they can be counted by it.

use std::fmt;
use std::io;

/// How a connection ended, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// No connection.
    Connect(String),
    /// The handshake was answered with something else.
    Refused(String),
    /// The hello was answered with an error.
    NotSeated {
        /// The stable code.
        code: String,
        /// The server's words.
        text: String,
    },
    /// A close frame.
    Closed {
        /// Its code.
        code: u16,
        /// What it says to people, and when to come back.
        reason: String,
    },
    /// The end of the stream without a close frame.
    Ended,
    /// An error of the socket.
    Socket(String),
    /// No answer in time.
    Silent(&'static str),
    /// A frame that is none, or a message that is none.
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

/// The error without the number of this system.
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
