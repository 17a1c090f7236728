//! A match of several segments: recovered from the newest segment that begins whole, and replayed
//! through all of them.

use bolide_sim::journal::{JournalError, Recovered, Replay, ReplayError, Writer, recover_segments};
use bolide_sim::{BotSkill, Command, PlayerId, PlayerKind, Tick, World, preset};

/// Returns a match of bots in two segments, and the world at its end. The first goes up to a tick,
/// the second from the state of another tick to tick 100.
fn segments(first_until: u32, second_from: u32) -> ([Vec<u8>; 2], World) {
    let mut world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let mut first = Writer::new(&world, "brawl", "test");
    let mut second = None;
    let bot = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Normal) };
    for tick in 1..=100 {
        let commands = if tick == 1 { (0..4).map(bot).collect() } else { Vec::new() };
        world.step(&commands, &mut Vec::new());
        if tick <= first_until {
            first.tick(world.tick(), &commands);
        }
        if let Some(second) = &mut second {
            Writer::tick(second, world.tick(), &commands);
        }
        if tick == second_from {
            let mut begins = Writer::new(&world, "brawl", "test");
            begins.state(&world);
            second = Some(begins);
        }
    }
    let mut second = second.expect("within the match");
    second.hash(&world);
    ([first.take(), second.take()], world)
}

fn recovered(segments: &[&[u8]]) -> (usize, u64, Tick) {
    let (index, Recovered { world, .. }) = recover_segments(segments).expect("recovers");
    (index, world.hash(), world.tick())
}

/// The hash of the world at the end of a replay, the missing ticks, and the number of replayed
/// ones.
type Played = (u64, Vec<(Tick, Tick)>, usize);

fn played(segments: &[&[u8]]) -> Result<Played, ReplayError> {
    let mut replay = Replay::open_segments(segments[0], &segments[1..])?;
    let mut ticks = 0;
    for tick in replay.by_ref() {
        tick?;
        ticks += 1;
    }
    Ok((replay.world().hash(), replay.gaps().to_vec(), ticks))
}

#[test]
fn a_match_is_recovered_from_its_newest_segment_and_replayed_through_all() {
    let ([first, second], world) = segments(60, 60);
    assert_eq!(recovered(&[&first, &second]), (1, world.hash(), Tick(100)));
    assert_eq!(recovered(&[&first]).2, Tick(60));
    assert_eq!(played(&[&first, &second]), Ok((world.hash(), vec![], 100)));
}

/// The machine died while the beginning of the segment was written. Nothing that would have been in
/// it was sent to a client.
#[test]
fn a_segment_whose_beginning_is_torn_holds_nothing() {
    let ([first, second], _) = segments(60, 60);
    let state_ends = {
        let (whole, _) = segments(60, 60);
        let world = recover_segments(&[&whole[0]]).expect("recovers").1.world;
        let mut begins = Writer::new(&world, "brawl", "test");
        begins.state(&world);
        begins.take().len()
    };
    for length in (0..state_ends).step_by(7).chain([state_ends - 1]) {
        let torn = &second[..length];
        assert_eq!(recovered(&[&first, torn]).0, 0, "{length} of {state_ends} bytes");
        assert_eq!(played(&[&first, torn]).expect("plays").2, 60);
        let zeros = [torn, &[0; 64]].concat();
        // Zeros may be the very bytes that are missing.
        let is_whole = zeros[..zeros.len().min(state_ends)] == second[..state_ends];
        assert_eq!(recovered(&[&first, &zeros]).0, usize::from(is_whole), "{length} bytes");
    }
    assert_eq!(recovered(&[&first, &second[..state_ends]]).0, 1);
    // A third segment was begun after that.
    let torn = &second[..state_ends - 1];
    assert_eq!(recovered(&[&first, torn, &second]).0, 2);
    assert_eq!(played(&[&first, torn, &second]).expect("plays").2, 100);
}

