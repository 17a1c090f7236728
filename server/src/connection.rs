//! The connection of a client of the game: its socket, its language and the budget of its inputs.
//! It decodes messages from the bytes that arrive. It never waits, and knows no rule of the game.
//! It has one owner at a time: first the greeting task, then the room it plays in. The task that
//! closes it gets its [`ClientSocket`], which is what it has in common with every other socket.

pub(crate) mod address_quota;
mod admission;
pub(crate) mod async_socket;
mod client_socket;
pub(crate) mod close_reason;
mod context;
pub(crate) mod dialect;
pub(crate) mod drain;
mod ending;
pub(crate) mod join_refusal;
mod page;
pub(crate) mod poller;

use std::hint::black_box;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bolide_net::limits::INVALID_MESSAGES_MAX;
use bolide_net::{
    ClientMessage, Codec, ConnectionState, ErrorCode, FrameKind, ServerMessage, legal,
};
use bolide_room::ConnectionId;
use bolide_transport::{GameSocket, READ_BYTES, Received, TokenBucket};

use self::address_quota::AddressPermit;
pub(crate) use self::admission::Admission;
pub(crate) use self::client_socket::{ClientSocket, Heard, Readiness};
use self::close_reason::CloseReason;
pub(crate) use self::context::ConnectionContext;
use self::dialect::Dialect;
pub(crate) use self::ending::Ending;
use self::join_refusal::JoinRefusal;
use crate::config::Budgets;
use crate::measure::reasons::DropReason;

/// A connection. The fields that each tick touches come first, and begin a cache line.
#[repr(C, align(64))]
pub(crate) struct Connection {
    client: ClientSocket,
    inputs: TokenBucket,
    stage: Stage,
    dialect: Dialect,
    invalid_messages: u32,
    inputs_dropped: TokenBucket,
}

/// The stage of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its hello is to arrive until this time.
    Greeting { until: Instant },
    /// It has requested a seat, and its welcome is not queued yet.
    AwaitingWelcome,
    /// It has its seat.
    Joined,
}

impl Connection {
    /// Creates the connection of a client that has sent nothing yet. `admission` is dropped when
    /// its socket is closed.
    pub(crate) fn new(
        id: ConnectionId,
        dialect: Dialect,
        socket: GameSocket,
        budgets: &Budgets,
        admission: Admission,
    ) -> Connection {
        let now = Instant::now();
        let mut connection = Connection {
            client: ClientSocket::new(id, socket, budgets, admission),
            inputs: TokenBucket::new(budgets.inputs(), now),
            stage: Stage::Greeting { until: now + seconds(budgets.hello_s) },
            dialect,
            invalid_messages: 0,
            inputs_dropped: TokenBucket::new(budgets.inputs_dropped(), now),
        };
        connection.set_deadline(budgets);
        connection
    }

    /// Returns the permit that counts for the address of the client.
    pub(crate) fn address_permit(&self) -> Option<Arc<AddressPermit>> {
        self.client.address_permit()
    }

