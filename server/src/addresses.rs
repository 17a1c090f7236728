//! What each address has open and how fast it opens more. The table is bounded and forgets whoever has nothing open
//! and nothing to wait for. Time is an argument.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::budgets::Budgets;
use crate::counters::Refused;
use crate::rate::{Bucket, Rate};

/// Addresses that are remembered. Each is a client of this second, or has a connection open: more of them than this
/// is an attack, and whoever is new waits.
const ADDRESSES_MAX: usize = 65_536;

/// Between two looks through a full table, which take a millisecond.
const FULL_SWEEP: Duration = Duration::from_millis(100);

/// Below this many, looking for what can be forgotten is not worth it.
const SWEEP_MIN: usize = 256;

/// All addresses.
#[derive(Debug)]
pub(crate) struct Addresses {
    table: Mutex<Table>,
    connections_max: u32,
    handshakes: Rate,
    loopback: bool,
}

#[derive(Debug)]
struct Table {
    entries: HashMap<Key, Entry>,
    /// How many there may be before those that can be are forgotten.
    sweep_at: usize,
    swept: Option<Instant>,
}

/// Whom an address stands for: of IPv6 a household gets a whole network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

#[derive(Debug)]
struct Entry {
    open: u32,
    seats: u32,
    handshakes: Bucket,
}

/// A connection, or a seat, that counts for its address until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    addresses: Arc<Addresses>,
    key: Key,
    is_seat: bool,
}

/// An address holds as many seats as it may, which are so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "your address holds {0} seats, as many as it may; leave one, or wait until those whose connection is lost are free"
)]
pub(crate) struct TooManySeats(u32);

impl Addresses {
    pub(crate) fn new(budgets: &Budgets) -> Addresses {
        Addresses {
            table: Mutex::new(Table { entries: HashMap::new(), sweep_at: SWEEP_MIN, swept: None }),
            connections_max: budgets.address_connections,
            handshakes: budgets.handshakes(),
            loopback: budgets.address_loopback,
        }
    }

    /// Counts a connection. `None` if its address is not counted.
    pub(crate) fn open(
        self: &Arc<Addresses>,
        address: IpAddr,
        now: Instant,
    ) -> Result<Option<Place>, Refused> {
        let Some(key) = self.key(address) else { return Ok(None) };
        let mut table = self.table();
        let entry = table.entry(key, self.handshakes, now)?;
        if entry.open >= self.connections_max {
            return Err(Refused::AddressConnections);
        }
        entry.open += 1;
        Ok(Some(Place { addresses: Arc::clone(self), key, is_seat: false }))
    }

    /// Counts a handshake.
    pub(crate) fn handshake(&self, address: IpAddr, now: Instant) -> Result<(), Refused> {
        let Some(key) = self.key(address) else { return Ok(()) };
        let mut table = self.table();
        let entry = table.entry(key, self.handshakes, now)?;
        if entry.handshakes.take(self.handshakes, 1, now) {
            Ok(())
        } else {
            Err(Refused::AddressHandshakes)
        }
    }

