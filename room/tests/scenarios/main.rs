//! The behaviour of a room, one short script for each part of it. There is no socket and no clock:
//! the test is the shell.

mod asking;
mod company;
mod fog;
mod gathering;
mod names;
mod opponents;
mod pace;
mod private;
mod proving;
mod rewinding;
mod shell;
mod sleeping;
mod spectating;
mod status;

use bolide_net::{ChatText, ClientMessage, CloseCode, WireEvent};
use bolide_room::{ConnectionId, JoinError, Lane, Output, RoomPolicy, Stage};
use bolide_sim::journal::{Reader, Record, Replay, recover};
use bolide_sim::{GRID, Input, Point};
use uuid::Uuid;

use shell::{ADA, BEA, CAT, Shell, chat, error, events, fight, private, result, snapshot, welcome};

#[test]
fn a_join_is_welcomed_and_both_formats_see_the_same_world() {
    let mut shell = Shell::brawl();
    let ada = shell.join(ADA).expect("a seat");
    let bea = shell.join(BEA).expect("a seat");
    shell.ticks(20);
    let welcomes = [ADA, BEA].map(|connection| {
        let heard =
            shell.told.iter().filter(|(to, ..)| *to == connection).find_map(|(.., m)| welcome(m));
        heard.expect("a welcome")
    });
    assert_eq!(welcomes.each_ref().map(|w| w.seat), [ada.0, bea.0]);
    assert_eq!(welcomes[0].rules, welcomes[1].rules);
    let (a, b) = (shell.heard(ADA, snapshot), shell.heard(BEA, snapshot));
    assert!(a.len() >= 2);
    assert_eq!(a, b);
    assert_eq!(a.last().expect("some").players.len(), 2);
}

#[test]
fn a_message_is_encoded_once_per_format_and_shared() {
    let (mut shell, ada, _) = fight();
    for id in 3..=8 {
        shell.join(ConnectionId(id)).expect("a seat");
    }
    // First a whole snapshot for all, then a delta for half of them, in both formats.
    for (tick, kinds) in [(0u32, 3), (1, 4), (2, 4)] {
        shell.input(ADA, tick + 1, Input::Move(Point::new(GRID, GRID / 2)));
        shell.room.handle_tick();
        let mut snapshots = Vec::new();
        while let Some(output) = shell.room.poll_output() {
            if let Output::Send { lane: Lane::Latest | Lane::Chained, frame, .. } = output {
                snapshots.push(frame);
            }
        }
        assert_eq!(snapshots.len(), 8);
        let mut buffers: Vec<_> = snapshots.iter().map(|frame| frame.bytes.as_ptr()).collect();
        buffers.sort_unstable();
        buffers.dedup();
        assert_eq!(buffers.len(), kinds, "tick {tick}: one buffer per format and kind");
    }
    assert!(shell.room.world().player(ada).is_some());
}

#[test]
fn deltas_and_whole_snapshots_show_the_same_world() {
    let (mut shell, ada, bea) = fight();
    for seq in 1..80 {
        let target = shell.at(if seq % 2 == 0 { bea } else { ada });
        shell.input(ADA, seq, Input::Shoot(target));
        shell.input(BEA, seq, Input::Move(target));
        shell.ticks(1);
        assert_eq!(shell.views[&ADA], shell.views[&BEA], "one whole, one by delta");
    }
    assert!(shell.deltas > 80, "{} deltas", shell.deltas);
}

#[test]
fn who_has_lost_a_frame_or_the_thread_gets_a_whole_snapshot() {
    let (mut shell, ..) = fight();
    shell.join(CAT).expect("a seat");
    shell.ticks(20);
    let whole =
        |shell: &Shell| shell.told.iter().any(|(to, lane, _)| (*to, *lane) == (BEA, Lane::Latest));
    shell.told.clear();
    shell.ticks(20);
    assert!(!whole(&shell));
    shell.room.handle_lagged(BEA);
    shell.ticks(1);
    assert!(whole(&shell));
    shell.told.clear();
    shell.ticks(20);
    assert!(!whole(&shell));
    shell.say(BEA, ClientMessage::Resync);
    shell.ticks(1);
    assert!(whole(&shell));
    shell.ticks(1);
    shell.told.clear();
    // Two at once, and nothing else is new.
    for connection in [BEA, CAT] {
        shell.room.handle_lagged(connection);
    }
    shell.ticks(1);
    assert!(whole(&shell));
}

