//! Any order of comings, goings, texts and publishes, beside a model that knows of each socket only
//! where it is. Nobody hears what is not for it, the order is kept, nobody stays in a channel after
//! it left, empty channels vanish, and the bounds hold.

use std::collections::{BTreeMap, BTreeSet};

use bolide_lobby::LobbySettings;
use bolide_net::relay::Audience;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::shell::{Shell, all, browser};

const SOCKETS: u32 = 8;
const MEMBERS_MAX: usize = 4;
const CHANNELS_MAX: usize = 3;

/// A place. Numbers are names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Broadcast,
    User(u8),
    Room(u8),
    Topic { facility: u8, echo: bool },
    Chat { joined: bool },
}

/// A channel that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Channel {
    Broadcast,
    Room(u8),
    Topic(u8),
    Chat,
}

impl Place {
    fn address(self) -> String {
        match self {
            Place::Broadcast => "/ws/".to_owned(),
            Place::User(name) => format!("/ws/{name}/"),
            Place::Room(name) => format!("/room/{name}/"),
            Place::Topic { facility, echo } => {
                let echo = if echo { "&echo" } else { "" };
                format!("/ws/{facility}?subscribe-broadcast&publish-broadcast{echo}")
            }
            Place::Chat { .. } => "/chat".to_owned(),
        }
    }

