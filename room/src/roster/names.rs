//! Names in a room: unique among people and bots, and never one that is reserved for the operator.

use std::collections::BTreeSet;

use bolide_net::PlayerName;

use crate::room::Room;

/// Names that could be taken for the operator of the server. They are given out only with a number.
const RESERVED: [&str; 6] = ["admin", "administrator", "bolide", "moderator", "server", "system"];

impl Room {
    /// Returns whether a name is taken here, ignoring case, or reserved.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.names().any(|other| folded(other).eq(folded(name)))
    }

    /// Returns the name, or if it is taken, the name with the first free number: "Ada 2".
    pub(crate) fn free_name(&self, name: PlayerName) -> PlayerName {
        if !self.is_named(name.as_str()) {
            return name;
        }
        // A set: with a thousand sessions of one name, each number would be compared with each.
        let taken: BTreeSet<String> = self.names().map(|name| folded(name).collect()).collect();
        let is_free =
            |name: &PlayerName| !taken.contains(&folded(name.as_str()).collect::<String>());
        let mut numbered = (2..).map(|number| name.numbered(number));
        numbered.find(is_free).unwrap_or(name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let people = self.seats.iter().map(|seat| seat.session.name.as_str());
        people.chain(self.company.bots.iter().map(|bot| &*bot.name)).chain(RESERVED)
    }
}

/// Returns a name in the form in which names are compared: without case.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}
