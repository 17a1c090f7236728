//! A snapshot as a client sees it, in grid steps for either format.

use std::collections::BTreeMap;

use bolide_net::Codec;
use serde_json::Value;

/// Grid steps in a unit.
pub const GRID: f64 = 32768.0;

/// The contents of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The tick.
    pub tick: u64,
    /// 0 waiting, 1 countdown, 2 fighting, 3 over.
    pub phase: u64,
    /// Players by id.
    pub players: BTreeMap<u64, SeenPlayer>,
    /// Fireballs by id.
    pub fireballs: BTreeMap<u64, SeenFireball>,
    /// The newest input that a tick has taken, by player.
    pub acks: BTreeMap<u64, u64>,
}

/// A player in a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenPlayer {
    /// Its place, in grid steps.
    pub at: (i64, i64),
    /// Health left.
    pub health: u64,
    /// 0 alive, 1 dead, 2 left.
    pub life: u64,
}

/// A fireball in a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenFireball {
    /// The player that threw it.
    pub owner: u64,
    /// The place from which it was thrown, in grid steps.
    pub from: (i64, i64),
    /// The place at which it ends if it hits no player, in grid steps.
    pub toward: (i64, i64),
    /// The tick at whose end it was at `from`.
    pub since: u64,
}

impl Seen {
    /// Reads a snapshot. Returns `None` if the message is something else.
    #[must_use]
    pub fn read(message: &Value, format: Codec) -> Option<Seen> {
        let message = message.as_array().filter(|message| message.first() == Some(&1.into()))?;
        let number = |value: &Value| value.as_u64().expect("a whole number");
        let place = |x: &Value, y: &Value| (steps(x, format), steps(y, format));
        let rows = |index: usize| message[index].as_array().expect("a list");
        let player = |row: &Value| {
            let player = SeenPlayer {
                at: place(&row[1], &row[2]),
                health: number(&row[3]),
                life: number(&row[4]),
            };
            (number(&row[0]), player)
        };
        let fireball = |row: &Value| {
            let (from, toward) = (place(&row[2], &row[3]), place(&row[4], &row[5]));
            let (owner, since) = (number(&row[1]), number(&row[6]));
            (number(&row[0]), SeenFireball { owner, from, toward, since })
        };
        Some(Seen {
            tick: number(&message[1]),
            phase: number(&message[2]),
            players: rows(4).iter().map(player).collect(),
            fireballs: rows(5).iter().map(fireball).collect(),
            acks: rows(6).iter().map(|row| (number(&row[0]), number(&row[1]))).collect(),
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "places in an arena are small")]
fn steps(coordinate: &Value, format: Codec) -> i64 {
    match format {
        Codec::Json => (coordinate.as_f64().expect("a number") * GRID).round() as i64,
        Codec::MessagePack => coordinate.as_i64().expect("a whole number"),
    }
}
