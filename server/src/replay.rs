//! `bolide replay`: plays a match again from its journal and prints what happened, as text or as
//! JSON, or only verifies that all state hashes agree. It prints what the simulation returns and
//! decides nothing itself.

mod json;
mod text;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bolide_sim::journal::{JournalError, Replay, ReplayError};
use bolide_sim::{Tick, TickRate};

use self::json::JsonTeller;
use self::text::TextTeller;

/// The output of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayForm {
    /// Text for humans.
    Text {
        /// Includes shots, blinks and what the rules refused.
        verbose: bool,
    },
    /// JSON, one event per line.
    Json,
    /// One line that confirms that all state hashes agree.
    Verify,
}

/// The reason why a replay stopped before the end of its journal. Its text is one sentence for the
/// user.
#[derive(Debug, thiserror::Error)]
pub enum ReplayFailure {
    /// The file cannot be read.
    #[error("cannot read `{file}`: {error}", file = file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The file is larger than any journal.
    #[error("`{file}` is larger than {JOURNAL_MIB_MAX} MiB; no journal is", file = file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// The file does not begin as a journal that this program can play.
    #[error("cannot replay `{file}`: {error}", file = file.display())]
    Unplayable {
        /// The file.
        file: PathBuf,
        /// The error in the journal.
        error: JournalError,
    },
    /// The journal cannot be played to its end.
    #[error("the replay of `{file}` stops after tick {after}: {error}", file = file.display())]
    Stops {
        /// The file.
        file: PathBuf,
        /// The last tick that was reproduced.
        after: Tick,
        /// The error after that tick.
        error: ReplayError,
    },
    /// The journal has no state hash to compare with.
    #[error("`{file}` holds no state hash, so there is nothing to verify", file = file.display())]
    NothingToVerify {
        /// The file.
        file: PathBuf,
    },
    /// The output cannot be written.
    #[error("cannot write the replay: {error}")]
    Output {
        /// The error of the operating system.
        error: io::Error,
    },
}

impl From<io::Error> for ReplayFailure {
    fn from(error: io::Error) -> ReplayFailure {
        ReplayFailure::Output { error }
    }
}

impl ReplayFailure {
    /// The exit code of the program: 2 if this is the wrong file, 1 if something is wrong with the
    /// match.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            ReplayFailure::Unreadable { .. } | ReplayFailure::TooLarge { .. } => 2,
            ReplayFailure::Unplayable { error, .. } => match error {
                JournalError::NotAJournal
                | JournalError::Format(_)
                | JournalError::SimVersion(_) => 2,
                JournalError::Torn { .. } | JournalError::Damaged { .. } => 1,
            },
            ReplayFailure::Stops { .. }
            | ReplayFailure::NothingToVerify { .. }
            | ReplayFailure::Output { .. } => 1,
        }
    }
}

/// The largest journal that is read, in MiB. An hour of sixty players that never pause takes an
/// eighth.
const JOURNAL_MIB_MAX: u64 = 1024;

/// Replays the match of a journal to `output`. A torn end, as a killed server leaves it, is
/// reported and is no failure. Neither is a broken pipe, because then the reader of the output has
/// had enough.
///
/// # Errors
/// See [`ReplayFailure`]. Everything before the failure has been written.
pub fn replay(file: &Path, form: ReplayForm, output: &mut impl Write) -> Result<(), ReplayFailure> {
    let segments = read_all(file)?;
    let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
    let mut output = BufWriter::new(output);
    let told = tell(file, &segments, form, &mut output);
    let told = match output.flush() {
        Ok(()) => told,
        Err(error) => told.and(Err(error.into())),
    };
    match told {
        Err(ReplayFailure::Output { error }) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        told => told,
    }
}

/// Reads a journal and the later segments of its match beside it. Missing numbers are skipped. If
/// the file is itself a later segment, it is read alone.
fn read_all(file: &Path) -> Result<Vec<Vec<u8>>, ReplayFailure> {
    let mut segments = vec![read(file)?];
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if let Some(id) = name.strip_suffix(".journal").filter(|id| !id.contains('.')) {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let unreadable = |error| ReplayFailure::Unreadable { file: folder.to_owned(), error };
        let mut later = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(id)?.strip_prefix('.'));
            let number = number.and_then(|number| number.strip_suffix(".journal"));
            if let Some(number) = number.and_then(|number| number.parse::<u32>().ok()) {
                later.insert(number, folder.join(&name));
            }
        }
        for later in later.values() {
            segments.push(read(later)?);
        }
    }
    Ok(segments)
}

