//! The world as a player of the swarm knows it, and what the players of a room share so that one
//! machine can run them all. The same bytes are decoded once, and the same delta is applied to the
//! same snapshot once. Both are pure functions, so each player still gets exactly what its own
//! frames contain.

use std::collections::VecDeque;
use std::rc::Rc;

use bolide_net::{Codec, DecodeError, Delta, Mismatch, ServerMessage, Snapshot};
use bolide_sim::{Rules, Tuning};

/// A decoded frame.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Snapshot(Rc<Snapshot>),
    Delta(Rc<Delta>),
    Other(Rc<ServerMessage>),
    /// A message of a newer server, which is ignored.
    Unknown,
}

/// State that the players of a room share.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    frames: VecDeque<(Vec<u8>, Told)>,
    steps: VecDeque<Step>,
    /// Tuning of the rules, if the players compute the places themselves.
    tuning: Option<Tuning>,
    schedule: Option<Schedule>,
}

/// A delta that was applied.
#[derive(Debug)]
struct Step {
    before: Rc<Snapshot>,
    delta: Rc<Delta>,
    after: Result<Rc<Snapshot>, Mismatch>,
}

/// The schedule of a match's ticks, as the promptest of them shows it.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    match_number: u32,
    /// Time of tick 0, in microseconds of the thread's clock.
    began_us: i64,
}

impl Memory {
    /// Prepares for motions: from now on the places are computed by these rules.
    pub(crate) fn simulate(&mut self, rules: &Rules) {
        self.tuning.get_or_insert_with(|| Tuning::new(rules));
    }

    /// Returns what a player sees that knows this snapshot.
    pub(crate) fn seen(&self, known: &Rc<Snapshot>) -> Rc<Snapshot> {
        match &self.tuning {
            Some(tuning) => Rc::new(known.seen_at(known.tick, tuning)),
            None => Rc::clone(known),
        }
    }

    /// Decodes a frame, unless another player of the room just had the same bytes.
    pub(crate) fn decode(&mut self, codec: Codec, frame: &[u8]) -> Result<Told, DecodeError> {
        if let Some((_, told)) = self.frames.iter().find(|(known, _)| known == frame) {
            return Ok(told.clone());
        }
        let told = match codec.decode_server(frame)? {
            Some(ServerMessage::Snapshot(snapshot)) => Told::Snapshot(Rc::new(snapshot)),
            Some(ServerMessage::Delta(delta)) => Told::Delta(Rc::new(delta)),
            Some(other) => Told::Other(Rc::new(other)),
            None => Told::Unknown,
        };
        // Frames for a single player are short, and would displace the shared ones.
        if frame.len() >= SHARED_BYTES_MIN {
            self.frames.truncate(FRAMES_MAX - 1);
            self.frames.push_front((frame.to_vec(), told.clone()));
        }
        Ok(told)
    }

    fn apply(
        &mut self,
        before: &Rc<Snapshot>,
        delta: &Rc<Delta>,
    ) -> Result<Rc<Snapshot>, Mismatch> {
        // The list keeps both alive, so their addresses identify them.
        let known = self
            .steps
            .iter()
            .find(|step| Rc::ptr_eq(&step.before, before) && Rc::ptr_eq(&step.delta, delta));
        if let Some(step) = known {
            return step.after.clone();
        }
        let fits = |after: &Rc<Snapshot>| {
            delta.hash.is_none_or(|hash| self.seen(after).view_hash() == hash)
        };
        let after = delta.apply(before).map(Rc::new);
        let after = after.and_then(|after| fits(&after).then_some(after).ok_or(Mismatch::Hash));
        self.steps.truncate(STEPS_MAX - 1);
        let (before, delta) = (Rc::clone(before), Rc::clone(delta));
        self.steps.push_front(Step { before, delta, after: after.clone() });
        after
    }

    /// Forgets the schedule: the server was away, so the ticks of the match come later from now on.
    pub(crate) const fn forget_schedule(&mut self) {
        self.schedule = None;
    }

    /// Returns the delay of a tick in microseconds. It is measured from the promptest tick of this
    /// match that any player of the room was sent.
    pub(crate) fn late_us(
        &mut self,
        match_number: u32,
        tick: u32,
        tick_rate: u32,
        now_us: i64,
    ) -> u64 {
        let began_us = now_us - i64::from(tick) * 1_000_000 / i64::from(tick_rate.max(1));
        let promptest = match self.schedule {
            Some(known) if known.match_number == match_number => known.began_us.min(began_us),
            _ => began_us,
        };
        self.schedule = Some(Schedule { match_number, began_us: promptest });
        u64::try_from(began_us - promptest).unwrap_or(0)
    }
}

/// Number of frames by which the players of a room may be apart. They share two frames per tick.
const FRAMES_MAX: usize = 6;

/// The same for deltas.
const STEPS_MAX: usize = 3;

const SHARED_BYTES_MIN: usize = 32;

/// The world of one player.
#[derive(Debug, Default)]
pub(crate) struct View {
    world: Option<Rc<Snapshot>>,
    /// Set after a request for a snapshot. Deltas are ignored until it arrives.
    waits: bool,
}

