//! One player of the swarm: its connection, from the handshake until it leaves or is lost, and the
//! next connection if it resumes. `pilot` makes its decisions, `view` keeps its world, and
//! `comeback` decides when it reconnects.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bolide_net::{ClientMessage, InputMessage, ServerMessage, Snapshot, Welcome};
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until, timeout};

use super::chance::Chance;
use super::comeback::pause;
use super::frame::Opcode;
use super::greeting::{Greeted, closed, greet, queue};
use super::link::{Arrived, Link, SharedBuffer};
use super::live::{Live, Stage};
use super::lost::Lost;
use super::options::{SwarmOptions, Sync};
use super::pilot::{ALIVE, FIGHTING, OVER, Pilot, Sight};
use super::tally::Tally;
use super::view::{Change, Memory, Told, View};

/// State that the players of a thread share.
pub(crate) struct Thread {
    pub(crate) options: SwarmOptions,
    pub(crate) address: SocketAddr,
    pub(crate) live: Arc<Live>,
    pub(crate) tally: RefCell<Tally>,
    pub(crate) buffer: SharedBuffer,
    /// Start of the thread; arrival times are measured from it.
    pub(crate) began: Instant,
}

/// The part of one player: its number and its room.
#[derive(Debug)]
pub(crate) struct Role {
    /// Number of the player, over all rooms of the swarm.
    pub(crate) number: u32,
    /// The room to join; `None` opens a new one.
    pub(crate) room: Option<String>,
    /// State that the players of the room share.
    pub(crate) memory: Rc<RefCell<Memory>>,
}

/// Longest time for connecting and joining together.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time that the server may take to answer a leave.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Inputs that may wait for their acknowledgement. Beyond that, the oldest are forgotten.
const UNACKNOWLEDGED_MAX: usize = 64;

/// Ticks without a snapshot after which a fight counts as silent; less is an ordinary gap.
const SILENCE_TICKS: f64 = 3.0;

/// Interval at which a waiting player checks whether the run has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Plays until the run ends. Sends the welcome, or the reason for its absence, through `seated` as
/// soon as it is known.
pub(crate) async fn play(
    thread: Rc<Thread>,
    role: Role,
    seated: oneshot::Sender<Result<Box<Welcome>, Lost>>,
) {
    let greeted = welcomed(&thread, &role, None).await;
    let greeted = greeted.and_then(|greeted| simulate(&thread, &role, greeted));
    let (mut player, mut early) = match greeted {
        Ok(greeted) => Player::new(&thread, role, greeted),
        Err(lost) => {
            count_lost(&thread, &lost);
            seated.send(Err(lost)).ok();
            return;
        }
    };
    thread.live.joined.fetch_add(1, Ordering::Relaxed);
    seated.send(Ok(player.welcome.clone())).ok();
    while let Err(lost) = player.run(early).await {
        match player.come_back(lost).await {
            Ok(behind) => early = behind,
            Err(lost) => {
                thread.live.gone.fetch_add(1, Ordering::Relaxed);
                count_lost(&thread, &lost);
                return;
            }
        }
    }
}

async fn welcomed(thread: &Thread, role: &Role, resume: Option<String>) -> Result<Greeted, Lost> {
    let greeted = timeout(JOIN_TIMEOUT, greet(thread, role, resume)).await;
    greeted.unwrap_or(Err(Lost::Silent("no welcome within 10 s")))
}

/// Prepares the simulation of places, by the rules of the welcome, if the server sends motions.
fn simulate(thread: &Thread, role: &Role, greeted: Greeted) -> Result<Greeted, Lost> {
    if thread.options.sync == Sync::Events {
        let Welcome { rules, tick_rate, .. } = &*greeted.welcome;
        let rules = rules.rules(*tick_rate);
        let rules = rules.map_err(|error| Lost::NotUnderstood(error.to_string()))?;
        role.memory.borrow_mut().simulate(&rules);
    }
    Ok(greeted)
}

fn count_lost(thread: &Thread, lost: &Lost) {
    thread.live.lost.fetch_add(1, Ordering::Relaxed);
    thread.tally.borrow_mut().lost(&lost.to_string());
}