/// The second segment begins where the recovery of the first one ended, because the format of the
/// first one takes no more records.
#[test]
fn a_match_that_waits_goes_on_in_a_segment_without_a_gap() {
    let mut first = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let mut writer = Writer::new(&first, "brawl", "test");
    let join = Command::Join { player: PlayerId(0), kind: PlayerKind::Human };
    first.step(&[join], &mut Vec::new());
    writer.tick(first.tick(), &[join]);
    let first = writer.take();
    let mut world = recover_segments(&[&first]).expect("recovers").1.world;
    assert_eq!(world.tick(), Tick(29));
    let mut second = Writer::new(&world, "brawl", "test");
    second.state(&world);
    world.step(&[], &mut Vec::new());
    second.hash(&world);
    let second = second.take();
    assert_eq!(played(&[&first, &second]), Ok((world.hash(), vec![], 30)));
    // Something happened that no segment has.
    let join = Command::Join { player: PlayerId(1), kind: PlayerKind::Human };
    world.step(&[join], &mut Vec::new());
    let mut third = Writer::new(&world, "brawl", "test");
    third.state(&world);
    let gap = vec![(Tick(2), Tick(31))];
    assert_eq!(played(&[&first, &third.take()]), Ok((world.hash(), gap, 1)));
}

#[test]
fn damage_is_never_passed_over() {
    let ([first, second], _) = segments(60, 60);
    for index in [0, 12, 60, second.len() / 2] {
        let mut damaged = second.clone();
        damaged[index] ^= 4;
        assert!(recover_segments(&[&first, &damaged]).is_err(), "byte {index}");
        assert!(played(&[&first, &damaged]).is_err(), "byte {index}");
    }
    let mut damaged = first.clone();
    damaged[first.len() / 2] ^= 4;
    assert!(matches!(
        played(&[&damaged, &second]),
        Err(ReplayError::Journal(JournalError::Damaged { .. }))
    ));
    let other = World::new(preset("duel").expect("a preset").rules, 3).expect("valid");
    let mut another = Writer::new(&other, "brawl", "test");
    another.state(&other);
    let error = played(&[&first, &another.take()]).expect_err("another match").to_string();
    assert!(error.contains("of another match"), "{error}");
}

/// The end of a segment that was left may be lost, up to the state at the beginning of the next
/// one.
#[test]
fn ticks_that_no_segment_has_are_told_and_passed_over() {
    let ([first, second], world) = segments(50, 60);
    let gap = vec![(Tick(51), Tick(60))];
    assert_eq!(played(&[&first, &second]), Ok((world.hash(), gap, 90)));
    let torn = &first[..first.len() - 2];
    let gap = vec![(Tick(50), Tick(60))];
    assert_eq!(played(&[torn, &second]), Ok((world.hash(), gap, 89)));
    let ([first, _], _) = segments(70, 60);
    let order = ReplayError::Order { after: Tick(70), tick: Tick(60) };
    assert_eq!(played(&[&first, &second]), Err(order));
}

#[test]
fn a_segment_that_begins_otherwise_than_the_one_before_ended_differs() {
    let ([first, _], _) = segments(60, 60);
    let world = recover_segments(&[&first]).expect("recovers").1.world;
    let mut other = world.fresh(3);
    while other.tick() < world.tick() {
        other.step(&[], &mut Vec::new());
    }
    let mut begins = Writer::new(&other, "brawl", "test");
    begins.state(&other);
    let second = begins.take();
    let differs = played(&[&first, &second]);
    assert!(matches!(differs, Err(ReplayError::Differs { tick: Tick(60), .. })), "{differs:?}");
}

/// The disk failed twice: a segment that should have closed a gap was left before it had a tick.
#[test]
fn a_segment_without_a_tick_is_followed_by_one_with_the_same_state() {
    for second_from in [60, 70] {
        let ([first, third], world) = segments(60, second_from);
        let state_ends = (1..third.len())
            .find(|length| {
                recover_segments(&[&first, &third[..*length]]).is_ok_and(|(at, _)| at == 1)
            })
            .expect("a state");
        let second = &third[..state_ends];
        let (hash, gaps, _) = played(&[&first, second, &third]).expect("plays");
        assert_eq!(hash, world.hash());
        assert_eq!(gaps.len(), usize::from(second_from > 60));
    }
}
