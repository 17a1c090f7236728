//! The task of one game socket: it reads, decodes, keeps to the budgets, and hands on; what the shard could not
//! write at once it writes later. It knows no rule of the game. Its outbox is the only thing that a shard knows of it;
//! when it ends, the outbox is abandoned and the room lets go of it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bolide_net::limits::INVALID_MESSAGES_MAX;
use bolide_net::{
    ClientMessage, Codec, ConnectionState, ErrorCode, FrameKind, Hello, InputMessage,
    ServerMessage, legal,
};
use bolide_room::{ConnectionId, JoinError};
use bytes::Bytes;
use tokio::sync::oneshot::{self, error::RecvError};
use tokio::time::sleep_until;
use tracing::debug;

use crate::alarms::{Alarm, Alarms};
use crate::budgets::Budgets;
use crate::counters::Cut;
use crate::inbox::{Answer, Caller, Comeback, Command, Newcomer, Refusal, ShardGone};
use crate::incoming::Event;
use crate::lanes::Closing;
use crate::outbox::Outbox;
use crate::rate::Bucket;
use crate::server::Server;
use crate::shard::RoomKey;
use crate::socket::Socket;
use crate::token::RoomId;

/// Between two pings. They come to light who does not read, so they are frequent; they cost next to nothing, because
/// they go out together with what the room sends.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// Later than this a timer does not come unless the process was stopped, or its machine slept.
const OVERSLEPT: Duration = Duration::from_secs(1);

/// Serves a game socket until it is closed; from its `hello` on in a task of the shard whose room it wants to join.
/// `admission` is what it holds as long as it is open.
pub(crate) async fn serve(
    mut socket: Box<Socket>,
    codec: Codec,
    server: Arc<Server>,
    admission: impl Send + 'static,
) {
    let mut connection = Box::new(Connection::new(codec, &socket, server));
    let end = connection.run(&mut socket).await;
    let End::Move(shard) = end else {
        connection.end(socket, end).await;
        return;
    };
    let Some(stream) = socket.depart() else {
        return connection.end(socket, End::Gone).await;
    };
    let runtime = connection.server.shard(shard).runtime().clone();
    runtime.spawn(async move {
        let settled = socket.settle(stream);
        connection.is_settled = true;
        let end = match settled {
            Ok(()) => connection.run(&mut socket).await,
            Err(_) => End::Gone,
        };
        connection.end(socket, end).await;
        drop(admission);
    });
}

struct Connection {
    id: ConnectionId,
    codec: Codec,
    server: Arc<Server>,
    outbox: Arc<Outbox>,
    stage: Stage,
    /// When the task woke up.
    now: Instant,
    /// It lives on a shard: the one it asked first.
    is_settled: bool,
    inputs: Bucket,
    inputs_dropped: Bucket,
    control: Bucket,
    invalid_messages: u32,
    hello_until: Instant,
    ping_at: Instant,
    /// Since when a ping waits for its answer.
    unanswered_since: Option<Instant>,
    /// Until then inputs are dropped and not held against the client.
    forgives_until: Instant,
    /// What waited in the outbox when its traffic was last added up.
    waiting_bytes: u64,
}

/// How far a connection has come.
enum Stage {
    Greeting,
    /// It knows whom to ask.
    Asking {
        answer: oneshot::Receiver<Answer>,
        shard: usize,
        command: Command,
    },
    /// The shard is asked. Meanwhile nothing is read, so that nothing has to be kept.
    Joining {
        answer: oneshot::Receiver<Answer>,
        shard: usize,
    },
    Joined {
        room: RoomKey,
        shard: usize,
    },
}

/// How a connection ends.
#[derive(Debug)]
enum End {
    /// The client is gone.
    Gone,
    /// The client closes it, and is answered with this code.
    Answer(Option<u16>),
    /// The server closes it.
    Close(Closing),
    /// It goes on at this shard.
    Move(usize),
}

impl From<Cut> for End {
    fn from(cut: Cut) -> End {
        End::Close(cut.into())
    }
}

/// What the task wakes up for.
enum Wake {
    Ended(Option<Closing>),
    Alarm(Alarm),
    Answer(Result<Answer, RecvError>),
    Socket(Event),
}

