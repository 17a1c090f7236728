//! The connections of a listener that are within HTTP: limits their number, and the time that each
//! may keep its place. A full table closes the connection that has been idle for the longest time;
//! if none is idle, the one that has been stuck for the longest time; otherwise the one with the
//! oldest request, never the newest. Time is an argument. It has no socket: `http_stream` reports
//! what happens on one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Time for a peer to send a head, from its first byte; also the maximum silence before that.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Longer than an honest peer takes from its connection to the answer to its request.
const REQUEST: Duration = Duration::from_secs(1);

/// Maximum time for a peer to accept no byte of an answer.
const STUCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum time for a whole answer, in addition to the time that its bytes are allowed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Minimum average speed at which a peer has to read. Any network that carries the game is faster.
const READ_BYTES_PER_S: u64 = 4096;

/// Maximum number of requests on one connection. Proxy pools open a new one after that many.
const REQUESTS_MAX: u32 = 1000;

/// The connections of a listener that are within HTTP.
#[derive(Debug)]
pub(crate) struct HttpConnections {
    table: Mutex<Table>,
    most: usize,
}

#[derive(Debug, Default)]
struct Table {
    open: HashMap<u64, Arc<HttpConnection>>,
    next_id: u64,
}

/// One connection, shared by its task, its stream, and the table.
#[derive(Debug)]
pub(crate) struct HttpConnection {
    waits: Mutex<Waits>,
    close: Notify,
}

/// A place in the table, until this is dropped.
#[derive(Debug)]
pub(crate) struct HttpPlace {
    connections: Arc<HttpConnections>,
    id: u64,
    pub(crate) connection: Arc<HttpConnection>,
}

impl HttpConnections {
    /// Creates a table for up to `most` connections.
    pub(crate) fn new(most: usize) -> Arc<HttpConnections> {
        Arc::new(HttpConnections { table: Mutex::default(), most })
    }

    /// Gives a new connection a place; true if another one had to be closed for it. `idle` is its
    /// maximum silence between two requests.
    pub(crate) fn enter(self: &Arc<Self>, idle: Duration, now: Instant) -> (HttpPlace, bool) {
        let mut table = self.table();
        let is_full = table.open.len() >= self.most;
        if is_full {
            table.close_one(now, None);
        }
        let id = table.next_id;
        table.next_id += 1;
        let waits = Mutex::new(Waits::new(idle, now));
        let connection = Arc::new(HttpConnection { waits, close: Notify::new() });
        table.open.insert(id, Arc::clone(&connection));
        drop(table);
        (HttpPlace { connections: Arc::clone(self), id, connection }, is_full)
    }

    /// Closes one connection for another, if there is one whose last request is older than a
    /// request usually takes.
    pub(crate) fn close_one(&self, now: Instant) -> bool {
        self.table().close_one(now, now.checked_sub(REQUEST))
    }

    /// Closes the overdue connections. Returns the number of those that were within a request.
    pub(crate) fn close_overdue(&self, now: Instant) -> u64 {
        let mut slow = 0;
        self.table().open.retain(|_, connection| {
            let waits = *connection.waits();
            let is_overdue = waits.until() <= now;
            if is_overdue {
                slow += u64::from(!waits.is_idle());
                connection.close.notify_one();
            }
            !is_overdue
        });
        slow
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing panics between two changes that belong together.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Closes one of the connections whose last request came before `before`.
    fn close_one(&mut self, now: Instant, before: Option<Instant>) -> bool {
        let all = self.open.iter().map(|(id, connection)| (*connection.waits(), *id));
        let old = all.filter(|(waits, _)| before.is_none_or(|before| waits.asked_at < before));
        let first = old.map(|(waits, id)| (waits.progress(now), id)).min();
        let closed = first.and_then(|(_, id)| self.open.remove(&id));
        if let Some(connection) = &closed {
            connection.close.notify_one();
        }
        closed.is_some()
    }
}

impl Drop for HttpPlace {
    fn drop(&mut self) {
        self.connections.table().open.remove(&self.id);
    }
}

impl HttpConnection {
    /// Waits until the connection is to be closed.
    pub(crate) async fn closed(&self) {
        self.close.notified().await;
    }

    /// Records the end of a head; true if this is the last request that the connection may make.
    pub(crate) fn asked(&self, now: Instant) -> bool {
        let mut waits = self.waits();
        waits.asked(now);
        waits.requests >= REQUESTS_MAX
    }

