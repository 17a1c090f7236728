//! Tests of a shard with its thread, its journals and its store. Those of rooms that fail are in
//! `panics`.

mod panics;

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bolide_net::{CloseCode, Codec, NewRoom, PlayerName, RoomCode, SyncMode, WantedRoom};
use bolide_room::{ConnectionId, RoomId, RoomPolicy};
use bolide_sim::preset;
use bolide_storage::testing::open;
use bolide_storage::{Durability, Restorer, start_restorer};
use bolide_transport::GameSocket;
use bytes::Bytes;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

use super::handle::{
    JoinReply, JoinRequest, Requester, ResumeRequest, ShardCommand, ShardGone, ShardHandle,
};
use super::{ShardContext, start};
use crate::config::{Budgets, Config, Modes};
use crate::connection::dialect::Dialect;
use crate::connection::join_refusal::JoinRefusal;
use crate::connection::poller::Departure;
use crate::connection::{Admission, Connection, ConnectionContext, Ending};
use crate::directory::Directory;
use crate::measure::heartbeat::Heartbeats;
use crate::measure::reasons::DropReason;
use crate::measure::threads::Failures;
use crate::server::data::restore_context;
use crate::testing::{Folder, PANICS, Peer, connection_within};

fn requester(
    connection_id: u64,
    budgets: &Budgets,
) -> (Requester, Peer, oneshot::Receiver<JoinReply>) {
    let (connection, peer) = connection_within(budgets, connection_id);
    let (reply, answered) = oneshot::channel();
    (Requester { connection, sync: SyncMode::Full, reply }, peer, answered)
}

/// Reads everything that the peer is sent until it contains this text.
fn until(peer: &Peer, what: &str) -> String {
    let mut told = String::new();
    let patience = Instant::now() + Duration::from_secs(30);
    while !told.contains(what) {
        assert!(Instant::now() < patience, "{what} is not in {told}");
        told += &peer.text();
        std::thread::yield_now();
    }
    told
}

fn token(welcome: &str) -> String {
    let (_, token) = welcome.split_once("\"resume\":\"").expect("a token");
    token.split('"').next().expect("its end").to_owned()
}

/// The code of the private room in a welcome.
fn code(welcome: &str) -> &str {
    let (_, code) = welcome.split_once("\"code\":\"").expect("a private room");
    code.split('"').next().expect("its end")
}

/// Resumes a seat. It asks again, as a client does, while the answer is to come back later. The
/// texts are sent behind the hello.
fn resume(
    shard: &ShardHandle,
    room: &RoomId,
    token: &str,
    connection_id: u64,
    texts: &[&str],
) -> Peer {
    let patience = Instant::now() + Duration::from_secs(30);
    while Instant::now() < patience {
        let (reply, peer) = ask_for_seat(shard, room, token, connection_id, texts);
        match reply {
            JoinReply::Seated => return peer,
            JoinReply::Refused(_, JoinRefusal::Drop(DropReason::Absent)) => {
                std::thread::yield_now()
            }
            JoinReply::Refused(_, why) => panic!("{why:?}"),
            JoinReply::ShardLost(_) => panic!("the shard runs"),
        }
    }
    panic!("the room is not hosted again");
}

fn ask_for_seat(
    shard: &ShardHandle,
    room: &RoomId,
    token: &str,
    connection_id: u64,
    texts: &[&str],
) -> (JoinReply, Peer) {
    let (requester, peer, answered) = requester(connection_id, &Config::default().budgets);
    peer.send(texts.iter().map(|text| (*text).to_owned()));
    let request = ResumeRequest { room: room.clone(), token: token.to_owned(), requester };
    shard.put(ShardCommand::Resume(Box::new(request)));
    (answered.blocking_recv().expect("an answer"), peer)
}

/// A shard with its thread, and the clients that leave it.
struct Stage {
    shard: ShardHandle,
    directory: Arc<Directory>,
    departing: UnboundedReceiver<Departure>,
    folder: Folder,
    budgets: Budgets,
    thread: JoinHandle<()>,
    store_thread: JoinHandle<()>,
    failures: Failures,
}

