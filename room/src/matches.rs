//! The matches of a room, one after the other: gathering, bots, steps, the result, the next match.
//! They read the roster and change it where a match begins or ends.

pub(crate) mod bots;
pub(crate) mod current_match;
mod recovery;
pub(crate) mod skill;

use bolide_net::{PlayerName, ServerMessage};
use bolide_sim::PlayerId;
use uuid::Uuid;

use self::bots::{Bot, Company};
use self::current_match::CurrentMatch;
use self::recovery::{Pause, resumed};
use crate::config::RoomConfig;
use crate::ids::RoomTick;
use crate::output::{Output, Outputs};
use crate::records::{JournalRecords, MatchTicket};
use crate::roster::names;
use crate::roster::seat::Seat;
use crate::roster::{Departure, Roster};
use crate::status::Stage;
use crate::streams::fanout::broadcast;
use crate::terms::Terms;

/// The current match of a room and what follows it.
pub(crate) struct Matches {
    current: CurrentMatch,
    company: Company,
    /// The wait for players after a recovery.
    pause: Option<Pause>,
    next_ticket: Option<MatchTicket>,
    /// The tick in which the next match begins; set once the match is over.
    next_match_at: Option<RoomTick>,
    /// Ticks from a result to the next match.
    intermission: u64,
}

/// Opening a room.
impl Matches {
    /// Begins with this match, which is new.
    pub(crate) fn new(current: CurrentMatch, config: &RoomConfig, terms: &Terms) -> Matches {
        Matches {
            current,
            company: Company::new(config, terms),
            pause: None,
            next_ticket: None,
            next_match_at: None,
            intermission: terms.ticks(config.policy.intermission_s),
        }
    }

    /// Takes over a recovered match, which waits for its players, at most until this tick. People
    /// without a stored seat leave it: they had left, and the process died before that entered a
    /// tick.
    pub(crate) fn recover(&mut self, roster: &Roster, until: RoomTick) {
        self.company.recover(&self.current, roster);
        self.pause = Some(Pause::until(until));
        if self.current.stage() == Stage::Over {
            self.next_match_at = Some(RoomTick::default().after(self.intermission));
        }
        let people = self.current.members().filter(|member| !member.is_bot && !member.has_left);
        let gone: Vec<_> =
            people.map(|member| member.player).filter(|player| !roster.has(*player)).collect();
        for player in gone {
            self.current.leave(player);
        }
    }
}

/// The tick.
impl Matches {
    /// Returns whether the room waits for its players after a recovery. Clients are sent the
    /// missing players whenever they change, and the end of the wait.
    pub(crate) fn waits_for_players(
        &mut self,
        roster: &mut Roster,
        now: RoomTick,
        outputs: &mut Outputs,
    ) -> bool {
        let Some(pause) = &mut self.pause else { return false };
        let is_over = pause.is_over(roster, now, outputs);
        if is_over {
            self.end_pause(roster, now, outputs);
        }
        !is_over
    }

    /// Begins the next match if it is time. Without a ticket the intermission goes on: a seed is
    /// never made up here. Returns whether a match begins.
    pub(crate) fn begin_next(
        &mut self,
        now: RoomTick,
        config: &RoomConfig,
        outputs: &mut Outputs,
    ) -> bool {
        if self.next_match_at.is_none_or(|at| at > now) {
            return false;
        }
        let Some(ticket) = self.next_ticket.take() else { return false };
        self.current = self.current.next(ticket, config);
        outputs.push_back(self.want_ticket());
        self.next_match_at = None;
        self.company.begin_match();
        true
    }

    /// Lets all people present take part while a match gathers, or while it fights in a mode with
    /// late joins, and adds bots up to the number of the policy.
    pub(crate) fn gather(&mut self, roster: &Roster, now: RoomTick) {
        if !self.current.admits() {
            return;
        }
        let mut people = 0;
        for seat in roster.seats() {
            let (is_present, takes_part) = (seat.is_present(), self.current.has(seat.player()));
            people += usize::from(is_present || takes_part);
            if is_present && !takes_part {
                self.current.join(seat.player());
            }
        }
        self.company.keep(people, &mut self.current, roster, now);
    }

    /// Steps the current match with the inputs of this tick, until it is over.
    pub(crate) fn step(&mut self, roster: &mut Roster, now: RoomTick, outputs: &mut Outputs) {
        if self.next_match_at.is_some() {
            return self.current.forget_events();
        }
        let records = self.current.step(roster.take_inputs(self.current.next_tick()));
        if !records.bytes.is_empty() {
            outputs.push_back(Output::Journal(records));
        }
        if self.current.stage() == Stage::Over {
            roster.note_idle(|player| self.current.has(player), now);
        }
    }

    /// Ends the current match once it has its result, which is announced.
    pub(crate) fn end(&mut self, roster: &mut Roster, now: RoomTick, outputs: &mut Outputs) {
        if self.current.stage() != Stage::Over || self.next_match_at.is_some() {
            return;
        }
        self.next_match_at = Some(now.after(self.intermission));
        self.note_results(roster);
        broadcast(outputs, roster.connections(), &self.current.result_message(self.next_in(now)));
    }

