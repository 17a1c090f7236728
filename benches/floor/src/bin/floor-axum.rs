//! The second yardstick: a bare axum broadcaster, as its documentation would have one write it, but
//! with read buffers of 4 KiB. A task per connection; the bytes of a tick are shared, fed together
//! and flushed once. No game behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt;
use bolide_floor::{Options, Recording, announce};
use bolide_net::{ClientMessage, Codec, Frame, FrameKind, WantedRoom};
use clap::Parser;
use futures_util::SinkExt;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::time::{MissedTickBehavior, interval};

/// Ticks that a connection may be behind; of more, it is closed: a scene with holes is none.
const BEHIND_MAX: usize = 256;

struct Floor {
    recording: Recording,
    ticks: Vec<Arc<[Message]>>,
    codec: Codec,
    rooms: Mutex<BTreeMap<String, Room>>,
}

struct Room {
    taken: usize,
    sender: Sender<Arc<[Message]>>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let recording = options.record("bare axum")?;
    let ticks = recording.ticks.iter().map(|tick| tick.iter().map(message).collect()).collect();
    let floor = Floor { recording, ticks, codec: options.format, rooms: Mutex::default() };
    let app = Router::new().route("/play", any(play)).with_state(Arc::new(floor));
    let listener = TcpListener::bind(options.listen).await?;
    announce(listener.local_addr()?);
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, app).await?)
}

fn message(frame: &Frame) -> Message {
    match frame.kind {
        FrameKind::Text => Message::text(String::from_utf8_lossy(&frame.bytes).into_owned()),
        FrameKind::Binary => Message::binary(frame.bytes.clone()),
    }
}

async fn play(State(floor): State<Arc<Floor>>, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.protocols([floor.codec.subprotocol()]).read_buffer_size(4096);
    upgrade.on_upgrade(|socket| serve(socket, floor))
}

async fn serve(mut socket: WebSocket, floor: Arc<Floor>) {
    let Some(Ok(hello)) = socket.recv().await else { return };
    let Ok(ClientMessage::Hello(hello)) = floor.codec.decode_client(&hello.into_data()) else {
        return;
    };
    let (welcome, mut ticks) = floor.join(hello.room);
    if socket.send(message(&welcome)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            tick = ticks.recv() => {
                let Ok(tick) = tick else { return };
                for message in tick.iter() {
                    if socket.feed(message.clone()).await.is_err() {
                        return;
                    }
                }
                if socket.flush().await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Floor {
    /// A seat in the room of that name, or in a new one. The scene begins when the room is full.
    fn join(self: &Arc<Floor>, room: WantedRoom) -> (Frame, Receiver<Arc<[Message]>>) {
        let mut rooms = self.rooms.lock().expect("nobody panics with it");
        let id = match room {
            WantedRoom::Id(id) => id,
            _ => rooms.len().to_string(),
        };
        let room = rooms.entry(id.clone());
        let room =
            room.or_insert_with(|| Room { taken: 0, sender: broadcast::channel(BEHIND_MAX).0 });
        let seat = room.taken % self.recording.seats();
        room.taken += 1;
        if room.taken == self.recording.seats() {
            tokio::spawn(Arc::clone(self).run(room.sender.clone()));
        }
        (self.recording.welcome(&id, seat), room.sender.subscribe())
    }

    async fn run(self: Arc<Floor>, sender: Sender<Arc<[Message]>>) {
        let mut interval = interval(Duration::from_secs(1) / self.recording.tick_rate);
        interval.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for number in 1.. {
            for (index, tick) in self.ticks.iter().enumerate() {
                interval.tick().await;
                let tick = if index == 0 {
                    let first = message(&self.recording.new_match(number));
                    [first].into_iter().chain(tick.iter().cloned()).collect()
                } else {
                    Arc::clone(tick)
                };
                if sender.send(tick).is_err() {
                    return;
                }
            }
        }
    }
}