fn read(file: &Path) -> Result<Vec<u8>, ReplayFailure> {
    let unreadable = |error| ReplayFailure::Unreadable { file: file.to_owned(), error };
    let mut journal = Vec::new();
    let limit = JOURNAL_MIB_MAX << 20;
    let opened = File::open(file).map_err(unreadable)?;
    let length = opened.take(limit + 1).read_to_end(&mut journal).map_err(unreadable)?;
    if length as u64 > limit {
        return Err(ReplayFailure::TooLarge { file: file.to_owned() });
    }
    Ok(journal)
}

fn tell(
    file: &Path,
    segments: &[&[u8]],
    form: ReplayForm,
    output: &mut impl Write,
) -> Result<(), ReplayFailure> {
    let replay = Replay::open_segments(segments[0], &segments[1..])
        .map_err(|error| ReplayFailure::Unplayable { file: file.to_owned(), error })?;
    match form {
        ReplayForm::Text { verbose } => {
            let mut teller = TextTeller::new(segments, replay.world().rules(), verbose);
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            teller.beginning(output, &name, replay.header())?;
            let told = run(file, replay, |replay, tick| {
                Ok(teller.tick(output, tick, replay.events())?)
            })?;
            teller.end(output, told.replay.world())?;
            let hashes = told.replay.hashes();
            writeln!(output, "{hashes} state hashes compared, all equal")?;
            told.remarks().try_for_each(|remark| writeln!(output, "{remark}"))?;
        }
        ReplayForm::Json => {
            let teller = JsonTeller::new(replay.world().rules().tick_rate);
            run(file, replay, |replay, tick| Ok(teller.tick(output, tick, replay)?))?;
        }
        ReplayForm::Verify => {
            let told = run(file, replay, |_, _| Ok(()))?;
            verdict(file, &told, output)?;
        }
    }
    Ok(())
}

/// A replay that has reached the end of its journal.
struct Told<'a> {
    replay: Replay<'a>,
    /// The offset of the last record, if that is cut off.
    torn_at: Option<usize>,
}

impl Told<'_> {
    /// Returns remarks about missing records, none of which is an error.
    fn remarks(&self) -> impl Iterator<Item = String> {
        let gap = |(first, last): &(Tick, Tick)| {
            format!("ticks {first} to {last} are in no file: the disk failed to keep them")
        };
        let cut_off = |at| format!("the last record, at byte {at}, is cut off");
        self.replay.gaps().iter().map(gap).chain(self.torn_at.map(cut_off))
    }
}

/// Plays to the end of the journal and passes each tick that was reproduced to `show`.
fn run<'a>(
    file: &Path,
    mut replay: Replay<'a>,
    mut show: impl FnMut(&Replay<'a>, Tick) -> Result<(), ReplayFailure>,
) -> Result<Told<'a>, ReplayFailure> {
    let mut after = replay.world().tick();
    while let Some(step) = replay.next() {
        let error = match step {
            Ok(tick) => {
                show(&replay, tick)?;
                after = tick;
                continue;
            }
            Err(error) => error,
        };
        // The record that cannot be read may follow a tick that could be.
        let played = replay.world().tick();
        if matches!(error, ReplayError::Journal(_)) && played > after {
            show(&replay, played)?;
            after = played;
        }
        if let ReplayError::Journal(JournalError::Torn { at }) = error {
            return Ok(Told { replay, torn_at: Some(at) });
        }
        return Err(ReplayFailure::Stops { file: file.to_owned(), after, error });
    }
    Ok(Told { replay, torn_at: None })
}

fn verdict(file: &Path, told: &Told<'_>, output: &mut impl Write) -> Result<(), ReplayFailure> {
    let (hashes, world) = (told.replay.hashes(), told.replay.world());
    if hashes == 0 {
        return Err(ReplayFailure::NothingToVerify { file: file.to_owned() });
    }
    write!(output, "verified: {hashes} hashes in {} ticks", world.tick())?;
    if world.phase().outcome().is_none() {
        write!(output, "; the journal ends before the match is decided")?;
    }
    told.remarks().try_for_each(|remark| write!(output, "; {remark}"))?;
    Ok(writeln!(output)?)
}

