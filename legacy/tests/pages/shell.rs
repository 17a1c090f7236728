//! The shell around a room whose seats are pages. It carries out what both ask for, in virtual
//! time.

use std::collections::BTreeMap;

use bolide_legacy::{Page, PageError, PageOutput, PageSettings};
use bolide_net::{ClientMessage, Codec, ServerMessage, SyncMode};
use bolide_room::{ConnectionId, Join, MatchTicket, Output, Room, RoomConfig, RoomId, RoomPolicy};
use bolide_sim::{Mode, PlayerId, Point, Rules, TickRate, preset};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const PICTURE: &str = "/picture.png";

/// A room and the pages in it.
pub(crate) struct Shell {
    pub(crate) room: Room,
    pub(crate) pages: Vec<Connected>,
    tickets: u64,
    /// The names in the newest roster.
    names: BTreeMap<u16, String>,
}

/// A page and what it was sent.
pub(crate) struct Connected {
    pub(crate) page: Page,
    name: String,
    /// The numbers and names of the players that it was told of.
    known: Vec<(String, String)>,
    /// Frames that were not looked at yet.
    pub(crate) heard: Vec<String>,
    /// Pings that were not answered yet.
    pub(crate) pings: Vec<u32>,
    /// Messages to its room.
    pub(crate) said: Vec<ClientMessage>,
    pub(crate) is_closed: bool,
    /// True if pings are answered at once.
    pub(crate) answers: bool,
}

/// Returns the rules of the page: set A, or set B if `is_slow`.
pub(crate) fn mode(is_slow: bool) -> Rules {
    preset(if is_slow { "legacy-b" } else { "legacy-a" }).expect("a preset").rules
}

/// Returns the same rules for a script, which counts in ticks of 1/30 s and shoots at once.
pub(crate) fn rules(is_slow: bool) -> Rules {
    Rules { tick_rate: TickRate::Hz30, protection_s: 0.0, capacity: 10, ..mode(is_slow) }
}

impl Shell {
    /// Opens a room of set A.
    pub(crate) fn new() -> Shell {
        Shell::of(rules(false))
    }

    pub(crate) fn of(rules: Rules) -> Shell {
        let policy = RoomPolicy { bots_fill_to: 0, intermission_s: 1.0, ..RoomPolicy::default() };
        let mode = Mode { name: "old".to_owned(), rules };
        let server = "test".to_owned();
        let config = RoomConfig { id: RoomId::known("r1"), code: None, mode, policy, server };
        let room = Room::new(config, ticket(1)).expect("valid rules");
        let mut shell = Shell { room, pages: Vec::new(), tickets: 1, names: BTreeMap::new() };
        shell.drain();
        shell
    }

    /// Opens a page, and lets it enter with this number and name. Returns its index.
    pub(crate) fn enter(&mut self, uuid: &str, name: &str) -> usize {
        let page = self.open();
        name.clone_into(&mut self.pages[page].name);
        let name = serde_json::to_string(name).expect("a text");
        self.send(
            page,
            &format!(
                r#"{{"event":"create_player","uuid":"{uuid}","username":{name},"photo":"P"}}"#
            ),
        )
        .expect("enters");
        page
    }

    /// Opens a page.
    pub(crate) fn open(&mut self) -> usize {
        let settings = PageSettings { picture: PICTURE.to_owned(), mode: Some("old".to_owned()) };
        self.pages.push(Connected {
            page: Page::new(settings),
            name: String::new(),
            known: Vec::new(),
            heard: Vec::new(),
            pings: Vec::new(),
            said: Vec::new(),
            is_closed: false,
            answers: true,
        });
        self.pages.len() - 1
    }

    /// Handles a frame of a page.
    pub(crate) fn send(&mut self, page: usize, text: &str) -> Result<(), PageError> {
        let mut out = PageOutput::default();
        let tick = self.room.match_tick();
        let result = self.pages[page].page.handle_frame(text, tick, &mut out);
        self.carry_out(page, out);
        result
    }

    /// Handles the answer of a page to a ping.
    pub(crate) fn pong(&mut self, page: usize, nonce: u32) {
        let mut out = PageOutput::default();
        let tick = self.room.match_tick();
        self.pages[page].page.handle_pong(nonce, tick, &mut out);
        self.carry_out(page, out);
    }

    /// Ends the connection of a page.
    pub(crate) fn leave(&mut self, page: usize) {
        self.pages[page].is_closed = true;
        self.room.handle_message(connection(page), ClientMessage::Leave);
        self.drain();
    }

    /// Returns the name of a player.
    pub(crate) fn name_of(&self, player: PlayerId) -> &str {
        self.names.get(&player.0).map_or("", String::as_str)
    }

    /// Returns the number by which a page knows the player of another page. Both players are seats
    /// of the order in which they entered.
    pub(crate) fn seen(&mut self, by: usize, other: usize) -> String {
        let name = self.pages[other].name.clone();
        let known = self.pages[by].known.iter().rev().find(|(_, known)| *known == name);
        known.map(|(uuid, _)| uuid.clone()).expect("told of it")
    }

    /// Returns the place of the player of a page.
    pub(crate) fn at(&self, page: usize) -> Point {
        self.room.world().players()[page].at
    }