    /// Returns the kernel's least round trip time to the client. Behind a proxy the kernel knows
    /// only the one to the proxy, so it is `None`.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.client.round_trip()
    }

    pub(crate) const fn id(&self) -> ConnectionId {
        self.client.id()
    }

    /// Returns the codec of the frames that are made for it.
    pub(crate) const fn codec(&self) -> Codec {
        self.dialect.codec()
    }

    /// Returns whether the client can take its seat again over another connection. The page of an
    /// old relay cannot.
    pub(crate) const fn can_resume(&self) -> bool {
        matches!(self.dialect, Dialect::Native(_))
    }

    /// Returns the time at which [`Connection::on_deadline`] is due.
    pub(crate) const fn deadline(&self) -> Instant {
        self.client.deadline()
    }

    /// Returns whether [`Connection::on_deadline`] is due.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.client.is_due(now)
    }

    /// Prefetches what a tick will touch. A room calls it for all its connections before a tick, so
    /// that their cache misses overlap.
    pub(crate) fn warm(&self) {
        self.client.warm();
    }

    /// Marks it as requesting a seat. None of its messages is handled until it is
    /// [welcomed](Client::welcomed): the room has no seat for it before, and the client would take
    /// any answer for the answer to hello.
    pub(crate) const fn asks_for_seat(&mut self) {
        self.stage = Stage::AwaitingWelcome;
        self.client.socket.readable();
    }

    /// Records that its welcome is queued.
    pub(crate) const fn welcomed(&mut self) {
        self.stage = Stage::Joined;
    }

    /// Returns whether it has requested a seat and is not welcomed yet.
    pub(crate) const fn awaits_welcome(&self) -> bool {
        matches!(self.stage, Stage::AwaitingWelcome)
    }

    /// Returns its end, if it has closed while it awaits its welcome. Its other messages are
    /// discarded: it never had the seat.
    // Never inlined: inputs are frequent, and would pay for the stack space of this buffer.
    #[cold]
    #[inline(never)]
    pub(crate) fn closed_early(&mut self, now: Instant) -> Option<Ending> {
        if !self.client.socket.has_closed() {
            return None;
        }
        let mut buffer = [0; READ_BYTES];
        loop {
            match self.client.socket.next(&mut buffer, now)? {
                Received::Close(code) => return Some(Ending::PeerClosed(code)),
                Received::End(end) => return Some(end.into()),
                Received::Message(..) | Received::Ping(_) | Received::Pong(_) => {}
            }
        }
    }

    /// Records that the kernel reported the socket readable or writable.
    pub(crate) fn mark_ready(&mut self, readiness: Readiness) {
        self.client.mark_ready(readiness);
        black_box(self.inputs);
    }

    /// Returns its next message, or its end; `None` when everything that has arrived is consumed.
    /// While it awaits its welcome it can only end.
    pub(crate) fn next(
        &mut self,
        buffer: &mut [u8],
        now: Instant,
        context: &ConnectionContext,
    ) -> Option<Result<ClientMessage, Ending>> {
        self.forgive_stall(now, &context.budgets);
        if self.awaits_welcome() {
            return self.closed_early(now).map(Err);
        }
        loop {
            if let Some(message) = self.next_translated() {
                return Some(Ok(message));
            }
            let event = self.client.socket.next(buffer, now)?;
            if let Some(heard) = self.on_event(event, buffer, now, context).transpose() {
                return Some(heard);
            }
        }
    }

    fn on_event(
        &mut self,
        event: Received,
        buffer: &[u8],
        now: Instant,
        context: &ConnectionContext,
    ) -> Result<Option<ClientMessage>, Ending> {
        match self.client.on_event(event, now, context)? {
            Some(Heard::Message(kind, payload)) => {
                self.on_frame(kind, payload.bytes(buffer), now, context)
            }
            Some(Heard::Pong(number)) => {
                if let (Dialect::Legacy(translator), Some(number)) = (&mut self.dialect, number) {
                    translator.handle_pong(number, self.client.socket.outbox());
                }
                self.set_deadline(&context.budgets);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn on_frame(
        &mut self,
        kind: FrameKind,
        bytes: &[u8],
        now: Instant,
        context: &ConnectionContext,
    ) -> Result<Option<ClientMessage>, Ending> {
        let codec = match &self.dialect {
            Dialect::Native(codec) => *codec,
            Dialect::Legacy(_) => {
                return self.on_legacy_frame(kind, bytes, now, context).map(|()| None);
            }
        };
        if kind != codec.frame_kind() {
            let reason = wrong_kind_text(codec);
            return Err(Ending::Close(CloseReason { reason, ..DropReason::WrongKind.into() }));
        }
        #[cfg(test)]
        assert!(bytes != crate::testing::PANICS, "on purpose");
        let decoded = codec.decode_client(bytes);
        if !matches!(decoded, Ok(ClientMessage::Input(_))) {
            self.client.spend_control(now, context)?;
        } else if !self.spend_input(now, context)? {
            return Ok(None);
        }
        let invalid = match decoded {
            Ok(message) => match legal(self.state(), &message) {
                Ok(()) => return Ok(Some(message)),
                Err(code) => (code, illegal_text(code).to_owned()),
            },
            Err(error) => (error.code(), error.to_string()),
        };
        self.invalid(invalid.0, invalid.1, context).map(|()| None)
    }

    const fn state(&self) -> ConnectionState {
        match self.stage {
            Stage::Greeting { .. } => ConnectionState::Greeting,
            Stage::AwaitingWelcome | Stage::Joined => ConnectionState::Joined,
        }
    }

    /// Sends the reason why its hello was refused. The client may try again, unless the refusal
    /// closes the connection, as a full server does.
    ///
    /// # Errors
    /// The refusal closes the connection, or the client has sent too many invalid messages.
    pub(crate) fn refuse(
        &mut self,
        refusal: JoinRefusal,
        now: Instant,
        context: &ConnectionContext,
    ) -> Result<(), Ending> {
        let (code, text, drop_reason) = match refusal {
            JoinRefusal::Error { code, text, drop_reason } => (code, text, drop_reason),
            JoinRefusal::Drop(drop_reason) => return Err(drop_reason.into()),
        };
        self.stage = Stage::Greeting { until: now + seconds(context.budgets.hello_s) };
        self.set_deadline(&context.budgets);
        self.invalid(code, text, context)?;
        drop_reason.map_or(Ok(()), |drop_reason| Err(drop_reason.into()))
    }

    fn invalid(
        &mut self,
        code: ErrorCode,
        text: String,
        context: &ConnectionContext,
    ) -> Result<(), Ending> {
        context.traffic.error(code);
        self.tell(ServerMessage::error(code, text));
        self.client.socket.flush();
        self.count_invalid()
    }

    /// Queues a message that is for this client alone and not from its room.
    pub(crate) fn tell(&mut self, message: ServerMessage) {
        let outbox = self.client.socket.outbox();
        match &mut self.dialect {
            Dialect::Native(codec) => outbox.push(codec.encode_server(&message)),
            Dialect::Legacy(translator) => translator.handle_message(message, outbox),
        }
    }

    fn count_invalid(&mut self) -> Result<(), Ending> {
        self.invalid_messages += 1;
        if self.invalid_messages >= INVALID_MESSAGES_MAX {
            return Err(DropReason::Invalid.into());
        }
        Ok(())
    }

    /// Does what is due without the client: pings and timeouts.
    ///
    /// # Errors
    /// The client has missed a deadline.
    pub(crate) fn on_deadline(
        &mut self,
        now: Instant,
        context: &ConnectionContext,
    ) -> Result<(), Ending> {
        if self.forgive_stall(now, &context.budgets) || !self.client.is_due(now) {
            return Ok(());
        }
        self.client.add_traffic(context);
        let budgets = &context.budgets;
        if self.awaits_welcome() {
            // Its pongs are not read yet. The room bounds the wait for a welcome.
            self.client.postpone_pings(now);
            self.set_deadline(budgets);
            return Ok(());
        }
        if self.hello_until().is_some_and(|until| until <= now) {
            return Err(DropReason::Hello.into());
        }
        self.client.check_alive(now, budgets)?;
        if self.client.ping_is_due(now) {
            // A room sends at least twice a second. If it has not, the last ping is still queued.
            if self.state() == ConnectionState::Joined {
                self.client.socket.flush();
                self.client.socket.outbox().ping();
            } else {
                self.client.socket.outbox().ping();
                self.client.socket.flush();
            }
        }
        self.set_deadline(budgets);
        Ok(())
    }

    /// Restarts the timeouts if the process was stopped, and returns whether that is so.
    fn forgive_stall(&mut self, now: Instant, budgets: &Budgets) -> bool {
        let Some(forgiven) = self.client.forgive_stall(now) else { return false };
        if let Stage::Greeting { until } = &mut self.stage {
            *until = forgiven.max(*until);
        }
        self.set_deadline(budgets);
        true
    }

    fn set_deadline(&mut self, budgets: &Budgets) {
        self.client.set_deadline(self.hello_until(), budgets);
    }

    /// Returns the deadline of its hello, if it has sent none.
    const fn hello_until(&self) -> Option<Instant> {
        if let Stage::Greeting { until } = self.stage { Some(until) } else { None }
    }

    /// Counts an input; false if it is to be dropped.
    fn spend_input(&mut self, now: Instant, context: &ConnectionContext) -> Result<bool, Ending> {
        let budgets = &context.budgets;
        if self.inputs.take(budgets.inputs(), 1, now) {
            return Ok(true);
        }
        let forgiven = self.client.forgives(now);
        if forgiven || self.inputs_dropped.take(budgets.inputs_dropped(), 1, now) {
            context.counters.input_dropped();
            return Ok(false);
        }
        Err(DropReason::Inputs.into())
    }

    /// Returns the end of its socket, if it has ended: it cannot be written to, or its outbox
    /// exceeds the limit.
    pub(crate) fn ended(&self) -> Option<Ending> {
        self.client.ended()
    }

    /// Returns its socket, for sending.
    pub(crate) const fn socket(&mut self) -> &mut GameSocket {
        self.client.socket()
    }

    /// Returns what is left of it once it neither hears nor says anything more.
    pub(crate) fn into_client(self) -> ClientSocket {
        self.client
    }

    /// Closes the connection, and waits until it is closed.
    pub(crate) async fn end(self: Box<Connection>, end: Ending, context: &ConnectionContext) {
        self.into_client().end(end, context).await;
    }
}

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        self.client.as_raw_fd()
    }
}

impl AsMut<GameSocket> for Box<Connection> {
    fn as_mut(&mut self) -> &mut GameSocket {
        self.client.socket()
    }
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
