//! Topics: a backend publishes to channels of a facility, and the pages that subscribe to them hear
//! it. Each channel keeps its last message for a while, for those who come later.

use core::fmt;
use core::str::FromStr;
use std::collections::{BTreeMap, BTreeSet};

use bolide_net::relay::{Audience, Audiences};
use bytes::Bytes;

use crate::channel::Members;
use crate::member::{Identity, MemberId};
use crate::output::{Output, Outputs};

/// Last messages that are kept. Beyond, the one that would expire first goes.
const KEPT_MAX: usize = 10_000;

/// A channel of a facility. It displays as the text that names it in a store, and parses from it:
/// `broadcast:F`, `user:U:F`, `group:G:F` or `session:K:F`, in which `%` and `:` of a key are
/// written as `%25` and `%3A`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Topic {
    /// The facility: the path of the pages that listen to it.
    pub facility: String,
    /// Those of its pages that are addressed.
    pub to: Recipient,
}

/// The pages of a facility that a channel addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// All that subscribe.
    Everybody,
    /// Those of a user.
    User(String),
    /// Those of the members of a group.
    Group(String),
    /// Those of a browser, by the value of its session cookie.
    Session(String),
}

/// The last message of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTopic {
    /// The channel.
    pub topic: Topic,
    /// The message, as UTF-8.
    pub text: Bytes,
    /// The second since 1970 from which on it is gone.
    pub until_unix_s: u64,
}

/// A text that names no channel of a topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no channel; the forms are broadcast:FACILITY, user:NAME:FACILITY, \
     group:NAME:FACILITY and session:KEY:FACILITY"
)]
pub struct TopicError(String);

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |key: &str| key.replace('%', "%25").replace(':', "%3A");
        let facility = &self.facility;
        match &self.to {
            Recipient::Everybody => write!(f, "broadcast:{facility}"),
            Recipient::User(user) => write!(f, "user:{}:{facility}", key(user)),
            Recipient::Group(group) => write!(f, "group:{}:{facility}", key(group)),
            Recipient::Session(session) => write!(f, "session:{}:{facility}", key(session)),
        }
    }
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Topic, TopicError> {
        let unknown = || TopicError(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
        if kind == Audience::Broadcast.name() {
            return Ok(Topic { facility: rest.to_owned(), to: Recipient::Everybody });
        }
        let (key, facility) = rest.split_once(':').ok_or_else(unknown)?;
        let key = key.replace("%3A", ":").replace("%25", "%");
        let audience = Audience::ALL.into_iter().find(|audience| audience.name() == kind);
        let to = match audience.ok_or_else(unknown)? {
            Audience::User => Recipient::User(key),
            Audience::Group => Recipient::Group(key),
            Audience::Session => Recipient::Session(key),
            Audience::Broadcast => return Err(unknown()),
        };
        Ok(Topic { facility: facility.to_owned(), to })
    }
}

/// Returns the channels of a facility that audiences mean to a person, each once. A stranger has
/// none of a user, and a browser without a session cookie none of a session.
pub(crate) fn channels(facility: &str, audiences: Audiences, identity: &Identity) -> Vec<Topic> {
    let mut recipients = Vec::new();
    for audience in audiences.iter() {
        match audience {
            Audience::Broadcast => recipients.push(Recipient::Everybody),
            Audience::User => recipients.extend(identity.user.clone().map(Recipient::User)),
            Audience::Group => {
                let groups: BTreeSet<&String> = identity.groups.iter().collect();
                recipients.extend(groups.into_iter().cloned().map(Recipient::Group));
            }
            Audience::Session => {
                recipients.extend(identity.session.clone().map(Recipient::Session));
            }
        }
    }
    let topic = |to| Topic { facility: facility.to_owned(), to };
    recipients.into_iter().map(topic).collect()
}

/// All channels that have members, and the last messages.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    open: BTreeMap<Topic, Members>,
    kept: BTreeMap<Topic, (Bytes, u64)>,
    /// The channels of the last messages, by the second at which each is gone.
    expiries: BTreeSet<(u64, Topic)>,
}

