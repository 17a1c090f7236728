//! What a room is made from, and how it treats those in it.

use bolide_net::RoomCode;
use bolide_sim::Mode;

use crate::skill::BotsSkill;

/// What a room is made from.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// The room's id.
    pub id: String,
    /// What opens it, if it is private.
    pub code: Option<RoomCode>,
    /// The mode it hosts.
    pub mode: Mode,
    /// How it treats its sessions.
    pub policy: RoomPolicy,
    /// Name and version of the server, for the welcome.
    pub server: String,
}

/// How a room treats its sessions. Seconds are converted to ticks of the mode, rounded up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoomPolicy {
    /// Seconds after the last join until bots fill the match.
    pub bot_wait_s: f32,
    /// Players that bots fill a match up to; at least as many as the fight needs, at most the capacity. 0: no bots.
    pub bots_fill_to: u16,
    /// How well they play.
    pub bots_skill: BotsSkill,
    /// Seconds that a seat and its body stay after the connection is lost.
    pub grace_s: f32,
    /// Seconds that a seat is kept whose holder does nothing.
    pub idle_s: f32,
    /// The same while a match waits for players in a private room, whose link is dead without anybody in it.
    pub private_idle_s: f32,
    /// Seconds from a result to the next match, unless most of those who are here vote for it.
    pub intermission_s: f32,
    /// Seconds that a recovered match waits at most for its players. Their grace time begins after that.
    pub recovery_s: f32,
    /// What those see who are out, where a vision radius hides the rest.
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

/// What those see who are out of a fight with a vision radius.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spectators {
    /// What their own body lies beside.
    Own,
    /// What their killer sees, and whoever takes its place when it is out as well.
    Killer,
    /// All of the world; who only watches, too.
    All,
}