impl Connection {
    fn new(codec: Codec, socket: &Socket, server: Arc<Server>) -> Connection {
        let now = Instant::now();
        let budgets = &server.budgets;
        Connection {
            id: server.next_connection(),
            codec,
            outbox: Arc::clone(socket.outbox()),
            stage: Stage::Greeting,
            now,
            is_settled: false,
            inputs: Bucket::new(budgets.inputs(), now),
            inputs_dropped: Bucket::new(budgets.inputs_dropped(), now),
            control: Bucket::new(budgets.control(), now),
            invalid_messages: 0,
            hello_until: now + seconds(budgets.hello_s),
            ping_at: now + PING_INTERVAL,
            unanswered_since: None,
            forgives_until: now,
            waiting_bytes: 0,
            server,
        }
    }

    async fn run(&mut self, socket: &mut Socket) -> End {
        if let Err(end) = self.ask().await {
            return end;
        }
        let mut stopping = self.server.stopping();
        let glance = stopping.clone();
        // The sender lives in the server, which this task holds.
        let stopped = pin!(stopping.wait_for(|stopping| *stopping));
        let timer = pin!(sleep_until(self.deadline().into()));
        let mut alarms = Alarms::new(timer, stopped, glance);
        loop {
            let deadline = self.deadline();
            let wake = poll_fn(|context| self.poll_wake(context, socket, &mut alarms, deadline));
            let wake = wake.await;
            let overslept = self.listen_first(deadline);
            let step = match wake {
                Wake::Alarm(Alarm::Deadline) if overslept => Ok(()),
                Wake::Socket(event) => self.on_event(event).await,
                Wake::Ended(closing) => Err(closing.map_or(End::Gone, End::Close)),
                Wake::Answer(answer) => self.on_answer(answer),
                Wake::Alarm(Alarm::Deadline) => {
                    self.add_up(socket, false);
                    self.on_timer(socket.heard_at())
                }
                Wake::Alarm(Alarm::Stop) => {
                    let reason = self.server.farewell(self.id);
                    Err(End::Close(Closing { reason, ..Cut::Stopping.into() }))
                }
            };
            if let Err(end) = step {
                self.add_up(socket, true);
                return end;
            }
        }
    }

    /// The client comes last: however much it sends, nothing else has to wait for it.
    fn poll_wake(
        &mut self,
        context: &mut Context<'_>,
        socket: &mut Socket,
        alarms: &mut Alarms<'_, impl Future>,
        deadline: Instant,
    ) -> Poll<Wake> {
        self.now = Instant::now();
        if let Poll::Ready(closing) = self.outbox.poll_ended(context) {
            return Poll::Ready(Wake::Ended(closing));
        }
        if let Poll::Ready(alarm) = alarms.poll(context, deadline, self.now) {
            return Poll::Ready(Wake::Alarm(alarm));
        }
        if let Stage::Joining { answer, .. } = &mut self.stage {
            return Pin::new(answer).poll(context).map(Wake::Answer);
        }
        socket.poll_event(context, self.now).map(Wake::Socket)
    }

    async fn end(self: Box<Connection>, socket: Box<Socket>, end: End) {
        debug!(connection = self.id.0, ?end, "connection ends");
        let server = Arc::clone(&self.server);
        drop(self);
        // Boxed, because the task would be as large all its life.
        match end {
            End::Gone | End::Move(_) => socket.abandon(),
            End::Answer(code) => Box::pin(socket.answer_close(code)).await,
            End::Close(closing) => {
                if let Some(cut) = closing.cut {
                    server.counters.cut(cut);
                }
                Box::pin(socket.close(closing)).await;
            }
        }
    }

    /// Adds what went over the socket since the last time to what went over all of them.
    fn add_up(&mut self, socket: &mut Socket, at_end: bool) {
        let mut written = self.outbox.take_written();
        if at_end {
            written.waiting_bytes = 0;
        }
        self.server.traffic.add(socket.take_received(), written, self.waiting_bytes);
        self.waiting_bytes = written.waiting_bytes;
    }