#[test]
fn capacity_is_an_invariant() {
    let mut shell = Shell::new("classic", RoomPolicy::default());
    for id in 1..=3 {
        shell.join(ConnectionId(id)).expect("a seat");
    }
    assert_eq!(shell.join(ConnectionId(4)), Err(JoinError::Full(3)));
    shell.say(ADA, ClientMessage::Leave);
    assert_eq!(shell.closed, [(ADA, CloseCode::Normal)]);
    shell.ticks(1);
    shell.join(ConnectionId(4)).expect("the seat that was given back");
    assert_eq!(shell.status().seats_taken, 3);
}

#[test]
fn an_input_moves_its_own_player_and_is_acknowledged() {
    let (mut shell, ada, bea) = fight();
    let (a, b) = (shell.at(ada), shell.at(bea));
    shell.input(ADA, 1, Input::Move(Point::new(GRID, GRID / 2)));
    shell.ticks(1);
    assert_ne!(shell.at(ada), a);
    assert_eq!(shell.at(bea), b);
    let seen = shell.heard(BEA, snapshot).pop().expect("a snapshot");
    assert_eq!(seen.acks.iter().map(|ack| (ack.player, ack.seq)).collect::<Vec<_>>(), [(ada.0, 1)]);
}

#[test]
fn a_number_far_ahead_is_refused_and_ends_no_inputs() {
    let (mut shell, ada, _) = fight();
    let before = shell.at(ada);
    let to = Input::Move(Point::new(GRID, GRID / 2));
    for (seq, told) in [(u32::MAX, 1), ((1 << 20) + 1, 1), (1 << 20, 0), ((1 << 20) + 1, 0)] {
        shell.input(ADA, seq, to);
        let errors = shell.heard(ADA, error);
        assert_eq!(errors, vec!["out_of_range"; told], "{seq}");
    }
    shell.ticks(1);
    assert_ne!(shell.at(ada), before);
}

#[test]
fn a_refused_intent_is_told_to_its_owner_alone() {
    let (mut shell, ..) = fight();
    let at = Point::new(GRID, GRID / 2);
    shell.input(ADA, 1, Input::Shoot(at));
    shell.ticks(1);
    shell.input(ADA, 2, Input::Shoot(at));
    shell.ticks(1);
    let told: Vec<_> =
        shell.heard(ADA, private).into_iter().flat_map(|private| private.refused).collect();
    assert_eq!(told.iter().map(|refused| (refused.seq, refused.why)).collect::<Vec<_>>(), [(2, 2)]);
    assert!(shell.heard(BEA, private).iter().all(|private| private.refused.is_empty()));
}

#[test]
fn nothing_new_is_said_twice_a_second() {
    let mut shell = Shell::brawl();
    shell.join(ADA).expect("a seat");
    shell.ticks(30);
    shell.told.clear();
    shell.ticks(300);
    let heard = shell.heard(ADA, snapshot);
    assert_eq!(heard.len(), 20, "10 s of a waiting room");
}

#[test]
fn bots_come_so_that_nobody_waits_alone_and_a_person_goes_before_a_bot() {
    let mut shell = Shell::new("classic", RoomPolicy { bot_wait_s: 1.0, ..RoomPolicy::default() });
    shell.join(ADA).expect("a seat");
    shell.ticks(29);
    assert_eq!(shell.status().players, 1);
    shell.ticks(2);
    assert_eq!((shell.status().players, shell.status().stage), (3, Stage::Countdown));
    let bea = shell.join(BEA).expect("a seat");
    shell.ticks(1);
    assert_eq!(shell.status().players, 3);
    assert!(shell.room.world().player(bea).is_some(), "plays in this match");
    shell.ticks(10);
    assert_eq!(shell.status().stage, Stage::Running);
}

