//! The members of the lobby, each in a slot whose number is its [`MemberId`]: which sockets are
//! ready, which have frames queued, and which have ended. A member whose handshake is not answered
//! yet has no socket; what it is told waits in its slot. It knows no text.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Instant;

use bolide_lobby::MemberId;
use bolide_net::{Frame, FrameKind};
use bolide_room::ConnectionId;
use bytes::Bytes;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use tokio::sync::mpsc::UnboundedSender;

use crate::connection::poller::Departure;
use crate::connection::{ClientSocket, ConnectionContext, Ending, Readiness};
use crate::measure::lobby_metrics::{EndpointKind, LobbyMetrics};
use crate::measure::reasons::DropReason;

/// Texts that may wait for a socket. A handshake takes a moment.
const EARLY_TEXTS_MAX: usize = 256;

/// The members of the lobby.
pub(super) struct Members {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    registry: Registry,
    departures: UnboundedSender<Departure>,
    metrics: Arc<LobbyMetrics>,
    /// Those that may have something to read, once each.
    ready: Vec<MemberId>,
    /// Those with frames queued since the last flush, once each.
    addressed: Vec<MemberId>,
    /// Those that have ended and are not seen off yet, once each.
    ended: Vec<(MemberId, Ending)>,
}

struct Slot {
    id: ConnectionId,
    kind: EndpointKind,
    /// The socket, once the handshake is answered.
    socket: Option<ClientSocket>,
    /// Texts that wait for the socket.
    early: Vec<Bytes>,
    /// The end of a member without a socket, which is carried out when the socket comes.
    early_end: Option<Ending>,
    is_ready: bool,
    is_addressed: bool,
    has_ended: bool,
}

impl Members {
    /// Creates an empty list. Sockets that leave are passed to `departures`.
    pub(super) fn new(
        registry: Registry,
        departures: UnboundedSender<Departure>,
        metrics: Arc<LobbyMetrics>,
    ) -> Members {
        let (slots, free) = (Vec::new(), Vec::new());
        let (ready, addressed, ended) = (Vec::new(), Vec::new(), Vec::new());
        Members { slots, free, registry, departures, metrics, ready, addressed, ended }
    }

