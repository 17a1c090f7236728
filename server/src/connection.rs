//! The task of one game socket: it reads, decodes, and hands on; it takes from the outbox and writes. It knows
//! no rule of the game. Its outbox is the only thing that a shard knows of it; when it ends, the outbox is
//! abandoned and the room lets go of it.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bolide_net::limits::INVALID_MESSAGES_MAX;
use bolide_net::{
    ClientMessage, CloseCode, Codec, ConnectionState, ErrorCode, FrameKind, Hello, ServerMessage,
    legal,
};
use bolide_room::{ConnectionId, JoinError};
use tokio::sync::oneshot::{self, error::RecvError};
use tokio::time::sleep_until;
use tracing::debug;

use crate::directory::Wanted;
use crate::outbox::{Closing, Outbox};
use crate::rate::MessageRate;
use crate::server::Server;
use crate::shard::{Answer, Caller, Command, Refusal, ShardGone};
use crate::socket::{Event, Socket};
use crate::token::RoomId;

/// How long a client may take to say hello, each time it is asked to.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two pings.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// How long a ping may stay unanswered.
const PONG_TIMEOUT: Duration = Duration::from_secs(15);

/// Serves a game socket until it is closed.
pub(crate) async fn serve(mut socket: Socket, codec: Codec, server: Arc<Server>) {
    let connection = Connection::new(codec, server);
    let (id, outbox) = (connection.id, Arc::clone(&connection.outbox));
    let end = connection.run(&mut socket).await;
    debug!(connection = id.0, ?end, "connection ends");
    if let End::Close(Closing { code, reason }) = end {
        loop {
            let frames = outbox.take();
            if frames.is_empty() {
                break;
            }
            socket.queue(frames);
        }
        // From here on the room knows that nobody reads.
        drop(outbox);
        socket.close(code, reason).await;
    }
}

struct Connection {
    id: ConnectionId,
    codec: Codec,
    server: Arc<Server>,
    outbox: Arc<Outbox>,
    stage: Stage,
    rate: MessageRate,
    invalid_messages: u32,
    hello_until: Instant,
    ping_at: Instant,
    /// Since when a ping waits for its answer.
    unanswered_since: Option<Instant>,
}

/// How far a connection has come.
enum Stage {
    Greeting,
    /// The shard is asked. Meanwhile nothing is read, so that nothing has to be kept.
    Joining {
        answer: oneshot::Receiver<Answer>,
        shard: usize,
    },
    Joined {
        room: RoomId,
        shard: usize,
    },
}

/// How a connection ends.
#[derive(Debug)]
enum End {
    /// The client is gone.
    Gone,
    /// The server closes it.
    Close(Closing),
}

/// What the task wakes up for.
enum Wake {
    Socket(Event),
    Outbox,
    Answer(Result<Answer, RecvError>),
    Timer,
    Stop,
}

impl Connection {
    fn new(codec: Codec, server: Arc<Server>) -> Connection {
        let now = Instant::now();
        Connection {
            id: server.next_connection(),
            codec,
            server,
            outbox: Arc::default(),
            stage: Stage::Greeting,
            rate: MessageRate::new(now),
            invalid_messages: 0,
            hello_until: now + HELLO_TIMEOUT,
            ping_at: now + PING_INTERVAL,
            unanswered_since: None,
        }
    }

