//! The bytes per second that one client of a committed match is sent, for each format and sync
//! mode: ten hard bots in a brawl at 30 Hz, from the first tick of the fight to its end. Every
//! frame is really encoded, and WebSocket headers are counted.

use bolide_net::{
    Ack, Codec, Delta, Events, Frame, Private, ServerMessage, Snapshot, SyncMode, WireEvent,
};
use bolide_sim::journal::Replay;
use bolide_sim::{Event, Motion, Phase, PlayerId, World};

/// The match.
const JOURNAL: &[u8] = include_bytes!("../../sim/tests/golden/brawl-30hz-ten-hard.journal");

/// The parts of a delta.
const PARTS: [&str; 6] = [
    "players",
    "acks",
    "births of fireballs",
    "their ends",
    "hashes",
    "headers, tick, age, the rest",
];

/// Bytes per client and second.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The format.
    pub codec: Codec,
    /// The form in which the world is sent.
    pub sync: SyncMode,
    /// Snapshots and deltas.
    pub world: f64,
    /// Events, the seat's private state and pings. They are the same for every sync mode.
    pub rest: f64,
    /// Frames with snapshots or deltas, per second.
    pub frames: f64,
    /// The share of `world` in each part of the deltas.
    pub parts: [(&'static str, f64); 6],
}

/// The activity in the match.
#[derive(Clone, Copy, Debug, Default)]
pub struct Busyness {
    /// Seconds of fight.
    pub seconds: f64,
    /// Walks that began or changed course, per second and player in the fight.
    pub course_changes: f64,
    /// Fireballs thrown, per second and player in the fight.
    pub shots: f64,
}

/// Returns the table, and how busy the match was. With `acks`, each change of course, shot and
/// blink is acknowledged as if a person had sent it.
#[must_use]
pub fn table(acks: bool) -> (Vec<Row>, Busyness) {
    let ways = [
        (Codec::Json, SyncMode::Full),
        (Codec::Json, SyncMode::State),
        (Codec::Json, SyncMode::Events),
        (Codec::MessagePack, SyncMode::Full),
        (Codec::MessagePack, SyncMode::State),
        (Codec::MessagePack, SyncMode::Events),
    ];
    let mut streams = ways.map(|(codec, sync)| Stream::new(codec, sync));
    let mut activity = Activity::default();
    let mut ticks = 0;
    let mut replay = Replay::open(JOURNAL).expect("a journal");
    while replay.by_ref().next().is_some() {
        let world = replay.world();
        if !matches!(world.phase(), Phase::Fighting { .. }) {
            continue;
        }
        ticks += 1;
        activity.look(world, replay.events());
        let acks = if acks { activity.acks() } else { Vec::new() };
        let places = Snapshot::capture(world, acks);
        for stream in &mut streams {
            stream.tick(world, &places, replay.events(), ticks);
        }
    }
    let seconds = f64::from(ticks) / 30.0;
    let row = |stream: &Stream| Row {
        codec: stream.codec,
        sync: stream.sync,
        world: stream.world_bytes as f64 / seconds,
        rest: stream.rest_bytes as f64 / seconds,
        frames: f64::from(stream.frames) / seconds,
        parts: stream.parts.map(|(name, bytes)| (name, bytes as f64 / seconds)),
    };
    let alive_seconds = activity.alive_ticks as f64 / 30.0;
    let busyness = Busyness {
        seconds,
        course_changes: activity.course_changes as f64 / alive_seconds,
        shots: activity.shots as f64 / alive_seconds,
    };
    (streams.iter().map(row).collect(), busyness)
}

/// The frames that one client is sent.
struct Stream {
    codec: Codec,
    sync: SyncMode,
    last: Snapshot,
    sent_at: u32,
    private: Option<Private>,
    world_bytes: usize,
    rest_bytes: usize,
    frames: u32,
    parts: [(&'static str, usize); 6],
}

impl Stream {
    fn new(codec: Codec, sync: SyncMode) -> Stream {
        let last = Snapshot::default();
        Stream {
            codec,
            sync,
            last,
            sent_at: 0,
            private: None,
            world_bytes: 0,
            rest_bytes: 0,
            frames: 0,
            parts: PARTS.map(|name| (name, 0)),
        }
    }

    /// Sends what a room would: nothing if nothing is new, except twice a second, and a hash and a
    /// ping each second.
    fn tick(&mut self, world: &World, places: &Snapshot, events: &[Event], ticks: u32) {
        let next = match self.sync {
            SyncMode::Events => places.followed_from(&self.last, world),
            SyncMode::Full | SyncMode::State => places.clone(),
        };
        let mut delta = Delta::between(&self.last, &next);
        if !delta.is_only_later() || ticks - self.sent_at >= 15 {
            let frame = if self.sync == SyncMode::Full || ticks == 1 {
                self.codec.encode_snapshot(&next)
            } else {
                delta.hash = ticks.is_multiple_of(30).then(|| places.view_hash());
                self.take_apart(&delta);
                self.codec.encode_delta(&delta)
            };
            self.world_bytes += on_the_wire(&frame);
            self.frames += 1;
            (self.sent_at, self.last) = (ticks, next);
        }
        let public: Vec<_> = events.iter().filter_map(WireEvent::public).collect();
        if !public.is_empty() {
            self.rest(&ServerMessage::Events(Events { tick: world.tick().0, events: public }));
        }
        if let Some(player) = world.player(PlayerId(0)) {
            let (fireball_ready, blink_ready) = (player.fireball_ready.0, player.blink_ready.0);
            let tick = self.private.as_ref().map_or(0, |private| private.tick);
            let private =
                Private { tick, fireball_ready, blink_ready, refused: vec![], rewind_ticks_max: 3 };
            if self.private.as_ref() != Some(&private) {
                let private = Private { tick: world.tick().0, ..private };
                self.rest(&ServerMessage::Private(private.clone()));
                self.private = Some(private);
            }
        }
        if ticks.is_multiple_of(30) {
            self.rest(&ServerMessage::Ping { nonce: ticks });
        }
    }

    /// Attributes to each part the bytes by which the frame is shorter without it.
    fn take_apart(&mut self, delta: &Delta) {
        let whole = on_the_wire(&self.codec.encode_delta(delta));
        let mut without = [0, 1, 2, 3, 4].map(|_| delta.clone());
        without[0].players.clear();
        without[1].acks.clear();
        without[2].born.clear();
        without[3].ended.clear();
        without[4].hash = None;
        let mut left = whole;
        for ((_, bytes), without) in self.parts.iter_mut().zip(&without) {
            let part = whole - on_the_wire(&self.codec.encode_delta(without));
            *bytes += part;
            left = left.saturating_sub(part);
        }
        self.parts[5].1 += left;
    }

    fn rest(&mut self, message: &ServerMessage) {
        self.rest_bytes += on_the_wire(&self.codec.encode_server(message));
    }
}

/// The size of a frame with its WebSocket header.
fn on_the_wire(frame: &Frame) -> usize {
    frame.bytes.len() + if frame.bytes.len() < 126 { 2 } else { 4 }
}

/// The players' actions.
#[derive(Default)]
struct Activity {
    walks: Vec<Option<bolide_sim::Point>>,
    seqs: Vec<u32>,
    alive_ticks: u64,
    course_changes: u64,
    shots: u64,
}

impl Activity {
    fn look(&mut self, world: &World, events: &[Event]) {
        self.walks.resize(world.players().len(), None);
        self.seqs.resize(world.players().len(), 0);
        for (index, player) in world.players().iter().enumerate() {
            self.alive_ticks += u64::from(player.is_alive());
            let to = match player.motion {
                Motion::Walk { to, .. } => Some(to),
                Motion::Stand { .. } | Motion::Push { .. } => None,
            };
            if to.is_some() && to != self.walks[index] {
                self.course_changes += 1;
                self.seqs[index] += 1;
            }
            self.walks[index] = to;
        }
        for event in events {
            if let Event::Shot { player, .. } | Event::Blinked { player, .. } = event {
                self.seqs[usize::from(player.0)] += 1;
                self.shots += u64::from(matches!(event, Event::Shot { .. }));
            }
        }
    }

    fn acks(&self) -> Vec<Ack> {
        let acks = (0..).zip(&self.seqs).filter(|(_, seq)| **seq > 0);
        acks.map(|(player, seq)| Ack { player, seq: *seq }).collect()
    }
}

#[cfg(test)]
mod tests {
    use bolide_net::{Codec, SyncMode};

    use super::table;

    /// Bytes are what users pay for. The match is committed, so this is exact on every machine.
    #[test]
    fn a_client_of_a_busy_match_stays_within_its_bytes() {
        for acks in [false, true] {
            let (rows, busyness) = table(acks);
            assert!(busyness.course_changes >= 2.0 && busyness.shots >= 0.5, "{busyness:?}");
            let check = |sync, bytes_max: f64| {
                let row =
                    rows.iter().find(|row| (row.codec, row.sync) == (Codec::MessagePack, sync));
                let row = row.expect("a row");
                assert!(row.world + row.rest <= bytes_max, "{row:?}");
            };
            check(SyncMode::State, 3_000.0);
            check(SyncMode::Events, 1_000.0);
        }
    }
}
