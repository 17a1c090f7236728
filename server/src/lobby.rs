//! The thread that owns the sockets of old relays' pages, as a shard owns those of players. It
//! reads when the kernel reports bytes, asks the [`Lobby`] what a text means, and writes at most
//! every 50 milliseconds, one write a client for all that came up. No shard waits for it, and it
//! waits for none.

pub(crate) mod handle;
mod members;
pub(crate) mod session_key;

use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bolide_lobby::{KeptTopic, Lobby, LobbySettings, MemberId, Now, Output};
use bolide_net::FrameKind;
use bolide_storage::{Store, TopicRecord};
use bolide_transport::READ_BYTES;
use mio::{Events, Poll, Token, Waker};
use tokio::sync::mpsc;

use self::handle::{COMMANDS_MAX, EnterRequest, LobbyCommand, LobbyHandle};
use self::members::Members;
use crate::connection::close_reason::CloseReason;
use crate::connection::poller::{Departure, PollFailures, readiness};
use crate::connection::{ClientSocket, ConnectionContext, Ending, Heard, drain};
use crate::measure::heartbeat::{Heartbeat, Heartbeats};
use crate::measure::lobby_metrics::{EndpointKind, LobbyMetrics};
use crate::measure::reasons::DropReason;

/// Time between two writes of what came up, unless an outbox fills.
const WRITE_INTERVAL: Duration = Duration::from_millis(50);

/// Least time between two searches for sockets whose deadline is due.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Most time between two turns.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Messages of one socket that are handled in a turn. The rest waits for the next turn, so that
/// readers get the texts of a flood while it is read.
const MESSAGES_PER_TURN: u32 = 32;

/// Events per poll.
const EVENTS: usize = 1024;

/// The token of the waker. No slot is as large.
const WAKE: Token = Token(usize::MAX);

/// The state that the thread shares with the server.
pub(crate) struct LobbyContext {
    pub(crate) settings: LobbySettings,
    pub(crate) connections: Arc<ConnectionContext>,
    pub(crate) metrics: Arc<LobbyMetrics>,
    /// Keeps the last messages of topics, if anything outlives the process.
    pub(crate) store: Option<Store>,
    /// Those of the process before.
    pub(crate) kept: Vec<KeptTopic>,
    /// Takes the sockets that have ended.
    pub(crate) departures: mpsc::UnboundedSender<Departure>,
}

/// Starts the thread.
///
/// # Errors
/// The system refuses another poll or thread.
pub(crate) fn start(
    context: LobbyContext,
    heartbeats: &Heartbeats,
) -> io::Result<(LobbyHandle, JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
    let (handle, commands) = LobbyHandle::new(waker);
    let LobbyContext { settings, connections, metrics, store, kept, departures } = context;
    let members = Members::new(poll.registry().try_clone()?, departures, Arc::clone(&metrics));
    let thread = heartbeats.add("lobby").spawn(move |heartbeat| {
        let now = Instant::now();
        let mut lobby = Lobby::new(settings);
        lobby.restore(kept);
        let lobby_thread = LobbyThread {
            lobby,
            store,
            members,
            commands,
            poll,
            events: Events::with_capacity(EVENTS),
            failures: PollFailures::default(),
            connections,
            metrics,
            started: now,
            check_at: now + SLEEP_MAX,
            write_at: None,
            draining: None,
            heartbeat,
        };
        lobby_thread.run();
    })?;
    Ok((handle, thread))
}

/// The state of the thread.
struct LobbyThread {
    lobby: Lobby,
    /// Keeps the last messages of topics, if anything outlives the process.
    store: Option<Store>,
    members: Members,
    commands: mpsc::Receiver<LobbyCommand>,
    poll: Poll,
    events: Events,
    failures: PollFailures,
    connections: Arc<ConnectionContext>,
    metrics: Arc<LobbyMetrics>,
    started: Instant,
    /// The time of the next search for deadlines.
    check_at: Instant,
    /// The time at which what is queued is written, if anything is.
    write_at: Option<Instant>,
    /// The number of clients when the server was asked to stop, if it was.
    draining: Option<u32>,
    heartbeat: Heartbeat,
}

impl LobbyThread {
    fn run(mut self) {
        // Caught here, because in the caller the sockets would be dropped already.
        let worked = catch_unwind(AssertUnwindSafe(|| while self.turn().is_continue() {}));
        if let Err(panic) = worked {
            self.close_all();
            resume_unwind(panic);
        }
    }