#[test]
fn a_late_joiner_watches_and_plays_in_the_next_match() {
    let (mut shell, ..) = fight();
    let cat = shell.join(CAT).expect("a seat");
    shell.ticks(1);
    assert!(shell.room.world().player(cat).is_none());
    assert_eq!(shell.heard(CAT, snapshot).len(), 1, "but sees it");
    shell.say(BEA, ClientMessage::Leave);
    shell.ticks(1);
    assert_eq!(shell.status().stage, Stage::Over);
    for connection in [ADA, CAT] {
        shell.say(connection, ClientMessage::Rematch);
    }
    shell.ticks(2);
    assert_eq!(shell.status().match_number, 2);
    assert!(shell.room.world().player(cat).is_some());
}

#[test]
fn a_match_is_won_and_the_next_one_begins_by_itself() {
    let (mut shell, ada, _) = fight();
    shell.say(BEA, ClientMessage::Leave);
    shell.ticks(1);
    assert_eq!(shell.heard(ADA, result), [Some(ada.0)]);
    shell.ticks(30 * 8 - 1);
    assert_eq!(shell.status().match_number, 1);
    shell.ticks(1);
    assert_eq!((shell.status().match_number, shell.status().stage), (2, Stage::Waiting));
}

#[test]
fn a_rematch_waits_for_most_of_those_who_are_here() {
    let (mut shell, ada, bea) = fight();
    let mut seq = 0;
    while shell.status().stage != Stage::Over {
        seq += 1;
        shell.input(ADA, seq, Input::Shoot(shell.at(bea)));
        shell.input(BEA, seq, Input::Stop);
        shell.ticks(10);
    }
    assert_eq!(shell.heard(BEA, result), [Some(ada.0)]);
    shell.say(ADA, ClientMessage::Rematch);
    shell.ticks(2);
    assert_eq!(shell.status().match_number, 1);
    shell.disconnect(BEA);
    shell.ticks(2);
    assert_eq!(shell.status().match_number, 2, "who is gone holds nobody up");
}

#[test]
fn a_lost_connection_keeps_its_body_and_its_seat() {
    let (mut shell, ada, bea) = fight();
    shell.input(ADA, 5, Input::Move(Point::new(GRID, GRID / 2)));
    shell.disconnect(ADA);
    shell.ticks(30);
    assert_eq!(shell.status().seats_taken, 2);
    assert!(shell.room.world().player(ada).is_some_and(|player| player.is_alive()));
    let before = shell.at(ada);
    assert_eq!(shell.resume(CAT, "token1", "fresh"), Ok(ada));
    let again = shell.heard(CAT, welcome).pop().expect("a welcome");
    assert_eq!((again.seat, again.seq, again.resume.as_str()), (ada.0, 5, "fresh"));
    shell.ticks(1);
    assert_eq!(shell.heard(CAT, snapshot).len(), 1, "a full snapshot at once");
    assert_eq!(shell.at(ada), before, "the input of the lost connection is not played");
    shell.disconnect(CAT);
    shell.ticks(30 * 20 - 1);
    assert_eq!(shell.status().seats_taken, 2);
    shell.ticks(1);
    assert_eq!(shell.status().seats_taken, 1);
    assert_eq!(shell.room.world().phase().outcome().and_then(|outcome| outcome.winner), Some(bea));
    assert_eq!(shell.resume(ADA, "fresh", "x"), Err(JoinError::BadResume));
}