    fn key(&self, address: IpAddr) -> Option<Key> {
        let address = address.to_canonical();
        let counts = self.loopback || !address.is_loopback();
        counts.then(|| match address {
            IpAddr::V4(address) => Key::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Key::V6([a, b, c, d])
            }
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing in here panics between two changes that belong together.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn entry(&mut self, key: Key, rate: Rate, now: Instant) -> Result<&mut Entry, Refused> {
        if self.entries.len() >= self.sweep_at && !self.entries.contains_key(&key) {
            let full = self.entries.len() >= ADDRESSES_MAX;
            if !full || self.swept.is_none_or(|swept| swept + FULL_SWEEP <= now) {
                self.sweep(rate, now);
            }
            if self.entries.len() >= ADDRESSES_MAX {
                return Err(Refused::Addresses);
            }
        }
        let new = || Entry { open: 0, seats: 0, handshakes: Bucket::new(rate, now) };
        Ok(self.entries.entry(key).or_insert_with(new))
    }

    /// Forgets whoever is as good as new. The next time is when there are twice as many as now, so that each
    /// address is looked at a constant number of times.
    fn sweep(&mut self, rate: Rate, now: Instant) {
        self.swept = Some(now);
        self.entries.retain(|_, entry| !entry.is_idle() || !entry.handshakes.is_full(rate, now));
        self.sweep_at = (2 * self.entries.len()).clamp(SWEEP_MIN, ADDRESSES_MAX);
        self.entries.shrink_to(self.sweep_at);
    }
}

impl Entry {
    const fn is_idle(&self) -> bool {
        self.open == 0 && self.seats == 0
    }
}

impl Place {
    /// Counts a seat for the address of this connection. It counts until the seat is free, also while nobody is connected: otherwise
    /// an address would hold as many rooms as it can open connections within the grace time.
    ///
    /// # Errors
    /// The address holds as many seats as it may have connections.
    pub(crate) fn seat(&self) -> Result<Place, TooManySeats> {
        let Place { addresses, key, .. } = self;
        let mut table = addresses.table();
        let entry =
            table.entries.get_mut(key).expect("not forgotten while this connection is open");
        if entry.seats >= addresses.connections_max {
            return Err(TooManySeats(entry.seats));
        }
        entry.seats += 1;
        Ok(Place { addresses: Arc::clone(addresses), key: *key, is_seat: true })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(entry) = self.addresses.table().entries.get_mut(&self.key) {
            let count = if self.is_seat { &mut entry.seats } else { &mut entry.open };
            *count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::{ADDRESSES_MAX, Addresses, SWEEP_MIN, TooManySeats};
    use crate::budgets::{BudgetSettings, Budgets};
    use crate::counters::Refused;

    fn addresses(loopback: bool) -> Arc<Addresses> {
        let budgets = BudgetSettings::default().resolve().expect("allowed");
        Arc::new(Addresses::new(&Budgets { address_loopback: loopback, ..budgets }))
    }

    fn numbered(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number).expect("small")).into()
    }

    #[test]
    fn an_address_has_so_many_connections_and_a_closed_one_makes_place() {
        let addresses = addresses(false);
        let now = Instant::now();
        let ours = "2001:db8:1:2::3".parse().expect("an address");
        let neighbour = "2001:db8:1:2:ffff::".parse().expect("an address");
        let other = "2001:db8:1:3::3".parse().expect("an address");
        let mut places: Vec<_> = (0..64).map(|_| addresses.open(ours, now)).collect();
        assert!(places.iter().all(|place| matches!(place, Ok(Some(_)))));
        assert_eq!(addresses.open(neighbour, now).err(), Some(Refused::AddressConnections));
        assert!(addresses.open(other, now).is_ok());
        places.pop();
        assert!(addresses.open(neighbour, now).is_ok());
    }

    #[test]
    fn a_seat_counts_until_it_is_free_whatever_becomes_of_its_connection() {
        let addresses = addresses(false);
        let start = Instant::now();
        let connect = |now| addresses.open(numbered(1), now).expect("a place").expect("counted");
        let mut seats: Vec<_> = (0..64).map(|_| connect(start).seat().expect("a seat")).collect();
        // Nothing is open and no handshake was counted, but the address is not forgotten.
        for other in 2..=2 * SWEEP_MIN {
            addresses.handshake(numbered(other), start).expect("few");
        }
        let held = connect(start);
        assert_eq!(held.seat().expect_err("one too many"), TooManySeats(64));
        seats.pop();
        seats.push(held.seat().expect("one is free"));
        drop((held, seats));
        assert!(addresses.table().entries.values().all(super::Entry::is_idle));
    }

    #[test]
    fn an_address_opens_so_many_a_second_and_the_others_do_not_notice() {
        let addresses = addresses(false);
        let start = Instant::now();
        let passed = |address, after| {
            let now = start + Duration::from_millis(after);
            (0..100).filter(|_| addresses.handshake(address, now).is_ok()).count()
        };
        assert_eq!(passed(numbered(1), 0), 20);
        assert_eq!(passed(numbered(2), 0), 20);
        assert_eq!(passed(numbered(1), 505), 10);
        assert_eq!(passed("::ffff:10.0.0.1".parse().expect("an address"), 1010), 10);
    }

    #[test]
    fn the_machine_itself_is_counted_only_when_that_is_wanted() {
        for (text, loopback, expect) in [
            ("127.0.0.1", false, 100),
            ("127.9.9.9", false, 100),
            ("::1", false, 100),
            ("::ffff:127.0.0.1", false, 100),
            ("127.0.0.1", true, 20),
            ("::1", true, 20),
        ] {
            let (addresses, now) = (addresses(loopback), Instant::now());
            let address = text.parse().expect("an address");
            let passed = (0..100).filter(|_| addresses.handshake(address, now).is_ok()).count();
            assert_eq!(passed, expect, "{text} {loopback}");
        }
    }

    #[test]
    fn the_table_is_bounded_and_shrinks() {
        let addresses = addresses(false);
        let start = Instant::now();
        let held = addresses.open(numbered(0), start).expect("a place");
        let known = (1..=2 * ADDRESSES_MAX)
            .filter(|number| addresses.handshake(numbered(*number), start).is_ok())
            .count();
        assert_eq!(known, ADDRESSES_MAX - 1);
        assert_eq!(
            addresses.handshake(numbered(3 * ADDRESSES_MAX), start),
            Err(Refused::Addresses)
        );
        // Nobody is locked out for longer than the budget needs to fill.
        let later = start + Duration::from_secs(1);
        assert!(addresses.handshake(numbered(3 * ADDRESSES_MAX), later).is_ok());
        let table = addresses.table();
        assert_eq!(table.entries.len(), 2, "the one that is open, and the new one");
        assert!(table.entries.capacity() < 4 * SWEEP_MIN, "{}", table.entries.capacity());
        drop(table);
        drop(held);
    }
}
