//! The commands of a shard, and the handle that sends them through a bounded queue. Nothing is
//! carried out here. Messages of clients in rooms do not take this way, because their shard reads
//! their sockets itself.

use std::fmt;
use std::sync::Arc;
use std::thread;

use bolide_net::{PlayerName, SyncMode};
use bolide_storage::RoomImage;
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tokio::sync::{mpsc, oneshot};

use crate::connection::Connection;
use crate::connection::address_quota::AddressPermit;
use crate::connection::join_refusal::JoinRefusal;
use crate::directory::Reservation;
use crate::rooms::Notice;
use bolide_room::RoomId;

/// Commands that may wait for a shard. No sender waits with more than one at a time.
pub(crate) const COMMANDS_MAX: usize = 8192;

/// A command for a shard. Large ones are boxed, because every entry of the queue is as wide as the
/// widest.
pub(crate) enum ShardCommand {
    /// Take the seat that was reserved.
    Join(Box<JoinRequest>),
    /// Resume a seat.
    Resume(Box<ResumeRequest>),
    /// Host a restored room.
    Host(Box<RoomImage>),
    /// Tell a notice to the clients that it is for, and report their number.
    Notify { notice: Arc<Notice>, reached: oneshot::Sender<usize> },
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
    pub(crate) counted: Option<AddressPermit>,
    pub(crate) name: PlayerName,
    pub(crate) requester: Requester,
}

/// A request to resume a seat.
pub(crate) struct ResumeRequest {
    pub(crate) room: RoomId,
    pub(crate) token: String,
    pub(crate) requester: Requester,
}

/// A client that wants a seat, and the sender for the reply.
pub(crate) struct Requester {
    pub(crate) connection: Box<Connection>,
    pub(crate) sync: SyncMode,
    pub(crate) reply: oneshot::Sender<JoinReply>,
}

/// The answer to a client that wants a seat.
pub(crate) enum JoinReply {
    /// A room has the connection.
    Seated,
    /// The connection is returned with the reason.
    Refused(Box<Connection>, JoinRefusal),
    /// The shard has ended. The connection is returned, unless it has ended with the shard.
    ShardLost(Option<Box<Connection>>),
}

/// The sending end of a shard's commands.
#[derive(Clone, Debug)]
pub(crate) struct ShardHandle(mpsc::Sender<ShardCommand>);

/// The error if the thread of the shard has ended. It has the command.
pub(crate) struct ShardGone(pub(crate) ShardCommand);

impl fmt::Debug for ShardGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShardGone")
    }
}

impl ShardCommand {
    /// Returns the client of a join or resume.
    pub(crate) fn into_requester(self) -> Option<Requester> {
        match self {
            ShardCommand::Join(request) => Some(request.requester),
            ShardCommand::Resume(request) => Some(request.requester),
            _ => None,
        }
    }
}

impl ShardHandle {
    /// Creates a handle, and the receiving end for the shard.
    pub(crate) fn new() -> (ShardHandle, mpsc::Receiver<ShardCommand>) {
        let (commands, end) = mpsc::channel(COMMANDS_MAX);
        (ShardHandle(commands), end)
    }

    /// Sends a command. Waits while the queue is full.
    pub(crate) async fn send(&self, command: ShardCommand) -> Result<(), ShardGone> {
        self.0.send(command).await.map_err(|SendError(command)| ShardGone(command))
    }

    /// Sends a command, and blocks while the queue is full. A command for a shard that has ended is
    /// dropped.
    pub(crate) fn put(&self, command: ShardCommand) {
        if let Err(TrySendError::Full(command)) = self.0.try_send(command) {
            // A thread of a Tokio runtime must not block here, so another thread does.
            thread::scope(|scope| drop(scope.spawn(|| self.0.blocking_send(command).ok())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use tokio::sync::mpsc::error::TrySendError;

    use super::{COMMANDS_MAX, ShardCommand, ShardHandle};

    /// No command is lost, and a thread of a Tokio runtime may be the one that waits.
    #[tokio::test]
    async fn whoever_puts_into_a_full_inbox_waits_until_there_is_room() {
        let (handle, mut commands) = ShardHandle::new();
        for _ in 0..COMMANDS_MAX {
            handle.put(ShardCommand::Drain { open: 1 });
        }
        assert!(matches!(handle.0.try_send(ShardCommand::Stop), Err(TrySendError::Full(_))));
        let (has_begun, mark) = (Arc::new(AtomicBool::new(false)), Ordering::SeqCst);
        let begins = Arc::clone(&has_begun);
        let reader = thread::spawn(move || {
            // Gives a sender that does not wait the time to go on too early.
            (0..1000).for_each(|_| thread::yield_now());
            begins.store(true, mark);
            let mut count = 0;
            while let Some(ShardCommand::Drain { .. }) = commands.blocking_recv() {
                count += 1;
            }
            count
        });
        handle.put(ShardCommand::Drain { open: 2 });
        assert!(has_begun.load(mark), "there was no room before");
        drop(handle);
        assert_eq!(reader.join().expect("no panic"), COMMANDS_MAX + 1);
    }
}
