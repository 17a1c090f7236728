//! The inputs of one seat between the socket and the tick. A tick takes at most one, so that a
//! burst that was delayed on the way never acts all at once.

use bolide_net::InputMessage;
use bolide_net::limits::{INPUT_LEAD_TICKS_MAX, INPUTS_HELD_MAX, SEQ_AHEAD_MAX};
use bolide_sim::{Input, PlayerId};

/// At most [`INPUTS_HELD_MAX`] inputs, by number. When full, the oldest move is dropped; if all are
/// shots and blinks, the new input is dropped.
#[derive(Default)]
pub(super) struct InputBuffer {
    held: Vec<Held>,
    newest_seq: u32,
    taken_seq: u32,
    last_taken_seq: u32,
}

/// An input and the first tick that may take it.
#[derive(Clone, Copy)]
pub(super) struct Held {
    due: u32,
    seq: u32,
    /// The tick of the world that the player saw.
    pub(super) view: Option<u32>,
    pub(super) input: Input,
}

/// The input of a player for one tick.
pub(crate) struct PlayerInput {
    /// The player.
    pub(crate) player: PlayerId,
    /// Its intent.
    pub(crate) input: Input,
    /// Age in ticks of the world that the player saw, as far as it may reach back.
    pub(crate) rewind_ticks: u8,
}

impl InputBuffer {
    /// Returns the highest number that the next input may have.
    pub(super) const fn seq_max(&self) -> u32 {
        self.newest_seq.saturating_add(SEQ_AHEAD_MAX)
    }

    /// Keeps an input until its tick. An input that is not newer than all before it is a repetition
    /// and is ignored.
    pub(super) fn push(&mut self, message: InputMessage, next_tick: u32) {
        let InputMessage { seq, for_tick, view, input } = message;
        if seq <= self.newest_seq {
            return;
        }
        self.newest_seq = seq;
        let latest = next_tick.saturating_add(INPUT_LEAD_TICKS_MAX);
        let due = for_tick.unwrap_or(next_tick).clamp(next_tick, latest);
        if self.held.len() >= INPUTS_HELD_MAX {
            let Some(oldest_move) = self.held.iter().position(|held| held.input.is_movement())
            else {
                return;
            };
            self.held.remove(oldest_move);
        }
        self.held.push(Held { due, seq, view, input });
    }

    /// Takes the input for this tick: the first shot or blink that is due, else the newest move. A
    /// move that an action delays is taken in the next tick. A blink drops it instead, because it
    /// ends the walk that was wanted before.
    pub(super) fn take(&mut self, tick: u32) -> Option<Held> {
        let due = |held: &Held| held.due <= tick;
        let action = self.held.iter().position(|held| due(held) && !held.input.is_movement());
        let index = action.or_else(|| self.held.iter().rposition(due))?;
        let taken = self.held.remove(index);
        if taken.input.ends_movements() {
            let is_ended =
                |held: &Held| held.input.is_movement() && held.seq < taken.seq && held.due <= tick;
            self.held.retain(|held| !is_ended(held));
        }
        self.last_taken_seq = taken.seq;
        self.taken_seq = self.taken_seq.max(taken.seq);
        Some(taken)
    }

    /// Drops the held inputs: a lost connection or a new match makes old intents void.
    pub(super) fn forget(&mut self) {
        self.held.clear();
    }

    /// Returns the newest number received.
    pub(super) const fn newest_seq(&self) -> u32 {
        self.newest_seq
    }

    /// Returns the newest number that a tick has taken; 0 before the first.
    pub(super) const fn taken_seq(&self) -> u32 {
        self.taken_seq
    }

    /// Returns the number of the input taken last. It may be lower than the newest one taken,
    /// because an action overtakes older moves.
    pub(super) const fn last_taken_seq(&self) -> u32 {
        self.last_taken_seq
    }
}

#[cfg(test)]
mod tests {
    use bolide_net::InputMessage;
    use bolide_sim::{Input, Point};

    use super::InputBuffer;

    const AT: Point = Point::new(1, 1);
    const MOVE: Input = Input::Move(AT);
    const SHOOT: Input = Input::Shoot(AT);
    const BLINK: Input = Input::Blink(AT);

    /// Pushes `(seq, for_tick, input)` before tick 10 and expects the numbers that ticks 10, 11, …
    /// take.
    fn check(pushed: &[(u32, Option<u32>, Input)], expect: &[Option<u32>]) {
        let mut buffer = InputBuffer::default();
        for (seq, for_tick, input) in pushed {
            buffer.push(
                InputMessage { seq: *seq, for_tick: *for_tick, view: None, input: *input },
                10,
            );
        }
        let taken: Vec<_> =
            (10..).zip(expect).map(|(tick, _)| buffer.take(tick).map(|input| input.seq)).collect();
        assert_eq!(taken, expect, "{pushed:?}");
    }

    #[test]
    fn one_input_per_tick() {
        check(&[], &[None]);
        check(&[(1, None, MOVE)], &[Some(1), None]);
        check(&[(1, None, SHOOT), (2, None, SHOOT)], &[Some(1), Some(2), None]);
    }

    #[test]
    fn the_newest_move_wins_and_never_displaces_an_action() {
        check(&[(1, None, MOVE), (2, None, MOVE)], &[Some(2), None]);
        check(&[(1, None, MOVE), (2, None, SHOOT), (3, None, MOVE)], &[Some(2), Some(3), None]);
        check(&[(1, None, MOVE), (2, None, SHOOT)], &[Some(2), Some(1), None]);
        check(&[(1, None, MOVE), (2, None, BLINK)], &[Some(2), None]);
        check(&[(1, None, BLINK), (2, None, MOVE)], &[Some(1), Some(2), None]);
    }

    #[test]
    fn early_ones_wait_and_late_ones_take_the_next_tick() {
        check(&[(1, Some(12), MOVE)], &[None, None, Some(1), None]);
        check(&[(1, Some(3), MOVE)], &[Some(1), None]);
        check(&[(1, Some(12), SHOOT), (2, None, MOVE)], &[Some(2), None, Some(1)]);
        check(
            &[(1, Some(u32::MAX), MOVE)],
            &[None, None, None, None, None, None, None, None, Some(1)],
        );
    }

    #[test]
    fn repetitions_are_ignored_and_the_buffer_is_bounded() {
        check(&[(2, None, SHOOT), (2, None, SHOOT), (1, None, SHOOT)], &[Some(2), None]);
        let burst: Vec<_> = (1..=20).map(|seq| (seq, None, SHOOT)).collect();
        let mut expect: Vec<_> = (1..=8).map(Some).collect();
        expect.push(None);
        check(&burst, &expect);
        let mut mixed: Vec<_> =
            (1..=8).map(|seq| (seq, None, if seq == 1 { MOVE } else { SHOOT })).collect();
        mixed.push((9, None, BLINK));
        let mut expect: Vec<_> = (2..=9).map(Some).collect();
        expect.push(None);
        check(&mixed, &expect);
    }
}
