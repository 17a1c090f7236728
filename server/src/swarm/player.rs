//! One player of the swarm: its connection, from the handshake until it leaves or is lost. What it wants is `pilot`'s
//! business, what it sees is `view`'s.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bolide_net::{ClientMessage, InputMessage, ServerMessage, Welcome};
use tokio::sync::oneshot;
use tokio::time::{sleep_until, timeout};

use super::chance::Chance;
use super::frame::Opcode;
use super::greeting::{Greeted, closed, greet, queue};
use super::link::{Arrived, Link, SharedBuffer};
use super::live::{Live, Stage};
use super::lost::Lost;
use super::options::{SwarmOptions, Sync};
use super::pilot::{ALIVE, FIGHTING, OVER, Pilot, Sight};
use super::tally::Tally;
use super::view::{Change, Memory, Told, View};

/// What the players of a thread share.
pub(crate) struct Thread {
    pub(crate) options: SwarmOptions,
    pub(crate) address: SocketAddr,
    pub(crate) live: Arc<Live>,
    pub(crate) tally: RefCell<Tally>,
    pub(crate) buffer: SharedBuffer,
    /// When the thread's clock began.
    pub(crate) began: Instant,
}

/// Who is to play where.
#[derive(Debug)]
pub(crate) struct Role {
    /// Counts the players of the swarm.
    pub(crate) number: u32,
    /// The room to join; a new one if none.
    pub(crate) room: Option<String>,
    /// What the players of the room share.
    pub(crate) memory: Rc<RefCell<Memory>>,
}

/// How long connecting and joining may take together.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the server may take to say goodbye.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Inputs whose acknowledgement is waited for; of more, the oldest are forgotten.
const UNACKNOWLEDGED_MAX: usize = 64;

/// Ticks without a snapshot after which a fight has fallen silent, and is not just between two of them.
const SILENCE_TICKS: f64 = 3.0;

/// Plays until the run ends. The welcome, or why there was none, is told as soon as it is known.
pub(crate) async fn play(
    thread: Rc<Thread>,
    role: Role,
    seated: oneshot::Sender<Result<Box<Welcome>, Lost>>,
) {
    let greeted = timeout(JOIN_TIMEOUT, greet(&thread, &role)).await;
    let greeted = greeted.unwrap_or(Err(Lost::Silent("no welcome within 10 s")));
    let greeted = greeted.and_then(|greeted| simulate(&thread, &role, greeted));
    let (mut player, early) = match greeted {
        Ok(greeted) => Player::new(&thread, role, greeted),
        Err(lost) => {
            count_lost(&thread, &lost);
            seated.send(Err(lost)).ok();
            return;
        }
    };
    thread.live.joined.fetch_add(1, Ordering::Relaxed);
    seated.send(Ok(player.welcome.clone())).ok();
    if let Err(lost) = player.run(early).await {
        thread.live.gone.fetch_add(1, Ordering::Relaxed);
        count_lost(&thread, &lost);
    }
}

