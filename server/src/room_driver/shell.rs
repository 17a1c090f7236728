//! Carries out what a room puts out, in order. Frames are held back until the tick that they
//! describe is in the journal. It calls the room only to answer it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bolide_net::{CloseCode, Frame};
use bolide_room::{ConnectionId, Lane, Output, Room, RoomId, SaveNumber, SeatRecord};
use bolide_sim::PlayerId;
use bolide_storage::{BatchNumber, JournalError, RoomJournal};
use tracing::info;
use uuid::Uuid;

use super::Failed;
use super::slab::ConnectionSlab;
use crate::address_quota::AddressPermit;
use crate::connection::{Connection, End};
use crate::counters::Closing;
use crate::poller::SocketRegistry;
use crate::room_store::RoomStore;
use crate::shard_metrics::ShardMetrics;

/// Most ticks whose frames may wait for the journal: 17 to 51 s of a disk that does nothing. Beyond
/// it the room fails.
const HELD_TICKS_MAX: usize = 1024;

/// Emptied lists of deliveries that are kept. Rooms of one slot tick together, so only a few lists
/// are in use at a time.
const SPARE_LISTS: usize = 16;

thread_local! {
    /// Shared by the rooms of a shard. A list that one room has just filled and emptied is in the
    /// cache when the next one fills it.
    static SPARE: RefCell<Vec<Vec<Said>>> = const { RefCell::new(Vec::new()) };
}

/// The effects of a room: its journal, its store and its connections.
pub(super) struct Shell {
    pub(super) id: RoomId,
    pub(super) journal: RoomJournal,
    pub(super) room_store: RoomStore,
    /// The seats, as they are stored.
    pub(super) seats: BTreeMap<PlayerId, SeatRecord>,
    /// The seats that count for an address, with their permits.
    pub(super) counted: BTreeMap<PlayerId, AddressPermit>,
    /// Seats that the store has not acknowledged yet.
    unsaved: Vec<(SaveNumber, SeatRecord)>,
    pub(super) links: ConnectionSlab,
    /// The way out for clients that have ended.
    registry: SocketRegistry,
    /// The clients that are gone since the last tick. The next tick reports them to the room.
    pub(super) gone: Vec<Gone>,
    /// Deliveries of the current call so far.
    pub(super) saying: Vec<Said>,
    /// The batch with the journal records of the current call, if it has made any.
    batch: Option<BatchNumber>,
    /// Deliveries that wait for the journal, the oldest first.
    pub(super) held: VecDeque<Held>,
    /// Something that waited for the journal was sent, by this process or an earlier one.
    pub(super) was_shown: bool,
    /// The shard knows that something waits.
    pub(super) is_listed: bool,
    /// The places of the clients with frames queued since the last flush, once each.
    addressed: Vec<u16>,
    /// The current call is a tick without a snapshot. Its frames are sent with the next snapshot.
    pub(super) lingers: bool,
    pub(super) metrics: Arc<ShardMetrics>,
}

/// A client that is gone.
pub(super) struct Gone {
    pub(super) connection_id: ConnectionId,
    /// Its welcome was handed to the kernel. If not, it knows no token of its seat.
    pub(super) was_welcomed: bool,
}

/// A delivery for a connection.
pub(super) enum Said {
    Frame { to: ConnectionId, lane: Lane, frame: Frame },
    Close { to: ConnectionId, code: CloseCode, reason: &'static str },
}

/// Deliveries that wait for the journal.
pub(super) struct Held {
    pub(super) batch: BatchNumber,
    /// The match whose records are in the batch.
    pub(super) id: Option<Uuid>,
    pub(super) said: Vec<Said>,
    /// These are sent with the deliveries that follow.
    lingers: bool,
}

impl Gone {
    fn new(connection: &Connection) -> Gone {
        Gone { connection_id: connection.id(), was_welcomed: !connection.awaits_welcome() }
    }
}

impl Shell {
    pub(super) fn new(
        id: RoomId,
        journal: RoomJournal,
        room_store: RoomStore,
        seats: BTreeMap<PlayerId, SeatRecord>,
        (registry, metrics): (SocketRegistry, Arc<ShardMetrics>),
    ) -> Shell {
        Shell {
            id,
            journal,
            room_store,
            seats,
            counted: BTreeMap::new(),
            unsaved: Vec::new(),
            links: ConnectionSlab::default(),
            registry,
            gone: Vec::new(),
            saying: Vec::new(),
            batch: None,
            held: VecDeque::new(),
            was_shown: false,
            is_listed: false,
            addressed: Vec::new(),
            lingers: false,
            metrics,
        }
    }

    /// Carries out one output of the room. Deliveries are collected for [`Shell::tell_or_hold`].
    pub(super) fn carry_out(&mut self, room: &mut Room, output: Output) -> Result<(), Failed> {
        if self.saying.capacity() == 0 {
            self.saying = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
        }
        match output {
            Output::Send { to, lane, frame } => self.saying.push(Said::Frame { to, lane, frame }),
            Output::Close { to, code, reason } => {
                self.saying.push(Said::Close { to, code, reason });
            }
            Output::Journal(records) => {
                let batch = self.journal.append(records)?;
                self.batch = batch.or(self.batch);
            }
            Output::Save { number, seat } => {
                self.unsaved.push((number, SeatRecord::clone(&seat)));
                self.room_store.seat(room, number, *seat);
                if matches!(self.room_store, RoomStore::Nowhere) {
                    self.saved(number, true);
                }
            }
            Output::SaveLock { number, locked } => self.room_store.lock(room, number, locked),
            Output::Forget { player } => {
                self.seats.remove(&player);
                self.counted.remove(&player);
                self.unsaved.retain(|(_, seat)| seat.player != player);
                self.room_store.forget_seat(player);
            }
            Output::Refused(code) => self.metrics.error(code),
            Output::WantTicket { number } => self.room_store.ticket(room, number),
        }
        Ok(())
    }