    /// Inserts a member, whose socket comes later.
    pub(super) fn insert(&mut self, id: ConnectionId, kind: EndpointKind) -> MemberId {
        let member = MemberId(self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("sockets are bounded")
        }));
        self.slots[member.0 as usize] = Some(Slot {
            id,
            kind,
            socket: None,
            early: Vec::new(),
            early_end: None,
            is_ready: false,
            is_addressed: false,
            has_ended: false,
        });
        member
    }

    /// Takes the socket of a member and watches it. What came with its handshake is read in this
    /// turn. A member that has ended meanwhile is closed with what it was told.
    ///
    /// # Errors
    /// The kernel refuses to watch the socket.
    pub(super) fn connect(&mut self, member: MemberId, mut socket: ClientSocket) -> io::Result<()> {
        let Some(slot) = self.slots.get_mut(member.0 as usize).and_then(Option::as_mut) else {
            return Ok(());
        };
        for text in slot.early.drain(..) {
            socket.socket().outbox().push(Frame { kind: FrameKind::Text, bytes: text });
        }
        let fd = socket.as_raw_fd();
        slot.socket = Some(socket);
        self.metrics.entered(slot.kind);
        if let Some(end) = slot.early_end.take() {
            self.release(member, end);
            return Ok(());
        }
        self.address(member);
        self.add_ready(member);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(&mut SourceFd(&fd), Token(member.0 as usize), interest)
    }

    /// Forgets a member that got no socket. Returns whether it had not ended before.
    pub(super) fn abandon(&mut self, member: MemberId) -> bool {
        let slot = self.slots.get_mut(member.0 as usize).and_then(Option::take);
        let Some(slot) = slot else { return false };
        self.free.push(member.0);
        self.ended.retain(|(ended, _)| *ended != member);
        slot.early_end.is_none()
    }

    /// Returns all members.
    pub(super) fn ids(&self) -> Vec<MemberId> {
        let slots = (0..).zip(&self.slots);
        slots.filter_map(|(number, slot)| slot.as_ref().map(|_| MemberId(number))).collect()
    }

    /// Returns the socket of a member that has not ended, and the kind of its endpoint.
    pub(super) fn socket(&mut self, member: MemberId) -> Option<(&mut ClientSocket, EndpointKind)> {
        let slot = self.slot(member)?;
        let kind = slot.kind;
        slot.socket.as_mut().map(|socket| (socket, kind))
    }

    /// Returns the id of a member's connection.
    pub(super) fn connection_id(&mut self, member: MemberId) -> Option<ConnectionId> {
        self.slot(member).map(|slot| slot.id)
    }

    /// Records that the kernel reported a socket. Its member may have left since.
    pub(super) fn mark_ready(&mut self, token: Token, readiness: Readiness) {
        let Some(member) = u32::try_from(token.0).ok().map(MemberId) else { return };
        if let Some((socket, _)) = self.socket(member) {
            socket.mark_ready(readiness);
            self.note_end(member);
            self.add_ready(member);
        }
    }

    /// Adds a member to those that may have something to read.
    pub(super) fn add_ready(&mut self, member: MemberId) {
        let Some(slot) = self.slot(member) else { return };
        if !std::mem::replace(&mut slot.is_ready, true) {
            self.ready.push(member);
        }
    }

    pub(super) const fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes the list of those that may have something to read.
    pub(super) fn take_ready(&mut self) -> Vec<MemberId> {
        let ready = std::mem::take(&mut self.ready);
        for member in &ready {
            if let Some(slot) = self.slot(*member) {
                slot.is_ready = false;
            }
        }
        ready
    }

    /// Queues a text. The next flush writes it; an outbox that fills is written at once.
    pub(super) fn queue(&mut self, member: MemberId, text: Bytes) {
        let Some(slot) = self.slot(member) else { return };
        let kind = slot.kind;
        match &mut slot.socket {
            Some(socket) => {
                let socket = socket.socket();
                socket.outbox().push(Frame { kind: FrameKind::Text, bytes: text });
                if socket.outbox().is_half_full() {
                    socket.flush();
                }
                self.address(member);
                self.note_end(member);
            }
            None if slot.early.len() < EARLY_TEXTS_MAX => slot.early.push(text),
            None => self.end(member, DropReason::Unread.into()),
        }
        self.metrics.delivered(kind);
    }

    fn address(&mut self, member: MemberId) {
        let Some(slot) = self.slot(member) else { return };
        if !std::mem::replace(&mut slot.is_addressed, true) {
            self.addressed.push(member);
        }
    }

    pub(super) const fn has_queued(&self) -> bool {
        !self.addressed.is_empty()
    }

    /// Writes what was queued, with one write per socket.
    pub(super) fn flush(&mut self) {
        for member in std::mem::take(&mut self.addressed) {
            let Some(slot) = self.slot(member) else { continue };
            slot.is_addressed = false;
            slot.socket.iter_mut().for_each(|socket| socket.socket().flush());
            self.note_end(member);
        }
    }

    /// Handles the deadlines that are due, and returns the earliest one that is not.
    pub(super) fn check_deadlines(
        &mut self,
        now: Instant,
        context: &ConnectionContext,
    ) -> Option<Instant> {
        let mut earliest: Option<Instant> = None;
        for member in self.ids() {
            let Some((socket, _)) = self.socket(member) else { continue };
            if socket.is_due(now) {
                match check(socket, now, context) {
                    Ok(true) => self.address(member),
                    Ok(false) => {}
                    Err(end) => self.end(member, end),
                }
            }
            let Some((socket, _)) = self.socket(member) else { continue };
            let deadline = socket.deadline();
            earliest = Some(earliest.map_or(deadline, |earliest| earliest.min(deadline)));
        }
        earliest
    }

    /// Notes that a member has ended, for the reason that is known first.
    pub(super) fn end(&mut self, member: MemberId, end: Ending) {
        if let Some(slot) = self.slot(member) {
            slot.has_ended = true;
            self.ended.push((member, end));
        }
    }

    fn note_end(&mut self, member: MemberId) {
        if let Some(end) = self.socket(member).and_then(|(socket, _)| socket.ended()) {
            self.end(member, end);
        }
    }

    /// Returns the next member that has ended.
    pub(super) fn next_ended(&mut self) -> Option<(MemberId, Ending)> {
        self.ended.pop()
    }

    /// Lets a member go, to be closed for this reason. The slot of one with a socket is free.
    pub(super) fn release(&mut self, member: MemberId, end: Ending) {
        self.ended.retain(|(ended, _)| *ended != member);
        let Some(place) = self.slots.get_mut(member.0 as usize) else { return };
        let Some(mut slot) = place.take() else { return };
        let Some(socket) = slot.socket.take() else {
            slot.has_ended = true;
            slot.early_end.get_or_insert(end);
            *place = Some(slot);
            return;
        };
        if slot.is_ready {
            self.ready.retain(|ready| *ready != member);
        }
        if slot.is_addressed {
            self.addressed.retain(|addressed| *addressed != member);
        }
        self.free.push(member.0);
        self.metrics.left(slot.kind);
        // A socket that is not watched cannot be deregistered, which is fine.
        self.registry.deregister(&mut SourceFd(&socket.as_raw_fd())).ok();
        self.turn_away(socket, end);
    }

    /// Lets a socket go that is no member.
    pub(super) fn turn_away(&self, socket: ClientSocket, end: Ending) {
        // The receiver ends only with the server.
        self.departures.send(Departure { socket, end }).ok();
    }

    /// Returns the slot of a member that has not ended.
    fn slot(&mut self, member: MemberId) -> Option<&mut Slot> {
        self.slots.get_mut(member.0 as usize)?.as_mut().filter(|slot| !slot.has_ended)
    }
}

/// Does what is due for a socket without its client. Returns whether something is queued.
fn check(
    socket: &mut ClientSocket,
    now: Instant,
    context: &ConnectionContext,
) -> Result<bool, Ending> {
    let is_forgiven = socket.forgive_stall(now).is_some();
    let mut is_queued = false;
    if !is_forgiven {
        socket.add_traffic(context);
        socket.check_alive(now, &context.budgets)?;
        is_queued = socket.ping_is_due(now);
        if is_queued {
            socket.socket().outbox().ping();
        }
    }
    socket.set_deadline(None, &context.budgets);
    Ok(is_queued)
}
