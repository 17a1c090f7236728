//! The steps of a walk, and the shell around its room, which carries out the room's requests, now
//! or later or not at all.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::thread;

use bolide_net::{
    ChatText, ClientMessage, CloseCode, InputMessage, PlayerName, ServerMessage, SyncMode,
};
use bolide_room::{
    ConnectionId, Join, JoinError, Lane, MatchTicket, Output, Recovery, Resume, Room, RoomConfig,
};
use bolide_sim::journal::recover_segments;
use bolide_sim::{Input, Phase, Point};
use uuid::Uuid;

use crate::dice::Dice;
use crate::disk::{Journal, Store, Wish};
use crate::laws::{Before, Laws};
use crate::person::{Link, Person};
use crate::setup;

/// Ticks of a walk, over all its processes.
const TICKS: u64 = 800;

pub(crate) struct Walk {
    pub(crate) config: RoomConfig,
    pub(crate) room: Room,
    pub(crate) people: Vec<Person>,
    /// The owners of the open connections. Only these connections may be sent anything.
    pub(crate) open: BTreeMap<ConnectionId, usize>,
    pub(crate) journal: Journal,
    pub(crate) store: Store,
    /// The room's tick in the current process.
    pub(crate) now: u64,
    /// The connection and the number of the match of each input, by its target. No two inputs have
    /// the same target.
    pub(crate) aims: BTreeMap<(i32, i32), (ConnectionId, u32)>,
    pub(crate) laws: Laws,
    pub(crate) before: Before,
    dice: Dice,
    /// The most ticks between two actions, apart from rests.
    calm: u64,
    /// True if it takes time until something is stored.
    is_store_slow: bool,
    /// The connection whose seat the room asks to be stored.
    asking: Option<ConnectionId>,
    /// The ticks in which the next tickets come.
    tickets: VecDeque<u64>,
    tickets_given: u64,
    connections: u64,
    trace: u64,
    diary: Diary,
}

/// Prints how to repeat a walk that has failed, and its last steps.
struct Diary {
    seed: u64,
    steps: VecDeque<String>,
}

impl Drop for Diary {
    fn drop(&mut self) {
        if thread::panicking() {
            for step in &self.steps {
                println!("{step}");
            }
            let test = "cargo test -p bolide-room --test laws whatever";
            println!("again with BOLIDE_SEED={} BOLIDE_SEEDS=1 {test}", self.seed);
        }
    }
}

impl Walk {
    pub(crate) fn begin(seed: u64) -> Walk {
        let mut dice = Dice::new(seed);
        let config = setup::config(&mut dice);
        let people = usize::from(config.mode.rules.capacity) + 2;
        let ticket = MatchTicket { id: Uuid::from_u128(1), seed };
        let mut walk = Walk {
            room: Room::new(config.clone(), ticket).expect("valid rules"),
            people: (0..people).map(|_| Person::default()).collect(),
            open: BTreeMap::new(),
            journal: Journal::default(),
            store: Store::default(),
            now: 0,
            aims: BTreeMap::new(),
            laws: Laws::default(),
            before: Before::default(),
            calm: dice.pick(&[1, 3, 10, 30]),
            is_store_slow: dice.one_in(2),
            asking: None,
            tickets: VecDeque::new(),
            tickets_given: 1,
            connections: 0,
            trace: seed,
            diary: Diary { seed, steps: VecDeque::new() },
            dice,
            config,
        };
        walk.note(&walk.config.mode.name.clone());
        walk.drain();
        walk
    }

    /// Takes all steps. Returns a hash of everything that the room put out.
    pub(crate) fn take(mut self) -> u64 {
        let mut ticks = 0;
        while ticks < TICKS {
            // Now and then nothing happens for a while, so that waits come to their end.
            let rests = if self.dice.one_in(150) { self.dice.below(100) } else { 0 };
            let calm = self.dice.below(self.calm + 1);
            for _ in 0..rests + calm {
                self.tick();
                ticks += 1;
            }
            if self.dice.one_in(200) {
                self.die();
            } else {
                self.act();
            }
            self.check();
        }
        self.trace
    }

    fn tick(&mut self) {
        while self.tickets.pop_front_if(|due| *due <= self.now).is_some() {
            self.tickets_given += 1;
            let id = Uuid::from_u128(self.tickets_given.into());
            self.room.handle_ticket(MatchTicket { id, seed: self.tickets_given });
            self.laws.ticket_came(self.now);
            self.drain();
        }
        for person in 0..self.people.len() {
            self.answer_pings(person);
        }
        self.before = self.before_tick();
        self.now += 1;
        if self.dice.one_in(4) {
            self.room.handle_tick_unshown();
        } else {
            self.room.handle_tick();
        }
        self.drain_only();
        self.check_tick();
        self.drain();
        self.check();
    }

