//! The pings of one connection: those of the room, and those that tell how far the page has read.
//! Both are WebSocket pings, which a browser answers by itself and in order, so an answer says that
//! the page has been given every frame before its ping.

use std::collections::VecDeque;

use bolide_sim::Tick;

/// Pings without an answer. The room asks every few seconds, and a hit or a correction asks once;
/// more than this many in the air means that the connection is dead. The oldest is given up.
const PINGS_MAX: usize = 64;

/// Round trips of which the mean counts: the frames of the page are delayed as its answers are.
const TRIPS: usize = 8;

/// The pings in the air, oldest first, and the last round trips.
#[derive(Default)]
pub(crate) struct Pings {
    sent: VecDeque<Ping>,
    newest: u32,
    trips: VecDeque<u32>,
}

struct Ping {
    nonce: u32,
    /// The number of the room's own ping, if it is one.
    room: Option<u32>,
    sent_at: Tick,
}

impl Pings {
    /// Returns the number of the next ping. `room` is the number of the room's own, if it is one.
    pub(crate) fn send(&mut self, room: Option<u32>, tick: Tick) -> u32 {
        if self.sent.len() >= PINGS_MAX {
            self.sent.pop_front();
        }
        self.newest = self.newest.wrapping_add(1);
        self.sent.push_back(Ping { nonce: self.newest, room, sent_at: tick });
        self.newest
    }

    /// Takes an answer. It answers the earlier pings too, which a browser may leave out. Returns
    /// the number of the room's newest ping that it answers.
    pub(crate) fn answer(&mut self, nonce: u32, tick: Tick) -> Option<u32> {
        let index = self.sent.iter().position(|ping| ping.nonce == nonce)?;
        let answered: Vec<Ping> = self.sent.drain(..=index).collect();
        let last = answered.last()?;
        // A new match has begun in between if the ticks go back.
        if tick >= last.sent_at {
            if self.trips.len() >= TRIPS {
                self.trips.pop_front();
            }
            self.trips.push_back(tick.since(last.sent_at));
        }
        answered.iter().rev().find_map(|ping| ping.room)
    }

    /// Returns whether the page has been given the frames before this ping.
    pub(crate) fn is_answered(&self, nonce: u32) -> bool {
        self.sent.iter().all(|ping| ping.nonce != nonce)
    }

    /// Returns the mean round trip in whole ticks; 0 before the first answer.
    pub(crate) fn round_trip(&self) -> u32 {
        let count = u32::try_from(self.trips.len()).unwrap_or(u32::MAX).max(1);
        (self.trips.iter().sum::<u32>() + count / 2) / count
    }
}

#[cfg(test)]
mod tests {
    use bolide_sim::Tick;

    use super::{PINGS_MAX, Pings};

    #[test]
    fn an_answer_answers_what_was_sent_before() {
        let mut pings = Pings::default();
        let barrier = pings.send(None, Tick(10));
        let room = pings.send(Some(77), Tick(11));
        let later = pings.send(None, Tick(12));
        assert!(!pings.is_answered(barrier));
        assert_eq!(pings.answer(room, Tick(14)), Some(77));
        assert!(pings.is_answered(barrier) && pings.is_answered(room) && !pings.is_answered(later));
        assert_eq!(pings.round_trip(), 3);
        assert_eq!(pings.answer(room, Tick(20)), None, "answered twice");
        assert_eq!(pings.answer(99, Tick(20)), None, "never sent");
        assert_eq!(pings.round_trip(), 3);
    }

    #[test]
    fn the_mean_of_the_last_trips_counts() {
        let mut pings = Pings::default();
        let trips = [(90, 90), (20, 55), (40, 50)].into_iter().chain([(50, 50); 5]);
        for (trip, expect) in trips.chain([(50, 45)]) {
            let nonce = pings.send(None, Tick(100));
            pings.answer(nonce, Tick(100 + trip));
            assert_eq!(pings.round_trip(), expect);
        }
        let nonce = pings.send(None, Tick(100));
        pings.answer(nonce, Tick(3));
        assert_eq!(pings.round_trip(), 45, "another match");
    }

    #[test]
    fn a_connection_that_never_answers_costs_no_memory() {
        let mut pings = Pings::default();
        let first = pings.send(None, Tick(0));
        for _ in 0..PINGS_MAX {
            pings.send(Some(1), Tick(0));
        }
        assert_eq!(pings.sent.len(), PINGS_MAX);
        assert!(pings.is_answered(first), "given up");
    }
}
