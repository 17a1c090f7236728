//! The header of a journal, in both formats.

use alloc::string::String;

use super::{FORMAT, FORMAT_MIN, GAME, JournalError, SIM_VERSION, SIM_VERSION_MIN};
use crate::model::rules::Rules;
use crate::state::stream::{Saved, Sink, Source, State, StateError};
use crate::world::World;

/// Longest name of a game or a mode, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The header of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The layout of the journal, [`FORMAT_MIN`] to [`FORMAT`]. Records may be appended to a
    /// journal of [`FORMAT`] alone.
    pub format: u32,
    /// The name of the mode. Format 1 has none.
    pub mode: Option<String>,
    /// The rules of the match.
    pub rules: Rules,
    /// Its seed.
    pub seed: u64,
    /// The name of the program that wrote it.
    pub build: String,
}

impl Header {
    /// Writes the header of a match in the current format.
    pub(super) fn write(world: &World, mode: &str, build: &str, saved: &mut Saved) {
        FORMAT.write(saved);
        write_text(GAME, saved);
        world.rules().version().write(saved);
        world.rules().tick_rate.write(saved);
        write_text(mode, saved);
        world.seed().write(saved);
        write_text(build, saved);
        let mut rules = Saved::default();
        world.rules().write(&mut rules);
        saved.word(rules.0.len() as u64);
        saved.0.extend_from_slice(&rules.0);
    }

    /// Reads the words of a header. An error of the words is passed through `damaged`.
    pub(super) fn read(
        words: &[u8],
        damaged: impl Fn(StateError) -> JournalError,
    ) -> Result<Header, JournalError> {
        let mut source = Source::new(words);
        let format = u32::read(&mut source).map_err(&damaged)?;
        if !(FORMAT_MIN..=FORMAT).contains(&format) {
            return Err(JournalError::Format(format));
        }
        let (game, version) = game(format, &mut source).map_err(&damaged)?;
        if game != GAME || !(SIM_VERSION_MIN..=SIM_VERSION).contains(&version) {
            return Err(JournalError::Game { game, version });
        }
        let header = if format == 1 { Header::read_format_1 } else { Header::read_format_2 };
        let header = header(&mut source).map_err(&damaged)?;
        source.end().map_err(&damaged)?;
        if header.rules.version() != version {
            return Err(damaged(StateError::Impossible("version of the game")));
        }
        Ok(header)
    }

    fn read_format_1(source: &mut Source<'_>) -> Result<Header, StateError> {
        let rules = rules(source)?;
        let seed = State::read(source)?;
        let build = text(source, "build name")?;
        Ok(Header { format: 1, mode: None, rules, seed, build })
    }

    fn read_format_2(source: &mut Source<'_>) -> Result<Header, StateError> {
        let tick_rate = State::read(source)?;
        let mode = name(source, "mode name")?;
        let seed = State::read(source)?;
        let build = text(source, "build name")?;
        let mut source = Source::new(source.bytes()?);
        let rules = rules(&mut source)?;
        source.end()?;
        if rules.tick_rate != tick_rate {
            return Err(StateError::Impossible("tick rate"));
        }
        Ok(Header { format: 2, mode: Some(mode), rules, seed, build })
    }
}

/// Reads the name of the game and its version.
fn game(format: u32, source: &mut Source<'_>) -> Result<(String, u32), StateError> {
    let game = if format == 1 { GAME.into() } else { name(source, "game name")? };
    Ok((game, u32::read(source)?))
}

fn rules(source: &mut Source<'_>) -> Result<Rules, StateError> {
    let rules = Rules::read(source)?;
    rules.check()?;
    Ok(rules)
}

fn write_text(text: &str, saved: &mut Saved) {
    saved.word(text.len() as u64);
    saved.0.extend_from_slice(text.as_bytes());
}

fn text(source: &mut Source<'_>, what: &'static str) -> Result<String, StateError> {
    let text = core::str::from_utf8(source.bytes()?);
    text.map(String::from).map_err(|_| StateError::Impossible(what))
}

/// Reads a name of a to z, A to Z, 0 to 9, `-` and `_`, as it may be printed anywhere.
fn name(source: &mut Source<'_>, what: &'static str) -> Result<String, StateError> {
    let name = text(source, what)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_name = (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain);
    if is_name { Ok(name) } else { Err(StateError::Impossible(what)) }
}
