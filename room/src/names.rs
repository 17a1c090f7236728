//! Names in a room: no two of those who are here have the same one.

use bolide_net::PlayerName;

use crate::room::Room;

impl Room {
    /// Whether somebody here has that name, in capitals or not.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let people = self.seats.iter().map(|seat| seat.session.name.as_str());
        let bots = self.company.bots.iter().map(|bot| &*bot.name);
        let name = name.to_lowercase();
        people.chain(bots).any(|other| other.to_lowercase() == name)
    }

    /// The name, or where somebody has it, that with the first number that is free: "Ada 2".
    pub(crate) fn free_name(&self, name: PlayerName) -> PlayerName {
        if !self.is_named(name.as_str()) {
            return name;
        }
        let mut numbered = (2..).map(|number| name.numbered(number));
        numbered.find(|name| !self.is_named(name.as_str())).unwrap_or(name)
    }
}
