//! The reach of a shot into the past, by the server's measurements and not by a client's claims.

use std::time::Duration;

use bolide_net::{ClientMessage, InputMessage, ServerMessage};
use bolide_room::{ConnectionId, RoomPolicy};
use bolide_sim::journal::{Reader, Record};
use bolide_sim::{Command, GRID, Input, PlayerId, Point};
use uuid::Uuid;

use crate::shell::{ADA, BEA, CAT, Shell, config, fight, fight_in};

/// Answers this many pings, each after `round_trip` ticks. Returns how far back shots may reach, by
/// the last message in that time.
fn answer(shell: &mut Shell, by: ConnectionId, pings: u32, round_trip: u32) -> Option<u8> {
    let (mut answered, mut cap) = (0, None);
    while answered < pings {
        shell.ticks(1);
        let heard = shell.heard(by, |message| match message {
            ServerMessage::Ping { nonce } => Some(Ok(*nonce)),
            ServerMessage::Private(private) => Some(Err(private.rewind_ticks_max)),
            _ => None,
        });
        for heard in heard {
            match heard {
                Ok(nonce) => {
                    shell.ticks(round_trip);
                    shell.say(by, ClientMessage::Pong(nonce));
                    answered += 1;
                }
                Err(told) => cap = Some(told),
            }
        }
    }
    cap
}

/// Returns the rewinds of all inputs of a seat, from the journal.
fn rewinds(shell: &Shell, player: PlayerId) -> Vec<u8> {
    let journal = &shell.journals[&Uuid::from_u128(1)][0];
    let (_, reader) = Reader::open(journal).expect("a journal");
    let ticks = reader.filter_map(|record| match record.expect("whole") {
        Record::Tick { commands, .. } => Some(commands),
        _ => None,
    });
    let rewinds = ticks.flatten().filter_map(|command| match command {
        Command::Input { player: by, rewind_ticks, .. } if by == player => Some(rewind_ticks),
        _ => None,
    });
    rewinds.collect()
}

/// Messages of a tick without a snapshot may be sent later than the tick. A late ping would make
/// round trips longer, and rewinds with them.
#[test]
fn pings_come_with_snapshots_once_a_second() {
    let (mut shell, ..) = fight();
    let mut pinged = [0, 0];
    for tick in 0..120 {
        let shows = tick % 4 == 3;
        if shows {
            shell.room.handle_tick()
        } else {
            shell.room.handle_tick_unshown()
        }
        shell.drain();
        for (by, count) in [ADA, BEA].into_iter().zip(&mut pinged) {
            let pings = shell
                .heard(by, |message| matches!(message, ServerMessage::Ping { .. }).then_some(()));
            assert!(shows || pings.is_empty(), "tick {tick}");
            *count += pings.len();
        }
    }
    assert_eq!(pinged, [4, 4]);
}

#[test]
fn a_rewind_is_what_the_round_trip_explains_and_no_more() {
    // 100 ms are 3 ticks; 200 ms, the most there is, are 6.
    for (round_trip, cap) in [(1, 4), (2, 5), (20, 6)] {
        let (mut shell, ..) = fight();
        assert_eq!(answer(&mut shell, ADA, 3, round_trip), Some(cap));
    }
}

#[test]
fn late_answers_bring_nothing() {
    let (mut shell, ada, _) = fight();
    answer(&mut shell, ADA, 2, 0);
    assert_eq!(answer(&mut shell, ADA, 12, 20), None, "nothing new");
    shell.disconnect(ADA);
    assert_eq!(shell.resume(CAT, "token1", "fresh"), Ok(ada));
    assert_eq!(answer(&mut shell, CAT, 12, 20), Some(3));
}

/// Directions in which the target of the probe walks.
const WALKS: u32 = 32;

/// Hits of unled shots at a walking player, with a real round trip of 5 ms. Pings are answered at
/// once, late from the first one on, and late without a measurement by the kernel.
#[test]
fn to_answer_late_from_the_first_ping_hits_no_more_often() {
    let kernel = Some(Duration::from_millis(5));
    let table = [0.25, 0.35, 0.5].map(|distance| {
        [(0, kernel), (20, kernel), (20, None)].map(|(late, kernel)| hits(distance, late, kernel))
    });
    assert!(table.iter().all(|[at_once, late, _]| at_once == late), "{table:?}");
    assert!(table.iter().any(|[_, late, unbound]| unbound > late), "{table:?}");
}

