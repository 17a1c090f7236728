//! Many clients that play at once, each watching whether it is served.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::raw::{Raw, first, frame};

/// Clients that play until the crowd ends.
#[derive(Debug)]
pub struct Crowd {
    playing: JoinSet<(Raw, Watched)>,
    stage: watch::Sender<Stage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Plays,
    Watches,
    Ends,
}

/// Observations of one client.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// Snapshots.
    pub snapshots: u64,
    /// The most ticks from one snapshot to the next of a match.
    pub gap_ticks: u64,
    /// The longest time from one snapshot to the next. For reports only: it depends on this machine
    /// as much as on the server.
    pub gap: Duration,
    /// True if the server closed before the end.
    pub was_cut: bool,
}

/// Time between two inputs of a client.
const INPUT_INTERVAL: Duration = Duration::from_millis(200);

impl Crowd {
    /// Joins that many clients, which start to play.
    pub async fn start(address: SocketAddr, mode: &str, players: usize) -> Crowd {
        let (stage, staged) = watch::channel(Stage::Plays);
        let mut playing = JoinSet::new();
        for number in 0..players {
            let raw = Raw::join(address, mode).await;
            playing.spawn(play(raw, number, staged.clone()));
        }
        Crowd { playing, stage }
    }

    /// Forgets all observations so far.
    pub fn watch(&self) {
        self.stage.send_replace(Stage::Watches);
    }

    /// Ends the crowd, and returns the observations of each client.
    pub async fn end(self) -> Vec<Watched> {
        self.go_deaf().await.into_iter().map(|(_, seen)| seen).collect()
    }

    /// Ends the crowd, but keeps all connections open, which are not read any more.
    pub async fn go_deaf(self) -> Vec<(Raw, Watched)> {
        self.stage.send_replace(Stage::Ends);
        self.playing.join_all().await
    }
}

/// Walks to and fro, so that each tick has something to send.
async fn play(mut raw: Raw, number: usize, mut stage: watch::Receiver<Stage>) -> (Raw, Watched) {
    let nothing = Watched { snapshots: 0, gap_ticks: 0, gap: Duration::ZERO, was_cut: false };
    let mut seen = nothing;
    let mut last: Option<(u64, Instant)> = None;
    let mut inputs = interval(INPUT_INTERVAL);
    let mut seq = 0;
    loop {
        let frame_read = tokio::select! {
            _ = stage.changed() => {
                if *stage.borrow() == Stage::Ends {
                    return (raw, seen);
                }
                (seen, last) = (nothing, None);
                continue;
            }
            _ = inputs.tick() => {
                seq += 1;
                let x = if (seq / 5 + number).is_multiple_of(2) { 0.1 } else { 0.9 };
                let input = format!("[1,{seq},null,null,1,{x},{x}]");
                raw.send(&frame(first::TEXT, input.as_bytes())).await;
                continue;
            }
            frame_read = raw.next() => frame_read,
        };
        match frame_read {
            None | Some((0x88, _)) => return (raw, Watched { was_cut: true, ..seen }),
            Some((first::PING, payload)) => {
                raw.send(&frame(first::PONG, &payload)).await;
            }
            Some((_, payload)) => {
                let Some(tick) = tick_of(&payload) else { continue };
                let now = Instant::now();
                if let Some((before, at)) = last.filter(|(before, _)| *before <= tick) {
                    seen.gap_ticks = seen.gap_ticks.max(tick - before);
                    seen.gap = seen.gap.max(now - at);
                }
                last = Some((tick, now));
                seen.snapshots += 1;
            }
        }
    }
}

/// Returns the tick of a snapshot in JSON.
fn tick_of(payload: &[u8]) -> Option<u64> {
    let digits = payload.strip_prefix(b"[1,")?.split(|byte| *byte == b',').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
