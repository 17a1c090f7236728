//! Two players that record everything they are shown. Afterwards each world is compared with the
//! match in the journal: every shown state must have existed, whatever happened to the server in
//! between.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bolide_net::{Codec, ServerMessage, Snapshot};
use bolide_sim::World;
use bolide_sim::journal::{Reader, Record, Replay};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::program::PATIENCE;

/// The snapshots that a player was sent, by match and tick.
type Seen = BTreeMap<(String, u32), Snapshot>;

/// Two players on a thread of their own.
pub(super) struct Witnesses {
    thread: JoinHandle<Vec<Seen>>,
    ended: Arc<AtomicBool>,
    /// The newest tick that either player was shown.
    pub(super) tick: Arc<AtomicU32>,
}

impl Witnesses {
    pub(super) fn begin(port: u16) -> Witnesses {
        let (ended, tick) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let (until, shared) = (Arc::clone(&ended), Arc::clone(&tick));
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let witness = |seat| Witness::new(port, seat, &until, &shared).watch();
                let (one, other) = tokio::join!(witness(0), witness(1));
                vec![one, other]
            })
        });
        Witnesses { thread, ended, tick }
    }

    /// Ends the players, and compares the worlds that they were shown with the journals. Returns
    /// the number of compared worlds.
    pub(super) fn compare(self, journals: &Path) -> usize {
        self.ended.store(true, Ordering::Relaxed);
        let seen = self.thread.join().expect("no panic");
        seen.into_iter().map(|seen| compare(seen, journals)).sum()
    }
}

fn compare(mut seen: Seen, journals: &Path) -> usize {
    let mut compared = 0;
    while let Some(((id, _), _)) = seen.first_key_value() {
        let id = id.clone();
        let first = fs::read(journals.join(format!("{id}.journal"))).expect("its journal");
        let later = (1..).map_while(|n| fs::read(journals.join(format!("{id}.{n}.journal"))).ok());
        let later: Vec<Vec<u8>> = later.collect();
        let later: Vec<&[u8]> = later.iter().map(Vec::as_slice).collect();
        let mut compare = |world: &World| {
            let Some(shown) = seen.remove(&(id.clone(), world.tick().0)) else { return };
            let was = Snapshot::capture(world, Vec::new());
            assert_eq!(shown, was, "in tick {} of {id}", world.tick());
            compared += 1;
        };
        let mut replay = Replay::open_segments(&first, &later).expect("a journal");
        while let Some(step) = replay.next() {
            step.expect("a match as it was");
            compare(replay.world());
        }
        // A later segment begins with the world after a tick that the previous segment may not
        // have. It is empty if the disk failed again before it took anything.
        for segment in later.into_iter().filter(|segment| !segment.is_empty()) {
            let begins = Reader::open(segment).expect("a segment").1.next();
            if let Some(Ok(Record::State(world))) = begins {
                compare(&world);
            }
        }
        let lost: Vec<_> = seen.keys().filter(|(of, _)| *of == id).collect();
        assert!(lost.is_empty(), "ticks were shown that are in no journal: {lost:?}");
    }
    compared
}

struct Witness<'a> {
    port: u16,
    number: u32,
    ended: &'a AtomicBool,
    tick: &'a AtomicU32,
    token: Option<String>,
    seq: u64,
    id: String,
    seen: Seen,
}

impl<'a> Witness<'a> {
    fn new(port: u16, number: u32, ended: &'a AtomicBool, tick: &'a AtomicU32) -> Witness<'a> {
        let (token, id, seen) = (None, String::new(), Seen::new());
        Witness { port, number, ended, tick, token, seq: 0, id, seen }
    }

    /// Plays, and reconnects whenever the connection ends, until the test is over.
    async fn watch(mut self) -> Seen {
        while !self.ended.load(Ordering::Relaxed) {
            // A connection may be refused, broken or closed; this test does not depend on it.
            timeout(PATIENCE, self.connection()).await.ok();
            sleep(Duration::from_millis(50)).await; // WAITS: no storm of attempts.
        }
        self.seen
    }

    /// Runs one connection, from its hello to its end.
    async fn connection(&mut self) -> Option<()> {
        let address = format!("ws://127.0.0.1:{}/play", self.port);
        let (mut socket, _) = connect_async(address).await.ok()?;
        let mut hello = json!({"t": "hello", "name": "witness", "mode": "witness"});
        if let Some(token) = &self.token {
            hello["resume"] = json!(token);
        }
        socket.send(Message::text(hello.to_string())).await.ok()?;
        while !self.ended.load(Ordering::Relaxed) {
            let message = socket.next().await?.ok()?;
            let Message::Text(text) = message else { continue };
            if let Some(answer) = self.on_text(&text) {
                socket.send(Message::text(answer.to_string())).await.ok()?;
            }
        }
        None
    }

    fn on_text(&mut self, text: &str) -> Option<Value> {
        let decoded =
            Codec::Json.decode_server(text.as_bytes()).expect("a message").expect("known");
        match decoded {
            ServerMessage::Welcome(welcome) => {
                self.token = Some(welcome.resume.clone());
                self.seq = u64::from(welcome.seq);
                None
            }
            ServerMessage::Match { id, .. } => {
                self.id = id;
                None
            }
            ServerMessage::Ping { nonce } => Some(json!({"t": "pong", "nonce": nonce})),
            ServerMessage::Error { code, message } => {
                // A match whose journal cannot be written ends with a reason. Everything shown of
                // it until then existed.
                assert!(["room_failed", "server_full"].contains(&&*code), "{code}: {message}");
                self.token = None;
                None
            }
            ServerMessage::Snapshot(snapshot) => self.on_snapshot(snapshot),
            _ => None,
        }
    }

    /// Records the snapshot. Moves or shoots now and then, so that there is something to get wrong.
    fn on_snapshot(&mut self, snapshot: Snapshot) -> Option<Value> {
        let tick = snapshot.tick;
        self.tick.store(tick, Ordering::Relaxed);
        if tick > 0 {
            let world = Snapshot { acks: Vec::new(), ..snapshot };
            let before = self.seen.insert((self.id.clone(), tick), world.clone());
            assert!(before.is_none_or(|before| before == world), "tick {tick} was shown otherwise");
        }
        let turn = u64::from(tick + self.number * 5);
        if !turn.is_multiple_of(6) {
            return None;
        }
        self.seq += 1;
        let place =
            |step: u64| f64::from(u32::try_from(turn / 6 * step % 80).expect("small")) / 50.0;
        let intent = if turn.is_multiple_of(30) { 2 } else { 1 };
        Some(json!([1, self.seq, null, tick, intent, place(7), place(3) / 2.0]))
    }
}