/// Counts the hits of one shot for each direction, at a walking player this many units away. The
/// shooter answers pings after `late` ticks, and claims to see a world as old as possible.
fn hits(distance: f32, late: u32, kernel: Option<Duration>) -> usize {
    let is_hit = |walk: u32| {
        let (mut shell, ada, bea) = fight();
        let rules = shell.room.world().rules().clone();
        let (x, y) = (rules.arena_width / 2.0, rules.arena_height / 2.0);
        let at = |dx, dy| Point::snap([x + dx, y + dy].into());
        let act = |shell: &mut Shell, by, seq, input| {
            let view = Some(shell.room.world().tick().0 - 20);
            shell.say(by, ClientMessage::Input(InputMessage { seq, for_tick: None, view, input }));
        };
        act(&mut shell, ADA, 1, Input::Move(at(0.0, 0.0)));
        act(&mut shell, BEA, 1, Input::Move(at(distance, 0.0)));
        for _ in 0..4 {
            answer(&mut shell, ADA, 1, late);
            if let Some(kernel) = kernel {
                shell.room.handle_round_trip(ADA, kernel);
            }
        }
        shell.ticks(90);
        assert_eq!([shell.at(ada), shell.at(bea)], [at(0.0, 0.0), at(distance, 0.0)]);
        let (sin, cos) = (walk as f32 / WALKS as f32 * std::f32::consts::TAU).sin_cos();
        act(&mut shell, BEA, 2, Input::Move(at(distance + 0.4 * cos, 0.4 * sin)));
        shell.ticks(8);
        let seen = shell.at(bea);
        act(&mut shell, ADA, 2, Input::Shoot(seen));
        shell.ticks(60);
        shell.room.world().player(bea).expect("takes part").health < rules.health
    };
    (0..WALKS).filter(|walk| is_hit(*walk)).count()
}

#[test]
fn no_shot_comes_from_where_its_shooter_was_before_a_blink() {
    shoots_after_a_blink(Shell::brawl(), 1);
}

/// Such a flight begins where its shooter is. What it meets is what its shooter sees, blink or no
/// blink.
#[test]
fn a_flight_that_is_rewound_as_a_whole_reaches_back_beyond_a_blink() {
    let mut config = config("brawl", RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() });
    config.mode.rules.rewinds_flight = true;
    shoots_after_a_blink(Shell::of(config), 6);
}

fn shoots_after_a_blink(room: Shell, rewind_ticks: u8) {
    let (mut shell, ada, _) = fight_in(room);
    assert_eq!(answer(&mut shell, ADA, 2, 20), Some(6));
    let view = shell.room.world().tick().0 - 20;
    let at = Point::new(GRID, GRID / 2);
    let mut seq = 0;
    let mut act = |shell: &mut Shell, input| {
        seq += 1;
        let input = InputMessage { seq, for_tick: None, view: Some(view), input };
        shell.say(ADA, ClientMessage::Input(input));
        shell.ticks(1);
    };
    act(&mut shell, Input::Shoot(at));
    shell.ticks(90);
    act(&mut shell, Input::Blink(at));
    let blinked_to = shell.at(ada);
    act(&mut shell, Input::Shoot(Point::new(0, 0)));
    let shot = shell.room.world().fireballs().last().expect("a shot").clone();
    assert_eq!((shot.from, shot.rewind_ticks), (blinked_to, rewind_ticks));
    assert_eq!(rewinds(&shell, ada), [6, 6, rewind_ticks]);
}

#[test]
fn a_shot_reaches_back_to_the_very_tick_that_was_seen() {
    let (mut shell, ada, _) = fight();
    // The age of the view in ticks, and how far back that reaches: 100 ms at most without a pong.
    let views = [(None, 0), (Some(0), 0), (Some(1), 1), (Some(2), 2), (Some(3), 3), (Some(4), 3)];
    for (seq, (ago, _)) in (1..).zip(views) {
        let view = ago.map(|ago| shell.room.world().tick().0 - ago);
        let input = InputMessage { seq, for_tick: None, view, input: Input::Stop };
        shell.say(ADA, ClientMessage::Input(input));
        shell.ticks(1);
    }
    assert_eq!(rewinds(&shell, ada), views.map(|(_, rewind)| rewind));
}
