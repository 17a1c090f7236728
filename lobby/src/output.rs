//! The outputs of a lobby.

use std::collections::VecDeque;

use bolide_net::CloseCode;
use bytes::Bytes;

use crate::channel::Members;
use crate::member::MemberId;
use crate::relay::topic::{KeptTopic, Topic};

/// An action that the owner must carry out. The order matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Sends a text frame to one member.
    Send {
        /// The receiver.
        to: MemberId,
        /// The text, as UTF-8.
        text: Bytes,
    },
    /// Sends the same text frame to many members.
    Cast {
        /// The receivers. The list is shared, not copied.
        to: Members,
        /// A member that gets nothing, should it be in the list.
        except: Option<MemberId>,
        /// The text, as UTF-8, whose bytes all receivers share.
        text: Bytes,
    },
    /// Closes a socket after what was sent to it. It is no member any more.
    Close {
        /// The socket.
        to: MemberId,
        /// The reason, for the client.
        code: CloseCode,
        /// The reason, for people.
        reason: &'static str,
    },
    /// Stores the last message of a topic's channel, in place of the one before.
    Keep(KeptTopic),
    /// Removes the last message of a topic's channel from the store.
    Forget(Topic),
    /// Reports that something was refused, to be counted.
    Refused(Refusal),
}

/// The reason of a refusal. It displays as a sentence for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}", self.reason())]
pub enum Refusal {
    /// A stranger where only users may come in.
    Stranger,
    /// A name that is not the user's own.
    NotYourName,
    /// An endpoint without a socket of the lobby.
    NoSocket,
    /// A name that somebody has.
    NameTaken,
    /// A room, or a channel of a topic, that is full.
    ChannelFull,
    /// Too many rooms and channels.
    TooManyChannels,
    /// A text from somebody who may only listen, or to a channel that is closed to pages.
    MayNotSpeak,
    /// A text to a user who is not connected.
    UserAbsent,
    /// A text that is not of the form of its endpoint.
    Malformed,
    /// Too many messages of one person.
    Rate,
    /// An id of the chat that is not that of a socket of the same browser.
    NotYou,
    /// A line of the chat of nothing.
    EmptyLine,
    /// A nickname that is none.
    BadName,
    /// A second change of the nickname.
    RenamedAlready,
    /// A line of the chat for a member who is not there.
    UnknownReceiver,
}

impl Refusal {
    /// All refusals.
    pub const ALL: [Refusal; 15] = [
        Refusal::Stranger,
        Refusal::NotYourName,
        Refusal::NoSocket,
        Refusal::NameTaken,
        Refusal::ChannelFull,
        Refusal::TooManyChannels,
        Refusal::MayNotSpeak,
        Refusal::UserAbsent,
        Refusal::Malformed,
        Refusal::Rate,
        Refusal::NotYou,
        Refusal::EmptyLine,
        Refusal::BadName,
        Refusal::RenamedAlready,
        Refusal::UnknownReceiver,
    ];

    /// The word for it in metrics and error frames.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Refusal::Stranger => "stranger",
            Refusal::NotYourName => "not_your_name",
            Refusal::NoSocket => "no_socket",
            Refusal::NameTaken => "name_taken",
            Refusal::ChannelFull => "channel_full",
            Refusal::TooManyChannels => "too_many_channels",
            Refusal::MayNotSpeak => "may_not_speak",
            Refusal::UserAbsent => "user_absent",
            Refusal::Malformed => "malformed",
            Refusal::Rate => "rate",
            Refusal::NotYou => "not_you",
            Refusal::EmptyLine => "empty_line",
            Refusal::BadName => "bad_name",
            Refusal::RenamedAlready => "renamed_already",
            Refusal::UnknownReceiver => "unknown_receiver",
        }
    }

    /// The sentence for the client.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Refusal::Stranger => "strangers may not connect here; sign in",
            Refusal::NotYourName => "only the user of that name may connect here",
            Refusal::NoSocket => "there is no socket here",
            Refusal::NameTaken => "that name is connected; choose another name",
            Refusal::ChannelFull => "too many are connected here; try later",
            Refusal::TooManyChannels => "too many rooms and topics are open; try later",
            Refusal::MayNotSpeak => "you may listen here, not speak",
            Refusal::UserAbsent => "that user is not connected",
            Refusal::Malformed => "the text is malformed",
            Refusal::Rate => "too many messages; wait a second",
            Refusal::NotYou => "that is not you",
            Refusal::EmptyLine => "the line is empty",
            Refusal::BadName => "a name has 1 to 64 characters that can be seen",
            Refusal::RenamedAlready => "the name was changed already",
            Refusal::UnknownReceiver => "nobody here has that id",
        }
    }

    /// The status of the HTTP answer, where a wish came by HTTP.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Refusal::Malformed | Refusal::EmptyLine | Refusal::BadName => 400,
            Refusal::Stranger | Refusal::NotYourName | Refusal::MayNotSpeak | Refusal::NotYou => {
                403
            }
            Refusal::NoSocket | Refusal::UserAbsent | Refusal::UnknownReceiver => 404,
            Refusal::NameTaken | Refusal::RenamedAlready => 409,
            Refusal::Rate => 429,
            Refusal::ChannelFull | Refusal::TooManyChannels => 503,
        }
    }
}

/// The queue behind `Lobby::poll_output`. Bounded by the contract: it is drained after each
/// `handle_*`.
#[derive(Debug, Default)]
pub(crate) struct Outputs(VecDeque<Output>);

impl Outputs {
    pub(crate) fn push(&mut self, output: Output) {
        self.0.push_back(output);
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.0.pop_front()
    }

    pub(crate) fn send(&mut self, to: MemberId, text: impl Into<Bytes>) {
        self.push(Output::Send { to, text: text.into() });
    }

    pub(crate) fn cast(&mut self, to: &Members, text: Bytes) {
        self.push(Output::Cast { to: to.clone(), except: None, text });
    }

    pub(crate) fn close(&mut self, to: MemberId, code: CloseCode, reason: &'static str) {
        self.push(Output::Close { to, code, reason });
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.push(Output::Refused(refusal));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Refusal;

    #[test]
    fn all_refusals_are_in_the_list_and_have_words_of_their_own() {
        for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, place);
        }
        assert_eq!(Refusal::ALL.last(), Some(&Refusal::UnknownReceiver), "the last of the enum");
        let words: BTreeSet<_> = Refusal::ALL.into_iter().map(Refusal::as_str).collect();
        let reasons: BTreeSet<_> = Refusal::ALL.into_iter().map(Refusal::reason).collect();
        assert_eq!((words.len(), reasons.len()), (Refusal::ALL.len(), Refusal::ALL.len()));
    }
}