/// A player in its room.
struct Player {
    thread: Rc<Thread>,
    role: Role,
    link: Link,
    welcome: Box<Welcome>,
    chance: Chance,
    pilot: Pilot,
    view: View,
    seq: u32,
    /// Inputs that no snapshot has acknowledged yet: their number, and the time at which they were
    /// sent.
    unacknowledged: VecDeque<(u32, Instant)>,
    match_number: u32,
    /// The last snapshot, and its arrival.
    last: Option<Last>,
    /// Set once it has asked for the next match.
    asked: bool,
    /// The match waits for players after a failure of the server; no tick is stepped.
    paused: bool,
    /// Time of the last snapshot before its connection was lost, until there is a new one.
    away_since: Option<Instant>,
    /// The match number and the world that it saw last before that.
    seen: Option<(u32, Rc<Snapshot>)>,
}

#[derive(Clone, Copy)]
struct Last {
    at: Instant,
    match_number: u32,
    tick: u32,
    fighting: bool,
    alive: bool,
}

impl Player {
    /// Creates a player from its welcome. Also returns the frames that followed the welcome.
    fn new(thread: &Rc<Thread>, role: Role, greeted: Greeted) -> (Player, Vec<(Opcode, Vec<u8>)>) {
        let Greeted { link, chance, welcome, early } = greeted;
        let SwarmOptions { seed, inputs, .. } = thread.options;
        let player = Player {
            thread: Rc::clone(thread),
            link,
            seq: welcome.seq,
            welcome,
            chance,
            pilot: Pilot::new(seed, u64::from(role.number), inputs),
            role,
            view: View::default(),
            unacknowledged: VecDeque::new(),
            match_number: 0,
            last: None,
            asked: false,
            paused: false,
            away_since: None,
            seen: None,
        };
        (player, early)
    }

    async fn run(&mut self, early: Vec<(Opcode, Vec<u8>)>) -> Result<(), Lost> {
        for (opcode, payload) in early {
            self.on_frame(opcode, &payload, Instant::now())?;
        }
        let mut think_at = self.next_thought();
        loop {
            // Flushed before any wait: a pong, a rematch, an input.
            let sent = self.link.flush().await?;
            if self.measuring() {
                self.thread.tally.borrow_mut().bytes_up += sent as u64;
            }
            if self.thread.live.stage() == Stage::Leaving {
                self.leave().await;
                return Ok(());
            }
            tokio::select! {
                arrived = self.link.read(&self.thread.buffer) => self.on_arrived(arrived?)?,
                () = sleep_until(think_at.into()) => {
                    self.act();
                    think_at = self.next_thought();
                }
            }
        }
    }

    /// Resumes its seat, if the options ask for it. Returns the frames that followed the welcome.
    async fn come_back(&mut self, mut lost: Lost) -> Result<Vec<(Opcode, Vec<u8>)>, Lost> {
        if !self.thread.options.resume {
            return Err(lost);
        }
        // If the connection is lost again before there was a snapshot, the first loss counts.
        let since = self.last.take().map_or_else(Instant::now, |last| last.at);
        self.away_since.get_or_insert(since);
        self.link.end().await;
        if let Some(world) = self.view.world() {
            self.seen = Some((self.match_number, Rc::clone(world)));
        }
        for attempt in 0.. {
            let Some(pause) = pause(&lost, attempt, self.chance.unit()) else { break };
            let until = Instant::now() + pause;
            while Instant::now() < until {
                if self.thread.live.stage() == Stage::Leaving {
                    return Err(Lost::Silent("not back before the end"));
                }
                sleep(LOOK.min(until.saturating_duration_since(Instant::now()))).await;
            }
            match welcomed(&self.thread, &self.role, Some(self.welcome.resume.clone())).await {
                Ok(greeted) => return Ok(self.resume(greeted)),
                Err(why) => lost = why,
            }
        }
        Err(lost)
    }

    fn resume(&mut self, greeted: Greeted) -> Vec<(Opcode, Vec<u8>)> {
        let Greeted { link, welcome, early, .. } = greeted;
        (self.link, self.seq, self.welcome) = (link, welcome.seq, welcome);
        (self.view, self.paused) = (View::default(), false);
        self.unacknowledged.clear();
        self.thread.tally.borrow_mut().resumed += 1;
        early
    }

    fn next_thought(&mut self) -> Instant {
        let pause_s = self.pilot.pause_s().unwrap_or(1.0);
        Instant::now() + Duration::from_secs_f32(pause_s)
    }