#[test]
fn a_seat_whose_welcome_never_left_is_free_at_once_unless_its_session_has_an_earlier_token() {
    let (mut shell, _, bea) = fight();
    let cat = shell.join(CAT).expect("a seat");
    assert_eq!(shell.room.untold_seat(CAT), Some(cat));
    shell.room.handle_unwelcomed(CAT);
    shell.drain();
    shell.ticks(1);
    assert_eq!(shell.status().seats_taken, 2);
    assert_eq!(shell.resume(CAT, "token3", "fresh"), Err(JoinError::BadResume));

    shell.disconnect(BEA);
    let back = ConnectionId(8);
    assert_eq!(shell.resume(back, "token2", "fresh"), Ok(bea));
    assert_eq!(shell.room.untold_seat(back), None);
    shell.room.handle_unwelcomed(back);
    shell.ticks(1);
    assert_eq!(shell.status().seats_taken, 2);
    assert_eq!(shell.resume(BEA, "token2", "fresher"), Ok(bea), "for the grace time");
}

#[test]
fn the_old_token_opens_until_the_new_one_has_spoken() {
    let (mut shell, ada, _) = fight();
    shell.disconnect(ADA);
    assert_eq!(shell.resume(CAT, "token1", "second"), Ok(ada));
    // The welcome is lost, and the next one too: the old token still opens the seat.
    assert_eq!(shell.resume(ConnectionId(7), "token1", "lost"), Ok(ada));
    assert_eq!(shell.resume(ConnectionId(5), "token1", "third"), Ok(ada));
    assert!(shell.closed.contains(&(CAT, CloseCode::Replaced)));
    shell.input(ConnectionId(5), 1, Input::Stop);
    assert_eq!(shell.resume(ADA, "token1", "x"), Err(JoinError::BadResume));
    assert_eq!(shell.resume(ADA, "third", "fourth"), Ok(ada));
}

#[test]
fn chat_is_text_and_has_a_budget() {
    let (mut shell, ..) = fight();
    for line in 0..7 {
        let text = ChatText::parse(&format!("<b>{line}</b>")).expect("a line");
        shell.say(ADA, ClientMessage::Chat(text));
    }
    assert_eq!(
        shell.heard(BEA, chat),
        (0..5).map(|line| format!("<b>{line}</b>")).collect::<Vec<_>>()
    );
    assert_eq!(shell.heard(ADA, error), ["chat_rate", "chat_rate"]);
    shell.ticks(150);
    shell.say(ADA, ClientMessage::Chat(ChatText::parse("again").expect("a line")));
    assert_eq!(shell.heard(BEA, chat), ["again"]);
}

#[test]
fn both_see_the_same_hit() {
    let (mut shell, ada, bea) = fight();
    shell.input(ADA, 1, Input::Shoot(shell.at(bea)));
    shell.ticks(90);
    let hits = |events: Vec<Vec<WireEvent>>| -> Vec<WireEvent> {
        events
            .into_iter()
            .flatten()
            .filter(|event| matches!(event, WireEvent::Hit { .. }))
            .collect()
    };
    let (a, b) = (hits(shell.heard(ADA, events)), hits(shell.heard(BEA, events)));
    assert_eq!(a, b);
    assert!(
        matches!(a[..], [WireEvent::Hit { by, victim, health: 40, .. }] if by == Some(ada.0) && victim == bea.0)
    );
}

#[test]
fn a_tick_is_in_the_journal_before_anybody_hears_of_it() {
    let (mut shell, ..) = fight();
    shell.room.handle_tick();
    let first = shell.room.poll_output();
    assert!(matches!(first, Some(Output::Journal(_))), "{first:?}");
    shell.drain();
}

