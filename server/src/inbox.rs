//! What a shard can be asked, and the way it is asked: a bounded queue that many may put into. It does nothing of it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bolide_net::{ClientMessage, Codec, ErrorCode, InputMessage, PlayerName, SyncMode};
use bolide_room::{ConnectionId, JoinError, MatchTicket, SaveNumber};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::directory::Reservation;
use crate::hosted::Arrival;
use crate::outbox::Outbox;
use crate::recovery::RecoveredRoom;
use crate::shard::RoomKey;
use crate::token::RoomId;

/// Commands that may wait for a shard. It empties its inbox before each tick of any of its rooms, so this is
/// what thousands of connections send in one tick.
pub(crate) const INBOX_COMMANDS_MAX: usize = 8192;

/// How long a thread waits before it tries a full inbox again.
const RETRY: Duration = Duration::from_millis(5);

/// What a shard is asked. Nearly all of them are inputs: what is rare is elsewhere if it is larger, so that an input is small.
pub(crate) enum Command {
    /// Play: an input of somebody in a room.
    Input { room: RoomKey, from: ConnectionId, input: InputMessage },
    /// Say something else in a room.
    Message { room: RoomKey, from: ConnectionId, message: Box<ClientMessage> },
    /// Take the seat that was reserved.
    Join(Box<Newcomer>),
    /// Take a seat again.
    Resume(Box<Comeback>),
    /// A seat is kept.
    Saved { room: RoomId, number: SaveNumber },
    /// The ticket of a room's next match is kept.
    Ticket { room: RoomId, ticket: MatchTicket },
    /// Go on with a room of the process before.
    Recover(Box<RecoveredRoom>),
    /// Let a room panic, on purpose.
    #[cfg(test)]
    Panic { room: RoomId },
    /// End the shard. Its rooms go on in the next process.
    Stop,
}

/// Who takes the seat that was reserved.
pub(crate) struct Newcomer {
    pub(crate) seat: Reservation,
    pub(crate) name: PlayerName,
    pub(crate) caller: Caller,
}

/// Who takes a seat again.
pub(crate) struct Comeback {
    pub(crate) room: RoomId,
    pub(crate) token: String,
    pub(crate) caller: Caller,
}

/// A connection that waits for an answer.
pub(crate) struct Caller {
    pub(crate) connection: ConnectionId,
    pub(crate) codec: Codec,
    pub(crate) sync: SyncMode,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// Where the room is that was joined, or what the client is told instead.
pub(crate) type Answer = Result<RoomKey, Refusal>;

/// Why a `hello` was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) text: String,
}

/// The way into a shard.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    commands: mpsc::Sender<Command>,
    runtime: Handle,
}

/// The thread of the shard has ended.
#[derive(Debug)]
pub(crate) struct ShardGone;

impl Inbox {
    /// The way in for everybody, and its end for the shard, whose `runtime` this is.
    pub(crate) fn new(runtime: Handle) -> (Inbox, mpsc::Receiver<Command>) {
        let (commands, end) = mpsc::channel(INBOX_COMMANDS_MAX);
        (Inbox { commands, runtime }, end)
    }

    /// Sends a command. When the inbox is full it waits, and with it the connection: its socket is not read
    /// meanwhile.
    pub(crate) async fn send(&self, command: Command) -> Result<(), ShardGone> {
        self.commands.send(command).await.map_err(|_| ShardGone)
    }

    /// Sends what must not be lost, from a thread that may wait.
    pub(crate) fn put(&self, mut command: Command) {
        // A shard that is gone needs nothing any more.
        while let Err(TrySendError::Full(back)) = self.commands.try_send(command) {
            command = back;
            thread::sleep(RETRY);
        }
    }

    /// Sends an input. When the inbox is full the input is dropped, which is false: in a later tick it would mean
    /// something else.
    pub(crate) fn send_or_drop(&self, command: Command) -> Result<bool, ShardGone> {
        match self.commands.try_send(command) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_)) => Ok(false),
            Err(TrySendError::Closed(_)) => Err(ShardGone),
        }
    }

    /// Where the tasks of the connections live that joined a room of the shard.
    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Caller {
    /// What the room needs of it, and what the shard does.
    pub(crate) fn arrive(self) -> (Arrival, SyncMode, oneshot::Sender<Answer>) {
        let Caller { connection, codec, sync, outbox, answer } = self;
        (Arrival { connection, codec, outbox }, sync, answer)
    }
}

impl From<JoinError> for Refusal {
    fn from(error: JoinError) -> Refusal {
        Refusal { code: error.code(), text: error.to_string() }
    }
}
