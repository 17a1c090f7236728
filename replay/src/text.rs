//! A match as text for humans: its rules, the players, the events with their times, and the result.
//! Players are numbers, because a journal has no names.

use std::collections::BTreeMap;
use std::io::{self, Write};

use bolide_sim::journal::{GAME, Header, Reader, Record};
use bolide_sim::{
    BotSkill, Command, EndReason, Event, Outcome, Phase, PlayerId, PlayerKind, Point, Refusal,
    Rules, Tick, TickRate, Walls, World,
};

use crate::milliseconds;
use crate::story::{PlayError, Story};

/// The events that the text of a match has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Hits, deaths, and the beginning and end of the fight.
    Main,
    /// All events: also shots, blinks, burns and what the rules refused.
    All,
}

/// Plays a match to the end of its journal, whose segments are in order, and writes it as text.
/// `name` is that of the journal.
///
/// # Errors
/// The journal cannot be played to its end, or `output` fails. What precedes the error is written.
pub fn write_text(
    name: &str,
    segments: &[&[u8]],
    detail: Detail,
    output: &mut impl Write,
) -> Result<(), PlayError> {
    let mut story = Story::open(segments)?;
    let mut writer = TextWriter::new(segments, story.world().rules(), detail);
    writer.beginning(output, name, story.header())?;
    while let Some(tick) = story.advance()? {
        writer.tick(output, tick, story.events())?;
    }
    writer.end(output, story.world())?;
    writeln!(output, "{} state hashes compared, all equal", story.hashes())?;
    story.remarks().try_for_each(|remark| writeln!(output, "{remark}"))?;
    Ok(())
}

/// Writes the parts of a match as text.
struct TextWriter {
    rate: TickRate,
    detail: Detail,
    /// The kind of each player that joined.
    kinds: BTreeMap<PlayerId, PlayerKind>,
    /// The tick in which the fight began.
    fought_since: Option<Tick>,
}

impl TextWriter {
    fn new(segments: &[&[u8]], rules: &Rules, detail: Detail) -> TextWriter {
        let kinds = segments.iter().flat_map(|segment| joins(segment)).collect();
        TextWriter { rate: rules.tick_rate, detail, kinds, fought_since: None }
    }

    /// Writes the part before the first tick.
    fn beginning(&self, output: &mut impl Write, name: &str, header: &Header) -> io::Result<()> {
        let rules = &header.rules;
        let walls = match rules.walls {
            Walls::Solid => "solid walls",
            Walls::Open => "open walls",
        };
        let (zone, fog) = (rules.zone.map(|_| ", closing zone"), rules.vision_radius);
        let fog = fog.map(|radius| format!(", sight {radius}"));
        writeln!(output, "{}\n", name.escape_debug())?;
        let mode = header.mode.as_ref().map(|mode| format!("{mode}, "));
        writeln!(
            output,
            "  rules    {}{} Hz, {} seats, fight from {}, arena {:.2} x {:.2}, {walls}{}{}",
            mode.unwrap_or_default(),
            rules.tick_rate.hz(),
            rules.capacity,
            rules.fight_at,
            rules.arena_width,
            rules.arena_height,
            fog.unwrap_or_default(),
            zone.unwrap_or_default(),
        )?;
        let (health, hit, dead) = (rules.health, rules.hit_damage, rules.dead_at);
        writeln!(output, "           health {health}, {hit} a hit, dead at {dead}")?;
        let build = header.build.escape_debug();
        writeln!(
            output,
            "  written  by {build}, format {}, {GAME} {}, seed {:016x}",
            header.format,
            rules.version(),
            header.seed
        )?;
        writeln!(output, "  joined   {}\n\n  {:>7} {:>6}", self.everybody(), "time", "tick")
    }

    /// Writes the events of a tick.
    fn tick(&mut self, output: &mut impl Write, tick: Tick, events: &[Event]) -> io::Result<()> {
        if events.contains(&Event::FightBegan) {
            self.fought_since = Some(tick);
        }
        let told = events.iter().filter(|event| self.detail == Detail::All || !is_detail(event));
        for event in told {
            let (time, text) = (time(tick.0, self.rate), sentence(event, self.rate));
            writeln!(output, "  {time:>7} {tick:>6}  {text}")?;
        }
        Ok(())
    }