/// A member's place in a facility.
#[derive(Clone, Debug)]
pub(crate) struct TopicPlace {
    /// The channels that it hears.
    pub(crate) subscribed: Vec<Topic>,
    /// The channels to which its texts go.
    pub(crate) published: Vec<Topic>,
    /// True if it hears its own texts too.
    pub(crate) echo: bool,
}

impl Topics {
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Returns the number of members of a channel; `None` if it has none.
    pub(crate) fn members(&self, topic: &Topic) -> Option<usize> {
        self.open.get(topic).map(Members::len)
    }

    /// Lets a member hear channels, and sends it their last messages.
    pub(crate) fn enter(
        &mut self,
        member: MemberId,
        place: &TopicPlace,
        unix_s: u64,
        out: &mut Outputs,
    ) {
        for topic in &place.subscribed {
            self.open.entry(topic.clone()).or_default().insert(member);
            if let Some(text) = self.last(topic, unix_s) {
                out.send(member, text.clone());
            }
        }
    }

    pub(crate) fn leave(&mut self, member: MemberId, place: &TopicPlace) {
        for topic in &place.subscribed {
            if let Some(members) = self.open.get_mut(topic) {
                members.remove(member);
                if members.is_empty() {
                    self.open.remove(topic);
                }
            }
        }
    }

    /// Sends a text to a channel. Returns the number of its members.
    pub(crate) fn publish(
        &self,
        topic: &Topic,
        text: &Bytes,
        except: Option<MemberId>,
        out: &mut Outputs,
    ) -> usize {
        let Some(members) = self.open.get(topic) else { return 0 };
        out.push(Output::Cast { to: members.clone(), except, text: text.clone() });
        members.len()
    }

    /// Keeps a text as the last message of a channel, and has it stored.
    pub(crate) fn keep(&mut self, kept: KeptTopic, out: &mut Outputs) {
        out.push(Output::Keep(kept.clone()));
        self.restore(kept);
        while self.kept.len() > KEPT_MAX {
            self.forget_first(out);
        }
    }

    /// Takes a last message from the store.
    pub(crate) fn restore(&mut self, KeptTopic { topic, text, until_unix_s }: KeptTopic) {
        self.expiries.insert((until_unix_s, topic.clone()));
        let before = self.kept.insert(topic.clone(), (text, until_unix_s));
        if let Some((_, until)) = before.filter(|(_, until)| *until != until_unix_s) {
            self.expiries.remove(&(until, topic));
        }
    }

    /// Returns the last message of a channel, unless it is gone.
    pub(crate) fn last(&self, topic: &Topic, unix_s: u64) -> Option<&Bytes> {
        self.kept.get(topic).filter(|(_, until)| unix_s < *until).map(|(text, _)| text)
    }

    /// Forgets the messages that are gone.
    pub(crate) fn expire(&mut self, unix_s: u64, out: &mut Outputs) {
        while self.expiries.first().is_some_and(|(until, _)| *until <= unix_s) {
            self.forget_first(out);
        }
    }

    fn forget_first(&mut self, out: &mut Outputs) {
        if let Some((_, topic)) = self.expiries.pop_first() {
            self.kept.remove(&topic);
            out.push(Output::Forget(topic));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Recipient, Topic};

    #[test]
    fn a_channel_has_one_name_and_is_read_from_it() {
        let topic = |to, facility: &str| Topic { facility: facility.to_owned(), to };
        for (topic, name) in [
            (topic(Recipient::Everybody, "deep/er/f"), "broadcast:deep/er/f"),
            (topic(Recipient::Everybody, ""), "broadcast:"),
            (topic(Recipient::User("john".to_owned()), "a:b"), "user:john:a:b"),
            (topic(Recipient::User("a:b".to_owned()), "c"), "user:a%3Ab:c"),
            (topic(Recipient::Group("%3A".to_owned()), "c"), "group:%253A:c"),
            (topic(Recipient::Session("%".to_owned()), "汉"), "session:%25:汉"),
        ] {
            assert_eq!(topic.to_string(), name);
            assert_eq!(name.parse(), Ok(topic));
        }
        for name in ["", "broadcast", "user:a", "users:a:b"] {
            let error = name.parse::<Topic>().expect_err(name).to_string();
            assert!(error.starts_with(&format!("`{name}` names no channel; the forms are ")));
        }
    }
}
