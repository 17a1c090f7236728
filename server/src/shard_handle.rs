//! What a shard can be asked, and the way it is asked: a bounded queue that many may put into. It
//! does nothing of it. What those say who are in a room does not come this way: their shard reads
//! it itself.

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

/// Commands that may wait for a shard. Nobody waits for more than one at a time.
pub(crate) const INBOX_COMMANDS_MAX: usize = 8192;

/// A request to a shard. A queue is as wide as its widest command, so what is large is elsewhere.
pub(crate) enum Command {
    /// Take the seat that was reserved.
    Join(Box<JoinRequest>),
    /// Take a seat again.
    Resume(Box<ResumeRequest>),
    /// Host a room that was restored.
    Restored(Box<RestoredRoom>),
    /// Let a room panic, or the shard itself.
    #[cfg(test)]
    Panic { room: Option<RoomId> },
    /// Let the thread end that writes the journals, as if it had panicked.
    #[cfg(test)]
    EndJournal,
    /// The server stops, and had so many clients open. Close all of them, also those that come
    /// later, and step no room any more.
    Drain { open: u32 },
    /// End the shard. Its rooms go on in the next process.
    Stop,
}

/// The caller who takes the seat that was reserved.
pub(crate) struct JoinRequest {
    pub(crate) seat: Reservation,
    /// Where the seat counts for an address, until it is free.
    pub(crate) counted: Option<Place>,
    pub(crate) name: PlayerName,
    pub(crate) caller: Caller,
}

/// The caller who takes a seat again.
pub(crate) struct ResumeRequest {
    pub(crate) room: RoomId,
    pub(crate) token: String,
    pub(crate) caller: Caller,
}

/// A client that wants in, and who waits for the answer.
pub(crate) struct Caller {
    pub(crate) client: Box<Client>,
    pub(crate) sync: SyncMode,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// Whether the room has the client; if not, he comes back with what he is told.
pub(crate) type Answer = Result<(), (Box<Client>, Refusal)>;

/// Why a `hello` was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An error message is sent. The client is cut as well, if there is a reason; otherwise another
    /// `hello` may follow.
    Error { code: ErrorCode, text: String, cut: Option<Cut> },
    /// The client is cut without an error message, and comes back by itself.
    Cut(Cut),
}

/// The way into a shard.
#[derive(Clone, Debug)]
pub(crate) struct ShardHandle(mpsc::Sender<Command>);

/// The thread of the shard has ended. The command comes back.
pub(crate) struct ShardGone(pub(crate) Command);

impl fmt::Debug for ShardGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShardGone")
    }
}

impl Command {
    /// The client that the command brings, if it brings one.
    pub(crate) fn into_caller(self) -> Option<Caller> {
        match self {
            Command::Join(newcomer) => Some(newcomer.caller),
            Command::Resume(comeback) => Some(comeback.caller),
            _ => None,
        }
    }
}

impl ShardHandle {
    /// The way in for everybody, and its end for the shard.
    pub(crate) fn new() -> (ShardHandle, mpsc::Receiver<Command>) {
        let (commands, end) = mpsc::channel(INBOX_COMMANDS_MAX);
        (ShardHandle(commands), end)
    }

    /// Sends a command. When the inbox is full it waits.
    pub(crate) async fn send(&self, command: Command) -> Result<(), ShardGone> {
        self.0.send(command).await.map_err(|SendError(command)| ShardGone(command))
    }

    /// Sends a command from a thread that may wait, as the start of a server may. A shard that is
    /// gone needs nothing any more.
    pub(crate) fn put(&self, command: Command) {
        if let Err(TrySendError::Full(command)) = self.0.try_send(command) {
            // A thread of a runtime must not wait itself.
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

    /// Nothing is lost, and a thread of a runtime may be the one that waits.
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
            // Time for one that does not wait to be seen.
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
