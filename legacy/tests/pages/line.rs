//! A connection with a delay: it delivers in order, each way after half of the round trip, give or
//! take half of the jitter.

use std::collections::VecDeque;

use crate::dice::Dice;

/// A connection of a page.
pub(crate) struct Line {
    to_page: VecDeque<(u64, Down)>,
    to_server: VecDeque<(u64, Up)>,
    delay_us: u64,
    jitter_us: u64,
    dice: Dice,
}

/// One write of the server: frames, then pings.
pub(crate) type Down = (Vec<String>, Vec<u32>);

/// A message of the page or of its browser.
pub(crate) enum Up {
    Frame(String),
    Pong(u32),
}

impl Line {
    pub(crate) const fn new(round_trip_ms: u64, jitter_ms: u64, dice: Dice) -> Line {
        Line {
            to_page: VecDeque::new(),
            to_server: VecDeque::new(),
            delay_us: round_trip_ms * 500 - jitter_ms * 500,
            jitter_us: jitter_ms * 1_000,
            dice,
        }
    }

    /// Sends something to the page.
    pub(crate) fn down(&mut self, now_us: u64, what: Down) {
        let at = self.arrival(now_us, self.to_page.back().map(|(at, _)| *at));
        self.to_page.push_back((at, what));
    }

    /// Sends something to the server.
    pub(crate) fn up(&mut self, now_us: u64, what: Up) {
        let at = self.arrival(now_us, self.to_server.back().map(|(at, _)| *at));
        self.to_server.push_back((at, what));
    }

    /// Returns the next write that has arrived at the page.
    pub(crate) fn at_page(&mut self, now_us: u64) -> Option<Down> {
        due(&mut self.to_page, now_us)
    }

    /// Returns the next message that has arrived at the server.
    pub(crate) fn at_server(&mut self, now_us: u64) -> Option<Up> {
        due(&mut self.to_server, now_us)
    }

    fn arrival(&mut self, now_us: u64, last_us: Option<u64>) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let jitter_us = (self.dice.share() * self.jitter_us as f64) as u64;
        (now_us + self.delay_us + jitter_us).max(last_us.unwrap_or(0))
    }
}

fn due<T>(line: &mut VecDeque<(u64, T)>, now_us: u64) -> Option<T> {
    let is_due = line.front().is_some_and(|(at, _)| *at <= now_us);
    if is_due { line.pop_front().map(|(_, what)| what) } else { None }
}
