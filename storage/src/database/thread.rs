//! The store's thread and its queue. The thread commits the waiting writes in batches, in order. A
//! batch that fails is retried with growing pauses until it succeeds, and later writes wait behind
//! it. A write that the database refuses is skipped, counted and logged, so that it does not hold
//! up the others.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::display;
use tracing::{error, info, warn};

use super::acks::Outcome;
use super::commit::CommitError;
use super::schema::Database;
use super::topics::TopicRecord;
use super::{Answer, Change, StoreReport, Write};
use crate::threads::Turns;

/// Writes that may wait for the thread. They pile up during one commit, or while the database
/// cannot be written.
pub(super) const WRITES_MAX: usize = 8192;

/// Topics that may wait for the thread. They wait beside the writes, so that no flood of them drops
/// a seat.
pub(super) const TOPICS_MAX: usize = 1024;

/// Most writes of one commit.
pub(super) const BATCH_WRITES: usize = 1024;

/// The pause after the first failure. Each further one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(50);

const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The time that commits may fail before the server takes no more players.
const PATIENCE: Duration = Duration::from_secs(3);

/// Seconds between two log lines about dropped writes.
const COMPLAINT: Duration = Duration::from_secs(10);

/// The waiting writes, and the state of the thread.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    reports: Box<dyn Fn(StoreReport) + Send + Sync>,
}

#[derive(Debug, Default)]
struct State {
    writes: VecDeque<Write>,
    /// The last change of each topic, by its channel. They are committed behind the writes.
    topics: BTreeMap<String, Change>,
    /// Writes that are not committed yet, with those that the thread has taken.
    waiting: u64,
    /// Writes that were dropped because too many waited.
    dropped: u64,
    /// The time since which commits fail, and the latest reason. None once one succeeds.
    failing: Option<(Instant, String)>,
    /// The time of the last warning about dropped writes.
    complained: Option<Instant>,
    /// No more writes follow.
    is_closed: bool,
}

impl State {
    fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.topics.is_empty()
    }
}

impl Queue {
    pub(super) fn new(reports: impl Fn(StoreReport) + Send + Sync + 'static) -> Queue {
        Queue { state: Mutex::default(), changed: Condvar::new(), reports: Box::new(reports) }
    }

    /// Queues a write. Returns false if it was dropped because too many wait.
    pub(super) fn push(&self, write: Write) -> bool {
        let mut state = self.state();
        if state.writes.len() >= WRITES_MAX {
            self.drop_one(&mut state);
            return false;
        }
        state.writes.push_back(write);
        self.wake(state);
        true
    }

    /// Queues the change of a topic, in place of an earlier one of the same topic. It is dropped if
    /// too many topics wait.
    pub(super) fn push_topic(&self, change: Change) {
        let (Change::Topic(TopicRecord { channel, .. }) | Change::ForgetTopic(channel)) = &change
        else {
            return;
        };
        let mut state = self.state();
        if let Some(waiting) = state.topics.get_mut(channel) {
            *waiting = change;
            return;
        }
        if state.topics.len() >= TOPICS_MAX {
            return self.drop_one(&mut state);
        }
        let channel = channel.clone();
        state.topics.insert(channel, change);
        self.wake(state);
    }