    fn answer_pings(&mut self, person: usize) {
        while let Some(link) = &mut self.people[person].link
            && let Some(pong) = link.pings.answer(self.now)
        {
            link.has_spoken = true;
            let (id, least) = (link.id, &mut self.people[person].least_trip);
            if let Some(trip) = pong.trip {
                *least = Some(least.map_or(trip, |least| least.min(trip)));
            }
            self.room.handle_message(id, ClientMessage::Pong(pong.nonce));
            self.drain();
        }
    }

    /// Makes a random person do something.
    fn act(&mut self) {
        let people = self.people.len() as u64;
        let who = usize::try_from(self.dice.below(people)).expect("a few");
        let Some(link) = &self.people[who].link else { return self.come(who) };
        let (id, is_welcome) = (link.id, link.seat.is_some());
        match self.dice.below(24) {
            0 => self.lose_connection(who, id),
            5 if !link.has_spoken => self.lose_welcome(who, id),
            1 if is_welcome => self.come(who),
            2 => {
                self.note(&("lags", id));
                self.room.handle_lagged(id);
            }
            3 if self.dice.one_in(6) && !self.journal.segments.is_empty() => {
                self.note(&"the journal is left");
                assert!(self.room.handle_journal_left(self.journal.id), "its own journal");
            }
            4 => {
                let delay = self.dice.below(12);
                if let Some(link) = &mut self.people[who].link {
                    link.pings.delay = delay;
                }
            }
            // A connection that is not welcomed yet is not read.
            _ if is_welcome => {
                let message = self.message(who);
                self.says(who, &message);
                self.note(&(id, &message));
                self.room.handle_message(id, message);
            }
            _ => {}
        }
        self.drain();
    }

    /// Joins, or resumes the seat, perhaps in place of an older connection.
    fn come(&mut self, who: usize) {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let promised = format!("token {}", connection.0);
        let delay = self.dice.below(8);
        let mut link = Link::new(connection, self.now, promised.clone(), delay);
        link.came_with.clone_from(&self.people[who].token);
        // A newcomer is awake, whatever became of the seat that it had before.
        link.came_idle = link.came_with.is_some() && self.people[who].idle_since.is_some();
        let codec = link.codec();
        let sync = self.dice.pick(&[SyncMode::Full, SyncMode::State, SyncMode::Events]);
        let person = &mut self.people[who];
        let older = person.link.replace(link);
        self.open.insert(connection, who);
        self.asking = Some(connection);
        let entered = if let Some(token) = person.token.clone() {
            self.note(&("resumes", who, connection));
            let resume = Resume { codec, sync, token, fresh_token: promised };
            self.room.handle_resume(connection, resume)
        } else {
            self.note(&("joins", who, connection));
            let person = &mut self.people[who];
            (person.said_in, person.least_trip, person.idle_since) = (0, None, None);
            let name = PlayerName::parse(["Ada", "ADA", "Vega", "p"][who % 4]).expect("a name");
            let creator = self.connections == 1;
            let join = Join { name, codec, sync, token: promised, creator };
            self.room.handle_join(connection, join)
        };
        if let Err(error) = entered {
            self.note(&error);
            self.check_refusal(who, error);
            self.open.remove(&connection);
            self.people[who].link = older;
            if error == JoinError::BadResume {
                self.people[who].token = None;
            }
        }
        self.drain();
        self.asking = None;
    }

    fn lose_connection(&mut self, who: usize, id: ConnectionId) {
        self.note(&("loses its connection", id));
        self.open.remove(&id);
        self.gone(who);
        self.room.handle_disconnect(id);
    }

    /// Ends a connection before its welcome was sent, so its session knows nothing of it. The seat
    /// of a newcomer is free at once; a session that resumed has the token that it resumed with.
    fn lose_welcome(&mut self, who: usize, id: ConnectionId) {
        self.note(&("loses its welcome", id));
        let token = self.people[who].link.as_mut().and_then(|link| link.came_with.take());
        let is_newcomer = token.is_none();
        assert_eq!(self.room.untold_seat(id).is_some(), is_newcomer);
        let seats = self.room.status().seats_taken - u16::from(is_newcomer);
        self.open.remove(&id);
        self.gone(who);
        self.people[who].token = token;
        self.room.handle_unwelcomed(id);
        assert_eq!(self.room.status().seats_taken, seats, "the seat of {id:?}");
    }

