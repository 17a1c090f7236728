//! Names in a room: no two of those who are here have the same one, and nobody that of the server.

use std::collections::BTreeSet;

use bolide_net::PlayerName;

use crate::room::Room;

/// Names that would speak for those who run the server. Nobody has one of them without a number.
const RESERVED: [&str; 6] = ["admin", "administrator", "bolide", "moderator", "server", "system"];

impl Room {
    /// Whether somebody here has that name, in capitals or not, or nobody may have it.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.names().any(|other| folded(other).eq(folded(name)))
    }

    /// The name, or where somebody has it, that with the first number that is free: "Ada 2".
    pub(crate) fn free_name(&self, name: PlayerName) -> PlayerName {
        if !self.is_named(name.as_str()) {
            return name;
        }
        // A set: where a thousand have one name, each number would be compared with each of them.
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

/// A name as it is compared: capitals are the same as small letters.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}