fn stage(budgets: Budgets) -> Stage {
    let folder = Folder::new();
    let directory = Arc::new(Directory::new(100, 100, 1));
    let (restorer, requests) = Restorer::new();
    let (store, _, store_thread) = open(&folder).expect("a store");
    let data_dir = folder.data_dir();
    let journals = data_dir.open_journals().expect("a folder");
    let (departures, departing) = unbounded_channel();
    let shard_context = ShardContext {
        directory: Arc::clone(&directory),
        connections: Arc::new(ConnectionContext::new(budgets)),
        policy: RoomPolicy { bots_fill_to: 0, grace_s: 3600.0, ..RoomPolicy::default() },
        modes: Modes::default(),
        journals: Some(journals),
        durability: Durability::Group,
        store: Some(store.clone()),
        restorer: Some(restorer),
        departures,
        heartbeats: Heartbeats::default(),
    };
    let failures = shard_context.heartbeats.failures().clone();
    let (shard, thread) = start(0, shard_context, Arc::default()).expect("a thread");
    let (modes, shards) = (Modes::default(), vec![shard.clone()]);
    let context = restore_context(data_dir, store, modes, Arc::clone(&directory), shards);
    let heartbeat = Heartbeats::default().add("restorer").starter();
    start_restorer(context, requests, heartbeat, Vec::new()).expect("a thread");
    Stage { shard, directory, departing, folder, budgets, thread, store_thread, failures }
}

impl Stage {
    /// Joins a new private room of this mode.
    fn join(&self, connection_id: u64, mode: &str) -> (RoomId, Peer) {
        self.join_named("Ada", connection_id, &WantedRoom::New(NewRoom::Private), mode, &[])
    }

    /// Joins as [`Stage::join`] does, with texts that arrive together with the hello.
    fn join_saying(&self, connection_id: u64, mode: &str, texts: &[&str]) -> (RoomId, Peer) {
        self.join_named("Ada", connection_id, &WantedRoom::New(NewRoom::Private), mode, texts)
    }

    fn join_named(
        &self,
        name: &str,
        connection_id: u64,
        wanted: &WantedRoom,
        mode: &str,
        texts: &[&str],
    ) -> (RoomId, Peer) {
        let mode = preset(mode).expect("a preset");
        let seat = self.directory.reserve(wanted, &mode).expect("a seat");
        let room = seat.room().clone();
        let (requester, peer, _answered) = requester(connection_id, &self.budgets);
        peer.send(texts.iter().map(|text| (*text).to_owned()));
        let name = PlayerName::parse(name).expect("a name");
        self.shard.put(ShardCommand::Join(Box::new(JoinRequest {
            seat,
            counted: None,
            name,
            requester,
        })));
        (room, peer)
    }
}

/// All messages of a client are handled, however many arrive at once and however few of them a tick
/// handles.
#[test]
fn a_client_is_heard_out_in_the_end() {
    const MANY: u32 = 500;
    let budgets = Budgets { inputs_burst: MANY, bytes_burst: 1 << 20, ..Config::default().budgets };
    let stage = stage(budgets);
    let (_, peer) = stage.join(1, "duel");
    until(&peer, "[1,");
    peer.send((1..=MANY).map(|seq| format!("[1,{seq},null,null,1,0.5,0.5]")));
    // WAITS: the client takes no frames meanwhile, because that would make its socket ready, and it
    // would be read for that. A condition could only be seen in its frames.
    std::thread::sleep(Duration::from_secs(2));
    let told = peer.text();
    assert!(told.contains(&format!("[[0,{MANY}]]")), "{told}");
}