    /// Notes that a connection has ended. Its seat is kept for the grace time.
    fn gone(&mut self, who: usize) {
        let grace = self.ticks(self.config.policy.grace_s);
        let person = &mut self.people[who];
        person.link = None;
        person.safe_until = self.now + grace;
    }

    fn says(&mut self, who: usize, message: &ClientMessage) {
        let person = &mut self.people[who];
        if *message == ClientMessage::Rematch {
            self.laws.votes(person.seat().expect("welcome"));
        }
        if *message == ClientMessage::Bots(false) {
            self.laws.bots_sent_away();
        }
        let link = person.link.as_mut().expect("open");
        link.has_spoken = true;
        if *message != ClientMessage::Resync {
            (person.said_in, person.said_at) = (self.room.current_match().0, self.now);
            person.idle_since = None;
            link.wake();
        }
    }

    fn message(&mut self, who: usize) -> ClientMessage {
        match self.dice.below(16) {
            0 => ClientMessage::Chat(ChatText::parse("hello").expect("a line")),
            1 => ClientMessage::Lock(self.dice.one_in(2)),
            2 if self.dice.one_in(2) => ClientMessage::Leave,
            3 => ClientMessage::Resync,
            7 => ClientMessage::Bots(!self.dice.one_in(3)),
            4..7 => ClientMessage::Rematch,
            _ => self.input(who),
        }
    }

    fn input(&mut self, who: usize) -> ClientMessage {
        let place = i32::try_from(self.aims.len()).expect("few");
        let at = Point::new(place % 200 * 300 + 1, place / 200 * 300 + 1);
        let input = match self.dice.below(8) {
            0..4 => Input::Move(at),
            4 => Input::Blink(at),
            5 => Input::Stop,
            _ => Input::Shoot(at),
        };
        let number = self.room.current_match().0;
        let next = self.room.world().tick().next().0;
        let ago = u32::try_from(self.dice.below(40)).expect("small");
        let view = (!self.dice.one_in(4)).then(|| next.saturating_sub(ago));
        let ahead = u32::try_from(self.dice.below(6)).expect("small");
        let for_tick = self.dice.one_in(3).then_some(next + ahead);
        let link = self.people[who].link.as_mut().expect("open");
        link.seq += 1;
        self.aims.insert((at.x(), at.y()), (link.id, number));
        ClientMessage::Input(InputMessage { seq: link.seq, for_tick, view, input })
    }

    /// Kills the process, perhaps in a tick of which nothing was written, and starts the next one.
    fn die(&mut self) {
        if self.journal.segments.is_empty() {
            return;
        }
        self.note(&"the process dies");
        let (tick, hash) = (self.room.world().tick(), self.room.world().hash());
        if self.dice.one_in(3) {
            self.room.handle_tick();
        }
        self.store.die(&mut self.dice);
        let segments: Vec<&[u8]> = self.journal.segments.iter().map(|bytes| &bytes[..]).collect();
        let (index, recovered) = recover_segments(&segments).expect("a journal");
        let world = recovered.world;
        assert_eq!(index, segments.len() - 1, "its newest segment is whole");
        if world.phase() == Phase::Waiting {
            let further = world.tick().since(tick);
            assert!(world.tick() >= tick && further < world.rules().tick_rate.hz());
        } else {
            assert_eq!((world.tick(), world.hash()), (tick, hash), "it goes on as it was");
        }
        let (id, number) = (self.journal.id, self.journal.number);
        let seats = self.store.seats.values().cloned().collect();
        let recovery = Recovery { id, number, world, seats, locked: self.store.locked };
        self.room = Room::recover(self.config.clone(), recovery);
        self.open.clear();
        self.tickets.clear();
        let grace = self.ticks(self.config.policy.grace_s);
        for person in &mut self.people {
            let was_here = person.link.take().is_some();
            let is_safe = person.token.is_some() && (was_here || self.now < person.safe_until);
            person.safe_until = if is_safe { grace } else { 0 };
            person.said_at = 0;
            (person.said_in, person.least_trip, person.idle_since) = (0, None, None);
        }
        self.now = 0;
        self.laws = Laws::recovered(self.room.world().phase().outcome().is_some());
        self.drain();
    }

