//! The limit on the chat lines of a session.

use std::collections::VecDeque;

use bolide_net::limits::CHAT_LINES_MAX;

use crate::ids::RoomTick;

/// The room's ticks of a session's last lines, at most [`CHAT_LINES_MAX`].
#[derive(Default)]
pub(super) struct ChatBudget {
    said_at: VecDeque<RoomTick>,
}

impl ChatBudget {
    /// Takes one line from the budget. Returns false if none is left within the window.
    pub(super) fn take(&mut self, now: RoomTick, window_ticks: u64) -> bool {
        while self.said_at.front().is_some_and(|said| said.after(window_ticks) <= now) {
            self.said_at.pop_front();
        }
        let left = self.said_at.len() < CHAT_LINES_MAX as usize;
        if left {
            self.said_at.push_back(now);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::ChatBudget;
    use crate::ids::RoomTick;

    #[test]
    fn five_lines_in_the_window_and_no_more() {
        let mut budget = ChatBudget::default();
        let mut takes = |tick| budget.take(RoomTick(tick), 150);
        assert!((0..5).all(&mut takes));
        assert!(!takes(5));
        assert!(!takes(149));
        assert!(takes(150));
        assert!(!takes(150));
    }
}
