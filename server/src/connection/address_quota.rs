//! Per-address quotas of connections, seats, handshakes and wrong keys. The table is bounded. It
//! forgets addresses that have nothing open and full budgets. Time is an argument.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bolide_transport::{Rate, TokenBucket};

use crate::config::Budgets;
use crate::measure::reasons::RefuseReason;

/// Maximum number of remembered addresses. Each belongs to a client of this second or has a
/// connection open, so more of them than this is an attack, and new addresses wait.
const ADDRESSES_MAX: usize = 65_536;

/// Interval between two sweeps of a full table. A sweep takes a millisecond.
const FULL_SWEEP: Duration = Duration::from_millis(100);

/// Size below which a sweep is not worth it.
const SWEEP_MIN: usize = 256;

/// Wrong keys that an address may send within [`WRONG_KEYS_WINDOW`]. A person who mistypes needs
/// fewer.
const WRONG_KEYS_MAX: u32 = 10;

/// The time over which wrong keys are counted, from the first one.
const WRONG_KEYS_WINDOW: Duration = Duration::from_secs(60);

/// The quotas of all addresses.
#[derive(Debug)]
pub(crate) struct Addresses {
    table: Mutex<Table>,
    bounds: Bounds,
    loopback: bool,
}

/// The limits of one address.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    connections_max: u32,
    handshakes: Rate,
    /// Number of addresses whose limits a site gets together.
    site_addresses: u32,
}

#[derive(Debug)]
struct Table {
    entries: HashMap<Key, Entry>,
    /// Number of entries at which idle ones are forgotten.
    sweep_at: usize,
    swept: Option<Instant>,
}

/// The unit that is counted. In IPv6 a household has a network of 64 bits; a site, or the customer
/// of a hoster, has one of 48.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    V4(Ipv4Addr),
    V6([u16; 4]),
    Site([u16; 3]),
}

#[derive(Debug)]
struct Entry {
    open: u32,
    seats: u32,
    handshakes: TokenBucket,
    /// Wrong keys since a time, which is within the window if any count.
    wrong_keys: (u32, Instant),
}

/// A connection or a seat that counts for its address until this is dropped.
#[derive(Debug)]
pub(crate) struct AddressPermit {
    addresses: Arc<Addresses>,
    keys: Keys,
    is_seat: bool,
}

/// All keys that an address counts for.
type Keys = [Option<Key>; 2];

/// The address holds its maximum number of seats, which is the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "your address holds {0} seats, as many as it may; leave one, or wait until those whose connection is lost are free"
)]
pub(crate) struct TooManySeats(u32);

impl Addresses {
    pub(crate) fn new(budgets: &Budgets) -> Addresses {
        Addresses {
            table: Mutex::new(Table { entries: HashMap::new(), sweep_at: SWEEP_MIN, swept: None }),
            bounds: Bounds {
                connections_max: budgets.address_connections,
                handshakes: budgets.handshakes(),
                site_addresses: budgets.site_addresses,
            },
            loopback: budgets.address_loopback,
        }
    }

    /// Counts a connection. Returns `None` if its address is not counted.
    pub(crate) fn open(
        self: &Arc<Addresses>,
        address: IpAddr,
        now: Instant,
    ) -> Result<Option<AddressPermit>, RefuseReason> {
        let keys = self.keys(address);
        if keys == NOT_COUNTED {
            return Ok(None);
        }
        let mut table = self.table();
        let mut counted = NOT_COUNTED;
        for (key, counted_key) in keys.into_iter().flatten().zip(0..) {
            let (most, _) = self.bounds.of(key);
            let refused = match table.entry(key, &self.bounds, now) {
                Ok(entry) if entry.open < most => {
                    // Counted at once, because an entry with nothing open may be forgotten for the
                    // next key.
                    entry.open += 1;
                    counted[counted_key] = Some(key);
                    None
                }
                Ok(_) => Some(RefuseReason::AddressConnections),
                Err(why) => Some(why),
            };
            if let Some(why) = refused {
                table.count(counted, |entry| entry.open -= 1);
                return Err(why);
            }
        }
        Ok(Some(AddressPermit { addresses: Arc::clone(self), keys, is_seat: false }))
    }

