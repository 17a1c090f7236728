//! What a player of the swarm knows of its world, and what the players of a room share so that one machine can play them
//! all: the same bytes are decoded once, and the same delta is applied to the same snapshot once. Both are pure
//! functions, so each player still has what its own frames say.

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
    /// Of a newer server, to be ignored.
    Unknown,
}

/// What the players of a room share.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    frames: VecDeque<(Vec<u8>, Told)>,
    steps: VecDeque<Step>,
    /// Of the rules, if the players compute where everybody is.
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

/// When the ticks of a match come, as the promptest of them shows.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    match_number: u32,
    /// When its tick 0 was, in microseconds of our clock.
    began_us: i64,
}

impl Memory {
    /// From now on the players are told motions, and compute the places by these rules.
    pub(crate) fn simulate(&mut self, rules: &Rules) {
        self.tuning.get_or_insert_with(|| Tuning::new(rules));
    }

    /// What a player that knows this sees.
    pub(crate) fn seen(&self, known: &Rc<Snapshot>) -> Rc<Snapshot> {
        match &self.tuning {
            Some(tuning) => Rc::new(known.seen_at(known.tick, tuning)),
            None => Rc::clone(known),
        }
    }

    /// Decodes a frame, unless another player of the room just had the same.
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
        // What is for one player alone is short, and would drive out what is shared.
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
        // The list keeps both alive, so an address is an identity.
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

    /// From now on the ticks of the match come later than they did, because the server was away.
    pub(crate) const fn forget_schedule(&mut self) {
        self.schedule = None;
    }

    /// How many microseconds later than the promptest tick of this match, as seen by any player of the room, this one
    /// arrived.
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

/// Frames that the players of a room may be apart; what they share in a tick are two.
const FRAMES_MAX: usize = 6;

/// Likewise for deltas.
const STEPS_MAX: usize = 3;

const SHARED_BYTES_MIN: usize = 32;

/// What one player has of the world.
#[derive(Debug, Default)]
pub(crate) struct View {
    world: Option<Rc<Snapshot>>,
    /// It has asked for a snapshot, and ignores the deltas on the way.
    waits: bool,
}

/// What a frame did to a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// There is a newer world. Whether its hash was compared.
    News { compared: bool },
    /// Nothing that can be used before the next snapshot.
    Waiting,
    /// The frame does not fit; a snapshot must be asked for.
    Desync(Mismatch),
}

impl View {
    /// What it knows.
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
