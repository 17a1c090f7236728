//! The page: what its connection hands in, and what that asks of the room, of the page and of the
//! connection. What the page does is in `acting.rs`, what it is told in `news.rs`, and how it is
//! put right in `correcting.rs`.

use bolide_net::{ClientMessage, Hello, ServerMessage, SyncMode, WantedRoom};
use bolide_sim::Tick;

use crate::claims::ClaimCounts;
use crate::frame::{ClientEvent, ClientFrame, PageError};
use crate::identity::{Identities, Uuid};
use crate::seat::Seat;
use crate::text::{line, name};
use crate::writer::Writer;

/// The choices of the owner of a page.
#[derive(Clone, Debug)]
pub struct PageSettings {
    /// The address of the picture of every player. It must load, because one that does not stops
    /// the page.
    pub picture: String,
    /// The mode that the page plays; the server's default if none.
    pub mode: Option<String>,
}

/// The consequences of a call. The owner carries them out and clears them.
#[derive(Debug, Default, PartialEq)]
pub struct PageOutput {
    /// Messages of this seat to its room, in order. The first is a hello.
    pub to_room: Vec<ClientMessage>,
    /// Text frames to the page, in order.
    pub to_page: Vec<String>,
    /// Numbers of WebSocket pings to the page, to be sent after `to_page`.
    pub pings: Vec<u32>,
    /// True if the connection ends after this: the page has nothing left to play.
    pub close: bool,
}

/// Counts of claims by how they ended, and of corrections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// The ends of claims and hits.
    pub claims: ClaimCounts,
    /// Players that were new to the page and not as it begins with a player.
    pub introduced: u64,
    /// Players that the page was told of where a push ended.
    pub settled: u64,
    /// Players that the page had visibly wrong otherwise.
    pub corrected: u64,
}

/// One page of the old client, as its connection knows it.
///
/// The only time is the last tick of the match, which each call is told. Before the welcome it is
/// any number.
pub struct Page {
    settings: PageSettings,
    player: Option<Player>,
}

/// The player of a page that has sent its `create_player`.
struct Player {
    identities: Identities,
    /// The number of the server's own lines of chat.
    server: Uuid,
    /// The seat, once the room has given one.
    seat: Option<Seat>,
}

/// The name above the server's own lines of chat.
const SERVER: &str = "server";

impl Page {
    /// Begins with a new connection.
    #[must_use]
    pub const fn new(settings: PageSettings) -> Page {
        Page { settings, player: None }
    }

    /// Handles a text frame of the page.
    ///
    /// # Errors
    /// The frame is none of the old client, or not in the name of this page. It has had no effect.
    pub fn handle_frame(
        &mut self,
        text: &str,
        tick: Tick,
        out: &mut PageOutput,
    ) -> Result<(), PageError> {
        let ClientFrame { uuid, event } = ClientFrame::read(text)?;
        match (&mut self.player, event) {
            (None, ClientEvent::CreatePlayer { username }) => {
                let mut identities = Identities::new(uuid);
                let server = identities.draw();
                self.player = Some(Player { identities, server, seat: None });
                let mode = self.settings.mode.clone();
                let (name, room, sync) = (name(&username), WantedRoom::Any, SyncMode::Events);
                let hello = Hello { name, mode, room, resume: None, sync };
                out.to_room.push(ClientMessage::Hello(hello));
            }
            (None, _) => return Err(PageError::NotCreated),
            (Some(player), _) if player.identities.own() != uuid => {
                return Err(PageError::Stranger);
            }
            (Some(_), ClientEvent::CreatePlayer { .. }) => return Err(PageError::CreatedTwice),
            (Some(_), ClientEvent::Message { text }) => {
                out.to_room.extend(line(&text).map(ClientMessage::Chat));
            }
            (Some(Player { identities, seat, .. }), event) => {
                if let Some(seat) = seat {
                    seat.act(&event, identities, tick, out);
                }
            }
        }
        Ok(())
    }

    /// Handles a message of the room to this seat. Those of a tick are told to the page by
    /// [`Page::handle_tick`].
    pub fn handle_message(&mut self, message: ServerMessage, tick: Tick, out: &mut PageOutput) {
        let Some(Player { identities, server, seat }) = &mut self.player else { return };
        let mut writer = Writer { identities, picture: &self.settings.picture, out };
        match message {
            ServerMessage::Welcome(welcome) => match Seat::new(&welcome) {
                Ok(new) => {
                    writer.identities.take_seat(welcome.seat);
                    *seat = Some(new);
                }
                Err(error) => {
                    writer.say(*server, SERVER, &error.to_string());
                    out.close = true;
                }
            },
            ServerMessage::Chat { from, name, text } => {
                let uuid = writer.identities.of(from);
                writer.say(uuid, &name, &text);
            }
            ServerMessage::Error { message, .. } => writer.say(*server, SERVER, &message),
            ServerMessage::Notice { title, text, .. } => {
                let line = title.map_or_else(|| text.clone(), |title| format!("{title}: {text}"));
                writer.say(*server, SERVER, &line);
            }
            message => {
                if let Some(seat) = seat {
                    seat.hear(message, tick, out);
                }
            }
        }
    }

    /// Handles the end of a tick, after the room's messages of that tick: tells the page what has
    /// happened, and puts it right.
    pub fn handle_tick(&mut self, tick: Tick, out: &mut PageOutput) {
        if let Some(Player { identities, seat: Some(seat), .. }) = &mut self.player {
            let picture = &self.settings.picture;
            seat.tick(tick, &mut Writer { identities, picture, out });
        }
    }

    /// Handles the answer to a ping of [`PageOutput::pings`].
    pub fn handle_pong(&mut self, nonce: u32, tick: Tick, out: &mut PageOutput) {
        if let Some(Player { seat: Some(seat), .. }) = &mut self.player {
            out.to_room.extend(seat.answer(nonce, tick).map(ClientMessage::Pong));
        }
    }

    /// Returns how its claims ended, and how often it was put right.
    #[must_use]
    pub fn counts(&self) -> PageCounts {
        let seat = self.player.as_ref().and_then(|player| player.seat.as_ref());
        seat.map(Seat::counts).unwrap_or_default()
    }
}
