//! The settings of a lobby, and what they permit to whom.

use bolide_net::relay::{Audiences, ChatRoute, Endpoint, RelayName};

use crate::member::Identity;
use crate::output::Refusal;

/// The settings of a lobby. Their ranges are checked by the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LobbySettings {
    /// True if users sign in. `/ws/<name>/` is then for the user of that name only.
    pub auth: bool,
    /// The rights of strangers.
    pub anonymous: Anonymous,
    /// The channels of topics to which pages may publish, if they ask for it.
    pub publish: Audiences,
    /// The text of a topic's page that is answered with itself, and goes to nobody else.
    pub heartbeat: String,
    /// Seconds for which a topic keeps its last message, unless the message says otherwise.
    pub expire_s: u32,
    /// Messages that a person may send each second in the long run, over all its sockets.
    pub messages_per_s: u32,
    /// Messages that a person may send at once after a silence.
    pub messages_burst: u32,
    /// Rooms and channels of topics that may be open.
    pub channels_max: usize,
    /// Members of a room, a channel of a topic, the chat or the broadcast.
    pub members_max: usize,
    /// Lines of the chat that newcomers are sent.
    pub chat_history: usize,
}

/// The rights of a stranger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// Listens and speaks.
    #[default]
    Publish,
    /// Listens.
    Listen,
    /// May not come in.
    Nothing,
}

impl Default for LobbySettings {
    fn default() -> LobbySettings {
        LobbySettings {
            auth: false,
            anonymous: Anonymous::Publish,
            publish: Audiences::default(),
            heartbeat: "--heartbeat--".to_owned(),
            expire_s: 3600,
            messages_per_s: 5,
            messages_burst: 30,
            channels_max: 1000,
            members_max: 1000,
            chat_history: 50,
        }
    }
}

impl LobbySettings {
    /// Decides whether a person may have a socket at an endpoint. A server asks before it accepts
    /// the WebSocket, to refuse with 403; the lobby asks again.
    ///
    /// # Errors
    /// The reason, which displays as a sentence for the client.
    pub fn permit(&self, endpoint: &Endpoint, identity: &Identity) -> Result<(), Refusal> {
        if identity.user.is_none() && self.anonymous == Anonymous::Nothing {
            return Err(Refusal::Stranger);
        }
        match endpoint {
            Endpoint::Arena | Endpoint::Chat(ChatRoute::Say | ChatRoute::Rename) => {
                Err(Refusal::NoSocket)
            }
            Endpoint::User(name) if self.auth => {
                let user = identity.user.as_deref().and_then(|user| RelayName::parse(user).ok());
                if user.as_ref() == Some(name) { Ok(()) } else { Err(Refusal::NotYourName) }
            }
            _ => Ok(()),
        }
    }

    /// Returns whether a person may speak where it listens.
    pub(crate) fn may_speak(&self, identity: &Identity) -> bool {
        identity.user.is_some() || self.anonymous == Anonymous::Publish
    }
}