#[test]
fn the_journal_is_the_match() {
    let (mut shell, ada, bea) = fight();
    shell.input(ADA, 1, Input::Shoot(shell.at(bea)));
    shell.input(BEA, 1, Input::Move(shell.at(ada)));
    shell.ticks(40);
    shell.say(BEA, ClientMessage::Leave);
    shell.ticks(1);
    let world = shell.room.world();
    assert!(world.phase().outcome().is_some());
    let journal = &shell.journals[&Uuid::from_u128(1)][0];
    let mut replay = Replay::open(journal).expect("a journal");
    for tick in replay.by_ref() {
        tick.expect("replays");
    }
    assert_eq!(replay.world().hash(), world.hash());
    assert!(replay.hashes() >= 4);
    assert_eq!(recover(journal).expect("whole").world.hash(), world.hash());
    let (header, records) = Reader::open(journal).expect("a journal");
    assert_eq!(header.mode.as_deref(), Some("brawl"));
    let records = records.map(|record| record.expect("whole"));
    let results: Vec<_> = records.filter(|record| matches!(record, Record::End { .. })).collect();
    let [Record::End { tick, standings }] = &results[..] else { panic!("{results:?}") };
    assert_eq!((*tick, standings), (world.tick(), &world.standings()));
    let text = String::from_utf8_lossy(journal);
    assert!(!text.contains("p1") && !text.contains("token"), "no person is in a journal");
}

/// A disk that failed to sync takes no more of a file. The match goes on in another file, which
/// needs none before it.
#[test]
fn a_journal_that_is_left_is_followed_by_a_segment_with_all_there_is() {
    let (mut shell, ada, bea) = fight();
    assert!(!shell.room.handle_journal_left(Uuid::from_u128(9)), "no match of this room");
    shell.input(ADA, 1, Input::Shoot(shell.at(bea)));
    shell.ticks(20);
    let left_at = shell.room.world().tick();
    assert!(shell.room.handle_journal_left(Uuid::from_u128(1)));
    shell.drain();
    shell.input(BEA, 1, Input::Move(shell.at(ada)));
    shell.ticks(40);
    let world = shell.room.world();
    let segments = &shell.journals[&Uuid::from_u128(1)];
    let [first, second] = &segments[..] else { panic!("{}", segments.len()) };
    assert_eq!(recover(first).expect("whole").world.tick(), left_at);
    assert_eq!(recover(second).expect("whole").world.hash(), world.hash());
    let later = [second.as_slice()];
    let mut replay = Replay::open_segments(first, &later).expect("a journal");
    for tick in replay.by_ref() {
        tick.expect("replays");
    }
    assert_eq!((replay.world().hash(), replay.gaps()), (world.hash(), &[][..]));
}

#[test]
fn a_journal_has_a_full_state_every_twenty_seconds() {
    let (mut shell, ..) = fight();
    shell.ticks(30 * 50);
    let journal = &shell.journals[&Uuid::from_u128(1)][0];
    let recovered = recover(journal).expect("whole");
    assert_eq!(recovered.world.hash(), shell.room.world().hash());
    assert!(recovered.ticks < 20 * 30, "{} ticks were stepped again", recovered.ticks);
}

#[test]
fn waiting_is_written_down_once_a_second() {
    let mut shell = Shell::brawl();
    shell.join(ADA).expect("a seat");
    shell.ticks(30 * 50 + 7);
    shell.join(BEA).expect("a seat");
    shell.ticks(1);
    let journal = &shell.journals[&Uuid::from_u128(1)][0];
    let (_, reader) = Reader::open(journal).expect("a journal");
    // Two ticks with joins, 48 hashes and 2 states.
    assert_eq!(reader.count(), 52);
    assert_eq!(recover(journal).expect("whole").world.hash(), shell.room.world().hash());
}

#[test]
fn the_order_of_arrival_inside_a_tick_does_not_matter() {
    let play = |order: [ConnectionId; 2]| {
        let (mut shell, ada, bea) = fight();
        let (a, b) = (shell.at(ada), shell.at(bea));
        for seq in 1..60 {
            for connection in order {
                let target = if connection == ADA { b } else { a };
                let input = if seq % 3 == 0 { Input::Shoot(target) } else { Input::Move(target) };
                shell.input(connection, seq, input);
            }
            shell.ticks(1);
        }
        shell.room.world().hash()
    };
    assert_eq!(play([ADA, BEA]), play([BEA, ADA]));
}
