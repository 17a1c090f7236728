//! An owner of a lobby: it carries out the outputs, and keeps all that members hear.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bolide_lobby::{
    Browser, Entrance, Identity, KeptTopic, Lobby, LobbySettings, MemberId, Now, Output, Recipient,
    Refusal, Topic,
};
use bolide_net::relay::{PathName, old_endpoint};

/// A lobby, its members and its store.
pub(crate) struct Shell {
    pub(crate) lobby: Lobby,
    pub(crate) now: Now,
    pub(crate) names: PathName,
    /// Those who are in, as their sockets see it.
    pub(crate) present: BTreeSet<u32>,
    heard: BTreeMap<u32, Vec<String>>,
    closed: BTreeMap<u32, (u16, &'static str)>,
    pub(crate) stored: BTreeMap<Topic, KeptTopic>,
    refused: Vec<Refusal>,
}

impl Shell {
    pub(crate) fn new() -> Shell {
        Shell::with(LobbySettings::default())
    }

    pub(crate) fn with(settings: LobbySettings) -> Shell {
        Shell {
            lobby: Lobby::new(settings),
            now: Now { since_start: Duration::from_secs(100), unix_s: 1_700_000_000 },
            names: PathName::User,
            present: BTreeSet::new(),
            heard: BTreeMap::new(),
            closed: BTreeMap::new(),
            stored: BTreeMap::new(),
            refused: Vec::new(),
        }
    }

    /// Lets a stranger in.
    #[track_caller]
    pub(crate) fn enter(&mut self, member: u32, address: &str) {
        self.enter_as(member, address, Identity::default());
    }

    #[track_caller]
    pub(crate) fn enter_as(&mut self, member: u32, address: &str, identity: Identity) {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let endpoint = old_endpoint(path, query, self.names).expect(address).expect(address);
        let draw = u64::from(member) << 32 | 0x0028_0e19;
        self.present.insert(member);
        let entrance = Entrance { endpoint, identity, draw };
        self.lobby.handle_enter(MemberId(member), entrance, self.now);
        self.drain();
    }

    pub(crate) fn say(&mut self, member: u32, text: &str) {
        self.lobby.handle_text(MemberId(member), text, self.now);
        self.drain();
    }

    pub(crate) fn leave(&mut self, member: u32) {
        self.present.remove(&member);
        self.lobby.handle_leave(MemberId(member), self.now);
        self.drain();
    }

    /// Publishes a text of a backend, which is kept as the settings say.
    pub(crate) fn publish(&mut self, topics: &[Topic], text: &str) -> usize {
        self.publish_for(topics, text, None)
    }

    pub(crate) fn publish_for(
        &mut self,
        topics: &[Topic],
        text: &str,
        expire_s: Option<u32>,
    ) -> usize {
        let copies = self.lobby.handle_publish(topics, text, expire_s, self.now);
        self.drain();
        copies
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        self.now.since_start += Duration::from_millis(ms);
        self.now.unix_s += ms / 1000;
        self.lobby.advance(self.now);
        self.drain();
    }

    /// Returns what a member heard since it was asked last.
    pub(crate) fn heard(&mut self, member: u32) -> Vec<String> {
        self.heard.remove(&member).unwrap_or_default()
    }

    /// Returns the close code and the reason of a member that was closed since it was asked last.
    pub(crate) fn closed(&mut self, member: u32) -> Option<(u16, &'static str)> {
        self.closed.remove(&member)
    }

    /// Returns what was refused since it was asked last.
    pub(crate) fn refused(&mut self) -> Vec<Refusal> {
        std::mem::take(&mut self.refused)
    }

    /// Checks what several members heard, each since it was asked last.
    #[track_caller]
    pub(crate) fn check<const N: usize>(&mut self, expect: [(u32, &[&str]); N]) {
        for (member, texts) in expect {
            assert_eq!(self.heard(member), texts, "member {member}");
        }
    }

    /// Carries out all outputs. Nothing may be sent to a socket that is not in.
    #[track_caller]
    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.lobby.poll_output() {
            match output {
                Output::Send { to, text } => self.hear(to, &text),
                Output::Cast { to, except, text } => {
                    let receivers: BTreeSet<_> = to.as_slice().iter().collect();
                    assert_eq!(receivers.len(), to.as_slice().len(), "one copy each");
                    let receivers = to.as_slice().iter().filter(|to| Some(**to) != except);
                    receivers.for_each(|to| self.hear(*to, &text));
                }
                Output::Close { to, code, reason } => {
                    assert!(self.present.remove(&to.0), "{to:?} is closed, and is not in");
                    self.closed.insert(to.0, (code.code(), reason));
                }
                Output::Keep(kept) => {
                    self.stored.insert(kept.topic.clone(), kept);
                }
                Output::Forget(topic) => {
                    self.stored.remove(&topic);
                }
                Output::Refused(refusal) => self.refused.push(refusal),
            }
        }
    }

    fn hear(&mut self, member: MemberId, text: &[u8]) {
        assert!(self.present.contains(&member.0), "{member:?} hears, and is not in");
        let text = String::from_utf8(text.to_vec()).expect("UTF-8");
        self.heard.entry(member.0).or_default().push(text);
    }
}

/// Returns the identity of a browser with a cookie.
pub(crate) fn browser(cookie: u8) -> Identity {
    Identity { browser: Some(Browser([cookie; 32])), ..Identity::default() }
}

/// Returns the identity of a user who is signed in.
pub(crate) fn user(name: &str, groups: &[&str]) -> Identity {
    let groups = groups.iter().copied().map(str::to_owned).collect();
    Identity { user: Some(name.to_owned()), groups, ..Identity::default() }
}

/// Returns the identity of a browser with a session cookie.
pub(crate) fn session(key: &str) -> Identity {
    Identity { session: Some(key.to_owned()), ..Identity::default() }
}

/// Returns the channel of a facility for all.
pub(crate) fn all(facility: &str) -> Topic {
    topic(facility, Recipient::Everybody)
}

/// Returns a channel of a facility.
pub(crate) fn topic(facility: &str, to: Recipient) -> Topic {
    Topic { facility: facility.to_owned(), to }
}
