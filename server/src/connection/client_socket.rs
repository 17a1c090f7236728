//! The socket of a client, with all that every client's socket has: its id, its permits, pings and
//! deadlines, the budget of control messages, and its traffic. It does not know what the client
//! says.

use std::hint::black_box;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bolide_net::FrameKind;
use bolide_room::ConnectionId;
use bolide_transport::{GameSocket, Payload, Received, TokenBucket, Written};
use tracing::debug;

use super::address_quota::AddressPermit;
use super::{Admission, ConnectionContext, Ending, async_socket, seconds};
use crate::config::Budgets;
use crate::measure::reasons::DropReason;

/// Interval between pings. Short, because an unanswered ping is how a stalled reader is detected.
/// Nearly free, because a ping shares the owner's write.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// Delay beyond which a missed deadline means that the process was stopped, or that its machine
/// slept.
const OVERSLEPT: Duration = Duration::from_secs(1);

/// The socket of a client. The fields that each tick touches come first.
#[repr(C)]
pub(crate) struct ClientSocket {
    /// Time of the next check, even if nothing arrives.
    deadline: Instant,
    pub(super) socket: GameSocket,
    id: ConnectionId,
    rare: Box<Rare>,
}

/// Fields that are used once a second at most.
struct Rare {
    control: TokenBucket,
    ping_at: Instant,
    /// Time since which a ping has waited for its answer.
    unanswered_since: Option<Instant>,
    /// Time until which messages over a budget are not held against the client.
    forgives_until: Instant,
    /// Bytes that waited for it when its traffic was last added up.
    waiting_bytes: u64,
    admission: Admission,
}

/// An event of a socket that its owner must handle.
pub(crate) enum Heard {
    /// A message.
    Message(FrameKind, Payload),
    /// The answer to a ping, with its number if it has one.
    Pong(Option<u32>),
}

/// The state of a ready socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// More may arrive, and the kernel reports that.
    Open,
    /// Nothing follows what is ready now, and the kernel does not report that again.
    HungUp,
}

impl ClientSocket {
    /// Takes over a socket of which nothing was read yet. `admission` is dropped when it is closed.
    pub(crate) fn new(
        id: ConnectionId,
        socket: GameSocket,
        budgets: &Budgets,
        admission: Admission,
    ) -> ClientSocket {
        let now = Instant::now();
        let rare = Rare {
            control: TokenBucket::new(budgets.control(), now),
            ping_at: now + PING_INTERVAL,
            unanswered_since: None,
            forgives_until: now,
            waiting_bytes: 0,
            admission,
        };
        ClientSocket { deadline: now + PING_INTERVAL, socket, id, rare: Box::new(rare) }
    }

    pub(crate) const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Returns the socket itself, for sending.
    pub(crate) const fn socket(&mut self) -> &mut GameSocket {
        &mut self.socket
    }

    /// Returns the permit that counts for the address of the client.
    pub(crate) fn address_permit(&self) -> Option<Arc<AddressPermit>> {
        self.rare.admission.address.clone()
    }