    /// Records that bytes arrived.
    pub(crate) fn read(&self, now: Instant) {
        self.waits().read(now);
    }

    /// Records that the peer accepted this many bytes.
    pub(crate) fn wrote(&self, bytes: usize, now: Instant) {
        self.waits().wrote(bytes as u64, now);
    }

    /// Records that the peer accepts no more at the moment.
    pub(crate) fn stuck(&self, now: Instant) {
        self.waits().stuck_since.get_or_insert(now);
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waits of a connection, each with its beginning.
#[derive(Clone, Copy, Debug)]
struct Waits {
    idle: Duration,
    requests: u32,
    /// Arrival of the last request, or of the connection.
    asked_at: Instant,
    /// Time at which bytes of the answer were last accepted.
    wrote_at: Instant,
    written_bytes: u64,
    /// Arrival of the first bytes after a request: those of an incomplete head.
    head_since: Option<Instant>,
    /// Time since which the peer accepts nothing of its answer.
    stuck_since: Option<Instant>,
}

/// Progress of a connection, in the order in which connections are closed for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    /// The connection is between two requests.
    Idle,
    /// The peer sends or accepts nothing for longer than an honest one does within a request.
    Stuck,
    /// A request is under way, or may be.
    UnderWay,
}

impl Waits {
    const fn new(idle: Duration, now: Instant) -> Waits {
        Waits {
            idle,
            requests: 0,
            asked_at: now,
            wrote_at: now,
            written_bytes: 0,
            head_since: None,
            stuck_since: None,
        }
    }

    const fn asked(&mut self, now: Instant) {
        self.requests += 1;
        self.asked_at = now;
        self.wrote_at = now;
        self.written_bytes = 0;
        self.head_since = None;
    }

    fn read(&mut self, now: Instant) {
        self.head_since.get_or_insert(now);
    }

    fn wrote(&mut self, bytes: u64, now: Instant) {
        self.written_bytes += bytes;
        self.wrote_at = now;
        self.stuck_since = None;
        // The next head may have begun while this answer was on its way; its time begins after the
        // answer.
        self.head_since = self.head_since.map(|_| now);
    }

    /// Returns whether the connection is between two requests.
    const fn is_idle(&self) -> bool {
        self.requests > 0 && self.head_since.is_none() && self.stuck_since.is_none()
    }

    /// Returns the progress, and its beginning.
    fn progress(&self, now: Instant) -> (Progress, Instant) {
        let is_silent = self.requests == 0;
        let waiting = self.stuck_since.or(self.head_since).or(is_silent.then_some(self.asked_at));
        match waiting {
            Some(since) if since + REQUEST <= now => (Progress::Stuck, since),
            None if self.written_bytes > 0 => (Progress::Idle, self.wrote_at),
            _ => (Progress::UnderWay, self.asked_at),
        }
    }