/// Converts ticks to milliseconds.
fn milliseconds(ticks: u32, rate: TickRate) -> u64 {
    u64::from(ticks) * 1000 / u64::from(rate.hz())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use bolide_sim::journal::Writer;
    use bolide_sim::{BotSkill, Command, PlayerId, PlayerKind, World, preset};

    use super::{ReplayForm, replay};
    use crate::testing::Folder;

    /// Plays a duel of bots to its end and returns the journal.
    fn duel(hashes: bool) -> Vec<u8> {
        let mut world = World::new(preset("duel").expect("a preset").rules, 7).expect("valid");
        let mut writer = Writer::new(&world, "a\x1b[2Jb");
        let bot =
            |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Hard) };
        while world.phase().outcome().is_none() {
            let commands = if world.tick().0 == 0 { vec![bot(0), bot(1)] } else { Vec::new() };
            world.step(&commands, &mut Vec::new());
            writer.tick(world.tick(), &commands);
            if hashes && (world.tick().0.is_multiple_of(30) || world.phase().outcome().is_some()) {
                writer.hash(&world);
            }
        }
        writer.take()
    }

    /// Returns the output for these bytes, and the failure with its exit code.
    fn told(bytes: &[u8], form: ReplayForm) -> (String, Option<(u8, String)>) {
        let folder = Folder::new();
        let file = folder.file("a.journal", bytes);
        let mut output = Vec::new();
        let failure = replay(&file, form, &mut output).err();
        let file = file.display().to_string();
        let failure =
            failure.map(|failure| (failure.exit_code(), failure.to_string().replace(&file, "F")));
        (String::from_utf8(output).expect("text"), failure)
    }

    const TEXT: ReplayForm = ReplayForm::Text { verbose: false };

    #[test]
    fn a_whole_match_is_told_and_verified() {
        let (text, failure) = told(&duel(true), TEXT);
        assert_eq!(failure, None, "{text}");
        assert!(text.contains("the fight begins") && text.contains("all equal"), "{text}");
        assert!(
            text.contains("a\\u{1b}[2Jb"),
            "what a file holds does not steer a terminal: {text}"
        );
        let (line, failure) = told(&duel(true), ReplayForm::Verify);
        assert_eq!(failure, None);
        assert!(line.starts_with("verified: ") && line.ends_with(" ticks\n"), "{line}");
    }

    #[test]
    fn json_lines_are_the_events_with_their_ticks() {
        let (lines, failure) = told(&duel(true), ReplayForm::Json);
        assert_eq!(failure, None);
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines[0], serde_json::json!({"tick": 1, "ms": 33, "event": "countdown_began"}));
        let ended = lines.last().expect("an end");
        assert_eq!((&ended["event"], &ended["reason"]), (&"ended".into(), &"last_standing".into()));
        assert_eq!(ended["placements"][0]["player"], ended["winner"]);
        let hit = lines.iter().find(|line| line["event"] == "hit").expect("a hit");
        assert_eq!((&hit["health"], &hit["rewind_ms"]), (&40.into(), &0.into()));
        assert!(hit["at"][0].as_f64().is_some_and(|x| (0.0..1.8).contains(&x)), "{hit}");
    }

    #[test]
    fn a_torn_end_is_told_with_all_that_is_good() {
        let journal = duel(true);
        // Three bytes less cut off the last hash, whose tick ends the match.
        let torn = &journal[..journal.len() - 3];
        let (text, failure) = told(torn, TEXT);
        assert_eq!(failure, None);
        assert!(text.contains("wins"), "{text}");
        assert!(text.trim_end().ends_with("is cut off"), "{text}");
        let (line, failure) = told(torn, ReplayForm::Verify);
        assert_eq!(failure, None);
        assert!(
            line.starts_with("verified: ") && line.trim_end().ends_with("is cut off"),
            "{line}"
        );
        let (json, whole) = (told(torn, ReplayForm::Json).0, told(&journal, ReplayForm::Json).0);
        assert_eq!(json, whole);
        let half = told(&journal[..journal.len() / 2], ReplayForm::Verify).0;
        assert!(half.contains("; the journal ends before the match is decided; "), "{half}");
    }

    #[test]
    fn what_cannot_be_played_is_refused_in_one_sentence() {
        let journal = duel(true);
        let refused = |bytes: &[u8], form, code, expect: &str| {
            let (_, failure) = told(bytes, form);
            let (got, text) = failure.expect("refused");
            assert!(text.starts_with(expect), "{text:?} is not {expect:?}");
            assert_eq!((got, text.lines().count()), (code, 1), "{text}");
        };
        refused(b"", TEXT, 2, "cannot replay `F`: this is not a journal");
        refused(b"PNG", ReplayForm::Verify, 2, "cannot replay `F`: this is not a journal");
        refused(&journal[..20], TEXT, 1, "cannot replay `F`: the record at byte 8 is cut off");
        let mut damaged = journal.clone();
        damaged[journal.len() / 2] ^= 1;
        refused(&damaged, TEXT, 1, "the replay of `F` stops after tick ");
        refused(&damaged, ReplayForm::Json, 1, "the replay of `F` stops after tick ");
        refused(&duel(false), ReplayForm::Verify, 1, "`F` holds no state hash");
    }

    #[test]
    fn a_difference_is_told_with_its_tick() {
        let rules = preset("duel").expect("a preset").rules;
        let (mut world, mut other) =
            (World::new(rules.clone(), 1).expect("valid"), World::new(rules, 2).expect("valid"));
        let mut writer = Writer::new(&world, "test");
        for tick in 1..=40 {
            world.step(&[], &mut Vec::new());
            other.step(&[], &mut Vec::new());
            writer.tick(world.tick(), &[]);
            writer.hash(if tick < 25 { &world } else { &other });
        }
        let (line, failure) = told(&writer.take(), ReplayForm::Verify);
        let (code, text) = failure.expect("a difference");
        assert_eq!((code, line.as_str()), (1, ""));
        assert!(
            text.starts_with("the replay of `F` stops after tick 24: tick 25 differs: "),
            "{text}"
        );
    }

    /// Writes a duel of bots to two files. The second one begins with the tick `second_from`.
    fn two_segments(folder: &Folder, first_until: u32, second_from: u32) -> PathBuf {
        let mut world = World::new(preset("duel").expect("a preset").rules, 7).expect("valid");
        let mut first = Writer::new(&world, "test");
        let mut second = Writer::default();
        let bot =
            |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Hard) };
        while world.phase().outcome().is_none() {
            let commands = if world.tick().0 == 0 { vec![bot(0), bot(1)] } else { Vec::new() };
            world.step(&commands, &mut Vec::new());
            if world.tick().0 <= first_until {
                first.tick(world.tick(), &commands);
            }
            if world.tick().0 == second_from {
                second = Writer::new(&world, "test");
                second.state(&world);
            } else {
                second.tick(world.tick(), &commands);
            }
        }
        second.hash(&world);
        folder.file("b.1.journal", &second.take());
        folder.file("b.journal", &first.take())
    }

    #[test]
    fn a_match_of_several_files_is_told_as_one_and_a_gap_is_told() {
        let replayed = |file: &Path, form| {
            let mut output = Vec::new();
            replay(file, form, &mut output).expect("told");
            String::from_utf8(output).expect("text")
        };
        let folder = Folder::new();
        let file = two_segments(&folder, 100, 100);
        let whole = replayed(&file, TEXT);
        let fought = "the fight begins";
        assert!(whole.contains(fought) && whole.contains("wins"), "{whole}");
        assert!(!whole.contains("in no file"), "{whole}");
        let alone = replayed(&folder.0.join("b.1.journal"), TEXT);
        assert!(alone.contains("wins") && alone.contains("2 hard bots"), "{alone}");
        assert!(!alone.contains("countdown"), "{alone}");
        let file = two_segments(&folder, 100, 130);
        let line = replayed(&file, ReplayForm::Verify);
        let gap = "; ticks 101 to 130 are in no file: the disk failed to keep them\n";
        assert!(line.starts_with("verified: 1 hashes") && line.ends_with(gap), "{line}");
        assert!(replayed(&file, TEXT).contains("wins"));
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let failure =
            replay(Path::new("/no/such.journal"), TEXT, &mut Vec::new()).expect_err("none");
        assert!(failure.to_string().starts_with("cannot read `/no/such.journal`: No such file"));
        assert_eq!(failure.exit_code(), 2);
    }
}