/// Whoever is told motions computes places, by the rules of the welcome.
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
    memory: Rc<RefCell<Memory>>,
    link: Link,
    welcome: Box<Welcome>,
    chance: Chance,
    pilot: Pilot,
    view: View,
    seq: u32,
    /// Inputs that no snapshot has acknowledged yet: their number, and when they were sent.
    unacknowledged: VecDeque<(u32, Instant)>,
    match_number: u32,
    /// When the last snapshot came, and what it showed.
    last: Option<Last>,
    /// Whether it has asked for the next match.
    asked: bool,
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
    /// A player that has just been welcomed, and what came behind the welcome.
    fn new(thread: &Rc<Thread>, role: Role, greeted: Greeted) -> (Player, Vec<(Opcode, Vec<u8>)>) {
        let Greeted { link, chance, welcome, early } = greeted;
        let SwarmOptions { seed, inputs, .. } = thread.options;
        let player = Player {
            thread: Rc::clone(thread),
            memory: role.memory,
            link,
            seq: welcome.seq,
            welcome,
            chance,
            pilot: Pilot::new(seed, u64::from(role.number), inputs),
            view: View::default(),
            unacknowledged: VecDeque::new(),
            match_number: 0,
            last: None,
            asked: false,
        };
        (player, early)
    }

    async fn run(&mut self, early: Vec<(Opcode, Vec<u8>)>) -> Result<(), Lost> {
        for (opcode, payload) in early {
            self.on_frame(opcode, &payload, Instant::now())?;
        }
        let mut think_at = self.next_thought();
        loop {
            // Sent before anything is waited for: a pong, a rematch, an input.
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

    fn next_thought(&mut self) -> Instant {
        let pause_s = self.pilot.pause_s().unwrap_or(1.0);
        Instant::now() + Duration::from_secs_f32(pause_s)
    }

    fn on_arrived(&mut self, arrived: Arrived) -> Result<(), Lost> {
        let now = Instant::now();
        if self.measuring() {
            self.thread.tally.borrow_mut().bytes_down += arrived.read_bytes as u64;
        }
        for (opcode, payload) in arrived.frames() {
            self.on_frame(opcode, payload, now)?;
        }
        Link::done(&self.thread.buffer, arrived);
        Ok(())
    }

    fn on_frame(&mut self, opcode: Opcode, payload: &[u8], now: Instant) -> Result<(), Lost> {
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
        let told = self.memory.borrow_mut().decode(codec, payload);
        let told = told.map_err(|error| Lost::NotUnderstood(error.to_string()))?;
        let change = match &told {
            Told::Snapshot(snapshot) => self.view.snapshot(snapshot),
            Told::Delta(delta) => self.view.delta(delta, &mut self.memory.borrow_mut()),
            Told::Other(message) => {
                self.on_message(message);
                return Ok(());
            }
            Told::Unknown => return Ok(()),
        };
        self.on_change(change, payload.len(), now);
        Ok(())
    }

    fn on_message(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Ping { nonce } => self.queue(&ClientMessage::Pong(*nonce)),
            ServerMessage::Match { number, .. } => {
                self.asked &= self.match_number == *number;
                self.match_number = *number;
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

    fn on_change(&mut self, change: Change, payload_bytes: usize, now: Instant) {
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
            Change::News { .. } => self.on_news(now, measuring),
            Change::Waiting => {}
            Change::Desync(mismatch) => {
                self.thread.live.desyncs.fetch_add(1, Ordering::Relaxed);
                // Counts at any time: there is no good moment for one.
                self.thread.tally.borrow_mut().desync(mismatch);
                self.queue(&ClientMessage::Resync);
            }
        }
    }

    fn on_news(&mut self, now: Instant, measuring: bool) {
        let Some(world) = self.view.world().cloned() else { return };
        let me = self.welcome.seat;
        let acknowledged = world.acks.binary_search_by_key(&me, |ack| ack.player);
        let acknowledged = acknowledged.map_or(0, |index| world.acks[index].seq);
        let tick_us = 1_000_000 / u64::from(self.welcome.tick_rate.max(1));
        let mut tally = self.thread.tally.borrow_mut();
        while let Some((_, sent_at)) =
            self.unacknowledged.pop_front_if(|(seq, _)| *seq <= acknowledged)
        {
            if measuring {
                let latency_us = micros(now - sent_at);
                tally.latency.record(latency_us);
                tally.above_tick.record(latency_us.saturating_sub(tick_us));
            }
        }
        let before = self.last.filter(|last| last.match_number == self.match_number);
        let later = before.is_none_or(|before| before.tick < world.tick);
        if later {
            let now_us = i64::try_from((now - self.thread.began).as_micros()).unwrap_or(i64::MAX);
            let mut memory = self.memory.borrow_mut();
            let late_us =
                memory.late_us(self.match_number, world.tick, self.welcome.tick_rate, now_us);
            if measuring {
                tally.late.record(late_us);
            }
        }
        let fighting = world.phase == FIGHTING;
        if let Some(before) = before.filter(|before| measuring && before.fighting && fighting) {
            let gap = now - before.at;
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
        self.last = Some(Last { at: now, match_number, tick: world.tick, fighting, alive });
        if world.phase == OVER {
            self.ask_for_rematch();
        }
    }

    /// The pilot looks at the newest snapshot.
    fn act(&mut self) {
        let Some(known) = self.view.world() else { return };
        let world = self.memory.borrow().seen(known);
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

    /// Gives the seat back. What the server still says does not matter any more, nor whether it does.
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

    /// A fight that has fallen silent has had no snapshot to end its last gap.
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
