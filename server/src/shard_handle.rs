//! The commands of a shard, and the handle that sends them through a bounded queue. Nothing is
//! carried out here. Messages of clients in rooms do not take this way, because their shard reads
//! their sockets itself.

use std::fmt;
use std::thread;

use bolide_net::{ErrorCode, PlayerName, SyncMode};
use bolide_room::JoinError;
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tokio::sync::{mpsc, oneshot};

use crate::address_quota::{Place, TooManySeats};
use crate::client::Client;
use crate::counters::Cut;
use crate::directory::{NoSeat, Reservation};
use crate::random::RoomId;
use crate::restore::RestoredRoom;

/// Commands that may wait for a shard. No sender waits with more than one at a time.
pub(crate) const INBOX_COMMANDS_MAX: usize = 8192;

/// A command for a shard. Large ones are boxed, because every entry of the queue is as wide as the
/// widest.
pub(crate) enum Command {
    /// Take the seat that was reserved.
    Join(Box<JoinRequest>),
    /// Resume a seat.
    Resume(Box<ResumeRequest>),
    /// Host a restored room.
    Restored(Box<RestoredRoom>),
    /// Make a room panic, or the shard itself.
    #[cfg(test)]
    Panic { room: Option<RoomId> },
    /// End the thread that writes the journals, as if it had panicked.
    #[cfg(test)]
    EndJournal,
    /// The server stops, and had this many clients open. Close all of them, also those that arrive
    /// later, and tick no room any more.
    Drain { open: u32 },
    /// End the shard. The next process resumes its rooms.
    Stop,
}

/// A request to take the seat that was reserved.
pub(crate) struct JoinRequest {
    pub(crate) seat: Reservation,
    /// The permit with which the seat counts for an address, until it is free.
    pub(crate) counted: Option<Place>,
    pub(crate) name: PlayerName,
    pub(crate) caller: Caller,
}

/// A request to resume a seat.
pub(crate) struct ResumeRequest {
    pub(crate) room: RoomId,
    pub(crate) token: String,
    pub(crate) caller: Caller,
}

/// A client that wants a seat, and the sender for the answer.
pub(crate) struct Caller {
    pub(crate) client: Box<Client>,
    pub(crate) sync: SyncMode,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The answer to a client that wants a seat. If it is refused, the client is returned with the
/// reason.
pub(crate) type Answer = Result<(), (Box<Client>, Refusal)>;

/// The reason why a `hello` was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An error message is sent. With a `cut` the client is also closed. Without one it may send
    /// another `hello`.
    Error { code: ErrorCode, text: String, cut: Option<Cut> },
    /// The client is closed without an error message, and comes back by itself.
    Cut(Cut),
}

/// The sending end of a shard's commands.
#[derive(Clone, Debug)]
pub(crate) struct ShardHandle(mpsc::Sender<Command>);

/// The error if the thread of the shard has ended. It has the command.
pub(crate) struct ShardGone(pub(crate) Command);

impl fmt::Debug for ShardGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShardGone")
    }
}

impl Command {
    /// Returns the client of a join or resume.
    pub(crate) fn into_caller(self) -> Option<Caller> {
        match self {
            Command::Join(newcomer) => Some(newcomer.caller),
            Command::Resume(comeback) => Some(comeback.caller),
            _ => None,
        }
    }
}

impl ShardHandle {
    /// Creates a handle, and the receiving end for the shard.
    pub(crate) fn new() -> (ShardHandle, mpsc::Receiver<Command>) {
        let (commands, end) = mpsc::channel(INBOX_COMMANDS_MAX);
        (ShardHandle(commands), end)
    }

    /// Sends a command. Waits while the queue is full.
    pub(crate) async fn send(&self, command: Command) -> Result<(), ShardGone> {
        self.0.send(command).await.map_err(|SendError(command)| ShardGone(command))
    }

    /// Sends a command, and blocks while the queue is full. A command for a shard that has ended is
    /// dropped.
    pub(crate) fn put(&self, command: Command) {
        if let Err(TrySendError::Full(command)) = self.0.try_send(command) {
            // A thread of a Tokio runtime must not block here, so another thread does.
            thread::scope(|scope| drop(scope.spawn(|| self.0.blocking_send(command).ok())));
        }
    }
}

impl From<JoinError> for Refusal {
    fn from(error: JoinError) -> Refusal {
        Refusal::Error { code: error.code(), text: error.to_string(), cut: None }
    }
}

impl From<NoSeat> for Refusal {
    fn from(error: NoSeat) -> Refusal {
        let code = error.code();
        let cut = (code == ErrorCode::ServerFull).then_some(Cut::ServerFull);
        Refusal::Error { code, text: error.to_string(), cut }
    }
}

impl From<TooManySeats> for Refusal {
    fn from(error: TooManySeats) -> Refusal {
        let (code, cut) = (ErrorCode::ServerFull, Some(Cut::AddressSeats));
        Refusal::Error { code, text: error.to_string(), cut }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use tokio::sync::mpsc::error::TrySendError;

    use super::{Command, INBOX_COMMANDS_MAX, ShardHandle};

    /// No command is lost, and a thread of a Tokio runtime may be the one that waits.
    #[tokio::test]
    async fn whoever_puts_into_a_full_inbox_waits_until_there_is_room() {
        let (inbox, mut commands) = ShardHandle::new();
        for _ in 0..INBOX_COMMANDS_MAX {
            inbox.put(Command::Drain { open: 1 });
        }
        assert!(matches!(inbox.0.try_send(Command::Stop), Err(TrySendError::Full(_))));
        let (has_begun, mark) = (Arc::new(AtomicBool::new(false)), Ordering::SeqCst);
        let begins = Arc::clone(&has_begun);
        let reader = thread::spawn(move || {
            // Gives a sender that does not wait the time to go on too early.
            (0..1000).for_each(|_| thread::yield_now());
            begins.store(true, mark);
            let mut count = 0;
            while let Some(Command::Drain { .. }) = commands.blocking_recv() {
                count += 1;
            }
            count
        });
        inbox.put(Command::Drain { open: 2 });
        assert!(has_begun.load(mark), "there was no room before");
        drop(inbox);
        assert_eq!(reader.join().expect("no panic"), INBOX_COMMANDS_MAX + 1);
    }
}
