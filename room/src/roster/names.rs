//! Names in a room: unique among people and bots, and never one that is reserved for the operator.

use std::collections::BTreeSet;

use bolide_net::PlayerName;

/// Names that could be taken for the operator of the server. They are given out only with a number.
const RESERVED: [&str; 6] = ["admin", "administrator", "bolide", "moderator", "server", "system"];

/// Returns whether a name is among those taken, ignoring case, or reserved.
pub(crate) fn is_taken<'a>(name: &str, taken: impl Iterator<Item = &'a str>) -> bool {
    taken.chain(RESERVED).any(|other| folded(other).eq(folded(name)))
}

/// Returns the name, or if it is taken, the name with the first free number: "Ada 2".
pub(crate) fn free_name<'a>(
    name: PlayerName,
    taken: impl Iterator<Item = &'a str> + Clone,
) -> PlayerName {
    if !is_taken(name.as_str(), taken.clone()) {
        return name;
    }
    // A set: with a thousand sessions of one name, each number would be compared with each.
    let taken: BTreeSet<String> =
        taken.chain(RESERVED).map(|name| folded(name).collect()).collect();
    let is_free = |name: &PlayerName| !taken.contains(&folded(name.as_str()).collect::<String>());
    let mut numbered = (2..).map(|number| name.numbered(number));
    numbered.find(is_free).unwrap_or(name)
}

/// Returns a name in the form in which names are compared: without case.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}
