//! The modes that a server offers: the presets and those that the operator defined. The rules of
//! every mode in this list have been checked, so a room can be opened with them. Modes are read
//! from the configuration in `file`.

use std::fmt;
use std::str::FromStr;

use bolide_room::RoomPolicy;
use bolide_sim::{Mode, PRESETS, RulesError, preset};

/// The mode for clients that do not ask for one.
const DEFAULT_MODE: &str = "brawl";

/// Longest name of a mode, in characters.
const NAME_CHARS_MAX: usize = 24;

/// Modes beside the presets. The list is sent to every page that is opened.
const CUSTOM_MODES_MAX: usize = 64;

/// The presets for the pages of a relay arena. Others do not list them, and no bot joins: such a
/// page takes a bot for a person.
const LEGACY: [&str; 2] = ["legacy-a", "legacy-b"];

/// A mode that a server offers. A client may ask for any, by its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The mode.
    pub mode: Mode,
    /// True if the mode is listed for people: on the start page, in the start block, and where the
    /// names of the modes are told.
    pub listed: bool,
    /// True if bots join its matches, as far as the settings want them.
    pub bots: bool,
}

impl From<Mode> for Offer {
    fn from(mode: Mode) -> Offer {
        let is_legacy = LEGACY.contains(&mode.name.as_str());
        Offer { mode, listed: !is_legacy, bots: !is_legacy }
    }
}

/// The modes of a server, in the order in which they are listed. [`Modes::default`] has the
/// presets.
#[derive(Clone, Debug, PartialEq)]
pub struct Modes(Vec<Offer>);

impl Default for Modes {
    fn default() -> Modes {
        Modes(PRESETS.iter().filter_map(|name| preset(name)).map(Offer::from).collect())
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

/// The name of a mode, which need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModeName(String);

impl FromStr for ModeName {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<ModeName, ModeError> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=NAME_CHARS_MAX).contains(&text.len()) || !text.bytes().all(legal) {
            return Err(ModeError::Name);
        }
        Ok(ModeName(text.to_owned()))
    }
}

impl fmt::Display for ModeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Modes {
    /// Adds a mode.
    ///
    /// # Errors
    /// See [`ModeError`].
    pub fn add(&mut self, offer: impl Into<Offer>) -> Result<(), ModeError> {
        let offer = offer.into();
        let mode = &offer.mode;
        mode.name.parse::<ModeName>()?;
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
        self.0.push(offer);
        Ok(())
    }

    /// Returns the mode of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Mode> {
        self.offer(name).map(|offer| &offer.mode)
    }

    /// Returns the offer of that name.
    #[must_use]
    pub fn offer(&self, name: &str) -> Option<&Offer> {
        self.0.iter().find(|offer| offer.mode.name == name)
    }

    /// Returns the offer of that name, to change how it is listed and whether bots join.
    pub(super) fn offer_mut(&mut self, name: &str) -> Option<&mut Offer> {
        self.0.iter_mut().find(|offer| offer.mode.name == name)
    }

    /// Returns this policy as it is for rooms of a mode.
    pub(crate) fn policy(&self, mode: &Mode, policy: RoomPolicy) -> RoomPolicy {
        match self.offer(&mode.name) {
            Some(Offer { bots: false, .. }) => RoomPolicy { bots_fill_to: 0, ..policy },
            _ => policy,
        }
    }

    /// Returns the mode that a client asks for, or the default mode if it names none.
    pub(crate) fn asked_for(&self, name: Option<&str>) -> Option<&Mode> {
        self.get(name.unwrap_or(DEFAULT_MODE))
    }

    /// Iterates over all modes.
    pub fn iter(&self) -> impl Iterator<Item = &Mode> {
        self.offers().map(|offer| &offer.mode)
    }

    /// Iterates over the modes that are listed for people.
    pub fn listed(&self) -> impl Iterator<Item = &Mode> {
        self.offers().filter(|offer| offer.listed).map(|offer| &offer.mode)
    }

    /// Iterates over all offers.
    pub(super) fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.0.iter()
    }

    /// Returns the names of the listed modes as one text, for people.
    #[must_use]
    pub fn names(&self) -> String {
        self.listed().map(|mode| mode.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Returns the names of all modes as one text, for people who run a server.
    pub(crate) fn all_names(&self) -> String {
        self.0.iter().map(|offer| offer.mode.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use bolide_room::RoomPolicy;
    use bolide_sim::{Mode, PRESETS, preset};

    use super::{CUSTOM_MODES_MAX, ModeError, Modes, Offer};

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
    fn an_unlisted_mode_is_told_to_nobody_and_played_by_who_asks() {
        let mut modes = Modes::default();
        let hidden = Offer { listed: false, ..Offer::from(mode("hidden")) };
        modes.add(hidden).expect("allowed");
        modes.add(mode("ice")).expect("allowed");
        assert_eq!(modes.names(), "classic, brawl, duel, royale, ice");
        assert_eq!(modes.listed().count(), 5);
        assert_eq!(modes.iter().count(), PRESETS.len() + 2);
        for name in ["hidden", "legacy-a", "legacy-b"] {
            assert_eq!(modes.asked_for(Some(name)).map(|mode| mode.name.as_str()), Some(name));
        }
    }

    #[test]
    fn rooms_of_a_mode_without_bots_have_none() {
        let mut modes = Modes::default();
        modes.add(Offer { bots: false, ..Offer::from(mode("ice")) }).expect("allowed");
        let policy = RoomPolicy { bots_fill_to: 4, ..RoomPolicy::default() };
        for (name, bots) in [("duel", 4), ("ice", 0), ("legacy-a", 0), ("legacy-b", 0)] {
            let of_mode = modes.policy(modes.get(name).expect("offered"), policy);
            assert_eq!(of_mode, RoomPolicy { bots_fill_to: bots, ..policy }, "{name}");
        }
        // A room of a mode that is offered no more.
        assert_eq!(modes.policy(&mode("gone"), policy), policy);
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
