//! The messages that a person may send over all its sockets: a steady rate, and a burst on top.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::member::{Browser, Identity, MemberId};

/// The one who is held to a budget. A stranger without a cookie is known by nothing but its socket;
/// the owner bounds the sockets of an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Person {
    User(String),
    Browser(Browser),
    Socket(MemberId),
}

impl Person {
    pub(crate) fn of(member: MemberId, identity: &Identity) -> Person {
        match (&identity.user, identity.browser) {
            (Some(user), _) => Person::User(user.clone()),
            (None, Some(browser)) => Person::Browser(browser),
            (None, None) => Person::Socket(member),
        }
    }
}

/// The budgets of all persons.
#[derive(Debug)]
pub(crate) struct Budgets {
    /// The time that one message takes to be earned again.
    interval: Duration,
    /// The time that a whole burst takes.
    burst: Duration,
    /// The times at which persons have earned all their messages again. Others have a full budget.
    full_at: BTreeMap<Person, Duration>,
}

impl Budgets {
    pub(crate) fn new(per_s: u32, burst: u32) -> Budgets {
        let interval = Duration::from_secs(1) / per_s.max(1);
        Budgets { interval, burst: interval * burst.max(1), full_at: BTreeMap::new() }
    }

    /// Takes one message from a person's budget. Returns false if none is left.
    pub(crate) fn take(&mut self, person: &Person, now: Duration) -> bool {
        let full_at = self.full_at.get(person).copied().unwrap_or(now).max(now) + self.interval;
        let enough = full_at - now <= self.burst;
        if enough {
            self.full_at.insert(person.clone(), full_at);
        }
        enough
    }

    /// Forgets a person who cannot come again.
    pub(crate) fn remove(&mut self, person: &Person) {
        self.full_at.remove(person);
    }

    /// Forgets persons whose budget is full.
    pub(crate) fn sweep(&mut self, now: Duration) {
        self.full_at.retain(|_, full_at| *full_at > now);
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Budgets, Person};
    use crate::member::{Browser, MemberId};

    const ANN: Person = Person::Browser(Browser([1; 32]));
    const BOB: Person = Person::Socket(MemberId(1));

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_then_the_steady_rate() {
        let mut budgets = Budgets::new(5, 30);
        assert_eq!((0..100).filter(|_| budgets.take(&ANN, ms(0))).count(), 30);
        assert!(!budgets.take(&ANN, ms(199)));
        assert!(budgets.take(&ANN, ms(200)));
        assert!(!budgets.take(&ANN, ms(200)));
        let later = |n: u64| ms(60_000 + n * 200);
        assert!((0..1000).all(|n| budgets.take(&ANN, later(n))), "5 a second for ever");
    }

    #[test]
    fn persons_have_budgets_of_their_own_and_full_ones_cost_no_memory() {
        let mut budgets = Budgets::new(1, 1);
        assert!(budgets.take(&ANN, ms(0)) && budgets.take(&BOB, ms(500)));
        assert!(!budgets.take(&ANN, ms(999)));
        budgets.sweep(ms(1000));
        assert_eq!(budgets.full_at.keys().collect::<Vec<_>>(), [&BOB]);
        budgets.remove(&BOB);
        assert!(budgets.take(&BOB, ms(1000)));
    }
}
