//! The limit on the chat lines of a session.

use std::collections::VecDeque;

use bolide_net::limits::CHAT_LINES_MAX;

/// The room's ticks of a session's last lines, at most [`CHAT_LINES_MAX`].
#[derive(Default)]
pub(crate) struct ChatBudget {
    said_at: VecDeque<u64>,
}

impl ChatBudget {
    /// Takes one line from the budget. Returns false if none is left within the window.
    pub(crate) fn take(&mut self, now: u64, window_ticks: u64) -> bool {
        while self.said_at.front().is_some_and(|said| said + window_ticks <= now) {
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

    #[test]
    fn five_lines_in_the_window_and_no_more() {
        let mut budget = ChatBudget::default();
        assert!((0..5).all(|tick| budget.take(tick, 150)));
        assert!(!budget.take(5, 150));
        assert!(!budget.take(149, 150));
        assert!(budget.take(150, 150));
        assert!(!budget.take(150, 150));
    }
}
