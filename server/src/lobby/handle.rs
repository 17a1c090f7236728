//! The commands of the lobby's thread, and the handle that sends them through a bounded queue.

use std::sync::Arc;

use bolide_lobby::{Entrance, Lobby, MemberId, Now};
use bolide_room::ConnectionId;
use mio::Waker;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{mpsc, oneshot};

use crate::connection::ClientSocket;

/// Commands that may wait for the lobby. No sender waits with more than one at a time.
pub(crate) const COMMANDS_MAX: usize = 8192;

/// A command for the lobby. Large ones are boxed.
pub(crate) enum LobbyCommand {
    /// Take a member whose handshake is not answered yet. What it is told from then on waits for
    /// its socket, so nothing is lost between the answer and the socket.
    Enter(Box<EnterRequest>),
    /// Take the socket of a member that has entered.
    Connect { member: MemberId, socket: Box<ClientSocket> },
    /// Forget a member that has entered, because its handshake failed.
    Abandon { member: MemberId },
    /// Call the lobby for somebody who is no member.
    Ask(Question),
    /// The server stops, and had this many clients open. Close all of them, also those that arrive
    /// later.
    Drain { open: u32 },
    /// Make the thread panic.
    #[cfg(test)]
    Panic,
    /// End the thread.
    Stop,
}

/// A call of the lobby. It sends its answer by itself.
pub(crate) type Question = Box<dyn FnOnce(&mut Lobby, Now) + Send>;

/// A member that comes in, and the sender for its slot.
pub(crate) struct EnterRequest {
    pub(crate) id: ConnectionId,
    pub(crate) entrance: Entrance,
    pub(crate) reply: oneshot::Sender<MemberId>,
}

/// The sending end of the lobby's commands.
#[derive(Clone, Debug)]
pub(crate) struct LobbyHandle {
    commands: mpsc::Sender<LobbyCommand>,
    waker: Arc<Waker>,
}

/// The error if the thread of the lobby has ended. It has the command.
pub(crate) struct LobbyGone(pub(crate) LobbyCommand);

impl LobbyHandle {
    /// Creates a handle, and the receiving end for the thread, which `waker` wakes.
    pub(super) fn new(waker: Arc<Waker>) -> (LobbyHandle, mpsc::Receiver<LobbyCommand>) {
        let (commands, end) = mpsc::channel(COMMANDS_MAX);
        (LobbyHandle { commands, waker }, end)
    }

    /// Sends a command. Waits while the queue is full.
    pub(crate) async fn send(&self, command: LobbyCommand) -> Result<(), LobbyGone> {
        let sent = self.commands.send(command).await;
        sent.map_err(|SendError(command)| LobbyGone(command))?;
        // Without it, the thread sees the command when its sleep ends.
        self.waker.wake().ok();
        Ok(())
    }

    /// Calls the lobby in its turn and returns the answer; `None` if its thread has ended. What the
    /// lobby says to members is carried out before anything else is handled.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Lobby, Now) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |lobby, now| {
            // The one that asked may be gone.
            reply.send(question(lobby, now)).ok();
        });
        self.send(LobbyCommand::Ask(question)).await.ok()?;
        answer.await.ok()
    }
}
