//! Users by name: a text names its receiver and goes to that one alone, as it is. A name belongs to
//! the first who connects with it, until it leaves or the same person connects again.

use std::collections::BTreeMap;

use bolide_net::relay::RelayName;
use serde::{Deserialize, Serialize};

use crate::member::{Identity, MemberId};
use crate::output::Refusal;

/// All users who are connected.
#[derive(Debug, Default)]
pub(crate) struct Users(BTreeMap<RelayName, MemberId>);

impl Users {
    /// Returns the socket that has a name.
    pub(crate) fn find(&self, name: &RelayName) -> Option<MemberId> {
        self.0.get(name).copied()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(RelayName::as_str)
    }

    /// Gives a name to a socket.
    pub(crate) fn enter(&mut self, name: RelayName, member: MemberId) {
        self.0.insert(name, member);
    }

    pub(crate) fn leave(&mut self, name: &RelayName) {
        self.0.remove(name);
    }
}

/// Returns whether two sockets are the same person's: of one browser, or of one user who is signed
/// in.
pub(crate) fn is_same_person(one: &Identity, other: &Identity) -> bool {
    let same_browser = one.browser.is_some() && one.browser == other.browser;
    let same_user = one.user.is_some() && one.user == other.user;
    same_browser || same_user
}

/// Returns the receiver that a text names; `None` if the text is malformed.
pub(crate) fn read_receiver(text: &str) -> Option<String> {
    serde_json::from_str::<Direct>(text).ok().map(|direct| direct.to_user)
}

/// The part of a text that is read.
#[derive(Deserialize)]
struct Direct {
    to_user: String,
}

/// Encodes the frame that says why a text, or a name, was refused. `name` is the receiver of the
/// text, or the name that was asked for.
pub(crate) fn error_frame(refusal: Refusal, name: &str) -> String {
    let detail = match refusal {
        Refusal::Malformed => r#"send {"message":…,"to_user":…}"#.to_owned(),
        Refusal::UserAbsent => format!("{name} is not connected"),
        Refusal::NameTaken => format!("{name} is connected; choose another name"),
        other => other.to_string(),
    };
    let to_user = (refusal == Refusal::UserAbsent).then_some(name);
    let frame = Error { error: refusal.as_str(), to_user, detail: &detail };
    serde_json::to_string(&frame).expect("texts")
}

#[derive(Serialize)]
struct Error<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_user: Option<&'a str>,
    detail: &'a str,
}
