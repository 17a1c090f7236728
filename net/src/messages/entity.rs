//! The parts of a snapshot and of a delta: players, fireballs and acknowledgements, each an array
//! of numbers. `capture.rs` makes them from a world.
//!
//! ```text
//! player   [id, x, y, health, life]                        stands, or is there now
//!          [id, x, y, health, life, to_x, to_y, since]     walks from x, y since the end of a tick
//!          [id, x, y, health, life, to_x, to_y, since, 1]  is pushed; to is one unit away
//! change   a player, which may leave out health and life if they are the same
//! fireball [id, owner|nil, x, y, toward_x, toward_y, since]
//! ack      [player, seq]
//! ```

use core::fmt;

use bolide_sim::{Motion, Point, Tick};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

use crate::wire::coordinate::{Coordinate, Number};
use crate::wire::positional::{coordinates, positional};

/// A player in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayerState {
    /// The player id.
    pub id: u16,
    /// Its motion. For a receiver that does not simulate, it always stands where it is now.
    pub motion: Motion,
    /// Health left.
    pub health: u16,
    /// 0 alive, 1 dead, 2 left.
    pub life: u8,
}

impl PlayerState {
    /// Returns the place where its motion began. If it stands, that is its position. In a view at a
    /// tick all players stand.
    #[must_use]
    pub const fn at(&self) -> Point {
        self.motion.start()
    }
}

/// A player that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerChange {
    /// Only its motion changed.
    Moved {
        /// The player id.
        id: u16,
        /// Its motion now.
        motion: Motion,
    },
    /// Something else changed, or it is new.
    Whole(PlayerState),
}

/// A fireball in a snapshot. Its path is known when it is thrown: at the end of `tick` it is
/// `fireball_speed × (tick − since) / tick_rate` units from `from` on the way to `toward`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FireballState {
    /// The fireball's id.
    pub id: u32,
    /// The id of the player that threw it; none if the receiver may not know.
    pub owner: Option<u16>,
    /// The place where it was thrown, or first seen.
    pub from: Point,
    /// The place where it ends if it hits no player.
    pub toward: Point,
    /// The tick at whose end it was at `from`.
    pub since: u32,
}

/// An input that a tick has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = Ack::as_array))]
pub struct Ack {
    /// The player id.
    pub player: u16,
    /// The input's number.
    pub seq: u32,
}

positional!(Ack { player, seq });

impl Serialize for PlayerState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PlayerState { id, motion, health, life } = *self;
        write_player(serializer, id, motion, Some((health, life)))
    }
}

impl Serialize for PlayerChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            PlayerChange::Moved { id, motion } => write_player(serializer, id, motion, None),
            PlayerChange::Whole(player) => player.serialize(serializer),
        }
    }
}

fn write_player<S: Serializer>(
    serializer: S,
    id: u16,
    motion: Motion,
    vitals: Option<(u16, u8)>,
) -> Result<S::Ok, S::Error> {
    let (from, course) = match motion {
        Motion::Stand { at } => (at, None),
        Motion::Walk { from, to, since } => (from, Some((to, since, false))),
        Motion::Push { from, toward, since } => (from, Some((toward, since, true))),
    };
    let vitals_length = if vitals.is_some() { 2 } else { 0 };
    let course_length = course.map_or(0, |(_, _, pushed)| 3 + usize::from(pushed));
    let mut array = serializer.serialize_tuple(3 + vitals_length + course_length)?;
    array.serialize_element(&id)?;
    let (x, y) = coordinates(from);
    array.serialize_element(&x)?;
    array.serialize_element(&y)?;
    if let Some((health, life)) = vitals {
        array.serialize_element(&health)?;
        array.serialize_element(&life)?;
    }
    if let Some((to, since, pushed)) = course {
        let (x, y) = coordinates(to);
        array.serialize_element(&x)?;
        array.serialize_element(&y)?;
        array.serialize_element(&since.0)?;
        if pushed {
            array.serialize_element(&PUSHED)?;
        }
    }
    array.end()
}

/// The last element of a player that is pushed.
const PUSHED: u8 = 1;

impl<'de> Deserialize<'de> for PlayerState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PlayerState, D::Error> {
        match PlayerChange::deserialize(deserializer)? {
            PlayerChange::Whole(player) => Ok(player),
            PlayerChange::Moved { .. } => Err(de::Error::custom(PLAYER)),
        }
    }
}

impl<'de> Deserialize<'de> for PlayerChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PlayerChange, D::Error> {
        let in_units = deserializer.is_human_readable();
        deserializer.deserialize_seq(ChangeVisitor { in_units })
    }
}

struct ChangeVisitor {
    in_units: bool,
}

/// The longest array of a player.
const NUMBERS_MAX: usize = 9;

const PLAYER: &str =
    "the array of a player has 5, 8 or 9 elements, and 3, 6 or 7 if its health is the same";

