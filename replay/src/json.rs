//! A match as JSON lines, one event per line, in order. Points are in units, times in milliseconds
//! since the first tick. This is the output of `bolide replay --json`, not a wire format.

use std::io::{self, Write};

use bolide_sim::{EndReason, Event, Point, Refusal, Tick, TickRate, World};
use serde::Serialize;

use crate::milliseconds;
use crate::story::{PlayError, Story};

/// Plays a match to the end of its journal, whose segments are in order, and writes its events as
/// JSON lines.
///
/// # Errors
/// The journal cannot be played to its end, or `output` fails. What precedes the error is written.
pub fn write_json(segments: &[&[u8]], output: &mut impl Write) -> Result<(), PlayError> {
    let mut story = Story::open(segments)?;
    let writer = JsonWriter { rate: story.world().rules().tick_rate };
    while let Some(tick) = story.advance()? {
        writer.tick(output, tick, &story)?;
    }
    Ok(())
}

/// Writes events as JSON lines.
struct JsonWriter {
    rate: TickRate,
}

#[derive(Serialize)]
struct Line {
    tick: u32,
    /// Milliseconds from the first tick to the end of this one.
    ms: u64,
    #[serde(flatten)]
    event: JsonEvent,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum JsonEvent {
    CountdownBegan,
    CountdownStopped,
    FightBegan,
    Shot { player: u16, fireball: u32 },
    Fizzled { fireball: u32, at: Place },
    Hit { fireball: u32, by: u16, victim: u16, at: Place, health: u16, rewind_ms: u64 },
    Burned { player: u16, health: u16 },
    Blinked { player: u16, from: Place, to: Place },
    Died { player: u16, by: Option<u16> },
    Left { player: u16 },
    Ended { winner: Option<u16>, reason: &'static str, placements: Vec<Placement> },
    Refused { player: u16, why: &'static str },
}

/// x and y in units.
type Place = [f32; 2];

#[derive(Serialize)]
struct Placement {
    player: u16,
    place: u16,
    hits: u16,
    kills: u16,
}

impl JsonWriter {
    /// Writes the events of the story's last tick.
    fn tick(&self, output: &mut impl Write, tick: Tick, story: &Story<'_>) -> io::Result<()> {
        for event in story.events() {
            let event = self.event(event, story.world());
            let line = Line { tick: tick.0, ms: milliseconds(tick.0, self.rate), event };
            serde_json::to_writer(&mut *output, &line)?;
            writeln!(output)?;
        }
        Ok(())
    }

    fn event(&self, event: &Event, world: &World) -> JsonEvent {
        match *event {
            Event::CountdownBegan => JsonEvent::CountdownBegan,
            Event::CountdownStopped => JsonEvent::CountdownStopped,
            Event::FightBegan => JsonEvent::FightBegan,
            Event::Shot { player, fireball } => {
                JsonEvent::Shot { player: player.0, fireball: fireball.0 }
            }
            Event::Fizzled { fireball, at } => {
                JsonEvent::Fizzled { fireball: fireball.0, at: place(at) }
            }
            Event::Hit { fireball, by, victim, at, health, rewind_ticks } => JsonEvent::Hit {
                fireball: fireball.0,
                by: by.0,
                victim: victim.0,
                at: place(at),
                health,
                rewind_ms: milliseconds(rewind_ticks.into(), self.rate),
            },
            Event::Burned { player, health } => JsonEvent::Burned { player: player.0, health },
            Event::Blinked { player, from, to } => {
                JsonEvent::Blinked { player: player.0, from: place(from), to: place(to) }
            }
            Event::Died { player, by } => {
                JsonEvent::Died { player: player.0, by: by.map(|by| by.0) }
            }
            Event::Left { player } => JsonEvent::Left { player: player.0 },
            Event::Ended(outcome) => JsonEvent::Ended {
                winner: outcome.winner.map(|winner| winner.0),
                reason: match outcome.reason {
                    EndReason::LastStanding => "last_standing",
                    EndReason::TimeLimit => "time_limit",
                },
                placements: placements(world),
            },
            Event::Refused { player, why } => {
                JsonEvent::Refused { player: player.0, why: word(why) }
            }
        }
    }
}

fn placements(world: &World) -> Vec<Placement> {
    let placement = |(id, place)| {
        let player = world.player(id)?;
        Some(Placement { player: player.id.0, place, hits: player.hits, kills: player.kills })
    };
    world.placements().into_iter().filter_map(placement).collect()
}

fn place(at: Point) -> Place {
    let at = at.to_vec2();
    [at.x, at.y]
}

const fn word(why: Refusal) -> &'static str {
    match why {
        Refusal::NotFighting => "not_fighting",
        Refusal::NotAlive => "not_alive",
        Refusal::Cooldown => "cooldown",
        Refusal::NoWay => "no_way",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::write_json;
    use crate::testing::duel;

    fn lines(journal: &[u8]) -> Vec<Value> {
        let mut output = Vec::new();
        write_json(&[journal], &mut output).expect("it can be played");
        let text = String::from_utf8(output).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    #[test]
    fn json_lines_are_the_events_with_their_ticks() {
        let journal = duel(true);
        let all = lines(&journal);
        assert_eq!(all[0], json!({"tick": 1, "ms": 33, "event": "countdown_began"}));
        let ended = all.last().expect("an end");
        assert_eq!((&ended["event"], &ended["reason"]), (&"ended".into(), &"last_standing".into()));
        assert_eq!(ended["placements"][0]["player"], ended["winner"]);
        let hit = all.iter().find(|line| line["event"] == "hit").expect("a hit");
        assert_eq!((&hit["health"], &hit["rewind_ms"]), (&40.into(), &0.into()));
        assert!(hit["at"][0].as_f64().is_some_and(|x| (0.0..1.8).contains(&x)), "{hit}");
        assert_eq!(lines(&journal[..journal.len() - 3]), all, "a torn end has the same events");
    }
}