    fn channel(self) -> Option<Channel> {
        match self {
            Place::Broadcast => Some(Channel::Broadcast),
            Place::Room(name) => Some(Channel::Room(name)),
            Place::Topic { facility, .. } => Some(Channel::Topic(facility)),
            Place::Chat { joined: true } => Some(Channel::Chat),
            Place::User(_) | Place::Chat { joined: false } => None,
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Enter {
        socket: u32,
        place: Place,
    },
    /// Says something; at a user's endpoint, to another.
    Say {
        socket: u32,
        to: u8,
    },
    Leave {
        socket: u32,
    },
    Publish {
        facility: u8,
    },
    /// Says a line of the chat by HTTP.
    Line {
        socket: u32,
    },
    /// Lets kept messages expire.
    Wait,
}

/// The sockets and last messages that the model knows, and the effects that the last act should
/// have had.
#[derive(Clone, Debug, Default)]
struct Model {
    places: BTreeMap<u32, Place>,
    kept: BTreeMap<u8, String>,
    /// The number of acts, which makes each text another.
    acts: u32,
    heard: BTreeMap<u32, Vec<String>>,
    closed: BTreeSet<u32>,
}

impl Model {
    fn text(&self, to: u8) -> String {
        format!(r#"{{"to_user":"{to}","n":{}}}"#, self.acts)
    }

    fn members(&self, channel: Channel) -> Vec<u32> {
        let is_there = |place: &Place| place.channel() == Some(channel);
        self.places.iter().filter(|(_, place)| is_there(place)).map(|(socket, _)| *socket).collect()
    }

    fn is_admitted(&self, place: Place) -> bool {
        let Some(channel) = place.channel() else {
            let is_user = matches!(place, Place::User(_));
            return !(is_user && self.places.values().any(|other| *other == place));
        };
        let channels: BTreeSet<_> = self.places.values().filter_map(|it| it.channel()).collect();
        let is_counted = |it: &&Channel| matches!(it, Channel::Room(_) | Channel::Topic(_));
        let opens = is_counted(&&channel) && !channels.contains(&channel);
        let fits = !opens || channels.iter().filter(is_counted).count() < CHANNELS_MAX;
        fits && self.members(channel).len() < MEMBERS_MAX
    }

    fn hear(&mut self, sockets: impl IntoIterator<Item = u32>, text: &str) {
        for socket in sockets {
            self.heard.entry(socket).or_default().push(text.to_owned());
        }
    }

    fn enter(&mut self, socket: u32, place: Place) {
        self.places.remove(&socket);
        if !self.is_admitted(place) {
            self.closed.insert(socket);
            return;
        }
        self.places.insert(socket, place);
        if let Place::Topic { facility, .. } = place
            && let Some(kept) = self.kept.get(&facility).cloned()
        {
            self.hear([socket], &kept);
        }
    }

    fn say(&mut self, socket: u32, to: u8) {
        let Some(place) = self.places.get(&socket).copied() else { return };
        let text = self.text(to);
        match place {
            Place::User(_) => {
                let is_receiver = |place: &Place| *place == Place::User(to);
                let found = self.places.iter().find(|(_, place)| is_receiver(place));
                let found = found.map(|(socket, _)| *socket);
                self.hear(found, &text);
            }
            Place::Broadcast | Place::Room(_) => {
                let channel = place.channel().expect("one");
                self.hear(self.members(channel), &text);
            }
            Place::Topic { facility, echo } => {
                let others = self.members(Channel::Topic(facility));
                self.hear(others.into_iter().filter(|other| echo || *other != socket), &text);
                self.kept.insert(facility, text);
            }
            Place::Chat { joined: false } if self.members(Channel::Chat).len() < MEMBERS_MAX => {
                self.places.insert(socket, Place::Chat { joined: true });
            }
            Place::Chat { joined: false } => {
                self.places.remove(&socket);
                self.closed.insert(socket);
            }
            Place::Chat { joined: true } => {}
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Act> {
        let socket = || 0..SOCKETS;
        let name = || 0..3_u8;
        let place = prop_oneof![
            Just(Place::Broadcast),
            name().prop_map(Place::User),
            name().prop_map(Place::Room),
            (name(), any::<bool>()).prop_map(|(facility, echo)| Place::Topic { facility, echo }),
            Just(Place::Chat { joined: false }),
        ];
        prop_oneof![
            4 => (socket(), place).prop_map(|(socket, place)| Act::Enter { socket, place }),
            6 => (socket(), name()).prop_map(|(socket, to)| Act::Say { socket, to }),
            2 => socket().prop_map(|socket| Act::Leave { socket }),
            2 => name().prop_map(|facility| Act::Publish { facility }),
            2 => socket().prop_map(|socket| Act::Line { socket }),
            1 => Just(Act::Wait),
        ]
        .boxed()
    }

    fn apply(mut model: Model, act: &Act) -> Model {
        model.acts += 1;
        model.heard.clear();
        model.closed.clear();
        match *act {
            Act::Enter { socket, place } => model.enter(socket, place),
            Act::Say { socket, to } => model.say(socket, to),
            Act::Leave { socket } => drop(model.places.remove(&socket)),
            Act::Publish { facility } => {
                let text = model.text(facility);
                model.hear(model.members(Channel::Topic(facility)), &text);
                model.kept.insert(facility, text);
            }
            Act::Line { socket } => {
                if model.places.get(&socket) == Some(&Place::Chat { joined: true }) {
                    let text = model.text(0);
                    model.hear(model.members(Channel::Chat), &text);
                }
            }
            Act::Wait => model.kept.clear(),
        }
        model
    }
}

struct Machine;

impl StateMachineTest for Machine {
    type SystemUnderTest = Shell;
    type Reference = Model;

    fn init_test(_: &Model) -> Shell {
        Shell::with(LobbySettings {
            publish: Audience::ALL.into_iter().collect(),
            messages_per_s: 1000,
            messages_burst: 1000,
            members_max: MEMBERS_MAX,
            channels_max: CHANNELS_MAX,
            chat_history: 0,
            ..LobbySettings::default()
        })
    }

    fn apply(mut shell: Shell, model: &Model, act: Act) -> Shell {
        match act {
            Act::Enter { socket, place } => {
                // Each socket is a browser of its own.
                let identity = browser(u8::try_from(socket).expect("few"));
                shell.enter_as(socket, &place.address(), identity);
            }
            // A page says the same to take part in the chat.
            Act::Say { socket, to } => {
                let is_in_chat = matches!(model.places.get(&socket), Some(Place::Chat { .. }))
                    || model.closed.contains(&socket);
                let text = if is_in_chat { "test_x".to_owned() } else { model.text(to) };
                shell.say(socket, &text);
            }
            Act::Leave { socket } => shell.leave(socket),
            Act::Publish { facility } => {
                let members = model.members(Channel::Topic(facility)).len();
                let text = model.text(facility);
                assert_eq!(shell.publish(&[all(&facility.to_string())], &text), members);
            }
            Act::Line { socket } => {
                let cookie = browser(u8::try_from(socket).expect("few")).browser;
                let (id, text) = (format!("{socket:08x}"), model.text(0));
                let said = shell.lobby.handle_say(cookie, &id, &text, None, shell.now);
                shell.drain();
                let is_in = model.places.get(&socket) == Some(&Place::Chat { joined: true });
                assert_eq!(said.is_ok(), is_in);
            }
            Act::Wait => shell.wait(3_600_000),
        }
        for socket in 0..SOCKETS {
            let heard = shell.heard(socket);
            let heard: Vec<String> = heard.iter().filter_map(|text| said(text)).collect();
            let expect = model.heard.get(&socket).cloned().unwrap_or_default();
            assert_eq!(heard, expect, "socket {socket}");
            assert_eq!(shell.closed(socket).is_some(), model.closed.contains(&socket));
        }
        assert_eq!(shell.present, model.places.keys().copied().collect());
        assert_eq!(shell.stored.len(), model.kept.len());
        shell
    }

    fn teardown(mut shell: Shell, _: Model) {
        // When all have left, nothing is left of their channels: as many as ever can be opened.
        (0..SOCKETS).for_each(|socket| shell.leave(socket));
        for n in 0..CHANNELS_MAX {
            let socket = u32::try_from(n).expect("few");
            shell.enter(socket, &format!("/room/new{n}/"));
            assert_eq!(shell.closed(socket), None);
        }
        assert_eq!(shell.lobby.users().count(), 0);
    }
}

/// Returns the text that somebody said in a frame: the frame itself, or the line of the chat in it.
/// Frames of the lobby's own, such as rosters and errors, are none.
fn said(frame: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(frame).expect("JSON");
    if value.get("to_user").is_some() && value.get("error").is_none() {
        return Some(frame.to_owned());
    }
    Some(value.get("data")?.get("msg")?.as_str()?.to_owned())
}

prop_state_machine! {
    #[test]
    fn nobody_hears_what_is_not_for_it(sequential 1..100 => Machine);
}
