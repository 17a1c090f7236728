//! A simulation of a room with its sessions, its journal and its disk in one thread. A seed decides
//! everything: when data is written and synced, when a sync fails or the disk is full, which
//! clients join, leave and resume, and when the process is killed or the machine loses its power.
//! No clock and no thread takes part, so the same seed gives the same run.
//!
//! These properties must always hold. A failure that the durability covers never loses a tick that
//! a client was sent. The match that is resumed is the one that was played, bit for bit. Every
//! client that was welcomed can resume, and no other client keeps a seat. The number of seeds is
//! `BOLIDE_SEEDS`, or 50.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bolide_net::{ClientMessage, Codec, InputMessage, PlayerName, SyncMode};
use bolide_room::{
    ConnectionId, Join, MatchTicket, Recovery, Resume, Room, RoomConfig, RoomId, RoomPolicy,
    SeatRecord, TokenHash,
};
use bolide_sim::journal::{Recovered, recover_segments};
use bolide_sim::{Input, Phase, Point, Tick, World, preset};
use bolide_storage::testing::{ManualThread, SimDisk};
use bolide_storage::{Durability, JournalThread, ResumeAt, RoomJournal};
use uuid::Uuid;

use crate::connection::Readiness;
use crate::connection::poller::Ready;
use crate::rooms::room_store::RoomStore;
use crate::rooms::{
    Entered, Entry, RoomCommand, RoomDriver, RoomFailed, RoomSetup, Scratch, Snapshots,
};
use crate::testing::{Peer, connection, driver_context};

const MATCH: Uuid = Uuid::from_u128(1);

/// Steps of a run, each a tick or a fraction of one.
const STEPS: u32 = 600;