#[test]
fn what_comes_with_hello_is_read_after_the_welcome() {
    let mut stage = stage(Config::default().budgets);
    let texts = [r#"{"t":"shout"}"#, r#"{"t":"lock","locked":true}"#];
    let (_, peer) = stage.join_saying(1, "duel", &texts);
    let told = until(&peer, r#""locked":true"#);
    assert!(told.find("welcome") < told.find("unknown_message"), "{told}");
    let (_, peer) = stage.join_saying(2, "duel", &[r#"{"t":"leave"}"#]);
    let Departure { socket: connection, end } = stage.departing.blocking_recv().expect("it leaves");
    assert_eq!(connection.id(), ConnectionId(2));
    let Ending::Close(closing) = end else { panic!("{end:?}") };
    assert_eq!(closing.code, CloseCode::Normal);
    assert!(peer.text().contains("welcome"));
}

#[test]
fn what_comes_with_the_hello_of_a_resume_is_read_after_the_welcome() {
    let stage = stage(Config::default().budgets);
    let (room, peer) = stage.join(1, "duel");
    let token = token(&until(&peer, "welcome"));
    let peer = resume(&stage.shard, &room, &token, 2, &[r#"{"t":"chat","text":"back"}"#]);
    let told = until(&peer, r#""text":"back""#);
    assert!(told.find("welcome") < told.find(r#""text":"back""#), "{told}");
}

/// The room may notice it only after the welcome.
#[test]
fn a_client_that_goes_right_after_hello_is_noticed() {
    let mut stage = stage(Config::default().budgets);
    drop(stage.join(1, "duel"));
    let Departure { socket: connection, .. } = stage.departing.blocking_recv().expect("let go");
    assert_eq!(connection.id(), ConnectionId(1));
}

/// Regression: such a client counted as gone, and not as cut.
#[test]
fn a_client_whom_the_system_does_not_watch_is_cut_for_that() {
    let mut stage = stage(Config::default().budgets);
    let mode = preset("duel").expect("a preset");
    let wanted = WantedRoom::New(NewRoom::Private);
    let seat = stage.directory.reserve(&wanted, &mode).expect("a seat");
    let name = PlayerName::parse("Ada").expect("a name");
    let (mut requester, _peer, _answered) = requester(1, &stage.budgets);
    // The kernel does not poll files or folders on a disk.
    let file = OwnedFd::from(File::open(&stage.folder.0).expect("a folder"));
    let socket =
        GameSocket::new(file.into(), Bytes::new(), &stage.budgets.socket(), Instant::now());
    let id = ConnectionId(1);
    requester.connection = Box::new(Connection::new(
        id,
        Dialect::Native(Codec::Json),
        socket,
        &stage.budgets,
        Admission::default(),
    ));
    stage.shard.put(ShardCommand::Join(Box::new(JoinRequest {
        seat,
        counted: None,
        name,
        requester,
    })));
    let Departure { socket: connection, end } = stage.departing.blocking_recv().expect("let go");
    assert_eq!(connection.id(), id);
    let Ending::Close(closing) = end else { panic!("{end:?}") };
    assert_eq!(
        (closing.code, closing.drop_reason),
        (CloseCode::TryLater, Some(DropReason::System))
    );
}

#[test]
fn who_joins_a_server_that_stops_is_sent_away_like_the_others() {
    let mut stage = stage(Config::default().budgets);
    let (_, peer) = stage.join(1, "duel");
    until(&peer, "welcome");
    stage.shard.put(ShardCommand::Drain { open: 1 });
    let _peer = stage.join(2, "duel");
    for id in [1, 2] {
        let Departure { socket: connection, end } =
            stage.departing.blocking_recv().expect("sent away");
        assert_eq!(connection.id(), ConnectionId(id));
        let Ending::Close(closing) = end else { panic!("{end:?}") };
        assert_eq!(
            (closing.code, closing.drop_reason),
            (CloseCode::Restarting, Some(DropReason::Stopping))
        );
    }
}

/// The ways in which a client can be gone before its welcome.
const WAYS: [fn(Peer) -> Option<Peer>; 5] = [
    |peer| {
        drop(peer);
        None
    },
    |peer| {
        peer.hang_up();
        Some(peer)
    },
    |peer| {
        peer.close();
        Some(peer)
    },
    |peer| {
        peer.send([r#"{"t":"resync"}"#.to_owned()].into_iter());
        peer.hang_up();
        Some(peer)
    },
    |peer| {
        peer.send([r#"{"t":"resync"}"#.to_owned()].into_iter());
        peer.close();
        Some(peer)
    },
];

/// Regression: the seat was kept for the grace time, an hour here, although no client had its
/// token.
#[test]
fn the_seat_of_a_client_that_closed_before_its_welcome_is_free_at_once() {
    let mut stage = stage(Config::default().budgets);
    for (way, connection_id) in WAYS.into_iter().zip(1..) {
        let mode = preset("duel").expect("a preset");
        let wanted = WantedRoom::New(NewRoom::Private);
        let seat = stage.directory.reserve(&wanted, &mode).expect("a seat");
        let room = seat.room().clone();
        let (requester, peer, _answered) = requester(connection_id, &stage.budgets);
        let peer = way(peer);
        let name = PlayerName::parse("Ada").expect("a name");
        stage.shard.put(ShardCommand::Join(Box::new(JoinRequest {
            seat,
            counted: None,
            name,
            requester,
        })));
        let Departure { socket: connection, end } =
            stage.departing.blocking_recv().expect("let go");
        assert_eq!(connection.id(), ConnectionId(connection_id));
        assert!(matches!(end, Ending::PeerGone | Ending::PeerClosed(Some(1000))), "{end:?}");
        let patience = Instant::now() + Duration::from_secs(30);
        while stage.directory.shard_of(&room).is_some() {
            assert!(Instant::now() < patience, "way {connection_id}: the seat is still taken");
            std::thread::yield_now();
        }
        assert_eq!(peer.map(|peer| peer.text()).unwrap_or_default(), "", "way {connection_id}");
    }
}

/// The player still has the token with which it asked.
#[test]
fn the_seat_of_a_client_that_closed_before_its_welcome_back_is_kept() {
    let mut stage = stage(Config::default().budgets);
    let (room, peer) = stage.join(1, "duel");
    let token = token(&until(&peer, "welcome"));
    drop(peer);
    let mut left = || stage.departing.blocking_recv().expect("let go").socket.id();
    assert_eq!(left(), ConnectionId(1));
    for (way, connection_id) in WAYS.into_iter().zip(2..) {
        let (requester, peer, answered) = requester(connection_id, &stage.budgets);
        let _peer = way(peer);
        let request = ResumeRequest { room: room.clone(), token: token.clone(), requester };
        stage.shard.put(ShardCommand::Resume(Box::new(request)));
        let reply = answered.blocking_recv().expect("an answer");
        assert!(matches!(reply, JoinReply::Seated), "way {connection_id}");
        assert_eq!(left(), ConnectionId(connection_id));
    }
    let peer = resume(&stage.shard, &room, &token, 10, &[]);
    until(&peer, "[1,");
}

/// Regression: it was noticed only by a ping, after some hundred and fifty ticks.
#[test]
fn who_says_something_and_hangs_up_at_once_is_gone_within_some_ticks() {
    let mut stage = stage(Config::default().budgets);
    let (_, peer) = stage.join(1, "duel");
    until(&peer, "[1,");
    peer.send([r#"{"t":"resync"}"#.to_owned()].into_iter());
    peer.hang_up();
    let Departure { socket: connection, end } = stage.departing.blocking_recv().expect("gone");
    assert!(matches!(end, Ending::PeerGone), "{end:?}");
    drop(connection);
    let ticks = peer.text().matches("[1,").count();
    assert!(ticks < 30, "{ticks} ticks later");
}

/// A panic of the decoder affects only the client that sent the bytes, not its room and not its
/// shard.
#[test]
fn what_panics_while_it_is_read_costs_its_sender_alone() {
    let mut stage = stage(Config::default().budgets);
    let (room, hostile) = stage.join(1, "duel");
    let welcome = until(&hostile, "welcome");
    let code = RoomCode::parse(code(&welcome)).expect("a code");
    let (same, honest) = stage.join_named("Bob", 2, &WantedRoom::Code(code), "duel", &[]);
    assert_eq!(room, same);
    until(&honest, "[1,");
    hostile.send([String::from_utf8(PANICS.to_vec()).expect("text")].into_iter());
    let Departure { socket: connection, end } = stage.departing.blocking_recv().expect("closed");
    assert_eq!(connection.id(), ConnectionId(1));
    let Ending::Close(closing) = end else { panic!("{end:?}") };
    assert_eq!((closing.code, closing.drop_reason), (CloseCode::Internal, Some(DropReason::Panic)));
    honest.text();
    until(&honest, "[1,");
    assert_eq!(stage.failures.first(), None);
}

/// A panic of the shard itself. Its clients come back to the next process, which has the journals.
/// A resume that is on its way is answered with 1013, and the room is not listed any more.
#[test]
fn a_shard_that_panics_leaves_its_rooms_to_the_next_process() {
    let mut stage = stage(Config::default().budgets);
    let (room, peer) = stage.join(1, "duel");
    until(&peer, "[1,");
    stage.shard.put(ShardCommand::Panic { room: None });
    let (requester, _peer, _answered) = requester(2, &stage.budgets);
    let request = ResumeRequest { room: room.clone(), token: String::new(), requester };
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let sent = runtime.block_on(stage.shard.send(ShardCommand::Resume(Box::new(request))));
    let mut ended = |id| {
        let Departure { socket: connection, end } =
            stage.departing.blocking_recv().expect("sent away");
        assert_eq!(connection.id(), ConnectionId(id));
        let Ending::Close(closing) = end else { panic!("{end:?}") };
        assert_eq!(closing.drop_reason, Some(DropReason::Shard));
        closing.code
    };
    assert_eq!(ended(1), CloseCode::Restarting);
    // It was in the queue or came too late. Either way it is not lost.
    match sent {
        Ok(()) => assert_eq!(ended(2), CloseCode::TryLater),
        Err(ShardGone(command)) => {
            let back = command.into_requester().map(|requester| requester.connection.id());
            assert_eq!(back, Some(ConnectionId(2)));
        }
    }
    stage.thread.join().expect("contained");
    let failed = stage.failures.first().expect("it is known");
    assert_eq!((failed.thread.as_str(), failed.reason.as_str()), ("shard-0", "on purpose"));
    assert_eq!(stage.directory.list(), []);
    assert_eq!(stage.directory.shard_of(&room), Some(0), "it is not forgotten");
    let journals = fs::read_dir(stage.folder.data_dir().journals()).expect("a folder");
    assert_eq!(journals.count(), 1, "a match without a fight, too");
}

/// Regression: each room whose tick could not be journaled was ended and forgotten, although none
/// of them was at fault.
#[test]
fn a_shard_without_its_journal_thread_leaves_its_rooms_to_the_next_process() {
    let mut stage = stage(Config::default().budgets);
    let (room, peer) = stage.join(1, "duel");
    until(&peer, "[1,");
    stage.shard.put(ShardCommand::EndJournal);
    let Departure { socket: connection, end } = stage.departing.blocking_recv().expect("sent away");
    assert_eq!(connection.id(), ConnectionId(1));
    let Ending::Close(closing) = end else { panic!("{end:?}") };
    assert_eq!(
        (closing.code, closing.drop_reason),
        (CloseCode::Restarting, Some(DropReason::Shard))
    );
    stage.thread.join().expect("contained");
    let failed = stage.failures.first().expect("it is known");
    assert!(failed.reason.contains("the thread that writes journals has ended"), "{failed}");
    stage.store_thread.join().expect("it ends with the shard");
    let (_store, kept, _) = open(&stage.folder).expect("opens");
    assert!(kept.iter().any(|kept| kept.id == room), "its seats are kept");
}
