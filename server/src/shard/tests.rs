//! A shard with its thread, its journals and its store.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bolide_net::{NewRoom, PlayerName, SyncMode, WantedRoom};
use bolide_room::{ConnectionId, RoomPolicy};
use bolide_sim::preset;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;

use super::{Surroundings, start};
use crate::client::Commons;
use crate::config::Config;
use crate::directory::Directory;
use crate::inbox::{Answer, Caller, Comeback, Command, Inbox, Newcomer};
use crate::journal::Durability;
use crate::journals::Journals;
use crate::store::Store;
use crate::testing::{Folder, Peer, client};
use crate::token::RoomId;

fn caller(connection: u64) -> (Caller, Peer, oneshot::Receiver<Answer>) {
    let (client, peer) = client(connection);
    let (answer, answered) = oneshot::channel();
    (Caller { client, sync: SyncMode::Full, answer }, peer, answered)
}

/// What the peer is told until it says that.
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

/// What opens the room of a welcome.
fn code(welcome: &str) -> &str {
    let (_, code) = welcome.split_once("\"code\":\"").expect("a private room");
    code.split('"').next().expect("its end")
}

fn resume(inbox: &Inbox, room: &RoomId, token: String, connection: u64) -> Peer {
    let (caller, peer, _answered) = caller(connection);
    let comeback = Comeback { room: room.clone(), token, caller };
    inbox.put(Command::Resume(Box::new(comeback)));
    peer
}

/// A panic costs the sessions of the room a reconnect, and nobody else anything; one that comes back at the same tick is
/// given up, with the journal kept.
#[test]
fn a_room_that_panics_begins_again_from_its_journal_but_not_for_ever() {
    let folder = Folder::new();
    let directory = Arc::new(Directory::new(100, 100, 1));
    let journals = Journals::open(&folder.0).expect("a folder");
    let (store, ..) = Store::open(&folder.0).expect("a store");
    let policy = RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() };
    let (departures, mut departing) = unbounded_channel();
    let surroundings = Surroundings {
        directory: Arc::clone(&directory),
        commons: Arc::new(Commons::new(Config::default().budgets)),
        policy,
        journals: Some(journals),
        durability: Durability::Group,
        store: Some(store),
        departures,
    };
    let (inbox, _thread) = start(0, surroundings, Arc::default()).expect("a thread");
    let mut welcomes = Vec::new();
    for (connection, mode) in [(1, "duel"), (2, "brawl")] {
        let mode = preset(mode).expect("a preset");
        let private = WantedRoom::New(NewRoom::Private);
        let seat = directory.reserve(&private, &mode).expect("a seat");
        let room = seat.room().clone();
        let (caller, peer, _answered) = caller(connection);
        let name = PlayerName::parse("Ada").expect("a name");
        inbox.put(Command::Join(Box::new(Newcomer { seat, name, caller })));
        welcomes.push((room, until(&peer, "welcome"), peer));
    }
    let [(room, welcome, peer), (_, _, neighbour)] = &welcomes[..] else { panic!("two") };
    until(peer, "[1,");
    inbox.put(Command::Panic { room: room.clone() });
    let left = departing.blocking_recv().expect("told to come back");
    assert_eq!(left.client.id(), ConnectionId(1));
    let peer = resume(&inbox, room, token(welcome), 10);
    let told = until(&peer, "[1,");
    assert_eq!(code(&told), code(welcome), "it is as private as it was");
    // Between these no tick is stepped, because nobody has come back.
    for _ in 0..3 {
        inbox.put(Command::Panic { room: room.clone() });
    }
    until(neighbour, "[1,");
    let mut left = std::iter::from_fn(|| departing.try_recv().ok());
    assert!(left.all(|it| it.client.id() != ConnectionId(2)), "its neighbour has noticed nothing");
    let patience = Instant::now() + Duration::from_secs(30);
    while directory.shard_of(room).is_some() {
        assert!(Instant::now() < patience, "it is given up");
        std::thread::yield_now();
    }
    let aside = fs::read_dir(folder.0.join("journals/quarantine")).expect("a folder").count();
    assert_eq!(aside, 2, "a journal and a reason");
}