    /// Handles the store's answer to this save.
    pub(super) fn saved(&mut self, number: SaveNumber, is_kept: bool) {
        for (_, seat) in self.unsaved.extract_if(.., |(unsaved, _)| *unsaved == number) {
            if is_kept {
                self.seats.insert(seat.player, seat);
            }
        }
    }

    /// Sends the deliveries of the current call, or holds them back until the journal has its
    /// records and everything before them was sent.
    pub(super) fn tell_or_hold(&mut self, room: &mut Room) -> Result<(), Failed> {
        let said = std::mem::take(&mut self.saying);
        match (self.batch.take(), self.held.back_mut()) {
            (None, None) => self.tell(room, said),
            (None, Some(_)) => {
                let said = self.without_newer_snapshots(room, said);
                let held = self.held.back_mut().expect("there is one");
                held.lingers &= self.lingers || said.is_empty();
                held.said.extend(said);
            }
            (Some(batch), _) => {
                if self.held.len() >= HELD_TICKS_MAX {
                    return Err(JournalError::TooSlow { ticks: self.held.len() }.into());
                }
                let said = self.without_newer_snapshots(room, said);
                let (id, lingers) = (self.journal.id(), self.lingers);
                self.held.push_back(Held { batch, id, said, lingers });
            }
        }
        Ok(())
    }

    /// Queues what waited for these batches. The next flush writes it, unless all of it lingers.
    pub(super) fn release(&mut self, room: &mut Room, done: BatchNumber) {
        self.lingers = true;
        while self.held.front().is_some_and(|held| held.batch <= done)
            && let Some(Held { said, lingers, .. }) = self.held.pop_front()
        {
            self.was_shown = true;
            self.lingers &= lingers;
            self.tell(room, said);
        }
        if self.held.is_empty() {
            // Lets the next one go where the last one was, instead of around a ring.
            self.held.clear();
        }
    }

    /// Drops snapshots for clients that have one waiting. The next snapshot after that one is
    /// complete.
    fn without_newer_snapshots(&mut self, room: &mut Room, mut said: Vec<Said>) -> Vec<Said> {
        said.retain(|said| match said {
            Said::Frame { to, lane: Lane::Latest | Lane::Chained, .. } => {
                let Some((_, link)) = self.links.find(*to) else { return false };
                if link.is_awaiting {
                    room.handle_lagged(*to);
                }
                !std::mem::replace(&mut link.is_awaiting, true)
            }
            _ => true,
        });
        said
    }

    fn tell(&mut self, room: &mut Room, mut all: Vec<Said>) {
        for said in all.drain(..) {
            match said {
                Said::Frame { to, lane, frame } => {
                    let Some((place, link)) = self.links.find(to) else { continue };
                    // The first reliable frame is the welcome.
                    if lane == Lane::Reliable
                        && link.connection.awaits_welcome()
                        && let Some(end) = link.connection.closed_early(Instant::now())
                    {
                        self.let_go(to, end);
                        continue;
                    }
                    if !link.is_addressed {
                        link.is_addressed = true;
                        self.addressed.push(place);
                    }
                    let outbox = link.connection.socket().outbox();
                    match lane {
                        Lane::Reliable => {
                            outbox.push(frame);
                            // Nothing is sent to a connection before its welcome.
                            link.connection.welcomed();
                        }
                        Lane::Latest => outbox.replace_latest(frame),
                        Lane::Chained => {
                            if !outbox.chain(frame) {
                                room.handle_lagged(to);
                            }
                        }
                    }
                    link.is_awaiting &= lane == Lane::Reliable;
                }
                Said::Close { to, code, reason } => {
                    if let Some(link) = self.links.remove(to) {
                        info!(room = %self.id, connection = to.0, reason, "closed");
                        let closing = Closing { code, reason, cut: None };
                        self.registry.release(link.connection, End::Close(closing));
                    }
                }
            }
        }
        SPARE.with_borrow_mut(|spare| {
            if all.capacity() > 0 && spare.len() < SPARE_LISTS {
                spare.push(all);
            }
        });
    }

    /// Writes what was queued, with one write per connection, unless it lingers.
    pub(super) fn flush(&mut self) {
        if std::mem::take(&mut self.lingers) {
            return;
        }
        let mut addressed = std::mem::take(&mut self.addressed);
        for place in addressed.drain(..) {
            let Some(link) = self.links.at(place) else { continue };
            link.is_addressed = false;
            link.connection.socket().flush();
            if let Some(end) = link.connection.ended() {
                let connection_id = link.connection.id();
                self.let_go(connection_id, end);
            }
        }
        self.addressed = addressed;
    }

    /// Returns the minimum round trip to a client, as measured by the kernel.
    pub(super) fn round_trip(&mut self, connection_id: ConnectionId) -> Option<Duration> {
        self.links.find(connection_id)?.1.connection.round_trip()
    }

    /// Disconnects a client for this reason. Its room learns that in its next tick.
    pub(super) fn let_go(&mut self, connection_id: ConnectionId, end: End) {
        if let Some(link) = self.links.remove(connection_id) {
            self.gone.push(Gone::new(&link.connection));
            self.registry.release(link.connection, end);
        }
    }

    /// Disconnects all clients.
    pub(super) fn let_all_go(&mut self, mut end: impl FnMut(&mut Connection) -> Closing) {
        for mut link in self.links.drain() {
            let closing = end(&mut link.connection);
            self.gone.push(Gone::new(&link.connection));
            self.registry.release(link.connection, End::Close(closing));
        }
    }
}