    async fn on_event(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Data(kind, bytes) => self.on_frame(kind, bytes).await,
            Event::Ping(payload) => {
                self.spend_control()?;
                self.outbox.pong(payload);
                self.outbox.flush();
                Ok(())
            }
            Event::Pong => {
                self.spend_control()?;
                self.unanswered_since = None;
                Ok(())
            }
            Event::Closed(code) => Err(End::Answer(code)),
            Event::Gone => Err(End::Gone),
            Event::Broken(cut) => Err(cut.into()),
        }
    }

    fn on_timer(&mut self, heard_at: Instant) -> Result<(), End> {
        let (now, budgets) = (self.now, self.server.budgets);
        if matches!(self.stage, Stage::Greeting) && self.hello_until <= now {
            return Err(Cut::Hello.into());
        }
        if self.pong_until(&budgets).is_some_and(|until| until <= now) {
            return Err(Cut::Ping.into());
        }
        if heard_at + seconds(budgets.idle_s) <= now {
            return Err(Cut::Idle.into());
        }
        if self.ping_at <= now {
            self.ping_at = now + PING_INTERVAL;
            self.unanswered_since.get_or_insert(now);
            // A room says something twice a second at least. If it has not, the last ping still waits.
            if matches!(self.stage, Stage::Joined { .. }) {
                self.outbox.flush();
                self.outbox.ping();
            } else {
                self.outbox.ping();
                self.outbox.flush();
            }
        }
        Ok(())
    }

    /// Begins to wait anew if the process was stopped: then it cannot say that nobody answered, nor that all that lies unread now
    /// came at once. Whether that is so.
    fn listen_first(&mut self, deadline: Instant) -> bool {
        let now = self.now;
        let overslept = now.saturating_duration_since(deadline) > OVERSLEPT;
        if overslept {
            self.ping_at = now + PING_INTERVAL;
            self.hello_until = self.hello_until.max(now + PING_INTERVAL);
            self.unanswered_since = self.unanswered_since.map(|_| now);
            self.forgives_until = now + PING_INTERVAL;
        }
        overslept
    }

    fn deadline(&self) -> Instant {
        let hello = matches!(self.stage, Stage::Greeting).then_some(self.hello_until);
        let pong = self.pong_until(&self.server.budgets);
        [hello, pong].into_iter().flatten().fold(self.ping_at, Instant::min)
    }

    /// Until when the last ping must be answered.
    fn pong_until(&self, budgets: &Budgets) -> Option<Instant> {
        self.unanswered_since.map(|since| since + seconds(budgets.ping_s))
    }

    /// Counts whatever is no input.
    fn spend_control(&mut self) -> Result<(), End> {
        let enough = self.control.take(self.server.budgets.control(), 1, self.now);
        if enough { Ok(()) } else { Err(Cut::Control.into()) }
    }

    /// Counts an input; false when it is to be dropped.
    fn spend_input(&mut self) -> Result<bool, End> {
        let (now, budgets) = (self.now, self.server.budgets);
        if self.inputs.take(budgets.inputs(), 1, now) {
            return Ok(true);
        }
        let forgiven = now < self.forgives_until;
        if forgiven || self.inputs_dropped.take(budgets.inputs_dropped(), 1, now) {
            self.server.counters.input_dropped();
            return Ok(false);
        }
        Err(Cut::Inputs.into())
    }

    async fn on_frame(&mut self, kind: FrameKind, bytes: Bytes) -> Result<(), End> {
        if kind != self.codec.frame_kind() {
            let reason = wrong_kind_text(self.codec);
            return Err(End::Close(Closing { reason, ..Cut::WrongKind.into() }));
        }
        let decoded = self.codec.decode_client(&bytes);
        // Nothing of what waits from here on may keep the buffer.
        drop(bytes);
        let is_input = matches!(decoded, Ok(ClientMessage::Input(_)));
        if !is_input {
            self.spend_control()?;
        } else if !self.spend_input()? {
            return Ok(());
        }
        let message = match decoded {
            Ok(message) => message,
            Err(error) => return self.invalid(error.code(), error.to_string()),
        };
        let state = match self.stage {
            Stage::Greeting | Stage::Asking { .. } | Stage::Joining { .. } => {
                ConnectionState::Greeting
            }
            Stage::Joined { .. } => ConnectionState::Joined,
        };
        if let Err(code) = legal(state, &message) {
            return self.invalid(code, illegal_text(code));
        }
        // Boxed, because the task would be as large all its life.
        match message {
            ClientMessage::Hello(hello) => Box::pin(self.on_hello(hello)).await,
            ClientMessage::Input(input) => self.on_input(input),
            message => Box::pin(self.on_message(message)).await,
        }
    }

    fn on_input(&self, input: InputMessage) -> Result<(), End> {
        let Stage::Joined { room, shard } = self.stage else { return Ok(()) };
        let command = Command::Input { room, from: self.id, input };
        let sent = self.server.shard(shard).send_or_drop(command).map_err(shard_gone)?;
        if !sent {
            self.server.traffic.inbox_full();
        }
        Ok(())
    }

    async fn on_message(&self, message: ClientMessage) -> Result<(), End> {
        let Stage::Joined { room, shard } = self.stage else { return Ok(()) };
        let command = Command::Message { room, from: self.id, message: Box::new(message) };
        self.server.shard(shard).send(command).await.map_err(shard_gone)
    }

    async fn on_hello(&mut self, hello: Hello) -> Result<(), End> {
        let (sender, answer) = oneshot::channel();
        let caller = Caller {
            connection: self.id,
            codec: self.codec,
            sync: hello.sync,
            outbox: Arc::clone(&self.outbox),
            answer: sender,
        };
        let (shard, command) = match self.find_seat(hello, caller) {
            Ok(found) => found,
            Err(refusal) => return self.refuse(refusal),
        };
        self.stage = Stage::Asking { answer, shard, command };
        if self.is_settled { self.ask().await } else { Err(End::Move(shard)) }
    }

    /// Asks the shard, if it has come so far.
    async fn ask(&mut self) -> Result<(), End> {
        match std::mem::replace(&mut self.stage, Stage::Greeting) {
            Stage::Asking { answer, shard, command } => {
                self.stage = Stage::Joining { answer, shard };
                self.server.shard(shard).send(command).await.map_err(shard_gone)
            }
            stage => {
                self.stage = stage;
                Ok(())
            }
        }
    }

    /// What to ask of which shard.
    fn find_seat(&self, hello: Hello, caller: Caller) -> Result<(usize, Command), Refusal> {
        if let Some(token) = hello.resume {
            let room = RoomId::of_token(&token);
            let found = room
                .and_then(|room| self.server.directory.shard_of(&room).map(|shard| (room, shard)));
            let (room, shard) = found.ok_or(JoinError::BadResume)?;
            return Ok((shard, Command::Resume(Box::new(Comeback { room, token, caller }))));
        }
        let mode = self
            .server
            .modes
            .asked_for(hello.mode.as_deref())
            .ok_or_else(|| self.unknown_mode(&hello))?;
        let seat = self.server.directory.reserve(&hello.room, mode);
        let seat = seat.map_err(|error| Refusal { code: error.code(), text: error.to_string() })?;
        let shard = seat.shard();
        Ok((shard, Command::Join(Box::new(Newcomer { seat, name: hello.name, caller }))))
    }

    fn unknown_mode(&self, hello: &Hello) -> Refusal {
        let asked = hello.mode.as_deref().unwrap_or_default();
        let text =
            format!("there is no mode {asked:?}; the modes are {}", self.server.modes.names());
        Refusal { code: ErrorCode::UnknownMode, text }
    }

    fn on_answer(&mut self, answer: Result<Answer, RecvError>) -> Result<(), End> {
        let Stage::Joining { shard, .. } = self.stage else { return Ok(()) };
        match answer {
            Ok(Ok(room)) => {
                self.stage = Stage::Joined { room, shard };
                Ok(())
            }
            Ok(Err(refusal)) => self.refuse(refusal),
            Err(_) => Err(shard_gone(ShardGone)),
        }
    }

    /// The client is told, and may try another hello; but a full server has no time for that.
    fn refuse(&mut self, refusal: Refusal) -> Result<(), End> {
        self.stage = Stage::Greeting;
        self.hello_until = self.now + seconds(self.server.budgets.hello_s);
        let full = refusal.code == ErrorCode::ServerFull;
        self.invalid(refusal.code, refusal.text)?;
        if full { Err(Cut::ServerFull.into()) } else { Ok(()) }
    }

    fn invalid(&mut self, code: ErrorCode, text: impl Into<String>) -> Result<(), End> {
        self.server.traffic.error(code);
        self.outbox.push(self.codec.encode_server(&ServerMessage::error(code, text)));
        self.outbox.flush();
        self.invalid_messages += 1;
        if self.invalid_messages >= INVALID_MESSAGES_MAX {
            return Err(Cut::Invalid.into());
        }
        Ok(())
    }
}

fn shard_gone(_: ShardGone) -> End {
    Cut::Shard.into()
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

const fn wrong_kind_text(codec: Codec) -> &'static str {
    match codec {
        Codec::Json => "bolide.v1.json has text frames",
        Codec::MessagePack => "bolide.v1.msgpack has binary frames",
    }
}

const fn illegal_text(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NotJoined => "the first message must be hello",
        ErrorCode::AlreadyJoined => "this connection has joined; hello comes once",
        _ => "not now",
    }
}
