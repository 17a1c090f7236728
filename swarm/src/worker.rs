//! One thread of the swarm. It opens its share of the rooms and runs their players, all on this
//! thread, so that they can share what they decode. Its own delay is the only thing that it
//! measures.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::process;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bolide_net::Welcome;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep_until, timeout};

use super::SwarmFailure;
use super::live::{Live, Stage};
use super::lost::Lost;
use super::options::SwarmOptions;
use super::player::{Role, Thread, play};
use super::tally::Tally;
use super::view::Memory;

/// The share of one thread.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) options: SwarmOptions,
    pub(crate) address: SocketAddr,
    pub(crate) live: Arc<Live>,
    /// The thread opens every `of`-th room, beginning with this one.
    pub(crate) index: u32,
    pub(crate) of: u32,
}

/// Time that players have to leave after the end of the run. The rest are dropped.
const FAREWELL: Duration = Duration::from_secs(4);

impl Worker {
    /// Plays until the run ends, and returns the counts of its players.
    pub(crate) fn run(self) -> std::io::Result<Tally> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let Worker { options, address, live, index, of } = self;
        let (tally, buffer) = (RefCell::default(), Default::default());
        let thread =
            Rc::new(Thread { options, address, live, tally, buffer, began: Instant::now() });
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let mut players = JoinSet::new();
            if index == 0 {
                tokio::task::spawn_local(interrupted(Arc::clone(&thread.live)));
            }
            open_rooms(&thread, index, of, &mut players).await;
            thread.live.ramped.fetch_add(1, Ordering::Relaxed);
            while thread.live.stage() < Stage::Leaving {
                watch_self(&thread).await;
                // Drops finished players. The thread that watches the run notices when none are
                // left.
                while players.try_join_next().is_some() {}
            }
            timeout(FAREWELL, async { while players.join_next().await.is_some() {} }).await.ok();
        });
        drop(local);
        Ok(thread.tally.take())
    }
}

/// Ends the run early at the first Ctrl-C or SIGTERM, and the program at the next one.
async fn interrupted(live: Arc<Live>) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else { return };
    let mut next = async move || {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    next().await;
    live.interrupt();
    next().await;
    process::exit(1);
}

/// Interval at which a thread checks whether the run has ended, and at which its own delay is
/// measured.
const POLL: Duration = Duration::from_millis(10);

/// Records how late the thread's timer fires. If that is long, the swarm measures itself.
async fn watch_self(thread: &Thread) {
    let due = Instant::now() + POLL;
    sleep_until(due.into()).await;
    if thread.live.stage() == Stage::Measuring {
        let late = due.elapsed().as_micros();
        thread.tally.borrow_mut().own_late.record(u64::try_from(late).unwrap_or(u64::MAX));
    }
}

async fn open_rooms(thread: &Rc<Thread>, index: u32, of: u32, players: &mut JoinSet<()>) {
    for room in (0..thread.options.rooms).skip(index as usize).step_by(of as usize) {
        let door = thread.live.door.lock().await;
        if thread.live.has_given_up() || thread.live.stage() == Stage::Leaving {
            return;
        }
        if let Err(lost) = open_room(thread, room, players).await {
            give_up(thread, lost);
        }
        drop(door);
    }
}

/// Fills a room at the pace of the ramp. The first player opens it, the others join by its id.
async fn open_room(thread: &Rc<Thread>, room: u32, players: &mut JoinSet<()>) -> Result<(), Lost> {
    let count = thread.options.players;
    let (memory, began) = (Rc::new(RefCell::new(Memory::default())), Instant::now());
    let mut begin = |number: u32, id: Option<String>| {
        let (sender, seated) = oneshot::channel();
        let role = Role { number: room * count + number, room: id, memory: Rc::clone(&memory) };
        players.spawn_local(play(Rc::clone(thread), role, sender));
        seated
    };
    let pace = Duration::from_secs(1) / thread.options.ramp;
    let welcome = answered(begin(0, None).await)?;
    check_room(thread, &welcome);
    if thread.live.has_given_up() {
        return Ok(());
    }
    let mut waiting = Vec::new();
    for number in 1..count {
        sleep_until((began + pace * number).into()).await;
        waiting.push(begin(number, Some(welcome.room.clone())));
    }
    for seated in waiting {
        // A player that could not follow is counted as lost; the others play.
        answered(seated.await).ok();
    }
    sleep_until((began + pace * count).into()).await;
    Ok(())
}

fn answered(
    answer: Result<Result<Box<Welcome>, Lost>, oneshot::error::RecvError>,
) -> Result<Box<Welcome>, Lost> {
    answer.unwrap_or(Err(Lost::Silent("the player ended before it was seated")))
}

/// Fails the run if the room has too few seats for the players.
fn check_room(thread: &Thread, welcome: &Welcome) {
    let players = thread.options.players;
    let (mode, seats) = (&welcome.mode, u32::from(welcome.rules.capacity));
    thread.live.set_server(&welcome.server);
    thread.live.rooms.fetch_add(1, Ordering::Relaxed);
    if players > seats {
        thread.live.fail(SwarmFailure::Usage(format!(
            "--players {players} do not fit: a room of the mode `{mode}` has {seats} seats"
        )));
    }
}

/// Ends the ramp after a room that could not be opened. If it was the first of all, the run fails.
fn give_up(thread: &Thread, lost: Lost) {
    if thread.live.rooms.load(Ordering::Relaxed) > 0 {
        return thread.live.give_up();
    }
    let url = &thread.options.url;
    thread.live.fail(match lost {
        Lost::NotSeated { code, text } if code == "unknown_mode" => SwarmFailure::Usage(text),
        Lost::NotSeated { code, text } => {
            SwarmFailure::Server(format!("the server refuses players: {text} ({code})"))
        }
        Lost::Connect(why) => SwarmFailure::Server(format!(
            "cannot connect to {url}: {why}; is a server running there?"
        )),
        Lost::Refused(why) => {
            SwarmFailure::Server(format!("{url} is no game socket: it answered {why}"))
        }
        other => SwarmFailure::Server(format!("{url} does not let anybody play: {other}")),
    });
}