    /// Returns the kernel's least round trip time to the client. Behind a proxy the kernel knows
    /// only the one to the proxy, so it is `None`.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        if self.rare.admission.is_proxied { None } else { self.socket.round_trip() }
    }

    /// Returns the time of the next check.
    pub(crate) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns whether the next check is due.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.deadline <= now
    }

    /// Returns whether messages over a budget are not held against the client.
    pub(crate) fn forgives(&self, now: Instant) -> bool {
        now < self.rare.forgives_until
    }

    /// Prefetches what a tick will touch. An owner calls it for all its sockets before a tick, so
    /// that their cache misses overlap.
    pub(crate) fn warm(&self) {
        self.socket.warm_way_out();
    }

    /// Records that the kernel reported the socket readable or writable.
    pub(crate) fn mark_ready(&mut self, readiness: Readiness) {
        self.socket.readable();
        if readiness == Readiness::HungUp {
            self.socket.hung_up();
        }
        self.socket.writable();
        self.socket.warm_way_in();
        black_box(self.id);
    }

    /// Handles an event as far as it is the same for all clients.
    ///
    /// # Errors
    /// The client is gone, closes, or exceeds a budget.
    pub(crate) fn on_event(
        &mut self,
        event: Received,
        now: Instant,
        context: &ConnectionContext,
    ) -> Result<Option<Heard>, Ending> {
        match event {
            Received::Message(kind, payload) => Ok(Some(Heard::Message(kind, payload))),
            Received::Ping(payload) => {
                self.spend_control(now, context)?;
                self.socket.outbox().pong(payload);
                self.socket.flush();
                Ok(None)
            }
            Received::Pong(number) => {
                self.spend_control(now, context)?;
                self.rare.unanswered_since = None;
                Ok(Some(Heard::Pong(number)))
            }
            Received::Close(code) => Err(Ending::PeerClosed(code)),
            Received::End(end) => Err(end.into()),
        }
    }

    /// Counts a message or frame that is not an input.
    pub(crate) fn spend_control(
        &mut self,
        now: Instant,
        context: &ConnectionContext,
    ) -> Result<(), Ending> {
        let enough = self.rare.control.take(context.budgets.control(), 1, now);
        if enough { Ok(()) } else { Err(DropReason::Control.into()) }
    }

    /// Checks that the client still answers.
    ///
    /// # Errors
    /// It has missed a deadline.
    pub(crate) fn check_alive(&self, now: Instant, budgets: &Budgets) -> Result<(), Ending> {
        if self.pong_until(budgets).is_some_and(|until| until <= now) {
            return Err(DropReason::Ping.into());
        }
        if self.socket.heard_at() + seconds(budgets.idle_s) <= now {
            return Err(DropReason::Idle.into());
        }
        Ok(())
    }

    /// Returns whether a ping is to be queued now. If so, its answer is awaited from now on.
    pub(crate) fn ping_is_due(&mut self, now: Instant) -> bool {
        let is_due = self.rare.ping_at <= now;
        if is_due {
            self.rare.ping_at = now + PING_INTERVAL;
            self.rare.unanswered_since.get_or_insert(now);
        }
        is_due
    }

    /// Postpones the next ping, and restarts the wait for the answer to the last one.
    pub(crate) fn postpone_pings(&mut self, now: Instant) {
        self.rare.ping_at = now + PING_INTERVAL;
        self.rare.unanswered_since = self.rare.unanswered_since.map(|_| now);
    }

    /// Restarts the timeouts if the process was stopped. Then a missing answer proves nothing, and
    /// unread messages did not necessarily arrive at once. Returns until when the client is
    /// forgiven, if that is so.
    pub(crate) fn forgive_stall(&mut self, now: Instant) -> Option<Instant> {
        if now.saturating_duration_since(self.deadline) <= OVERSLEPT {
            return None;
        }
        self.postpone_pings(now);
        self.rare.forgives_until = self.rare.ping_at;
        Some(self.rare.ping_at)
    }

    /// Sets the time of the next check. `other` is a deadline of the owner.
    pub(crate) fn set_deadline(&mut self, other: Option<Instant>, budgets: &Budgets) {
        let pong = self.pong_until(budgets);
        self.deadline = [other, pong].into_iter().flatten().fold(self.rare.ping_at, Instant::min);
    }

    /// Returns the deadline for the answer to the last ping.
    fn pong_until(&self, budgets: &Budgets) -> Option<Instant> {
        self.rare.unanswered_since.map(|since| since + seconds(budgets.ping_s))
    }

    /// Returns the end of the socket, if it has ended: it cannot be written to, or its outbox
    /// exceeds the limit.
    pub(crate) fn ended(&self) -> Option<Ending> {
        self.socket.ended().map(Ending::from)
    }

    /// Adds the traffic since the last call to the traffic of the server.
    pub(crate) fn add_traffic(&mut self, context: &ConnectionContext) {
        let written = self.socket.outbox().take_written();
        self.add_written(written, context);
    }

    fn add_written(&mut self, written: Written, context: &ConnectionContext) {
        let waited = std::mem::replace(&mut self.rare.waiting_bytes, written.waiting_bytes);
        context.traffic.add(self.socket.take_received(), written, waited);
    }

    /// Closes the socket, and waits until it is closed.
    pub(crate) async fn end(mut self, end: Ending, context: &ConnectionContext) {
        debug!(connection = self.id.0, ?end, "connection ends");
        let written = Written { waiting_bytes: 0, ..self.socket.outbox().take_written() };
        self.add_written(written, context);
        let ClientSocket { socket, rare, .. } = self;
        match end {
            Ending::PeerGone => drop(socket),
            Ending::PeerClosed(code) => async_socket::answer_close(socket, code).await,
            Ending::Close(closing) => {
                if let Some(drop_reason) = closing.drop_reason {
                    context.counters.dropped(drop_reason);
                }
                async_socket::close(socket, closing).await;
            }
        }
        drop(rare);
    }
}

impl AsRawFd for ClientSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
