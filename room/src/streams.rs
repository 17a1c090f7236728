//! The streams of a room: what clients are sent after a tick, and what they were sent last. They
//! read the roster and the matches, and change of a seat only what it was sent.

pub(crate) mod announcements;
pub(crate) mod fanout;
mod snapshot_stream;
pub(crate) mod snapshots;
mod spectating;
pub(crate) mod viewer;

use self::announcements::{match_message, roster_message};
use self::fanout::broadcast;
use self::snapshot_stream::{Clock, Intervals};
use self::snapshots::{SharedStreams, Snapshots};
use self::spectating::{LAST_LOOK_S, Turn};
use crate::config::{RoomPolicy, Spectators};
use crate::ids::RoomTick;
use crate::matches::Matches;
use crate::matches::current_match::CurrentMatch;
use crate::output::Outputs;
use crate::roster::Roster;
use crate::terms::{Sharing, Terms};

/// The state of what clients are sent.
pub(crate) struct Streams {
    sharing: Sharing,
    spectators: Spectators,
    intervals: Intervals,
    /// Ticks from a player's end until the seats that see with its eyes get others.
    last_look: u64,
    /// The participants of this match, as they were last sent to clients.
    sent_members: Option<Vec<u16>>,
    /// The snapshots of a mode without a vision radius.
    shared: SharedStreams,
}

impl Streams {
    /// Creates the streams of a new room.
    pub(crate) fn new(terms: &Terms, policy: &RoomPolicy) -> Streams {
        Streams {
            sharing: terms.sharing,
            spectators: policy.spectators,
            intervals: Intervals { heartbeat: terms.ticks(0.5), hash: terms.ticks(1.0) },
            last_look: terms.ticks(LAST_LOOK_S),
            sent_members: None,
            shared: SharedStreams::default(),
        }
    }

    /// Forgets what was sent of the match before.
    pub(crate) fn begin_match(&mut self) {
        self.sent_members = None;
        self.shared = SharedStreams::default();
    }

    /// Sends the roster and the participants of the match, each when it has changed.
    pub(crate) fn announce(
        &mut self,
        roster: &mut Roster,
        matches: &mut Matches,
        outputs: &mut Outputs,
    ) {
        let (seats_changed, bots_changed) = (roster.take_changed(), matches.take_bots_changed());
        if seats_changed || bots_changed {
            broadcast(outputs, roster.connections(), &roster_message(roster, matches.bots()));
        }
        let members = matches.current().members().map(|member| member.player.0);
        let sent = self.sent_members.as_ref();
        if !sent.is_some_and(|sent| members.clone().eq(sent.iter().copied())) {
            self.sent_members = Some(members.collect());
            broadcast(outputs, roster.connections(), &match_message(matches.current()));
        }
    }

    /// Sends events and snapshots, then to each seat its private state.
    pub(crate) fn show(
        &mut self,
        snapshots: Snapshots,
        roster: &mut Roster,
        current: &CurrentMatch,
        now: RoomTick,
        outputs: &mut Outputs,
    ) {
        let clock = Clock { now, intervals: self.intervals };
        match self.sharing {
            Sharing::Everybody => self.shared.send(snapshots, roster, current, clock, outputs),
            Sharing::PerSeat => {
                let (spectators, last_look_ticks) = (self.spectators, self.last_look);
                let turn = Turn { current, spectators, now, last_look_ticks };
                snapshots::send_each(snapshots, roster, &turn, clock, outputs);
            }
        }
        announcements::send_private(roster, current, outputs);
    }
}