/// The effect of a frame on a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// There is a new world. `compared` is set if its hash was compared.
    News { compared: bool },
    /// The frame is ignored until the next snapshot.
    Waiting,
    /// The frame does not fit; a snapshot must be requested.
    Desync(Mismatch),
}

impl View {
    /// Returns the newest known snapshot.
    pub(crate) const fn world(&self) -> Option<&Rc<Snapshot>> {
        self.world.as_ref()
    }

    pub(crate) fn snapshot(&mut self, snapshot: &Rc<Snapshot>) -> Change {
        *self = View { world: Some(Rc::clone(snapshot)), waits: false };
        Change::News { compared: false }
    }

    pub(crate) fn delta(&mut self, delta: &Rc<Delta>, memory: &mut Memory) -> Change {
        if self.waits {
            return Change::Waiting;
        }
        let after =
            self.world.as_ref().map_or(Err(Mismatch::Base), |world| memory.apply(world, delta));
        match after {
            Ok(after) => {
                self.world = Some(after);
                Change::News { compared: delta.hash.is_some() }
            }
            Err(mismatch) => {
                self.waits = true;
                Change::Desync(mismatch)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use bolide_net::{Ack, Codec, Delta, Mismatch, ServerMessage, Snapshot};

    use super::{Change, FRAMES_MAX, Memory, Told, View};

    fn snapshot(tick: u32) -> Snapshot {
        let acks = (0..20).map(|player| Ack { player, seq: tick }).collect();
        Snapshot { tick, acks, ..Snapshot::default() }
    }

    fn delta(before: u32, after: u32, hash: Option<u32>) -> Rc<Delta> {
        Rc::new(Delta { hash, ..Delta::between(&snapshot(before), &snapshot(after)) })
    }

    #[test]
    fn the_same_bytes_are_decoded_once_and_a_few_are_kept() {
        let mut memory = Memory::default();
        let frame =
            |tick| Codec::Json.encode_server(&ServerMessage::Snapshot(snapshot(tick))).bytes;
        let mut decode = |tick| match memory.decode(Codec::Json, &frame(tick)) {
            Ok(Told::Snapshot(snapshot)) => snapshot,
            other => panic!("{other:?}"),
        };
        let first = decode(1);
        assert!(Rc::ptr_eq(&first, &decode(1)) && *first == snapshot(1));
        (2..100).for_each(|tick| assert_eq!(decode(tick).tick, tick));
        assert!(!Rc::ptr_eq(&first, &decode(1)));
        assert_eq!(memory.frames.len(), FRAMES_MAX);
    }

    #[test]
    fn a_delta_is_applied_once_for_all_who_have_the_same_and_its_hash_is_compared() {
        let mut memory = Memory::default();
        let (mut one, mut two) = (View::default(), View::default());
        let (whole, next) = (Rc::new(snapshot(1)), delta(1, 2, Some(snapshot(2).view_hash())));
        for view in [&mut one, &mut two] {
            assert_eq!(view.snapshot(&whole), Change::News { compared: false });
            assert_eq!(view.delta(&next, &mut memory), Change::News { compared: true });
        }
        let (Some(one), Some(two)) = (one.world(), two.world()) else { panic!("no world") };
        assert!(Rc::ptr_eq(one, two));
        assert_eq!(**one, snapshot(2));
    }

    #[test]
    fn what_does_not_fit_is_told_once_and_a_snapshot_heals_it() {
        let mut memory = Memory::default();
        let hash = Some(snapshot(2).view_hash() ^ 1);
        for (before, wrong, mismatch) in [
            (Some(1), delta(1, 2, hash), Mismatch::Hash),
            (Some(1), delta(5, 6, None), Mismatch::Base),
            (None, delta(1, 2, None), Mismatch::Base),
        ] {
            let mut view = View::default();
            before.iter().for_each(|tick| {
                assert!(
                    view.snapshot(&Rc::new(snapshot(*tick))) == Change::News { compared: false }
                )
            });
            assert_eq!(view.delta(&wrong, &mut memory), Change::Desync(mismatch));
            assert_eq!(view.delta(&wrong, &mut memory), Change::Waiting);
            view.snapshot(&Rc::new(snapshot(7)));
            assert_eq!(
                view.delta(&delta(7, 8, None), &mut memory),
                Change::News { compared: false }
            );
        }
    }

    #[test]
    fn lateness_counts_from_the_promptest_tick_of_a_match() {
        let mut memory = Memory::default();
        for (match_number, tick, now_us, expect) in [
            (1, 10, 1_000_000, 0),
            (1, 20, 1_500_000, 0),
            (1, 30, 2_007_000, 7_000),
            (1, 40, 2_490_000, 0),
            (1, 40, 2_495_000, 5_000),
            (1, 50, 3_000_000, 10_000),
            (2, 1, 3_100_000, 0),
            (2, 2, 3_150_000, 0),
        ] {
            assert_eq!(memory.late_us(match_number, tick, 20, now_us), expect, "tick {tick}");
        }
    }
}