    fn on_arrived(&mut self, arrived: Arrived) -> Result<(), Lost> {
        let now = Instant::now();
        let came_at = now.checked_sub(arrived.arrival.waited).unwrap_or(now);
        if self.measuring() {
            self.thread.tally.borrow_mut().bytes_down += arrived.arrival.bytes as u64;
        }
        for (opcode, payload) in arrived.frames() {
            self.on_frame(opcode, payload, came_at)?;
        }
        Link::done(&self.thread.buffer, arrived);
        Ok(())
    }

    fn on_frame(&mut self, opcode: Opcode, payload: &[u8], came_at: Instant) -> Result<(), Lost> {
        let codec = self.thread.options.format.codec();
        match opcode {
            Opcode::Close => return Err(closed(payload)),
            Opcode::Ping => {
                let key = self.chance.key();
                self.link.queue(Opcode::Pong, payload, key);
                return Ok(());
            }
            Opcode::Pong => return Ok(()),
            Opcode::Text | Opcode::Binary => {}
        }
        let told = self.role.memory.borrow_mut().decode(codec, payload);
        let told = told.map_err(|error| Lost::NotUnderstood(error.to_string()))?;
        let change = match &told {
            Told::Snapshot(snapshot) => self.view.snapshot(snapshot),
            Told::Delta(delta) => self.view.delta(delta, &mut self.role.memory.borrow_mut()),
            Told::Other(message) => {
                self.on_message(message);
                return Ok(());
            }
            Told::Unknown => return Ok(()),
        };
        self.on_change(change, payload.len(), came_at);
        Ok(())
    }

