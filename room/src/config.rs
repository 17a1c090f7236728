//! The configuration of a room, and its policy towards its sessions.

use std::fmt;
use std::str::FromStr;

use bolide_net::RoomCode;
use bolide_sim::Mode;

use crate::ids::RoomId;
use crate::matches::skill::BotsSkill;

/// The configuration of a room.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// The room's id.
    pub id: RoomId,
    /// The code that opens it, if it is private.
    pub code: Option<RoomCode>,
    /// The mode it hosts.
    pub mode: Mode,
    /// Its policy towards its sessions.
    pub policy: RoomPolicy,
    /// Name and version of the server, for the welcome.
    pub server: String,
}

/// The policy of a room towards its sessions. Seconds are converted to ticks of the mode, rounded
/// up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoomPolicy {
    /// Seconds after the last join until bots fill the match.
    pub bot_wait_s: f32,
    /// Number of players that bots fill a match up to; at least as many as the fight needs, at most
    /// the capacity. 0: no bots.
    pub bots_fill_to: u16,
    /// The skill of the bots.
    pub bots_skill: BotsSkill,
    /// Seconds that a seat and its body are kept after the connection is lost.
    pub grace_s: f32,
    /// Seconds until the seat of an idle session is freed.
    pub idle_s: f32,
    /// The same while a match waits for players in a private room. The link of such a room is dead
    /// once it is empty.
    pub private_idle_s: f32,
    /// Seconds from a result to the next match, unless most of the people present vote for it.
    pub intermission_s: f32,
    /// Longest time in seconds that a recovered match waits for its players. Their grace time
    /// begins after that.
    pub recovery_s: f32,
    /// The view of players that are out, in a mode with a vision radius.
    pub spectators: Spectators,
}

impl Default for RoomPolicy {
    fn default() -> RoomPolicy {
        RoomPolicy {
            bot_wait_s: 4.0,
            bots_fill_to: 4,
            bots_skill: BotsSkill::Adaptive,
            grace_s: 20.0,
            idle_s: 600.0,
            private_idle_s: 3600.0,
            intermission_s: 8.0,
            recovery_s: 10.0,
            spectators: Spectators::Killer,
        }
    }
}

/// The view of players that are out of a fight with a vision radius.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spectators {
    /// The surroundings of their own body.
    Own,
    /// The view of their killer. Once the killer is out as well, that of the player that takes its
    /// place.
    Killer,
    /// The whole world. Seats that only watch see it too.
    All,
}

/// Text that names no view of spectators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nothing that spectators may see; allowed are own, killer and all")]
pub struct NotSpectators(String);

impl FromStr for Spectators {
    type Err = NotSpectators;

    fn from_str(text: &str) -> Result<Spectators, NotSpectators> {
        Ok(match text {
            "own" => Spectators::Own,
            "killer" => Spectators::Killer,
            "all" => Spectators::All,
            _ => return Err(NotSpectators(text.to_owned())),
        })
    }
}

impl fmt::Display for Spectators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Spectators::Own => "own",
            Spectators::Killer => "killer",
            Spectators::All => "all",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Spectators;

    #[test]
    fn what_spectators_see_is_written_as_it_is_read() {
        for (text, sight) in
            [("own", Spectators::Own), ("killer", Spectators::Killer), ("all", Spectators::All)]
        {
            assert_eq!(text.parse(), Ok(sight));
            assert_eq!(sight.to_string(), text);
        }
        assert_eq!(
            "much".parse::<Spectators>().expect_err("unknown").to_string(),
            "`much` is nothing that spectators may see; allowed are own, killer and all"
        );
    }
}