    /// Counts a change that was queued, and wakes the thread.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        state.waiting += 1;
        (self.reports)(StoreReport::Waiting(state.waiting));
        drop(state);
        self.changed.notify_one();
    }

    /// Counts a change that was dropped.
    fn drop_one(&self, state: &mut State) {
        state.dropped += 1;
        (self.reports)(StoreReport::Dropped);
        let now = Instant::now();
        if state.complained.is_none_or(|last| now - last > COMPLAINT) {
            state.complained = Some(now);
            let (dropped, waiting) = (state.dropped, state.waiting);
            warn!(dropped, "the store cannot keep up: {waiting} changes wait");
        }
    }

    /// Ends the thread once it has committed what waits.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    /// The reason why seats cannot be stored now, if that is so.
    pub(super) fn failure(&self, now: Instant) -> Option<String> {
        let state = self.state();
        let (since, why) = state.failing.as_ref()?;
        let age = now.saturating_duration_since(*since);
        (age >= PATIENCE).then(|| {
            format!("no seat can be kept for {} s, and it is tried again: {why}", age.as_secs())
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is valid between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for writes and takes up to a batch of them. `None` once there will be none.
    fn take(&self) -> Option<Vec<Write>> {
        let idle = |state: &mut State| state.is_empty() && !state.is_closed;
        let waited = self.changed.wait_while(self.state(), idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.is_empty() {
            return None;
        }
        let count = state.writes.len().min(BATCH_WRITES);
        let mut batch: Vec<Write> = state.writes.drain(..count).collect();
        while batch.len() < BATCH_WRITES
            && let Some((_, change)) = state.topics.pop_first()
        {
            batch.push(Write { change, answer: None });
        }
        Some(batch)
    }

    /// Records that this many writes are done.
    fn done(&self, count: usize) {
        let mut state = self.state();
        state.waiting = state.waiting.saturating_sub(count as u64);
        let waiting = state.waiting;
        (self.reports)(StoreReport::Waiting(waiting));
        if let Some((since, _)) = state.failing.take() {
            let after_s = since.elapsed().as_secs();
            info!(after_s, waiting, "the store takes changes again");
        }
    }

    /// Records a failed attempt and waits before the next one. Returns false once the queue is
    /// closed.
    fn pause(&self, began: Instant, why: String, pause: Duration) -> bool {
        let mut state = self.state();
        let since = state.failing.take().map_or(began, |(since, _)| since);
        state.failing = Some((since, why));
        let open = |state: &mut State| !state.is_closed;
        let waited = self.changed.wait_timeout_while(state, pause, open);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.is_closed
    }
}

/// Commits the waiting writes until the queue is closed and empty.
pub(super) fn run(database: &mut Database, queue: &Queue, turns: &Turns) {
    while let Some(batch) = queue.take() {
        let count = batch.len();
        if !commit(database, queue, turns, batch) {
            error!("the store ends, and {} changes are not kept", queue.state().waiting);
            return;
        }
        queue.done(count);
    }
}

/// Commits a batch, with as many attempts as it takes. Returns false if it still fails once the
/// queue is closed.
fn commit(database: &mut Database, queue: &Queue, turns: &Turns, mut batch: Vec<Write>) -> bool {
    let mut pause = PAUSE_MIN;
    let mut is_last = false;
    loop {
        let began = Instant::now();
        turns.begin(began);
        let outcome = database.commit(&batch);
        turns.rest();
        match outcome {
            Ok(()) => {
                (queue.reports)(StoreReport::Committed(began.elapsed()));
                batch.into_iter().for_each(|write| acknowledge(queue, write, Outcome::Committed));
                return true;
            }
            Err(CommitError::Refused { index, error }) => {
                let write = batch.remove(index);
                let (room, what) = (write.change.room().map(display), write.change.noun());
                error!(room, %error, "the store refuses a {what}");
                (queue.reports)(StoreReport::Refused);
                acknowledge(queue, write, Outcome::Refused);
            }
            Err(CommitError::Failed(error)) => {
                (queue.reports)(StoreReport::Failed);
                error!(%error, changes = batch.len(), "the store failed; it is tried again");
                if is_last {
                    return false;
                }
                is_last = !queue.pause(began, error.to_string(), pause);
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

fn acknowledge(queue: &Queue, write: Write, outcome: Outcome) {
    match (write.answer, write.change.room()) {
        (Some(Answer::Room(acks, saved)), Some(room)) => {
            if !acks.send(room.clone(), saved, outcome) {
                (queue.reports)(StoreReport::AckDropped);
            }
        }
        (Some(Answer::Call(answer)), _) => answer(outcome),
        (Some(Answer::Room(..)) | None, _) => {}
    }
}

impl Change {
    const fn noun(&self) -> &'static str {
        match self {
            Change::Match(..) => "match",
            Change::Seat(..) => "seat",
            Change::Lock(..) => "lock",
            Change::ForgetSeat(..) => "seat's removal",
            Change::ForgetRoom(_) => "room's removal",
            Change::Key(_) => "key",
            Change::ForgetKey(_) => "key's removal",
            Change::Topic(_) => "topic",
            Change::ForgetTopic(_) => "topic's removal",
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("state", &self.state).finish_non_exhaustive()
    }
}