    /// Sleeps until there is something to do, and does it.
    fn turn(&mut self) -> ControlFlow<()> {
        self.sleep();
        let now = Instant::now();
        self.heartbeat.begin(now);
        for _ in 0..COMMANDS_MAX {
            let Ok(command) = self.commands.try_recv() else { break };
            self.handle(command, now)?;
        }
        self.read(now);
        self.check(now);
        if self.write_at.is_some_and(|at| at <= now) {
            self.write_at = None;
            self.members.flush();
        }
        self.see_off(now);
        ControlFlow::Continue(())
    }

    /// Polls until a socket is ready, a command arrives, or the next thing is due.
    fn sleep(&mut self) {
        let now = Instant::now();
        let wake = self.lobby.next_wake().map(|since_start| self.started + since_start);
        let due = [self.write_at, wake].into_iter().flatten().fold(self.check_at, Instant::min);
        let is_busy = self.members.has_ready() || !self.commands.is_empty();
        let wait = if is_busy { Duration::ZERO } else { due.saturating_duration_since(now) };
        self.heartbeat.rest();
        if let Err(error) = self.poll.poll(&mut self.events, Some(wait.min(SLEEP_MAX))) {
            return self.failures.note("the lobby", &error);
        }
        self.failures.reset();
        for event in self.events.iter().filter(|event| event.token() != WAKE) {
            self.members.mark_ready(event.token(), readiness(event));
        }
    }