    async fn run(mut self, socket: &mut Socket) -> End {
        let mut stopping = self.server.stopping();
        loop {
            let deadline = self.deadline();
            let reading = !matches!(self.stage, Stage::Joining { .. });
            let wake = tokio::select! {
                event = socket.event(reading) => Wake::Socket(event),
                () = self.outbox.woken() => Wake::Outbox,
                answer = answer(&mut self.stage) => Wake::Answer(answer),
                () = sleep_until(deadline.into()) => Wake::Timer,
                // The sender lives in the server, which this task holds.
                _ = stopping.wait_for(|stopping| *stopping) => Wake::Stop,
            };
            let step = match wake {
                Wake::Socket(event) => self.on_event(event, socket).await,
                Wake::Outbox => self.on_outbox(socket).await,
                Wake::Answer(answer) => self.on_answer(answer),
                Wake::Timer => self.on_timer(socket).await,
                Wake::Stop => Err(close(CloseCode::Restarting, "the server is stopping")),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn on_event(&mut self, event: Event, socket: &mut Socket) -> Result<(), End> {
        let counts = !matches!(event, Event::Written);
        if counts && !self.rate.allows(Instant::now()) {
            return Err(close(CloseCode::Rate, "too many messages"));
        }
        match event {
            Event::Data(kind, bytes) => self.on_frame(kind, &bytes).await,
            Event::Written => self.on_outbox(socket).await,
            Event::Ping => Ok(()),
            Event::Pong => {
                self.unanswered_since = None;
                Ok(())
            }
            Event::Gone => Err(End::Gone),
            Event::Broken(code) => Err(close(code, reason_of(code))),
        }
    }

    async fn on_outbox(&mut self, socket: &mut Socket) -> Result<(), End> {
        if let Some(closing) = self.outbox.closing() {
            return Err(End::Close(closing));
        }
        if !socket.is_writing() {
            let frames = self.outbox.take();
            if !frames.is_empty() {
                socket.queue(frames);
                socket.write().await;
            }
        }
        Ok(())
    }

    async fn on_timer(&mut self, socket: &mut Socket) -> Result<(), End> {
        let now = Instant::now();
        if matches!(self.stage, Stage::Greeting) && self.hello_until <= now {
            return Err(close(CloseCode::Policy, "no hello within 5 s"));
        }
        if self.ping_at <= now {
            if self.unanswered_since.is_some_and(|since| since + PONG_TIMEOUT <= now) {
                return Err(close(CloseCode::TooSlow, "a ping stayed unanswered"));
            }
            self.ping_at = now + PING_INTERVAL;
            self.unanswered_since.get_or_insert(now);
            // One that cannot be written would wait behind the others; the clock runs all the same.
            if !socket.is_writing() {
                socket.queue_ping();
                socket.write().await;
            }
        }
        Ok(())
    }

    fn deadline(&self) -> Instant {
        match self.stage {
            Stage::Greeting => self.ping_at.min(self.hello_until),
            Stage::Joining { .. } | Stage::Joined { .. } => self.ping_at,
        }
    }

    async fn on_frame(&mut self, kind: FrameKind, bytes: &[u8]) -> Result<(), End> {
        if kind != self.codec.frame_kind() {
            return Err(close(CloseCode::WrongFrameKind, wrong_kind_text(self.codec)));
        }
        let message = match self.codec.decode_client(bytes) {
            Ok(message) => message,
            Err(error) => return self.invalid(error.code(), error.to_string()),
        };
        let state = match self.stage {
            Stage::Greeting | Stage::Joining { .. } => ConnectionState::Greeting,
            Stage::Joined { .. } => ConnectionState::Joined,
        };
        if let Err(code) = legal(state, &message) {
            return self.invalid(code, illegal_text(code));
        }
        match message {
            ClientMessage::Hello(hello) => self.on_hello(hello).await,
            message => self.on_message(message).await,
        }
    }

    async fn on_message(&self, message: ClientMessage) -> Result<(), End> {
        let Stage::Joined { room, shard } = &self.stage else { return Ok(()) };
        let inbox = self.server.shard(*shard);
        let is_input = matches!(message, ClientMessage::Input(_));
        let command = Command::Message { room: room.clone(), from: self.id, message };
        let sent = if is_input { inbox.send_or_drop(command) } else { inbox.send(command).await };
        sent.map_err(shard_gone)
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
        self.stage = Stage::Joining { answer, shard };
        self.server.shard(shard).send(command).await.map_err(shard_gone)
    }

    /// What to ask of which shard.
    fn find_seat(&self, hello: Hello, caller: Caller) -> Result<(usize, Command), Refusal> {
        if let Some(token) = hello.resume {
            let room = RoomId::of_token(&token);
            let found = room
                .and_then(|room| self.server.directory.shard_of(&room).map(|shard| (room, shard)));
            let (room, shard) = found.ok_or(JoinError::BadResume)?;
            return Ok((shard, Command::Resume { room, token, caller }));
        }
        let mode = self
            .server
            .modes
            .asked_for(hello.mode.as_deref())
            .ok_or_else(|| self.unknown_mode(&hello))?;
        let wanted = hello.room.as_deref().map_or(Wanted::Mode(mode), Wanted::Room);
        let seat = self.server.directory.reserve(wanted);
        let seat = seat.map_err(|error| Refusal { code: error.code(), text: error.to_string() })?;
        Ok((seat.shard(), Command::Join { seat, name: hello.name, caller }))
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
        self.hello_until = Instant::now() + HELLO_TIMEOUT;
        let full = refusal.code == ErrorCode::ServerFull;
        self.invalid(refusal.code, refusal.text)?;
        if full { Err(close(CloseCode::TryLater, "the server is full")) } else { Ok(()) }
    }

    fn invalid(&mut self, code: ErrorCode, text: impl Into<String>) -> Result<(), End> {
        self.outbox.push(self.codec.encode_server(&ServerMessage::error(code, text)));
        self.outbox.wake();
        self.invalid_messages += 1;
        if self.invalid_messages >= INVALID_MESSAGES_MAX {
            return Err(close(CloseCode::InvalidMessage, "too many invalid messages"));
        }
        Ok(())
    }
}

/// The shard's answer, once it is asked.
async fn answer(stage: &mut Stage) -> Result<Answer, RecvError> {
    match stage {
        Stage::Joining { answer, .. } => answer.await,
        Stage::Greeting | Stage::Joined { .. } => pending().await,
    }
}

fn close(code: CloseCode, reason: &'static str) -> End {
    End::Close(Closing { code, reason })
}

fn shard_gone(_: ShardGone) -> End {
    close(CloseCode::TryLater, "this part of the server failed")
}

const fn reason_of(code: CloseCode) -> &'static str {
    match code {
        CloseCode::TooBig => "a message has at most 16 KiB",
        CloseCode::BadUtf8 => "a text frame is UTF-8",
        _ => "not the WebSocket protocol",
    }
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