    fn on_message(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Ping { nonce } => self.queue(&ClientMessage::Pong(*nonce)),
            ServerMessage::Match { number, .. } => {
                self.asked &= self.match_number == *number;
                self.match_number = *number;
            }
            ServerMessage::Paused { missing, .. } => {
                // The schedule of the ticks has moved, and the pause is not a gap in a fight.
                self.paused = !missing.is_empty();
                self.last = None;
                self.role.memory.borrow_mut().forget_schedule();
            }
            ServerMessage::Result { .. } => {
                if self.measuring() {
                    self.thread.tally.borrow_mut().results += 1;
                }
                self.ask_for_rematch();
            }
            ServerMessage::Error { code, .. } => self.thread.tally.borrow_mut().error(code),
            _ => {}
        }
    }

    fn on_change(&mut self, change: Change, payload_bytes: usize, came_at: Instant) {
        let measuring = self.measuring();
        self.thread.live.snapshots.fetch_add(1, Ordering::Relaxed);
        if measuring {
            let mut tally = self.thread.tally.borrow_mut();
            tally.snapshots += 1;
            tally.snapshot_bytes += payload_bytes as u64;
            if let Change::News { compared: true } = change {
                tally.hashes_compared += 1;
            }
        }
        match change {
            Change::News { .. } => self.on_news(came_at, measuring),
            Change::Waiting => {}
            Change::Desync(mismatch) => {
                self.thread.live.desyncs.fetch_add(1, Ordering::Relaxed);
                // Counted at any time, even outside of the measurement.
                self.thread.tally.borrow_mut().desync(mismatch);
                self.queue(&ClientMessage::Resync);
            }
        }
    }

    fn on_news(&mut self, came_at: Instant, measuring: bool) {
        let Some(world) = self.view.world().cloned() else { return };
        self.compare_with_before(&world);
        if self.paused {
            return;
        }
        if let Some(since) = self.away_since.take() {
            self.thread.tally.borrow_mut().away.record(micros(came_at - since));
        }
        let me = self.welcome.seat;
        let acknowledged = world.acks.binary_search_by_key(&me, |ack| ack.player);
        let acknowledged = acknowledged.map_or(0, |index| world.acks[index].seq);
        let tick_us = 1_000_000 / u64::from(self.welcome.tick_rate.max(1));
        let mut tally = self.thread.tally.borrow_mut();
        while let Some((_, sent_at)) =
            self.unacknowledged.pop_front_if(|(seq, _)| *seq <= acknowledged)
        {
            if measuring {
                let latency_us = micros(came_at - sent_at);
                tally.latency.record(latency_us);
                tally.above_tick.record(latency_us.saturating_sub(tick_us));
            }
        }
        let before = self.last.filter(|last| last.match_number == self.match_number);
        let later = before.is_none_or(|before| before.tick < world.tick);
        if later {
            let came_us =
                i64::try_from((came_at - self.thread.began).as_micros()).unwrap_or(i64::MAX);
            let mut memory = self.role.memory.borrow_mut();
            let late_us =
                memory.late_us(self.match_number, world.tick, self.welcome.tick_rate, came_us);
            if measuring {
                tally.late.record(late_us);
            }
        }
        let fighting = world.phase == FIGHTING;
        if let Some(before) = before.filter(|before| measuring && before.fighting && fighting) {
            let gap = came_at - before.at;
            tally.gaps.record(micros(gap));
            tally.fight_snapshots += 1;
            tally.fight_ticks += gap.as_secs_f64() * f64::from(self.welcome.tick_rate);
            if before.alive {
                tally.alive_s += gap.as_secs_f64();
            }
        }
        drop(tally);
        let alive = world.players.iter().any(|player| player.id == me && player.life == ALIVE);
        let match_number = self.match_number;
        self.last = Some(Last { at: came_at, match_number, tick: world.tick, fighting, alive });
        if world.phase == OVER {
            self.ask_for_rematch();
        }
    }

    /// Checks after a resume that the match has not gone back behind what the player was shown.
    fn compare_with_before(&mut self, world: &Rc<Snapshot>) {
        let Some((match_number, seen)) = self.seen.take() else { return };
        let memory = self.role.memory.borrow();
        // Acknowledgements belong to one server process, and numbers in the fog to one observer.
        let bare = |world| Snapshot { acks: Vec::new(), ..Snapshot::clone(&memory.seen(world)) };
        let (before, after) = ((match_number, seen.tick), (self.match_number, world.tick));
        let same_tick = before == after && self.welcome.rules.vision_radius.is_none();
        if after < before || (same_tick && bare(world) != bare(&seen)) {
            self.thread.live.desyncs.fetch_add(1, Ordering::Relaxed);
            self.thread.tally.borrow_mut().desyncs_rewound += 1;
        }
    }

    /// Lets the pilot decide on the newest snapshot.
    fn act(&mut self) {
        let Some(known) = self.view.world() else { return };
        let world = self.role.memory.borrow().seen(known);
        let Welcome { seat, rules, tick_rate, .. } = &*self.welcome;
        let sight = Sight { me: *seat, world: &world, rules, tick_rate: *tick_rate };
        let Some(input) = self.pilot.think(sight) else { return };
        let view = Some(world.tick);
        self.seq += 1;
        if self.measuring() {
            self.thread.tally.borrow_mut().input(input);
        }
        self.queue(&ClientMessage::Input(InputMessage {
            seq: self.seq,
            for_tick: None,
            view,
            input,
        }));
        if self.unacknowledged.len() >= UNACKNOWLEDGED_MAX {
            self.unacknowledged.pop_front();
        }
        self.unacknowledged.push_back((self.seq, Instant::now()));
    }

    fn ask_for_rematch(&mut self) {
        if !std::mem::replace(&mut self.asked, true) {
            self.queue(&ClientMessage::Rematch);
        }
    }

    /// Gives the seat back. The server's answer is awaited, but makes no difference.
    async fn leave(&mut self) {
        self.count_open_gap();
        self.queue(&ClientMessage::Leave);
        let goodbye = async {
            self.link.flush().await?;
            loop {
                let arrived = self.link.read(&self.thread.buffer).await?;
                let closed = arrived.frames().any(|(opcode, _)| opcode == Opcode::Close);
                Link::done(&self.thread.buffer, arrived);
                if closed {
                    return Ok::<(), Lost>(());
                }
            }
        };
        timeout(LEAVE_TIMEOUT, goodbye).await.ok();
    }

    /// Records the gap of a fight that has fallen silent, which no snapshot has ended.
    fn count_open_gap(&self) {
        let Some(last) = self.last.filter(|last| last.fighting) else { return };
        let gap = last.at.elapsed();
        let ticks = gap.as_secs_f64() * f64::from(self.welcome.tick_rate);
        if ticks > SILENCE_TICKS {
            let mut tally = self.thread.tally.borrow_mut();
            tally.gaps.record(micros(gap));
            tally.fight_ticks += ticks;
            if last.alive {
                tally.alive_s += gap.as_secs_f64();
            }
        }
    }

    fn measuring(&self) -> bool {
        self.thread.live.stage() == Stage::Measuring
    }

    fn queue(&mut self, message: &ClientMessage) {
        queue(&mut self.link, &mut self.chance, &self.thread, message);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