    /// Carries out the room's requests, and answers those that are stored by now.
    fn drain(&mut self) {
        self.drain_only();
        while let Some(answer) = self.store.keep_due(self.now) {
            if let Some(number) = answer {
                self.room.handle_saved(number);
                self.drain_only();
                self.check_kept(number);
                self.count_votes();
            }
        }
    }

    /// Drains all outputs, as the room's contract demands after each call.
    fn drain_only(&mut self) {
        while let Some(output) = self.room.poll_output() {
            self.trace_output(&output);
            match output {
                Output::Send { to, lane, frame } => {
                    let who = self.open.get(&to).copied();
                    let who = who.unwrap_or_else(|| panic!("{to:?} is gone and is told something"));
                    let person = &mut self.people[who];
                    let link = person.link.as_mut().filter(|link| link.id == to);
                    let link = link.unwrap_or_else(|| panic!("{to:?} is told after its end"));
                    let message =
                        (lane == Lane::Reliable).then(|| link.codec().decode_server(&frame.bytes));
                    if let Some(message) = message {
                        let message = message.expect("decodes").expect("known");
                        if let ServerMessage::Welcome(_) = &message
                            && person.token.replace(link.promised.clone()).is_none()
                        {
                            self.laws.newcomer(self.now);
                        }
                        link.hear(message, self.now);
                    } else {
                        assert!(link.seat.is_some(), "{to:?} is shown the world before a welcome");
                    }
                }
                Output::Close { to, code, .. } => self.close(to, code),
                Output::Journal(records) => {
                    let number = self.room.current_match().0;
                    let records = self.journal.append(&records, number);
                    self.check_records(&records);
                }
                Output::Save { number, seat } => {
                    if let Some(connection) = self.asking {
                        self.laws.asks(number, connection);
                    }
                    self.wish(Wish::Seat(number, seat));
                }
                Output::SaveLock { number, locked } => self.wish(Wish::Lock(number, locked)),
                Output::Forget { player } => {
                    self.laws.left(player);
                    self.wish(Wish::Forget(player));
                }
                Output::Refused(_) => {}
                Output::WantTicket { .. } => {
                    let slow = self.is_store_slow && self.dice.one_in(4);
                    let delay = if slow { self.delay(7.0) } else { 0 };
                    self.tickets.push_back(self.now + delay);
                }
            }
        }
    }

    fn close(&mut self, to: ConnectionId, code: CloseCode) {
        self.note(&("is closed", to, code));
        let who = self.open.remove(&to);
        let who = who.unwrap_or_else(|| panic!("{to:?} is gone and is closed"));
        let is_newest = self.people[who].link.as_ref().is_some_and(|link| link.id == to);
        match code {
            CloseCode::Replaced => assert!(!is_newest, "the newest connection wins"),
            CloseCode::Normal | CloseCode::Idle => {
                if code == CloseCode::Idle {
                    self.check_sleeper(who);
                }
                let person = &mut self.people[who];
                (person.link, person.token) = (None, None);
            }
            CloseCode::TryLater if is_newest => self.gone(who),
            _ => panic!("{to:?} is closed with {code:?}"),
        }
    }

    fn wish(&mut self, wish: Wish) {
        let slow = self.is_store_slow && self.dice.one_in(3);
        let delay = if slow { self.delay(4.0) } else { 0 };
        let lost = self.is_store_slow && self.dice.one_in(30);
        let wish = if lost && !matches!(wish, Wish::Forget(_)) { Wish::Lost } else { wish };
        self.store.wish(wish, self.now, delay);
    }

    fn delay(&mut self, seconds: f32) -> u64 {
        let most = self.ticks(seconds);
        self.dice.below(most)
    }

    pub(crate) fn ticks(&self, seconds: f32) -> u64 {
        self.config.mode.rules.tick_rate.ticks(seconds).into()
    }

    fn note(&mut self, what: &impl Debug) {
        if self.diary.steps.len() >= 60 {
            self.diary.steps.pop_front();
        }
        let (number, tick) = (self.room.current_match().0, self.room.world().tick());
        self.diary.steps.push_back(format!("{}: match {number} tick {tick}: {what:?}", self.now));
    }

    fn trace_output(&mut self, output: &Output) {
        let what = match output {
            Output::Send { to, frame, .. } => to.0 << 32 | frame.bytes.len() as u64,
            Output::Journal(records) => records.bytes.len() as u64,
            Output::Close { to, .. } => !to.0,
            _ => 1,
        };
        self.trace = (self.trace ^ what).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
    }
}