    /// Adjusts the levels of people after a match with bots, so that the bots of the next one
    /// follow its result.
    fn note_results(&self, roster: &mut Roster) {
        if self.company.bots().is_empty() {
            return;
        }
        let placements = self.current.placements();
        let place = |seat: &Seat| placements.iter().find(|(player, _)| *player == seat.player());
        for seat in roster.seats_mut() {
            if let Some((_, place)) = place(seat) {
                seat.set_level(seat.level().after(*place, placements.len()));
            }
        }
    }
}

/// People.
impl Matches {
    /// Notes that a connection has taken a seat. `is_new` if its session is new in the room.
    pub(crate) fn note_arrival(
        &mut self,
        is_new: bool,
        roster: &mut Roster,
        now: RoomTick,
        outputs: &mut Outputs,
    ) {
        if is_new {
            self.company.note_join(&mut self.current, roster, now, outputs);
        }
        self.hurry_if_most_ready(roster, now);
        if self.pause.is_some() && roster.missing().is_empty() {
            self.end_pause(roster, now, outputs);
        }
    }

    /// Notes that a session is not present any more. Its player leaves the match if its seat is
    /// free.
    pub(crate) fn note_departure(&mut self, departure: Departure, roster: &Roster, now: RoomTick) {
        if let Departure::Freed(player) = departure {
            self.current.leave(player);
        }
        self.hurry_if_most_ready(roster, now);
    }

    /// Takes a vote for the next match, once there is a result. `index` is that of the seat.
    pub(crate) fn vote(&mut self, index: usize, roster: &mut Roster, now: RoomTick) {
        if self.next_match_at.is_some() {
            roster.vote(index);
            self.hurry_if_most_ready(roster, now);
        }
    }

    /// Brings the next match forward as soon as more than half of the people present vote for it.
    /// Seats without a connection and idle ones are not counted.
    fn hurry_if_most_ready(&mut self, roster: &Roster, now: RoomTick) {
        let (mut present, mut ready) = (0, 0);
        for seat in roster.seats().iter().filter(|seat| seat.is_present()) {
            present += 1;
            ready += usize::from(seat.wants_rematch());
        }
        if 2 * ready > present {
            self.next_match_at = self.next_match_at.map(|at| at.min(now.next()));
        }
    }

    /// Handles a request that bots play meanwhile, or leave. `index` is that of the seat.
    pub(crate) fn want_bots(
        &mut self,
        wanted: bool,
        index: usize,
        roster: &Roster,
        outputs: &mut Outputs,
    ) {
        if let Some(connection) = roster.seats()[index].connection() {
            self.company.want(wanted, connection, roster, outputs);
        }
    }

    /// Ends the wait for players, so that the next tick is stepped. Those who are missing are
    /// treated like those that lost their connection: they have the grace time.
    fn end_pause(&mut self, roster: &mut Roster, now: RoomTick, outputs: &mut Outputs) {
        self.pause = None;
        broadcast(outputs, roster.connections(), &resumed());
        roster.drop_missing(now);
    }
}

/// Requests to the server, and its answers.
impl Matches {
    /// Returns the request for the ticket of the next match.
    pub(crate) const fn want_ticket(&self) -> Output {
        Output::WantTicket { number: self.current.number() + 1 }
    }

    /// Asks again for the ticket of the next match, if there is none.
    pub(crate) fn ask_again(&self, outputs: &mut Outputs) {
        if self.next_ticket.is_none() {
            outputs.push_back(self.want_ticket());
        }
    }

    /// Takes the ticket of the next match. Of several the last one counts.
    pub(crate) const fn take_ticket(&mut self, ticket: MatchTicket) {
        self.next_ticket = Some(ticket);
    }

    /// Begins another segment of a match's journal. `None` if that match is not being played any
    /// more.
    pub(crate) fn begin_segment(
        &mut self,
        id: Uuid,
        config: &RoomConfig,
    ) -> Option<JournalRecords> {
        (self.current.id() == id).then(|| self.current.begin_segment(config))
    }
}

/// The queries.
impl Matches {
    /// Returns the current match.
    pub(crate) const fn current(&self) -> &CurrentMatch {
        &self.current
    }

    /// Returns whether the room waits for its players after a recovery.
    pub(crate) const fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// Returns the bots of the current match.
    pub(crate) fn bots(&self) -> &[Bot] {
        self.company.bots()
    }

    /// Returns whether bots have joined or left since the last call.
    pub(crate) const fn take_bots_changed(&mut self) -> bool {
        self.company.take_changed()
    }

    /// Returns the lowest number that no seat, no bot and no body of the current match has.
    pub(crate) fn free_player(&self, roster: &Roster) -> PlayerId {
        self.company.free_player(&self.current, roster)
    }

    /// Returns the name for a newcomer: with a number if somebody has it.
    pub(crate) fn free_name(&self, name: PlayerName, roster: &Roster) -> PlayerName {
        names::free_name(name, roster.names().chain(self.company.names()))
    }

    /// Returns the messages about the match for a connection that has just taken a seat.
    pub(crate) fn welcome(
        &self,
        roster: &Roster,
        now: RoomTick,
    ) -> impl Iterator<Item = ServerMessage> {
        let result = self.next_match_at.map(|_| self.current.result_message(self.next_in(now)));
        let pause = self.pause.as_ref().map(|pause| pause.message(roster, now));
        result.into_iter().chain(pause).chain([self.company.message()])
    }

    fn next_in(&self, now: RoomTick) -> u32 {
        self.next_match_at.map_or(0, |at| now.until(at))
    }
}
