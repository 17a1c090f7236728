//! Nicknames that are drawn for those who give none, such as `Quiet Heron 41`.

const MANNERS: [&str; 32] = [
    "Amber", "Bold", "Brave", "Bright", "Brisk", "Calm", "Clever", "Curious", "Eager", "Gentle",
    "Golden", "Happy", "Humble", "Jolly", "Keen", "Kind", "Lively", "Lucky", "Mellow", "Merry",
    "Nimble", "Patient", "Plain", "Proud", "Quick", "Quiet", "Sharp", "Silver", "Steady", "Swift",
    "Warm", "Wise",
];

const ANIMALS: [&str; 32] = [
    "Badger", "Bear", "Beaver", "Crane", "Crow", "Deer", "Dolphin", "Eagle", "Falcon", "Finch",
    "Fox", "Goose", "Hare", "Hawk", "Heron", "Ibex", "Jay", "Lark", "Lynx", "Marten", "Moose",
    "Otter", "Owl", "Panda", "Raven", "Robin", "Seal", "Stork", "Swan", "Tiger", "Whale", "Wolf",
];

/// Returns the nickname of a random number.
pub(crate) fn draw(number: u64) -> String {
    let [manner, animal, low, high, ..] = number.to_le_bytes();
    let count = u16::from_le_bytes([low, high]) % 99 + 1;
    let word = |words: &[&'static str; 32], byte: u8| words[usize::from(byte) % words.len()];
    format!("{} {} {count}", word(&MANNERS, manner), word(&ANIMALS, animal))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bolide_net::relay::RelayName;

    use super::draw;

    #[test]
    fn a_nickname_is_a_name_and_follows_from_its_number() {
        assert_eq!(draw(0), "Amber Badger 1");
        assert_eq!(draw(0x0028_0e19), "Quiet Heron 41");
        assert_eq!(draw(u64::MAX), "Wise Wolf 97");
        let numbers = (0..10_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let names: BTreeSet<String> = numbers.map(draw).collect();
        assert!(names.len() > 9000, "{} of 10000", names.len());
        for name in names {
            assert_eq!(RelayName::parse(&name).map(|name| name.as_str().to_owned()), Ok(name));
        }
    }
}