    /// Returns the health of the player of a page.
    pub(crate) fn health(&self, page: usize) -> u16 {
        self.room.world().players()[page].health
    }

    pub(crate) fn ticks(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.room.handle_tick();
            self.end_tick();
        }
    }

    /// Steps the room without snapshots, as a server that is short of time does.
    pub(crate) fn unshown_ticks(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.room.handle_tick_unshown();
            self.end_tick();
        }
    }

    fn end_tick(&mut self) {
        self.drain();
        for page in 0..self.pages.len() {
            let mut out = PageOutput::default();
            let tick = self.room.match_tick();
            if !self.pages[page].is_closed {
                self.pages[page].page.handle_tick(tick, &mut out);
            }
            self.carry_out(page, out);
        }
    }

    fn carry_out(&mut self, page: usize, out: PageOutput) {
        let PageOutput { to_room, to_page, pings, close } = out;
        for text in to_page {
            let frame: Value = serde_json::from_str(&text).expect("strict JSON");
            if frame["event"] == "create_player" {
                let text = |key: &str| frame[key].as_str().expect("a text").to_owned();
                self.pages[page].known.push((text("uuid"), text("username")));
            }
            self.pages[page].heard.push(text);
        }
        self.pages[page].pings.extend(pings);
        self.pages[page].said.extend(to_room.iter().cloned());
        for message in to_room {
            self.pass_on(page, message);
        }
        if close {
            self.pages[page].is_closed = true;
        }
        if self.pages[page].answers {
            for nonce in std::mem::take(&mut self.pages[page].pings) {
                self.pong(page, nonce);
            }
        }
    }

    fn pass_on(&mut self, page: usize, message: ClientMessage) {
        let connection = connection(page);
        if let ClientMessage::Hello(hello) = message {
            assert_eq!((hello.mode.as_deref(), hello.sync), (Some("old"), SyncMode::Events));
            let (codec, token) = (Codec::MessagePack, format!("token{page}"));
            let (name, sync) = (hello.name, hello.sync);
            let join = Join { name, codec, sync, token, creator: false };
            if let Err(error) = self.room.handle_join(connection, join) {
                let message = ServerMessage::error(error.code(), error.to_string());
                let mut out = PageOutput::default();
                self.pages[page].page.handle_message(message, self.room.match_tick(), &mut out);
                self.carry_out(page, out);
            }
        } else {
            self.room.handle_message(connection, message);
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                Output::Send { to, frame, .. } => {
                    let message = Codec::MessagePack.decode_server(&frame.bytes);
                    let message = message.expect("decodes").expect("known");
                    if let ServerMessage::Roster { players } = &message {
                        let named = players.iter().map(|entry| (entry.id, entry.name.clone()));
                        self.names = named.collect();
                    }
                    let page = usize::try_from(to.0).expect("few");
                    let mut out = PageOutput::default();
                    let tick = self.room.match_tick();
                    self.pages[page].page.handle_message(message, tick, &mut out);
                    self.carry_out(page, out);
                }
                Output::Close { to, .. } => {
                    self.pages[usize::try_from(to.0).expect("few")].is_closed = true;
                }
                Output::Save { number, .. } | Output::SaveLock { number, .. } => {
                    self.room.handle_saved(number);
                }
                Output::WantTicket { .. } => {
                    self.tickets += 1;
                    self.room.handle_ticket(ticket(self.tickets));
                }
                Output::Forget { .. } | Output::Refused(_) | Output::Journal(_) => {}
            }
        }
    }

    /// Returns the frames that a page was sent since the last call.
    pub(crate) fn heard(&mut self, page: usize) -> Vec<String> {
        std::mem::take(&mut self.pages[page].heard)
    }

    /// Returns those of the frames that a page was sent since the last call that are of an event.
    pub(crate) fn events(&mut self, page: usize, event: &str) -> Vec<Value> {
        let frames = self.heard(page).into_iter();
        let frames = frames.map(|text| serde_json::from_str::<Value>(&text).expect("strict JSON"));
        frames.filter(|frame| frame["event"] == event).collect()
    }
}

/// Returns a fight of A, which stands at (0.5, 0.5), and B at (1.25, 0.5), whose cooldowns are
/// over.
pub(crate) fn fight(rules: &Rules) -> Shell {
    let mut shell = Shell::of(Rules { fight_at: 2, ..rules.clone() });
    for (uuid, name) in [("11111111", "A"), ("22222222", "B")] {
        shell.enter(uuid, name);
        shell.ticks(1);
    }
    shell.ticks(2);
    for (page, uuid, x) in [(0, "11111111", 0.5), (1, "22222222", 1.25)] {
        let walk = format!(r#"{{"event":"move_to","uuid":"{uuid}","tx":{x},"ty":0.5}}"#);
        shell.send(page, &walk).expect("a walk");
    }
    shell.ticks(160);
    assert_eq!([shell.at(0), shell.at(1)], [0.5, 1.25].map(|x| Point::in_units(x, 0.5)));
    shell
}

fn connection(page: usize) -> ConnectionId {
    ConnectionId(page as u64)
}

fn ticket(number: u64) -> MatchTicket {
    MatchTicket { id: Uuid::from_u128(number.into()), seed: number }
}
