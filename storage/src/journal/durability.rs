//! The condition under which a frame may be sent, as the operator chooses it.

use std::fmt;
use std::str::FromStr;

/// The condition under which a frame may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The kernel has the frame's tick, which thus survives the process. The disk has it soon
    /// after.
    Group,
    /// The disk has the frame's tick.
    Strict,
    /// No condition. There are no journals, and rooms are lost with the process.
    Off,
}

/// Text that is not a durability.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no durability; allowed are group, strict and off")]
pub struct NotADurability(String);

impl FromStr for Durability {
    type Err = NotADurability;

    fn from_str(text: &str) -> Result<Durability, NotADurability> {
        match text {
            "group" => Ok(Durability::Group),
            "strict" => Ok(Durability::Strict),
            "off" => Ok(Durability::Off),
            _ => Err(NotADurability(text.to_owned())),
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Durability::Group => "group",
            Durability::Strict => "strict",
            Durability::Off => "off",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Durability;

    #[test]
    fn a_durability_is_read_as_it_is_printed() {
        for durability in [Durability::Group, Durability::Strict, Durability::Off] {
            assert_eq!(durability.to_string().parse(), Ok(durability));
        }
        let error = "Group".parse::<Durability>().expect_err("refused").to_string();
        assert_eq!(error, "`Group` is no durability; allowed are group, strict and off");
    }
}