    /// Returns the deadline of the current wait.
    fn until(&self) -> Instant {
        if let Some(since) = self.stuck_since {
            let reading = Duration::from_secs(self.written_bytes / READ_BYTES_PER_S);
            return (since + STUCK_TIMEOUT).min(self.asked_at + ANSWER_TIMEOUT + reading);
        }
        match self.head_since {
            Some(since) => since + HEAD_TIMEOUT,
            None if self.requests == 0 => self.asked_at + HEAD_TIMEOUT,
            None => self.wrote_at + self.idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use futures_util::FutureExt;

    use super::{HttpConnection, HttpConnections, HttpPlace, REQUESTS_MAX};

    const S: Duration = Duration::from_secs(1);
    const MS: Duration = Duration::from_millis(1);
    const IDLE: Duration = Duration::from_secs(75);

    /// Operations on a connection, each with the time in milliseconds.
    enum Happens {
        Read,
        Asked,
        Wrote(usize),
        Stuck,
    }

    use Happens::{Asked, Read, Stuck, Wrote};

    fn apply(connection: &HttpConnection, happens: &Happens, now: Instant) {
        match happens {
            Read => connection.read(now),
            Asked => drop(connection.asked(now)),
            Wrote(bytes) => connection.wrote(*bytes, now),
            Stuck => connection.stuck(now),
        }
    }

    fn is_closed(place: &HttpPlace) -> bool {
        place.connection.closed().now_or_never().is_some()
    }

    /// Checks that after these events the connection is closed at that time and not before, and
    /// whether it counts as slow.
    fn check(name: &str, events: &[(u32, Happens)], closed_after: Duration, slow: u64) {
        let (connections, start) = (HttpConnections::new(1), Instant::now());
        let (place, _) = connections.enter(IDLE, start);
        for (after_ms, happens) in events {
            let now = start + MS * *after_ms;
            assert_eq!(connections.close_overdue(now), 0, "{name} at {after_ms}");
            assert!(!is_closed(&place), "{name} at {after_ms}");
            apply(&place.connection, happens, now);
        }
        assert_eq!(connections.close_overdue(start + closed_after - MS), 0, "{name}");
        assert!(!is_closed(&place), "{name}: too early");
        assert_eq!(connections.close_overdue(start + closed_after), slow, "{name}");
        assert!(is_closed(&place), "{name}: not in time");
    }

    #[test]
    fn every_wait_for_a_peer_has_an_end() {
        check("silent", &[], 5 * S, 1);
        check("a dribbled head", &[(0, Read), (3000, Read), (4999, Read)], 5 * S, 1);
        check("a head that comes late", &[(4000, Read)], 9 * S, 1);
        check("idle", &[(0, Read), (10, Asked), (1000, Wrote(100))], 76 * S, 0);
        check("idle without an answer", &[(0, Read), (1000, Asked)], 76 * S, 0);
        let again = [(0, Read), (0, Asked), (0, Wrote(9)), (70_000, Read), (70_000, Asked)];
        check("idle again", &again, 145 * S, 0);
        let dribbled = [(0, Read), (0, Asked), (0, Wrote(9)), (70_000, Read), (74_000, Read)];
        check("a second head, dribbled", &dribbled, 75 * S, 1);
        check("reads nothing", &[(0, Read), (0, Asked), (0, Wrote(9)), (1000, Stuck)], 6 * S, 1);
    }

    #[test]
    fn a_reader_is_as_fast_as_the_slowest_network_or_closed() {
        // One byte every four seconds: never stuck for five, but far below 4 KiB per second.
        let mut slow = vec![(0, Asked)];
        slow.extend((0..7).flat_map(|n| [(n * 4000, Wrote(1)), (n * 4000, Stuck)]));
        slow.extend([(28_000, Wrote(1)), (28_000, Stuck)]);
        check("30 s and no more", &slow, 30 * S, 1);
        // 16 KiB every four seconds, for two minutes.
        let mut steady = vec![(0, Asked)];
        steady.extend((0..30).flat_map(|n| [(n * 4000, Wrote(16_384)), (n * 4000, Stuck)]));
        check("slow, but steady", &steady, 121 * S, 1);
    }

    #[test]
    fn a_head_that_came_with_an_answer_under_way_has_its_time_after_it() {
        let events = [(0, Asked), (0, Stuck), (1000, Read), (4000, Wrote(9)), (8000, Wrote(9))];
        check("a pipelined head", &events, 13 * S, 1);
    }

    #[test]
    fn a_full_table_closes_the_oldest_and_never_the_newest() {
        let (connections, start) = (HttpConnections::new(3), Instant::now());
        let enter = |after: u32| connections.enter(IDLE, start + MS * after);
        let (mut places, closed): (Vec<_>, Vec<_>) = (0..3).map(enter).unzip();
        assert_eq!(closed, [false; 3]);
        // The first sends a request, so the second is the oldest, followed by the third.
        assert!(!places[0].connection.asked(start + 10 * MS));
        for (after, oldest) in [(20, 1), (21, 2), (22, 0), (23, 3)] {
            let (place, closed) = enter(after);
            places.push(place);
            assert!(closed);
            let gone: Vec<usize> = (0..places.len()).filter(|at| is_closed(&places[*at])).collect();
            assert_eq!(gone, [oldest], "after {after}");
        }
        // A connection that leaves by itself frees its place; one that was closed has freed it
        // already.
        places.drain(..4);
        assert!(enter(30).1, "still three");
        places.clear();
        assert_eq!(connections.table().open.len(), 0);
        assert!(!connections.close_one(start + 60 * S), "there is none");
    }

    /// Returns the order in which the connections of a full table are closed for others at that
    /// time. All of them arrived at 0.
    fn closed(name: &str, connections: &[&[(u32, Happens)]], at_ms: u32) -> Vec<usize> {
        let (table, start) = (HttpConnections::new(connections.len()), Instant::now());
        let places: Vec<_> = connections.iter().map(|_| table.enter(IDLE, start).0).collect();
        for (place, events) in places.iter().zip(connections) {
            for (after_ms, happens) in *events {
                apply(&place.connection, happens, start + MS * *after_ms);
            }
        }
        let (mut order, mut newcomers) = (Vec::new(), Vec::new());
        for _ in &places {
            let (newcomer, is_one_closed) = table.enter(IDLE, start + MS * at_ms);
            assert!(is_one_closed, "{name}: it is full");
            newcomers.push(newcomer);
            order.extend((0..places.len()).filter(|at| is_closed(&places[*at])));
        }
        assert!(newcomers.iter().all(|newcomer| !is_closed(newcomer)), "{name}: never the newest");
        order
    }

    /// The oldest request used to be closed first, even while its answer was under way and other
    /// connections were idle.
    #[test]
    fn a_full_table_closes_the_idle_then_the_stuck_and_then_the_oldest_request() {
        const UNDER_WAY: &[(u32, Happens)] = &[(0, Asked)];
        const DOWNLOAD: &[(u32, Happens)] =
            &[(1, Asked), (1, Wrote(9)), (1, Stuck), (2900, Wrote(9)), (2900, Stuck)];
        const IDLE: &[(u32, Happens)] = &[(2900, Asked), (2950, Wrote(9))];
        const IDLE_LONGER: &[(u32, Happens)] = &[(2890, Asked), (2940, Wrote(9))];
        const NEXT_HEAD: &[(u32, Happens)] = &[(2, Asked), (2, Wrote(9)), (2990, Read)];
        const READS_NOTHING: &[(u32, Happens)] = &[(1000, Asked), (1000, Wrote(9)), (1500, Stuck)];
        const DRIBBLES: &[(u32, Happens)] = &[(1600, Read), (2999, Read)];
        const SILENT: &[(u32, Happens)] = &[];
        let all =
            [UNDER_WAY, DOWNLOAD, IDLE, IDLE_LONGER, NEXT_HEAD, READS_NOTHING, DRIBBLES, SILENT];
        let order = closed("all", &all, 3000);
        assert_eq!(order, [3, 2, 7, 5, 6, 0, 1, 4]);
        assert_eq!(closed("idle", &[UNDER_WAY, IDLE], 3000), [1, 0]);
        assert_eq!(closed("stuck", &[DOWNLOAD, READS_NOTHING], 3000), [1, 0]);
        // For a second each of them may be about to continue.
        let soon: &[_] = &[(100, Asked), (100, Wrote(9)), (500, Stuck)];
        assert_eq!(closed("a moment", &[UNDER_WAY, soon, SILENT], 999), [0, 2, 1]);
    }

    #[test]
    fn a_connection_that_may_be_within_a_request_keeps_its_descriptor() {
        let (connections, start) = (HttpConnections::new(3), Instant::now());
        let (place, _) = connections.enter(IDLE, start);
        assert!(!connections.close_one(start + 900 * MS));
        place.connection.asked(start + 900 * MS);
        assert!(!connections.close_one(start + 1800 * MS));
        assert!(connections.close_one(start + 2 * S));
        assert!(is_closed(&place));
    }

    #[test]
    fn a_thousand_that_come_again_and_again_never_keep_one_out_that_asks() {
        let (connections, start) = (HttpConnections::new(1024), Instant::now());
        let mut now = start;
        let mut silent: Vec<_> = (0..1024).map(|_| connections.enter(IDLE, now).0).collect();
        for turn in 0..100 {
            now += 5 * MS;
            let (honest, _) = connections.enter(IDLE, now);
            // A hundred more arrive before its request, and close the oldest.
            silent.extend((0..100).map(|_| connections.enter(IDLE, now + MS).0));
            assert!(!is_closed(&honest), "turn {turn}");
            let closed = silent.iter().take_while(|place| is_closed(place)).count();
            assert!(closed >= 100, "turn {turn}");
            silent.drain(..closed);
        }
    }

    #[test]
    fn a_connection_makes_a_bounded_number_of_requests() {
        let (connections, now) = (HttpConnections::new(1), Instant::now());
        let (place, _) = connections.enter(IDLE, now);
        assert!((1..REQUESTS_MAX).all(|_| !place.connection.asked(now)));
        assert!(place.connection.asked(now));
    }
}
