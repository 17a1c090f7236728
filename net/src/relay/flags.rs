//! The flags of a topic: the names in a query by which a page says which channels of a facility it
//! hears, and to which its texts go.

use super::decode;

/// The audience of a channel of a facility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Everybody who subscribes to the facility.
    Broadcast,
    /// One user.
    User,
    /// The members of a group of users.
    Group,
    /// One browser, by the value of its session cookie.
    Session,
}

impl Audience {
    /// All audiences.
    pub const ALL: [Audience; 4] =
        [Audience::Broadcast, Audience::User, Audience::Group, Audience::Session];

    /// The word for it in a flag and in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Audience::Broadcast => "broadcast",
            Audience::User => "user",
            Audience::Group => "group",
            Audience::Session => "session",
        }
    }
}

/// A set of audiences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audiences(u8);

impl Audiences {
    /// Returns whether an audience is in the set.
    #[must_use]
    pub const fn contains(self, audience: Audience) -> bool {
        self.0 & (1 << audience as u8) != 0
    }

    /// Adds an audience.
    pub const fn insert(&mut self, audience: Audience) {
        self.0 |= 1 << audience as u8;
    }

    /// Returns the audiences that are in both sets.
    #[must_use]
    pub const fn and(self, other: Audiences) -> Audiences {
        Audiences(self.0 & other.0)
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the audiences in the set, in order.
    pub fn iter(self) -> impl Iterator<Item = Audience> {
        Audience::ALL.into_iter().filter(move |audience| self.contains(*audience))
    }
}

impl FromIterator<Audience> for Audiences {
    fn from_iter<I: IntoIterator<Item = Audience>>(audiences: I) -> Audiences {
        let mut set = Audiences::default();
        audiences.into_iter().for_each(|audience| set.insert(audience));
        set
    }
}

/// The flags of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicFlags {
    /// The channels that the page hears.
    pub subscribe: Audiences,
    /// The channels to which its texts go.
    pub publish: Audiences,
    /// True if it is sent its own texts too.
    pub echo: bool,
}

impl TopicFlags {
    /// Reads the flags of a query. A flag is a name in any case, with or without a value. Names
    /// that are no flags are ignored. Returns `None` if there is no flag.
    #[must_use]
    pub fn read(query: &str) -> Option<TopicFlags> {
        let mut flags = TopicFlags::default();
        let mut found = false;
        for pair in query.split('&') {
            let name = pair.split('=').next().unwrap_or(pair);
            // A name that cannot be decoded is no flag.
            let Some(name) = decode(&name.replace('+', " ")) else { continue };
            let name = name.trim().to_lowercase();
            let audience = |flag: &str| {
                let word = name.strip_prefix(flag)?;
                Audience::ALL.into_iter().find(|audience| audience.name() == word)
            };
            if let Some(audience) = audience("subscribe-") {
                flags.subscribe.insert(audience);
            } else if let Some(audience) = audience("publish-") {
                flags.publish.insert(audience);
            } else if name == "echo" {
                flags.echo = true;
            } else {
                continue;
            }
            found = true;
        }
        found.then_some(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::{Audience, Audiences, TopicFlags};

    #[test]
    fn flags_are_names_in_any_case_and_values_are_ignored() {
        let of = |subscribe: &[Audience], publish: &[Audience], echo| {
            let set = |of: &[Audience]| of.iter().copied().collect::<Audiences>();
            Some(TopicFlags { subscribe: set(subscribe), publish: set(publish), echo })
        };
        let one = &[Audience::Broadcast][..];
        for (query, flags) in [
            ("subscribe-broadcast", of(one, &[], false)),
            ("Subscribe-Broadcast=1&unknown", of(one, &[], false)),
            ("+subscribe-broadcast%20", of(one, &[], false)),
            ("echo", of(&[], &[], true)),
            (
                "subscribe-user&subscribe-group&publish-session&ECHO=",
                of(&[Audience::User, Audience::Group], &[Audience::Session], true),
            ),
            ("", None),
            ("subscribe", None),
            ("subscribe-all", None),
            ("x=subscribe-broadcast", None),
            ("x=%&subscribe-broadcast=%", of(one, &[], false)),
            ("%ff&subscribe-broadcast", of(one, &[], false)),
        ] {
            assert_eq!(TopicFlags::read(query), flags, "{query}");
        }
    }
}
