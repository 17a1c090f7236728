//! The modes that a server offers: the presets and those that the operator defined. The rules of
//! every mode in this list have been checked, so a room can be opened with them. Modes are read
//! from the configuration in `file`.

use bolide_sim::{Mode, PRESETS, RulesError, preset};

/// The mode for clients that do not ask for one.
const DEFAULT_MODE: &str = "brawl";

/// Longest name of a mode, in characters.
const NAME_CHARS_MAX: usize = 24;

/// Modes beside the presets. The list is sent to every page that is opened.
const CUSTOM_MODES_MAX: usize = 64;

/// The modes of a server, in the order in which they are listed. [`Modes::default`] has the
/// presets.
#[derive(Clone, Debug, PartialEq)]
pub struct Modes(Vec<Mode>);

impl Default for Modes {
    fn default() -> Modes {
        Modes(PRESETS.iter().filter_map(|name| preset(name)).collect())
    }
}

/// The reason why a mode was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModeError {
    /// The name is empty, too long or has other characters than a to z, 0 to 9 and `-`.
    #[error("a mode's name has 1 to {NAME_CHARS_MAX} characters out of a to z, 0 to 9 and -")]
    Name,
    /// The name is that of a preset.
    #[error("this is the name of a preset, which stays what it is; choose another name")]
    Preset,
    /// Another mode has this name.
    #[error("there is a mode of this name")]
    Twice,
    /// There are too many modes.
    #[error("a server has at most {CUSTOM_MODES_MAX} modes beside the presets")]
    TooMany,
    /// A rule is outside its range, or two rules contradict each other.
    #[error(transparent)]
    Rules(#[from] RulesError),
}

impl Modes {
    /// Adds a mode.
    ///
    /// # Errors
    /// See [`ModeError`].
    pub fn add(&mut self, mode: Mode) -> Result<(), ModeError> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=NAME_CHARS_MAX).contains(&mode.name.len()) || !mode.name.bytes().all(legal) {
            return Err(ModeError::Name);
        }
        if PRESETS.contains(&mode.name.as_str()) {
            return Err(ModeError::Preset);
        }
        if self.get(&mode.name).is_some() {
            return Err(ModeError::Twice);
        }
        if self.0.len() >= PRESETS.len() + CUSTOM_MODES_MAX {
            return Err(ModeError::TooMany);
        }
        mode.rules.check()?;
        mode.rules.check_fireballs()?;
        self.0.push(mode);
        Ok(())
    }

    /// Returns the mode of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Mode> {
        self.0.iter().find(|mode| mode.name == name)
    }

    /// Returns the mode that a client asks for, or the default mode if it names none.
    pub(crate) fn asked_for(&self, name: Option<&str>) -> Option<&Mode> {
        self.get(name.unwrap_or(DEFAULT_MODE))
    }

    /// Iterates over all modes.
    pub fn iter(&self) -> impl Iterator<Item = &Mode> {
        self.0.iter()
    }

    /// Returns the names of all modes as one text, for people.
    #[must_use]
    pub fn names(&self) -> String {
        self.0.iter().map(|mode| mode.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use bolide_sim::{Mode, preset};

    use super::{CUSTOM_MODES_MAX, ModeError, Modes};

    fn mode(name: &str) -> Mode {
        Mode { name: name.to_owned(), ..preset("duel").expect("a preset") }
    }

    #[test]
    fn a_name_is_short_plain_and_new() {
        let mut modes = Modes::default();
        for (name, expect) in [
            ("ice", Ok(())),
            ("2-fast-2-far", Ok(())),
            ("a23456789012345678901234", Ok(())),
            ("a234567890123456789012345", Err(ModeError::Name)),
            ("", Err(ModeError::Name)),
            ("Ice", Err(ModeError::Name)),
            ("ice rink", Err(ModeError::Name)),
            ("glätte", Err(ModeError::Name)),
            ("ice", Err(ModeError::Twice)),
            ("royale", Err(ModeError::Preset)),
        ] {
            assert_eq!(modes.add(mode(name)), expect, "{name}");
        }
        assert!(modes.names().starts_with("classic, brawl, duel, royale, ice, 2-fast-2-far, "));
    }

    #[test]
    fn rules_outside_their_ranges_and_too_many_modes_are_refused() {
        let mut modes = Modes::default();
        let mut slow = mode("slow");
        slow.rules.walk_speed = -1.0;
        let error = modes.add(slow).expect_err("refused").to_string();
        assert_eq!(error, "walk_speed is -1; allowed is 0 to 10");
        for number in 0..CUSTOM_MODES_MAX {
            modes.add(mode(&number.to_string())).expect("room for it");
        }
        assert_eq!(modes.add(mode("last")), Err(ModeError::TooMany));
    }

    #[test]
    fn who_does_not_ask_plays_brawl() {
        let modes = Modes::default();
        let name = |asked| modes.asked_for(asked).map(|mode| mode.name.as_str());
        assert_eq!(name(None), Some("brawl"));
        assert_eq!(name(Some("royale")), Some("royale"));
        assert_eq!(name(Some("ice")), None);
    }
}