    /// Counts a handshake.
    pub(crate) fn handshake(&self, address: IpAddr, now: Instant) -> Result<(), RefuseReason> {
        let mut table = self.table();
        for key in self.keys(address).into_iter().flatten() {
            let (_, rate) = self.bounds.of(key);
            if !table.entry(key, &self.bounds, now)?.handshakes.take(rate, 1, now) {
                return Err(RefuseReason::AddressHandshakes);
            }
        }
        Ok(())
    }

    /// Counts a wrong key of a backend. Returns false if the address has sent too many.
    pub(crate) fn wrong_key(&self, address: IpAddr, now: Instant) -> bool {
        let mut table = self.table();
        let mut is_within = true;
        for key in self.keys(address).into_iter().flatten() {
            let Ok(entry) = table.entry(key, &self.bounds, now) else { return false };
            if !entry.has_wrong_keys(now) {
                entry.wrong_keys = (0, now);
            }
            let (count, _) = &mut entry.wrong_keys;
            *count = count.saturating_add(1);
            is_within &= *count <= WRONG_KEYS_MAX;
        }
        is_within
    }

    fn keys(&self, address: IpAddr) -> Keys {
        match address.to_canonical() {
            address if address.is_loopback() && !self.loopback => NOT_COUNTED,
            IpAddr::V4(address) => [Some(Key::V4(address)), None],
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                [Some(Key::V6([a, b, c, d])), Some(Key::Site([a, b, c]))]
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing panics between two changes that belong together.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NOT_COUNTED: Keys = [None; 2];

impl Bounds {
    /// Returns the limit of connections at once, and the rate of handshakes.
    const fn of(&self, key: Key) -> (u32, Rate) {
        let Bounds { connections_max, handshakes: Rate { per_s, burst }, site_addresses } = *self;
        let times = if matches!(key, Key::Site(_)) { site_addresses } else { 1 };
        let rate = Rate { per_s: per_s.saturating_mul(times), burst: burst.saturating_mul(times) };
        (connections_max.saturating_mul(times), rate)
    }
}

impl Table {
    fn entry(
        &mut self,
        key: Key,
        bounds: &Bounds,
        now: Instant,
    ) -> Result<&mut Entry, RefuseReason> {
        if self.entries.len() >= self.sweep_at && !self.entries.contains_key(&key) {
            let full = self.entries.len() >= ADDRESSES_MAX;
            if !full || self.swept.is_none_or(|swept| swept + FULL_SWEEP <= now) {
                self.sweep(bounds, now);
            }
            if self.entries.len() >= ADDRESSES_MAX {
                return Err(RefuseReason::Addresses);
            }
        }
        let new = || {
            let handshakes = TokenBucket::new(bounds.of(key).1, now);
            Entry { open: 0, seats: 0, handshakes, wrong_keys: (0, now) }
        };
        Ok(self.entries.entry(key).or_insert_with(new))
    }

    /// Changes the entries of these keys. None of them is forgotten while something is open for it.
    fn count(&mut self, keys: Keys, change: impl Fn(&mut Entry)) {
        for key in keys.into_iter().flatten() {
            self.entries.get_mut(&key).into_iter().for_each(&change);
        }
    }

    /// Forgets entries that are as good as new. The next sweep is due when the table has doubled,
    /// so that each address is visited a constant number of times.
    fn sweep(&mut self, bounds: &Bounds, now: Instant) {
        self.swept = Some(now);
        self.entries.retain(|key, entry| {
            !entry.is_idle()
                || !entry.handshakes.is_full(bounds.of(*key).1, now)
                || entry.has_wrong_keys(now)
        });
        self.sweep_at = (2 * self.entries.len()).clamp(SWEEP_MIN, ADDRESSES_MAX);
        self.entries.shrink_to(self.sweep_at);
    }
}

impl Entry {
    const fn is_idle(&self) -> bool {
        self.open == 0 && self.seats == 0
    }

    fn has_wrong_keys(&self, now: Instant) -> bool {
        let (count, since) = self.wrong_keys;
        count > 0 && now.saturating_duration_since(since) < WRONG_KEYS_WINDOW
    }
}

impl AddressPermit {
    /// Counts a seat for the address of this connection. It counts until the seat is free, also
    /// while its session has no connection. Otherwise an address could hold as many seats as it can
    /// open connections within the grace time.
    ///
    /// # Errors
    /// The address holds as many seats as it may have connections.
    pub(crate) fn seat(&self) -> Result<AddressPermit, TooManySeats> {
        let addresses = &self.addresses;
        let mut table = addresses.table();
        for key in self.keys.into_iter().flatten() {
            let (most, _) = addresses.bounds.of(key);
            let seats = table.entries.get(&key).map_or(0, |entry| entry.seats);
            if seats >= most {
                return Err(TooManySeats(seats));
            }
        }
        table.count(self.keys, |entry| entry.seats += 1);
        Ok(AddressPermit { addresses: Arc::clone(addresses), keys: self.keys, is_seat: true })
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut table = self.addresses.table();
        if self.is_seat {
            table.count(self.keys, |entry| entry.seats -= 1);
        } else {
            table.count(self.keys, |entry| entry.open -= 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::{ADDRESSES_MAX, Addresses, SWEEP_MIN, TooManySeats};
    use crate::config::{Budgets, Config};
    use crate::measure::reasons::RefuseReason;

    fn addresses(loopback: bool) -> Arc<Addresses> {
        let budgets = Config::default().budgets;
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
        let mut permits: Vec<_> = (0..64).map(|_| addresses.open(ours, now)).collect();
        assert!(permits.iter().all(|permit| matches!(permit, Ok(Some(_)))));
        assert_eq!(addresses.open(neighbour, now).err(), Some(RefuseReason::AddressConnections));
        assert!(addresses.open(other, now).is_ok());
        permits.pop();
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
    fn a_site_has_as_much_as_so_many_addresses() {
        let addresses = addresses(false);
        let now = Instant::now();
        let of = |site: u16, network: u16| -> IpAddr {
            Ipv6Addr::new(0x2001, 0xdb8, site, network, 0, 0, 0, 1).into()
        };
        let open = |site, network| addresses.open(of(site, network), now);
        let mut permits: Vec<_> =
            (0..512).map(|number| open(1, number).expect("a place")).collect();
        assert_eq!(open(1, 9999).err(), Some(RefuseReason::AddressConnections));
        assert!(open(2, 1).is_ok(), "another site");
        permits.pop();
        assert!(open(1, 9999).is_ok());
        let passed = (0..9999).filter(|number| addresses.handshake(of(1, *number), now).is_ok());
        assert_eq!(passed.count(), 160);
        assert!(addresses.handshake(of(2, 1), now).is_ok());
        // A connection that its own network refuses costs the site nothing.
        let full: Vec<_> = (0..64).map(|_| open(3, 1).expect("a place")).collect();
        assert!((0..1000).all(|_| open(3, 1).is_err()));
        assert!(open(3, 2).is_ok());
        drop((full, permits));
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
            Err(RefuseReason::Addresses)
        );
        // A new address is locked out for no longer than a budget needs to fill.
        let later = start + Duration::from_secs(1);
        assert!(addresses.handshake(numbered(3 * ADDRESSES_MAX), later).is_ok());
        let table = addresses.table();
        assert_eq!(table.entries.len(), 2, "the one that is open, and the new one");
        assert!(table.entries.capacity() < 4 * SWEEP_MIN, "{}", table.entries.capacity());
        drop(table);
        drop(held);
    }

    #[test]
    fn ten_wrong_keys_a_minute_are_an_honest_mistake() {
        let (addresses, now) = (addresses(false), Instant::now());
        let ip = |text: &str| -> IpAddr { text.parse().expect("an address") };
        let (one, other) = (ip("192.0.2.1"), ip("192.0.2.2"));
        for _ in 0..10 {
            assert!(addresses.wrong_key(one, now));
        }
        assert!(!addresses.wrong_key(one, now + Duration::from_secs(59)));
        assert!(addresses.wrong_key(other, now));
        assert!(addresses.wrong_key(one, now + Duration::from_secs(60)));
        // This machine is not counted, as with all else.
        assert!((0..100).all(|_| addresses.wrong_key(ip("127.0.0.1"), now)));
    }
}
