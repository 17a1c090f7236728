//! Requests that no connection waits for: the next ticket, the lock, and seats whose clients have
//! sent something. A request without an answer is repeated, because the shell may have failed.

use bolide_net::{ClientMessage, Codec, PlayerName, SyncMode};
use bolide_room::{
    ConnectionId, Join, MatchTicket, Output, Resume, Room, RoomConfig, RoomId, RoomPolicy,
    SaveNumber, TokenHash,
};
use bolide_sim::preset;
use uuid::Uuid;

/// Seconds after which requests without an answer are repeated.
const ASK_AGAIN_S: u32 = 5;

fn ticket(number: u32) -> MatchTicket {
    MatchTicket { id: Uuid::from_u128(number.into()), seed: number.into() }
}

fn room() -> Room {
    let (id, server) = (RoomId::known("room"), "test".to_owned());
    let mode = preset("duel").expect("a preset");
    let policy = RoomPolicy { bots_fill_to: 0, grace_s: 3600.0, ..RoomPolicy::default() };
    let config = RoomConfig { id, code: None, mode, policy, server };
    Room::new(config, ticket(1)).expect("valid rules")
}

/// A room with its creator, whose token is `a`.
fn created() -> Room {
    let mut room = room();
    room.handle_ticket(ticket(2));
    let name = PlayerName::parse("Ada").expect("a name");
    let (codec, sync, token) = (Codec::Json, SyncMode::Full, "a".to_owned());
    let join = Join { name, codec, sync, token, creator: true };
    room.handle_join(ConnectionId(1), join).expect("a seat");
    room.handle_saved(SaveNumber(1));
    wanted(&mut room);
    room
}

/// Returns its requests to the shell, besides frames and journal records.
fn wanted(room: &mut Room) -> Vec<Output> {
    let of_interest = |output: &Output| {
        matches!(output, Output::WantTicket { .. } | Output::Save { .. } | Output::SaveLock { .. })
    };
    std::iter::from_fn(|| room.poll_output()).filter(of_interest).collect()
}

/// Returns its requests while this many seconds pass.
fn later(room: &mut Room, seconds: u32) -> Vec<Output> {
    let ticks = seconds * room.world().rules().tick_rate.hz();
    let tick = |_| {
        room.handle_tick();
        wanted(room)
    };
    (0..ticks).flat_map(tick).collect()
}

#[test]
fn a_ticket_that_does_not_come_is_asked_for_again_until_it_does() {
    let mut room = room();
    let asked = || Output::WantTicket { number: 2 };
    assert_eq!(wanted(&mut room), [asked()]);
    let again = later(&mut room, 3 * ASK_AGAIN_S);
    assert_eq!(again, [asked(), asked(), asked()]);
    room.handle_ticket(ticket(2));
    assert_eq!(later(&mut room, 3 * ASK_AGAIN_S), []);
}

#[test]
fn a_lock_that_is_not_answered_is_asked_for_again_and_the_last_wish_counts() {
    let mut room = created();
    let lock = |locked| ClientMessage::Lock(locked);
    let asked = |number, locked| Output::SaveLock { number: SaveNumber(number), locked };
    room.handle_message(ConnectionId(1), lock(true));
    assert_eq!(wanted(&mut room), [asked(2, true)]);
    assert_eq!(later(&mut room, ASK_AGAIN_S), [asked(2, true)]);
    room.handle_message(ConnectionId(1), lock(false));
    assert_eq!(wanted(&mut room), [asked(3, false)]);
    room.handle_saved(SaveNumber(2));
    assert_eq!(later(&mut room, ASK_AGAIN_S), [asked(3, false)]);
    room.handle_saved(SaveNumber(3));
    assert_eq!(later(&mut room, ASK_AGAIN_S), []);
    assert!(!room.status().locked);
}

#[test]
fn a_seat_is_kept_again_without_the_token_before_once_its_holder_has_spoken() {
    let mut room = created();
    room.handle_message(ConnectionId(1), ClientMessage::Resync);
    assert_eq!(wanted(&mut room), [], "there is no token before the first");
    let (codec, sync) = (Codec::Json, SyncMode::Full);
    let (token, fresh_token) = ("a".to_owned(), "b".to_owned());
    let resume = Resume { codec, sync, token, fresh_token };
    room.handle_resume(ConnectionId(2), resume).expect("a seat");
    room.handle_saved(SaveNumber(2));
    wanted(&mut room);
    assert_eq!(later(&mut room, ASK_AGAIN_S), [], "the welcome may be lost");
    room.handle_message(ConnectionId(2), ClientMessage::Resync);
    let spoken = wanted(&mut room);
    let [Output::Save { number, seat }] = &spoken[..] else { panic!("{spoken:?}") };
    assert_eq!((seat.token, seat.previous_token), (TokenHash::of("b"), None));
    room.handle_message(ConnectionId(2), ClientMessage::Resync);
    assert_eq!(wanted(&mut room), [], "once");
    assert_eq!(later(&mut room, ASK_AGAIN_S), spoken, "and again if it is not answered");
    room.handle_saved(*number);
    assert_eq!(later(&mut room, ASK_AGAIN_S), []);
}
