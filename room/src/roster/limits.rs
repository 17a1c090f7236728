//! The limits of sessions in ticks, worked out once.

use bolide_net::limits::CHAT_WINDOW_S;

use crate::config::RoomPolicy;
use crate::terms::Terms;

/// Longest time in seconds that a connection waits for its seat to be stored.
const SAVE_S: f32 = 5.0;

/// The limits of sessions, in ticks.
pub(super) struct Limits {
    /// From the loss of a connection until its seat is freed.
    pub(super) grace: u64,
    /// Longest wait of a connection until its seat is stored.
    pub(super) save: u64,
    /// The window in which chat lines are counted.
    pub(super) chat: u64,
    /// Until the seat of an idle session is freed.
    pub(super) idle: u64,
    /// Until a seat is freed whose session is silent while a match waits for players.
    pub(super) silent: u64,
    /// Between two pings of a connection, and between two checks for idle seats.
    pub(super) second: u64,
}

impl Limits {
    /// Returns the limits of a policy.
    pub(super) fn new(policy: &RoomPolicy, terms: &Terms, is_private: bool) -> Limits {
        let RoomPolicy { grace_s, idle_s, private_idle_s, .. } = *policy;
        Limits {
            grace: terms.ticks(grace_s),
            save: terms.ticks(SAVE_S),
            chat: terms.ticks(CHAT_WINDOW_S),
            idle: terms.ticks(idle_s),
            silent: terms.ticks(if is_private { private_idle_s } else { idle_s }),
            second: terms.ticks(1.0),
        }
    }
}
