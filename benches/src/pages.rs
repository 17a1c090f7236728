//! The scene of old pages: ten seats walk and shoot for two seconds, all of them pages, or all of
//! them native clients of the same mode.

use std::collections::VecDeque;

use bolide_legacy::{Page, PageOutput, PageSettings};
use bolide_net::{ClientMessage, Codec, Frame, InputMessage, PlayerName, SyncMode};
use bolide_room::{ConnectionId, Join, Output, Room};
use bolide_sim::{Input, Point, Rules, preset};

/// Seats of the scene.
const SEATS: u16 = 10;

/// Ticks of the scene.
const TICKS: u32 = 120;

/// A room of the old arena with all seats taken, in a fight that nobody can end.
pub struct PageScene {
    room: Room,
    pages: Vec<Page>,
    frames: VecDeque<(usize, Frame)>,
    output: PageOutput,
    delivered: u64,
}

impl PageScene {
    /// Opens the room with pages in all seats, or with native clients.
    ///
    /// # Panics
    /// The preset or a seat is missing.
    #[must_use]
    pub fn new(are_pages: bool) -> PageScene {
        let rules = preset("legacy-a").expect("a preset").rules;
        let rules = Rules { dead_at: 0, health: 1000, radius_per_health: 0.000_1, ..rules };
        let mut scene = PageScene {
            room: crate::open_room(rules),
            pages: Vec::new(),
            frames: VecDeque::new(),
            output: PageOutput::default(),
            delivered: 0,
        };
        for seat in 0..SEATS {
            if are_pages {
                scene.open_page();
            } else {
                scene.join(seat.into(), "native", Codec::Json);
            }
        }
        (0..60).for_each(|_| scene.tick());
        scene.delivered = 0;
        scene
    }

    fn open_page(&mut self) {
        let index = self.pages.len();
        let settings = PageSettings { picture: "/player.svg".to_owned(), mode: None };
        self.pages.push(Page::new(settings));
        let uuid = 10_000_000 + index;
        self.say(
            index,
            &format!(r#"{{"event":"create_player","uuid":"{uuid}","username":"page","photo":""}}"#),
        );
    }

    /// Plays the scene. Returns the frames that the seats were sent.
    pub fn play(&mut self) -> u64 {
        for tick in 0..TICKS {
            for seat in 0..SEATS {
                let turn = tick + u32::from(seat);
                if turn.is_multiple_of(15) {
                    self.act(seat, turn, false);
                } else if turn.is_multiple_of(10) {
                    self.act(seat, turn, true);
                }
            }
            self.tick();
        }
        self.delivered
    }

    fn act(&mut self, seat: u16, turn: u32, walks: bool) {
        let part = |number: u32| f32::from(u8::try_from(number).expect("small"));
        let (x, y) = (part(turn * 7 % 16) / 9.0, part(turn * 5 % 10) / 10.0);
        if self.pages.is_empty() {
            let to = Point::in_units(x, y);
            let input = if walks { Input::Move(to) } else { Input::Shoot(to) };
            let message = InputMessage { seq: turn + 1, for_tick: None, view: None, input };
            self.room.handle_message(ConnectionId(seat.into()), ClientMessage::Input(message));
            return;
        }
        let uuid = 10_000_000 + u32::from(seat);
        let event = if walks { "move_to" } else { "shoot_fireball" };
        self.say(
            seat.into(),
            &format!(
                r#"{{"event":"{event}","uuid":"{uuid}","tx":{x},"ty":{y},"ball_uuid":"{:08}"}}"#,
                turn * 100 + u32::from(seat)
            ),
        );
    }

    fn say(&mut self, page: usize, text: &str) {
        let tick = self.room.match_tick();
        self.pages[page].handle_frame(text, tick, &mut self.output).expect("an old frame");
        self.carry_out(page);
    }

    fn tick(&mut self) {
        self.room.handle_tick();
        self.drain();
        let tick = self.room.match_tick();
        for page in 0..self.pages.len() {
            self.pages[page].handle_tick(tick, &mut self.output);
            self.carry_out(page);
        }
    }

    fn join(&mut self, id: u64, name: &str, codec: Codec) {
        let name = PlayerName::parse(name).expect("a name");
        let (sync, token) = (SyncMode::Events, id.to_string());
        let join = Join { name, codec, sync, token, creator: false };
        self.room.handle_join(ConnectionId(id), join).expect("a seat");
        self.drain();
    }

    fn carry_out(&mut self, page: usize) {
        self.delivered += self.output.to_page.len() as u64;
        self.output.to_page.clear();
        let tick = self.room.match_tick();
        for nonce in std::mem::take(&mut self.output.pings) {
            self.pages[page].handle_pong(nonce, tick, &mut self.output);
        }
        for message in std::mem::take(&mut self.output.to_room) {
            if let ClientMessage::Hello(hello) = message {
                self.join(page as u64, hello.name.as_str(), Codec::MessagePack);
            } else {
                self.room.handle_message(ConnectionId(page as u64), message);
            }
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                Output::Send { to, frame, .. } => self.frames.push_back((index(to), frame)),
                Output::Save { number, .. } => self.room.handle_saved(number),
                _ => {}
            }
        }
        while let Some((seat, frame)) = self.frames.pop_front() {
            let Some(page) = self.pages.get_mut(seat) else {
                self.delivered += 1;
                continue;
            };
            let message = Codec::MessagePack.decode_server(&frame.bytes);
            let message = message.expect("decodes").expect("known");
            let tick = self.room.match_tick();
            page.handle_message(message, tick, &mut self.output);
            self.carry_out(seat);
        }
    }
}

fn index(connection: ConnectionId) -> usize {
    usize::try_from(connection.0).expect("few")
}
