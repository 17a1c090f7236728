//! How far back a shot reaches: by what the server has measured, and not by what a client makes of
//! it.

use bolide_net::{ClientMessage, InputMessage, ServerMessage};
use bolide_room::ConnectionId;
use bolide_sim::journal::{Reader, Record};
use bolide_sim::{Command, GRID, Input, PlayerId, Point};
use uuid::Uuid;

use crate::shell::{ADA, BEA, CAT, Shell, fight};

/// Answers so many pings, each after so many ticks. Returns how far back shots may reach, as was
/// told last in that time.
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

/// The rewinds of all inputs of a seat, as the journal has them.
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

/// What a tick without a snapshot says may leave later than it. A ping that did would make round trips longer, and rewinds
/// with them.
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

#[test]
fn no_shot_comes_from_where_its_shooter_was_before_a_blink() {
    let (mut shell, ada, _) = fight();
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
    assert_eq!((shot.from, shot.rewind_ticks), (blinked_to, 1));
    assert_eq!(rewinds(&shell, ada), [6, 6, 1]);
}