    /// Writes the result of the match, or how far the journal goes.
    fn end(&self, output: &mut impl Write, world: &World) -> io::Result<()> {
        let tick = world.tick();
        let Phase::Over { since, .. } = world.phase() else {
            let alive = world.players().iter().filter(|player| player.is_alive()).count();
            return writeln!(
                output,
                "\nthe journal ends at {}, tick {tick}, before the match is decided; players left: {alive}",
                time(tick.0, self.rate)
            );
        };
        writeln!(output, "\n  place  player             hits  kills")?;
        for (id, place) in world.placements() {
            let Some(player) = world.player(id) else { continue };
            let name = format!("#{id} {}", self.kind(id));
            writeln!(output, "  {place:>5}  {name:<17} {:>5} {:>6}", player.hits, player.kills)?;
        }
        let fought = since.since(self.fought_since.unwrap_or(since));
        writeln!(output, "\nthe fight lasted {}, {fought} ticks", time(fought, self.rate))
    }

    fn kind(&self, player: PlayerId) -> &'static str {
        self.kinds.get(&player).map_or("unknown", |kind| word(*kind))
    }

    /// Lists all players that joined, by kind: `4 humans (#0-2, #7), 1 hard bot (#3)`.
    fn everybody(&self) -> String {
        let mut by_kind: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
        for (player, kind) in &self.kinds {
            by_kind.entry(word(*kind)).or_default().push(player.0);
        }
        let group = |(kind, players): (&&str, &Vec<u16>)| {
            let plural = if players.len() == 1 { "" } else { "s" };
            format!("{} {kind}{plural} ({})", players.len(), ranges(players))
        };
        let groups: Vec<String> = by_kind.iter().map(group).collect();
        if groups.is_empty() { "nobody".to_owned() } else { groups.join(", ") }
    }
}

/// Returns whether only [`Detail::All`] has this event.
const fn is_detail(event: &Event) -> bool {
    matches!(
        event,
        Event::Shot { .. }
            | Event::Fizzled { .. }
            | Event::Burned { .. }
            | Event::Blinked { .. }
            | Event::Refused { .. }
    )
}

fn sentence(event: &Event, rate: TickRate) -> String {
    match *event {
        Event::CountdownBegan => "the countdown begins".to_owned(),
        Event::CountdownStopped => "too few are left; the countdown stops".to_owned(),
        Event::FightBegan => "the fight begins".to_owned(),
        Event::Shot { player, fireball } => format!("#{player} throws fireball {}", fireball.0),
        Event::Fizzled { fireball, at } => format!("fireball {} ends at {}", fireball.0, place(at)),
        Event::Hit { by, victim, at, health, rewind_ticks, .. } => {
            let rewind_ms = milliseconds(rewind_ticks.into(), rate);
            let ago = if rewind_ms == 0 { String::new() } else { format!(", {rewind_ms} ms ago") };
            format!("#{by} hits #{victim} at {}{ago}: {health} health left", place(at))
        }
        Event::Burned { player, health } => format!("#{player} burns: {health} health left"),
        Event::Blinked { player, from, to } => {
            format!("#{player} blinks from {} to {}", place(from), place(to))
        }
        Event::Died { player, by: Some(by) } => format!("#{player} is killed by #{by}"),
        Event::Died { player, by: None } => format!("#{player} burns to death in the zone"),
        Event::Left { player } => format!("#{player} leaves"),
        Event::Ended(Outcome { winner: Some(winner), reason }) => {
            format!("#{winner} wins: {}", ending(reason))
        }
        Event::Ended(Outcome { winner: None, reason }) => format!("a draw: {}", ending(reason)),
        Event::Refused { player, why } => {
            let why = match why {
                Refusal::NotFighting => "there is no fight",
                Refusal::NotAlive => "not alive",
                Refusal::Cooldown => "still cooling down",
                Refusal::NoWay => "no way to go",
            };
            format!("#{player} is refused: {why}")
        }
    }
}

const fn ending(reason: EndReason) -> &'static str {
    match reason {
        EndReason::LastStanding => "nobody else is left standing",
        EndReason::TimeLimit => "the time is up",
    }
}