/// The most that a power cut may lose with `group`. A group begins 200 ms after its oldest write
/// and ends, in these runs, within four ticks. If it fails, it takes as long again until the
/// segment that follows is synced.
const GROUP_LOSES: Duration = Duration::from_millis(500);

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number less than `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }
}

/// A player, across processes.
struct Session {
    /// The newest token that it was sent.
    token: Option<String>,
    link: Option<(ConnectionId, Peer)>,
    /// The token that is in its next welcome.
    promised: String,
    /// The connection that was welcomed. Before that, the session sends nothing.
    welcomed: Option<ConnectionId>,
    inputs: u32,
}

struct Story {
    dice: Dice,
    durability: Durability,
    disk: SimDisk,
    journal: JournalThread,
    hand: ManualThread<SimDisk>,
    driver: RoomDriver,
    sessions: Vec<Session>,
    now: Duration,
    connections: u64,
    /// The world after each tick that was played.
    played: BTreeMap<Tick, World>,
    /// The newest tick sent to any client, by the time at which it was sent.
    told: BTreeMap<Duration, Tick>,
    /// Seats whose token was sent to no client before their process died. The next process cannot
    /// know that.
    lost_seats: usize,
    deaths: u32,
    trace: u64,
}

fn config() -> RoomConfig {
    let mut mode = preset("brawl").expect("a preset");
    (mode.rules.countdown_s, mode.rules.health, mode.rules.dead_at) = (0.2, 1000, 0);
    let policy = RoomPolicy {
        bots_fill_to: 0,
        grace_s: 60.0,
        intermission_s: 3600.0,
        recovery_s: 1.0,
        ..RoomPolicy::default()
    };
    RoomConfig {
        id: RoomId::known("sim"),
        code: None,
        mode,
        policy,
        server: "simulation".to_owned(),
    }
}

fn setup(journal: RoomJournal) -> RoomSetup {
    let context = driver_context().0;
    RoomSetup { journal, room_store: RoomStore::Nowhere, context }
}

impl Story {
    fn begin(seed: u64) -> Story {
        let mut dice = Dice(seed);
        let durability = if dice.one_in(2) { Durability::Group } else { Durability::Strict };
        let disk = SimDisk::default();
        let (journal, hand) = ManualThread::new(disk.clone(), durability);
        let ticket = MatchTicket { id: MATCH, seed };
        let room = || Room::new(config(), ticket).expect("valid rules");
        let setup = setup(RoomJournal::new(Some(journal.clone())));
        let driver = RoomDriver::host(setup, &[], &mut Scratch::default(), room);
        let session = |_| Session {
            token: None,
            link: None,
            promised: String::new(),
            welcomed: None,
            inputs: 0,
        };
        let driver = driver.expect("no panic");
        let played = BTreeMap::from([(Tick(0), driver.room.world().clone())]);
        Story {
            dice,
            durability,
            disk,
            journal,
            hand,
            driver,
            sessions: (0..3).map(session).collect(),
            now: Duration::ZERO,
            connections: 0,
            played,
            told: BTreeMap::new(),
            lost_seats: 0,
            deaths: 0,
            trace: seed,
        }
    }

    fn note(&mut self, what: u64) {
        self.trace = (self.trace ^ what).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
    }

    /// Runs to the end, or until the room fails because the disk is full or has failed twice in a
    /// row.
    fn tell(mut self) -> u64 {
        for _ in 0..STEPS {
            if self.dice.one_in(60) {
                // The first sync of the next group or the second one, rarely both.
                let fails = [self.dice.one_in(2), self.dice.one_in(2), self.dice.one_in(9)];
                self.disk.fail_syncs(&fails);
            }
            if self.dice.one_in(300) {
                let bytes = usize::try_from(self.dice.below(400)).expect("small");
                self.disk.space(Some(bytes));
            }
            if let Err(why) = self.step() {
                assert!(matches!(why, RoomFailed::Journal(_)), "{why}");
                self.note(7);
                self.listen();
                break;
            }
            self.listen();
            if self.dice.one_in(120) {
                self.die();
            }
        }
        self.die();
        let end = self.driver.room.world().hash();
        self.note(end);
        self.trace
    }

    fn step(&mut self) -> Result<(), RoomFailed> {
        let who = usize::try_from(self.dice.below(3)).expect("small");
        match self.dice.below(12) {
            0..5 => {
                self.now += Duration::from_millis(33);
                self.read()?;
                self.driver.tick(Snapshots::Sent, *super::NOW, &mut Scratch::default())?;
                let taken = usize::from(self.driver.room.status().seats_taken);
                assert!(taken <= self.sessions.len() + self.lost_seats, "{taken} seats");
                let world = self.driver.room.world();
                self.played.insert(world.tick(), world.clone());
                self.journal.submit();
            }
            5 | 6 => self.hand.write(self.now),
            7 => self.hand.begin_sync(self.now),
            8 => self.hand.end_sync(),
            9 => self.come_or_go(who)?,
            _ => self.act(who)?,
        }
        // The journal thread is never farther behind than this.
        if self.now.as_millis().is_multiple_of(66) {
            self.hand.begin_sync(self.now);
            self.hand.end_sync();
            self.hand.write(self.now);
        }
        let progress = self.journal.progress();
        for (id, fault) in progress.faults {
            self.note(3);
            let fault = RoomCommand::JournalFault(id, fault);
            self.driver.handle(fault, &mut Scratch::default())?;
            self.journal.submit();
        }
        self.driver.flush(progress.done, &mut Scratch::default())
    }

    /// Reads the sockets. The clients send nothing here, so all that can arrive is that they are
    /// gone.
    fn read(&mut self) -> Result<(), RoomFailed> {
        let slots = 0..config().mode.rules.capacity;
        let mut ready = slots.map(|slot| Ready { slot, readiness: Readiness::Open }).collect();
        self.driver.read_ready(&mut ready, Instant::now(), &mut Scratch::default())
    }

    fn come_or_go(&mut self, who: usize) -> Result<(), RoomFailed> {
        if self.sessions[who].link.take().is_some() {
            self.note(1);
            return Ok(());
        }
        self.connections += 1;
        let (connection, peer) = connection(self.connections);
        let connection_id = ConnectionId(self.connections);
        let (codec, sync) = (Codec::Json, SyncMode::State);
        let session = &mut self.sessions[who];
        session.promised = format!("token-{}", connection_id.0);
        let fresh_token = session.promised.clone();
        if let Some(token) = session.token.clone() {
            let resume = Resume { codec, sync, token, fresh_token };
            let entered =
                self.driver.enter(connection, Entry::Resume(resume), 0, &mut Scratch::default())?;
            assert!(matches!(entered, Entered::Seated(_)), "whoever was welcomed can come back");
        } else {
            let name = PlayerName::parse("Ada").expect("a name");
            let join = Join { name, codec, sync, token: fresh_token, creator: false };
            let entered = self.driver.enter(
                connection,
                Entry::Join(join, None),
                0,
                &mut Scratch::default(),
            )?;
            if matches!(entered, Entered::Refused(..)) {
                assert!(self.lost_seats > 0, "no seat is free");
                return Ok(());
            }
        }
        self.sessions[who].link = Some((connection_id, peer));
        self.note(2);
        Ok(())
    }

    fn act(&mut self, who: usize) -> Result<(), RoomFailed> {
        let at = Point::in_units(
            self.dice.below(100) as f32 / 60.0,
            self.dice.below(100) as f32 / 100.0,
        );
        let input = if self.dice.one_in(3) { Input::Shoot(at) } else { Input::Move(at) };
        let session = &mut self.sessions[who];
        let connection_id = session.link.as_ref().map(|(connection_id, _)| *connection_id);
        let Some(connection_id) = connection_id.filter(|it| session.welcomed == Some(*it)) else {
            return Ok(());
        };
        session.inputs += 1;
        let input = InputMessage { seq: session.inputs, for_tick: None, view: None, input };
        self.driver.message(connection_id, ClientMessage::Input(input), &mut Scratch::default())
    }

    /// Reads what the clients have received.
    fn listen(&mut self) {
        let mut newest = None;
        for session in &mut self.sessions {
            let Some((connection_id, peer)) = &session.link else { continue };
            let frames = peer.taken();
            let told = String::from_utf8_lossy(&frames);
            if told.contains("\"t\":\"welcome\"") {
                assert!(told.contains(&session.promised), "the token that was promised: {told}");
                session.token = Some(session.promised.clone());
                session.welcomed = Some(*connection_id);
            }
            newest = newest.max(ticks(&frames).into_iter().max());
        }
        if let Some(tick) = newest {
            self.note(u64::from(tick.0));
            self.told.insert(self.now, tick);
        }
    }

    /// Kills the process, or cuts the power of the machine. The next process resumes.
    fn die(&mut self) {
        self.deaths += 1;
        self.disk.space(None);
        let is_power_cut = self.dice.one_in(2);
        // Data that was handed over and not written is lost with the process.
        if is_power_cut {
            let dice = &mut self.dice;
            self.disk.crash(|most| usize::try_from(dice.below(most as u64 + 1)).expect("small"));
        }
        let seats: Vec<SeatRecord> = self.driver.effects.seats().cloned().collect();
        let tokens = self.sessions.iter().filter_map(|session| session.token.as_deref());
        let known: Vec<TokenHash> = tokens.map(TokenHash::of).collect();
        let is_known = |seat: &SeatRecord| {
            let mut opens = [Some(seat.token), seat.previous_token].into_iter().flatten();
            opens.any(|token| known.contains(&token))
        };
        self.lost_seats = seats.iter().filter(|seat| !is_known(seat)).count();
        let files = self.disk.files();
        let mut segments: Vec<(u32, &[u8])> = files
            .iter()
            .map(|(name, bytes)| {
                let number = name.split('.').nth(1).and_then(|number| number.parse().ok());
                (number.unwrap_or(0), bytes.as_slice())
            })
            .collect();
        segments.sort_unstable_by_key(|(number, _)| *number);
        let bytes: Vec<&[u8]> = segments.iter().map(|(_, bytes)| *bytes).collect();
        let covers = |told: Duration| {
            !is_power_cut || self.durability == Durability::Strict || told + GROUP_LOSES <= self.now
        };
        let promised = self.told.iter().filter(|(told, _)| covers(**told)).map(|(_, tick)| *tick);
        let promised = promised.max().unwrap_or_default();
        let Ok((index, recovered)) = recover_segments(&bytes) else {
            assert_eq!(promised, Tick(0), "there is no journal of what was told");
            return self.begin_again();
        };
        let Recovered { world, whole_bytes, .. } = recovered;
        assert!(
            world.tick() >= promised,
            "tick {promised} was told, and {} recovered",
            world.tick()
        );
        assert!(self.is_as_it_was(&world), "tick {} is not that of the match", world.tick());
        let newest = bytes.len() - 1;
        let whole_bytes = (index == newest).then_some(whole_bytes as u64);
        let segment = u32::try_from(newest).expect("few");
        let continued = ResumeAt { id: MATCH, segment, whole_bytes };
        let recovery = Recovery { id: MATCH, number: 1, world, seats, locked: false };
        self.go_on(continued, recovery);
    }

    /// Returns whether the match was in exactly this state. While it waits for players, it is
    /// recovered as far as it may have come since its last record, which is at most a second.
    fn is_as_it_was(&self, world: &World) -> bool {
        let tick = world.tick();
        let earliest = match world.phase() {
            Phase::Waiting => Tick(tick.0.saturating_sub(world.rules().tick_rate.hz() - 1)),
            _ => tick,
        };
        self.played.range(earliest..=tick).any(|(_, played)| {
            let mut played = played.clone();
            while played.tick() < tick {
                played.step(&[], &mut Vec::new());
            }
            played.hash() == world.hash()
        })
    }

    fn go_on(&mut self, continued: ResumeAt, recovery: Recovery) {
        self.note(u64::from(recovery.world.tick().0) << 32 | u64::from(self.deaths));
        self.played.retain(|tick, _| *tick < recovery.world.tick());
        self.played.insert(recovery.world.tick(), recovery.world.clone());
        let tick = recovery.world.tick();
        self.told.values_mut().for_each(|told| *told = (*told).min(tick));
        (self.journal, self.hand) = ManualThread::new(self.disk.clone(), self.durability);
        let journal = RoomJournal::resume(Some(self.journal.clone()), continued);
        let driver =
            RoomDriver::recover(setup(journal), config(), recovery, &mut Scratch::default());
        self.driver = driver.expect("no panic");
        if continued.whole_bytes.is_none() {
            let begin = RoomCommand::BeginSegment(MATCH);
            self.driver.handle(begin, &mut Scratch::default()).expect("no panic");
        }
        self.journal.submit();
        self.sessions.iter_mut().for_each(|session| session.link = None);
    }

    /// Begins anew, because nothing was kept: the first ticks had not been written.
    fn begin_again(&mut self) {
        let seed = self.dice.next();
        let (deaths, trace, now) = (self.deaths, self.trace, self.now);
        *self = Story { deaths, trace, now, ..Story::begin(seed) };
    }
}

/// Returns the ticks of the snapshots and deltas among WebSocket frames. These are arrays of which
/// the first item is 1 or 2, and the second one the tick.
fn ticks(mut frames: &[u8]) -> Vec<Tick> {
    let mut ticks = Vec::new();
    while let [_, short, rest @ ..] = frames {
        let (length, rest) = match (short, rest) {
            (126, [high, low, rest @ ..]) => (usize::from(*high) << 8 | usize::from(*low), rest),
            (127, _) => panic!("no frame is as large as that"),
            _ => (usize::from(*short), rest),
        };
        let (frame, rest) = rest.split_at(length);
        let text = std::str::from_utf8(frame).unwrap_or_default();
        let shown = text.strip_prefix("[1,").or_else(|| text.strip_prefix("[2,"));
        let tick = shown.and_then(|rest| rest.split(',').next()?.parse().ok());
        ticks.extend(tick.map(Tick));
        frames = rest;
    }
    ticks
}

#[test]
fn whatever_happens_nothing_is_lost_that_was_promised() {
    let seeds: u64 = match std::env::var("BOLIDE_SEEDS") {
        Ok(number) => number.parse().expect("BOLIDE_SEEDS is a number"),
        Err(_) => 50,
    };
    let first: u64 = match std::env::var("BOLIDE_SEED") {
        Ok(number) => number.parse().expect("BOLIDE_SEED is a number"),
        Err(_) => 1,
    };
    for seed in first..first + seeds {
        println!(
            "seed {seed}: BOLIDE_SEED={seed} BOLIDE_SEEDS=1 cargo test -p bolide-server simulation"
        );
        let trace = Story::begin(seed).tell();
        assert_eq!(trace, Story::begin(seed).tell(), "the same seed is the same story");
    }
}