impl<'de> Visitor<'de> for ChangeVisitor {
    type Value = PlayerChange;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the array of a player")
    }

    /// The meaning of the numbers depends on their count.
    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<PlayerChange, A::Error> {
        let mut numbers = [Number::Integer(0); NUMBERS_MAX];
        let mut length = 0;
        while let Some(number) = array.next_element()? {
            let free = numbers.get_mut(length).ok_or_else(|| de::Error::custom(PLAYER))?;
            *free = number;
            length += 1;
        }
        self.change(&numbers[..length]).map_err(de::Error::custom)
    }
}

impl ChangeVisitor {
    fn change(&self, numbers: &[Number]) -> Result<PlayerChange, String> {
        let (&[id, x, y], rest) = numbers.split_first_chunk::<3>().ok_or(PLAYER)?;
        let id = whole(id, "id", u16::MAX.into(), "0 to 65535")?;
        let (vitals, course) = match rest.len() {
            0 | 3 | 4 => (None, rest),
            2 | 5 | 6 => (Some((rest[0], rest[1])), &rest[2..]),
            _ => return Err(PLAYER.to_owned()),
        };
        let motion = self.motion(self.place(x, y)?, course)?;
        let Some((health, life)) = vitals else { return Ok(PlayerChange::Moved { id, motion }) };
        let life = whole(life, "life", u8::MAX.into(), "0 to 255")?;
        let health = whole(health, "health", u16::MAX.into(), "0 to 65535")?;
        Ok(PlayerChange::Whole(PlayerState { id, motion, health, life }))
    }

    fn motion(&self, from: Point, course: &[Number]) -> Result<Motion, String> {
        let &[x, y, since, ref kind @ ..] = course else { return Ok(Motion::Stand { at: from }) };
        let to = self.place(x, y)?;
        let since = whole(since, "since", u32::MAX, "0 to 4294967295")?;
        match kind {
            [] => Ok(Motion::Walk { from, to, since: Tick(since) }),
            [Number::Integer(1)] => Ok(Motion::Push { from, toward: to, since: Tick(since) }),
            _ => Err("the last element of a player that is pushed is 1".to_owned()),
        }
    }

    fn place(&self, x: Number, y: Number) -> Result<Point, String> {
        let grid = |name, number: Number| {
            number.to_grid(name, self.in_units).map_err(|error| error.to_string())
        };
        Ok(Point::new(grid("x", x)?, grid("y", y)?))
    }
}

fn whole<T: TryFrom<u32>>(
    number: Number,
    name: &'static str,
    high: u32,
    allowed: &'static str,
) -> Result<T, String> {
    let number = number.to_integer(name, high, allowed).map_err(|error| error.to_string())?;
    T::try_from(number).map_err(|_| format!("{name} is {number}; allowed is {allowed}"))
}

impl Serialize for FireballState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ((x, y), (toward_x, toward_y)) = (coordinates(self.from), coordinates(self.toward));
        (self.id, self.owner, x, y, toward_x, toward_y, self.since).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FireballState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FireballState, D::Error> {
        type Wire = (u32, Option<u16>, Coordinate, Coordinate, Coordinate, Coordinate, u32);
        let (id, owner, x, y, tx, ty, since): Wire = Deserialize::deserialize(deserializer)?;
        let (from, toward) = (Point::new(x.0, y.0), Point::new(tx.0, ty.0));
        Ok(FireballState { id, owner, from, toward, since })
    }
}

#[cfg(test)]
mod tests {
    use super::PlayerChange;

    /// The meaning of a player's numbers depends on their count. Other counts are refused.
    #[test]
    fn the_length_of_a_player_says_what_it_is() {
        let refused = "has 5, 8 or 9 elements";
        for (numbers, expect) in [
            ("[]", refused),
            ("[1,0]", refused),
            ("[1,0,0]", "Moved { id: 1, motion: Stand"),
            ("[1,0,0,5]", refused),
            ("[1,0,0,5,0]", "Whole(PlayerState { id: 1, motion: Stand"),
            ("[1,0,0,0.5,1,9]", "Moved { id: 1, motion: Walk"),
            ("[1,0,0,0.5,1,9,1]", "Moved { id: 1, motion: Push"),
            ("[1,0,0,0.5,1,9,2]", "the last element of a player that is pushed is 1"),
            ("[1,0,0,5,0,0.5,1,9]", "Whole(PlayerState { id: 1, motion: Walk"),
            ("[1,0,0,5,0,0.5,1,9,1]", "Whole(PlayerState { id: 1, motion: Push"),
            ("[1,0,0,5,0,0.5,1,9,1,1]", refused),
            ("[1,0,0,5,256]", "life is 256; allowed is 0 to 255"),
            ("[65536,0,0]", "id is 65536; allowed is 0 to 65535"),
            ("[1,0,65]", "y is 65; allowed is -64 to 64 units"),
            ("[1,0,0,0,1,-1]", "since is -1"),
        ] {
            let text = match serde_json::from_str::<PlayerChange>(numbers) {
                Ok(change) => format!("{change:?}"),
                Err(error) => error.to_string(),
            };
            assert!(text.contains(expect), "{numbers}: {text}");
        }
    }
}