/// Reads the kind of each player from its last join. A player that joins again before the fight may
/// have another kind then.
fn joins(segment: &[u8]) -> BTreeMap<PlayerId, PlayerKind> {
    let Ok((_, records)) = Reader::open(segment) else { return BTreeMap::new() };
    let mut kinds = BTreeMap::new();
    for record in records.map_while(Result::ok) {
        match record {
            Record::Tick { commands, .. } => {
                for command in commands {
                    if let Command::Join { player, kind } = command {
                        kinds.insert(player, kind);
                    }
                }
            }
            // A later segment that is replayed alone has the earlier players in its state.
            Record::State(world) => {
                kinds.extend(world.players().iter().map(|player| (player.id, player.kind())));
            }
            Record::Hash { .. } | Record::End { .. } => {}
        }
    }
    kinds
}

const fn word(kind: PlayerKind) -> &'static str {
    match kind {
        PlayerKind::Human => "human",
        PlayerKind::Bot(BotSkill::Easy) => "easy bot",
        PlayerKind::Bot(BotSkill::Normal) => "normal bot",
        PlayerKind::Bot(BotSkill::Hard) => "hard bot",
    }
}

/// Formats sorted numbers, with consecutive ones as a range.
fn ranges(numbers: &[u16]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let run = |run: &[u16]| match run {
        [first, .., last] => format!("#{first}-{last}"),
        [only] => format!("#{only}"),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}

/// Formats minutes, seconds and tenths since the first tick.
fn time(ticks: u32, rate: TickRate) -> String {
    let tenths = milliseconds(ticks, rate) / 100;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

fn place(at: Point) -> String {
    let at = at.to_vec2();
    format!("({:.3}, {:.3})", at.x, at.y)
}

#[cfg(test)]
mod tests {
    use bolide_sim::TickRate;

    use super::{Detail, ranges, time, write_text};
    use crate::testing::{duel, two_segments};

    /// Returns the text of a match that can be played to its end.
    fn text(segments: &[&[u8]], detail: Detail) -> String {
        let mut output = Vec::new();
        write_text("a.journal", segments, detail, &mut output).expect("it can be played");
        String::from_utf8(output).expect("text")
    }

    #[test]
    fn a_match_is_text_that_steers_no_terminal() {
        let journal = duel(true);
        let main = text(&[&journal], Detail::Main);
        assert!(main.contains("the fight begins") && main.contains("all equal"), "{main}");
        assert!(main.contains("a\\u{1b}[2Jb") && !main.contains("throws fireball"), "{main}");
        assert!(text(&[&journal], Detail::All).contains("throws fireball"));
        let torn = text(&[&journal[..journal.len() - 3]], Detail::Main);
        assert!(torn.contains("wins") && torn.trim_end().ends_with("is cut off"), "{torn}");
    }

    #[test]
    fn two_segments_are_one_match_and_the_second_can_be_played_alone() {
        let [first, second] = two_segments(100, 100);
        let whole = text(&[&first, &second], Detail::Main);
        assert!(whole.contains("the fight begins") && whole.contains("wins"), "{whole}");
        assert!(!whole.contains("in no file"), "{whole}");
        let alone = text(&[&second], Detail::Main);
        assert!(alone.contains("wins") && alone.contains("2 hard bots"), "{alone}");
        assert!(!alone.contains("countdown"), "{alone}");
        let [first, second] = two_segments(100, 130);
        assert!(text(&[&first, &second], Detail::Main).contains("wins"));
    }

    #[test]
    fn times_are_minutes_seconds_and_tenths() {
        for (ticks, rate, expect) in [
            (0, TickRate::Hz30, "0:00.0"),
            (29, TickRate::Hz30, "0:00.9"),
            (1799, TickRate::Hz30, "0:59.9"),
            (1800, TickRate::Hz30, "1:00.0"),
            (72_001, TickRate::Hz20, "60:00.0"),
        ] {
            assert_eq!(time(ticks, rate), expect);
        }
    }

    #[test]
    fn numbers_that_follow_each_other_are_a_range() {
        for (numbers, expect) in
            [(&[0u16, 1, 2, 5, 7, 8][..], "#0-2, #5, #7-8"), (&[3], "#3"), (&[], "")]
        {
            assert_eq!(ranges(numbers), expect);
        }
    }
}