    fn handle(&mut self, command: LobbyCommand, now: Instant) -> ControlFlow<()> {
        match command {
            LobbyCommand::Enter(request) => self.enter(*request, now),
            LobbyCommand::Connect { member, socket } => self.connect(member, *socket, now),
            LobbyCommand::Abandon { member } => self.abandon(member, now),
            LobbyCommand::Ask(question) => {
                let now_of_lobby = self.now(now);
                question(&mut self.lobby, now_of_lobby);
                self.carry_out(now);
            }
            LobbyCommand::Drain { open } => {
                self.draining = Some(open);
                for member in self.members.ids() {
                    self.drain_member(member, open);
                }
                self.see_off(now);
            }
            #[cfg(test)]
            LobbyCommand::Panic => panic!("on purpose"),
            LobbyCommand::Stop => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn enter(&mut self, request: EnterRequest, now: Instant) {
        let EnterRequest { id, entrance, reply } = request;
        let member = self.members.insert(id, EndpointKind::of(&entrance.endpoint));
        match self.draining {
            Some(open) => self.drain_member(member, open),
            None => {
                self.lobby.handle_enter(member, entrance, self.now(now));
                self.carry_out(now);
            }
        }
        if reply.send(member).is_err() {
            self.abandon(member, now);
        }
    }

    fn connect(&mut self, member: MemberId, socket: ClientSocket, now: Instant) {
        if let Err(error) = self.members.connect(member, socket) {
            self.members.end(member, self.connections.unwatched(&error, now));
        }
        self.note_queued(now);
    }

    fn abandon(&mut self, member: MemberId, now: Instant) {
        if self.members.abandon(member) {
            self.lobby.handle_leave(member, self.now(now));
            self.carry_out(now);
        }
    }

    fn drain_member(&mut self, member: MemberId, open: u32) {
        if let Some(id) = self.members.connection_id(member) {
            self.members.end(member, Ending::Close(drain::closing(id, open)));
        }
    }

    /// Handles what has arrived on the sockets that are ready.
    fn read(&mut self, now: Instant) {
        let mut buffer = [0; READ_BYTES];
        for member in self.members.take_ready() {
            if let Err(end) = self.read_member(member, &mut buffer, now) {
                self.members.end(member, in_words_of_relays(end));
            }
        }
    }

    fn read_member(
        &mut self,
        member: MemberId,
        buffer: &mut [u8],
        now: Instant,
    ) -> Result<(), Ending> {
        for _ in 0..MESSAGES_PER_TURN {
            let Some((socket, kind)) = self.members.socket(member) else { return Ok(()) };
            socket.forgive_stall(now);
            let Some(event) = socket.socket().next(buffer, now) else { return Ok(()) };
            let heard = socket.on_event(event, now, &self.connections)?;
            socket.set_deadline(None, &self.connections.budgets);
            match heard {
                Some(Heard::Message(FrameKind::Text, payload)) => {
                    self.metrics.message(kind);
                    let text = str::from_utf8(payload.bytes(buffer));
                    let text = text.map_err(|_| Ending::from(DropReason::BadUtf8))?;
                    self.lobby.handle_text(member, text, self.now(now));
                    self.carry_out(now);
                }
                Some(Heard::Message(FrameKind::Binary, _)) => {
                    return Err(DropReason::WrongKind.into());
                }
                Some(Heard::Pong(_)) | None => {}
            }
        }
        self.members.add_ready(member);
        Ok(())
    }

    /// Carries out what the lobby asks for. Sockets that end meanwhile are seen off later.
    fn carry_out(&mut self, now: Instant) {
        while let Some(output) = self.lobby.poll_output() {
            match output {
                Output::Send { to, text } => self.members.queue(to, text),
                Output::Cast { to, except, text } => {
                    for member in to.as_slice().iter().filter(|member| Some(**member) != except) {
                        self.members.queue(*member, text.clone());
                    }
                }
                Output::Close { to, code, reason } => {
                    let closing = CloseReason { code, reason, drop_reason: None };
                    self.members.release(to, Ending::Close(closing));
                }
                Output::Refused(refusal) => self.metrics.refused(refusal),
                Output::Keep(kept) => self.keep(&kept),
                Output::Forget(topic) => {
                    if let Some(store) = &self.store {
                        store.forget_topic(topic.to_string());
                    }
                }
            }
        }
        self.note_queued(now);
    }

    /// Stores the last message of a topic.
    fn keep(&self, KeptTopic { topic, text, until_unix_s }: &KeptTopic) {
        let Some(store) = &self.store else { return };
        let text = String::from_utf8_lossy(text).into_owned();
        store.save_topic(TopicRecord { channel: topic.to_string(), text, until: *until_unix_s });
    }

    /// Sets the time of the next write, if something is queued.
    fn note_queued(&mut self, now: Instant) {
        if self.members.has_queued() {
            self.write_at.get_or_insert(now + WRITE_INTERVAL);
        }
    }

    /// Handles the deadlines that are due, and what the lobby does by itself.
    fn check(&mut self, now: Instant) {
        if self.lobby.next_wake().is_some_and(|wake| self.started + wake <= now) {
            self.lobby.advance(self.now(now));
            self.carry_out(now);
        }
        if now < self.check_at {
            return;
        }
        self.lobby.advance(self.now(now));
        self.carry_out(now);
        let earliest = self.members.check_deadlines(now, &self.connections);
        let next = earliest.map_or(now + SLEEP_MAX, |at| at.min(now + SLEEP_MAX));
        self.check_at = next.max(now + CHECK_INTERVAL);
        self.note_queued(now);
    }

    /// Lets the sockets go that have ended, and tells the lobby. What it says about that may end
    /// more of them.
    fn see_off(&mut self, now: Instant) {
        while let Some((member, end)) = self.members.next_ended() {
            self.members.release(member, end);
            self.lobby.handle_leave(member, self.now(now));
            self.carry_out(now);
        }
    }

    /// Closes all clients after a panic of the thread, because the process is about to end. They
    /// come back to the next one.
    fn close_all(&mut self) {
        let members = self.members.ids();
        let open = u32::try_from(members.len()).unwrap_or(u32::MAX);
        for member in members {
            if let Some(id) = self.members.connection_id(member) {
                self.members.release(member, Ending::Close(drain::closing(id, open)));
            }
        }
        self.commands.close();
        while let Some(command) = self.commands.blocking_recv() {
            if let LobbyCommand::Connect { socket, .. } = command {
                self.members.turn_away(*socket, DropReason::Shard.into());
            }
        }
    }

    fn now(&self, now: Instant) -> Now {
        // A clock before 1970 is wrong, and nothing kept would be gone.
        let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
        Now { since_start: now.saturating_duration_since(self.started), unix_s }
    }
}

/// Returns the end of a socket with the rule that holds for old relays' pages.
fn in_words_of_relays(end: Ending) -> Ending {
    let Ending::Close(closing) = end else { return end };
    let reason = match closing.drop_reason {
        Some(DropReason::WrongKind) => "text frames only",
        Some(DropReason::TooBig) => "longer than `relay.message_bytes_max` of this server",
        _ => closing.reason,
    };
    Ending::Close(CloseReason { reason, ..closing })
}
