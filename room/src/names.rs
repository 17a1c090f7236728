//! Names in a room: no two of those who are here have the same one.

use std::collections::BTreeSet;

use bolide_net::PlayerName;

use crate::room::Room;

impl Room {
    /// Whether somebody here has that name, in capitals or not.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.names().any(|other| is_same(other, name))
    }

    /// The name, or where somebody has it, that with the first number that is free: "Ada 2".
    pub(crate) fn free_name(&self, name: PlayerName) -> PlayerName {
        if !self.is_named(name.as_str()) {
            return name;
        }
        let taken: BTreeSet<String> = self.names().map(str::to_lowercase).collect();
        let mut numbered = (2..).map(|number| name.numbered(number));
        numbered.find(|name| !taken.contains(&name.as_str().to_lowercase())).unwrap_or(name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let people = self.seats.iter().map(|seat| seat.session.name.as_str());
        people.chain(self.company.bots.iter().map(|bot| &*bot.name))
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}
