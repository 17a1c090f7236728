//! What a room wants done, done: in its order, and what it says waits until the tick that it says it of is in the journal. It
//! never calls the room but to answer it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bolide_net::{CloseCode, Frame};
use bolide_room::{ConnectionId, Lane, Output, Room, SaveNumber, SeatRecord};
use bolide_sim::PlayerId;
use tracing::info;
use uuid::Uuid;

use super::Failed;
use super::slab::ConnectionSlab;
use crate::address_quota::Place;
use crate::client::{Client, End};
use crate::door::Door;
use crate::journal::{BatchNumber, JournalError, RoomJournal};
use crate::outbox::Closing;
use crate::random::RoomId;
use crate::room_store::RoomStore;
use crate::shard_metrics::ShardMetrics;

/// Ticks whose frames wait for the journal, at most: with a disk that does nothing, 17 to 51 s. Then the room fails.
const HELD_TICKS_MAX: usize = 1024;

/// Emptied lists of what was said that are kept. Rooms of one slot tick together, so a few are in use at a time.
const SPARE_LISTS: usize = 16;

thread_local! {
    /// Shared by the rooms of a shard: what one has just filled and emptied is in the cache when the next one fills it.
    static SPARE: RefCell<Vec<Vec<Said>>> = const { RefCell::new(Vec::new()) };
}

/// What does what a room wants done.
pub(super) struct Shell {
    pub(super) id: RoomId,
    pub(super) journal: RoomJournal,
    pub(super) room_store: RoomStore,
    /// Its seats, as they are kept.
    pub(super) seats: BTreeMap<PlayerId, SeatRecord>,
    /// Which of them count for an address, and where.
    pub(super) counted: BTreeMap<PlayerId, Place>,
    /// Seats as they will be once the store has answered.
    unsaved: Vec<(SaveNumber, SeatRecord)>,
    pub(super) links: ConnectionSlab,
    /// Where those go who end.
    door: Door,
    /// Who has gone since the last tick. The room hears of it in the next one.
    pub(super) gone: Vec<Gone>,
    /// What the call that runs has said so far.
    pub(super) saying: Vec<Said>,
    /// What its journal records are in, if it has made any.
    batch: Option<BatchNumber>,
    /// What waits for the journal, the oldest first.
    pub(super) held: VecDeque<Held>,
    /// Something that waited for the journal has left, in this process or one before.
    pub(super) was_shown: bool,
    /// The shard knows that something waits.
    pub(super) is_listed: bool,
    /// The places of those for whom something was queued since the last flush, once each.
    addressed: Vec<u16>,
    /// The call that runs is a tick without a snapshot: what it says leaves with the next one.
    pub(super) lingers: bool,
    pub(super) measures: Arc<ShardMetrics>,
}

/// A client who has gone.
pub(super) struct Gone {
    pub(super) connection: ConnectionId,
    /// Whether its welcome was handed to the system. If not, it knows no token of its seat.
    pub(super) was_welcomed: bool,
}

/// Something for a connection.
pub(super) enum Said {
    Frame { to: ConnectionId, lane: Lane, frame: Frame },
    Close { to: ConnectionId, code: CloseCode, reason: &'static str },
}

/// What was said and waits for the journal.
pub(super) struct Held {
    pub(super) batch: BatchNumber,
    /// The match whose records are in the batch.
    pub(super) id: Option<Uuid>,
    pub(super) said: Vec<Said>,
    /// It leaves with what is said next.
    lingers: bool,
}

impl Gone {
    fn new(client: &Client) -> Gone {
        Gone { connection: client.id(), was_welcomed: !client.awaits_welcome() }
    }
}

impl Shell {
    pub(super) fn new(
        id: RoomId,
        journal: RoomJournal,
        room_store: RoomStore,
        seats: BTreeMap<PlayerId, SeatRecord>,
        (door, measures): (Door, Arc<ShardMetrics>),
    ) -> Shell {
        Shell {
            id,
            journal,
            room_store,
            seats,
            counted: BTreeMap::new(),
            unsaved: Vec::new(),
            links: ConnectionSlab::default(),
            door,
            gone: Vec::new(),
            saying: Vec::new(),
            batch: None,
            held: VecDeque::new(),
            was_shown: false,
            is_listed: false,
            addressed: Vec::new(),
            lingers: false,
            measures,
        }
    }

    /// Does one thing that the room wants done; what it says, [`Shell::tell_or_hold`] does.
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
            Output::Refused(code) => self.measures.error(code),
            Output::WantTicket => self.room_store.ticket(room),
        }
        Ok(())
    }

    /// The store has answered: it keeps what has this number, or it does not.
    pub(super) fn saved(&mut self, number: SaveNumber, is_kept: bool) {
        for (_, seat) in self.unsaved.extract_if(.., |(unsaved, _)| *unsaved == number) {
            if is_kept {
                self.seats.insert(seat.player, seat);
            }
        }
    }

    /// What the call has said leaves at once, or waits for the journal: for its own records, and for what was said before.
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

    /// What waited for these batches leaves with the next flush, which is due unless all of it lingers.
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
            // The next one goes where the last one was, not around in a circle.
            self.held.clear();
        }
    }

    /// Leaves out the snapshots for those who await one. Their next one is whole.
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
                    // The first is its welcome.
                    if lane == Lane::Reliable
                        && link.client.awaits_welcome()
                        && let Some(end) = link.client.closed_early(Instant::now())
                    {
                        self.let_go(to, end);
                        continue;
                    }
                    if !link.is_addressed {
                        link.is_addressed = true;
                        self.addressed.push(place);
                    }
                    let socket = link.client.socket();
                    match lane {
                        Lane::Reliable => {
                            socket.push(frame);
                            // Nothing is sent to a connection before its welcome.
                            link.client.welcomed();
                        }
                        Lane::Latest => socket.replace_latest(frame),
                        Lane::Chained => {
                            if !socket.chain(frame) {
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
                        self.door.show_out(link.client, End::Close(closing));
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

    /// Writes what was told, to each connection once, unless it lingers.
    pub(super) fn flush(&mut self) {
        if std::mem::take(&mut self.lingers) {
            return;
        }
        let mut addressed = std::mem::take(&mut self.addressed);
        for place in addressed.drain(..) {
            let Some(link) = self.links.at(place) else { continue };
            link.is_addressed = false;
            link.client.socket().flush();
            if let Some(end) = link.client.ended() {
                let connection = link.client.id();
                self.let_go(connection, end);
            }
        }
        self.addressed = addressed;
    }

    /// The least round trip to a client, by the kernel.
    pub(super) fn round_trip(&mut self, connection: ConnectionId) -> Option<Duration> {
        self.links.find(connection)?.1.client.round_trip()
    }

    /// Lets a client go who ends; his room hears of it in its next tick.
    pub(super) fn let_go(&mut self, connection: ConnectionId, end: End) {
        if let Some(link) = self.links.remove(connection) {
            self.gone.push(Gone::new(&link.client));
            self.door.show_out(link.client, end);
        }
    }

    /// Lets all of them go who are here.
    pub(super) fn let_all_go(&mut self, mut end: impl FnMut(&mut Client) -> Closing) {
        for mut link in self.links.drain() {
            let closing = end(&mut link.client);
            self.gone.push(Gone::new(&link.client));
            self.door.show_out(link.client, End::Close(closing));
        }
    }
}
