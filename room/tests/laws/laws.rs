//! The laws that hold in a room on any input, and the clocks that they are judged by. Nothing here
//! looks into the room: only at its frames, its journal and its world.

use std::collections::{BTreeMap, BTreeSet};

use bolide_room::{ConnectionId, JoinError, SaveNumber};
use bolide_sim::journal::Record;
use bolide_sim::{Command, Input, Phase, PlayerId, PlayerKind, Point, Tick};

use crate::person::Link;
use crate::walk::Walk;

/// Longest time in seconds until a request is answered.
const ANSWER_S: f32 = 6.0;

/// The times since when conditions hold, by the room's tick.
#[derive(Default)]
pub(crate) struct Laws {
    /// A player is here and the match waits for players.
    waiting_since: Option<u64>,
    last_newcomer_at: u64,
    /// The match waits for players.
    gathers_since: Option<u64>,
    /// The first tick of the match.
    began_at: u64,
    over_since: Option<u64>,
    has_ticket_since: Option<u64>,
    /// All who were here have voted for the next match at some time.
    may_begin: bool,
    /// All who were here have voted, and no session was about to return.
    agreed_since: Option<u64>,
    votes: BTreeSet<PlayerId>,
    /// A tick has been stepped since the process began.
    is_awake: bool,
    /// A seat was freed, bots were sent away, or the process died, since the last tick.
    somebody_left: bool,
    /// The connections whose seats are to be stored.
    asked: BTreeMap<u64, ConnectionId>,
}

/// The state before a tick.
#[derive(Default)]
pub(crate) struct Before {
    number: u32,
    tick: Tick,
    is_counting: bool,
    is_waiting: bool,
    /// The tick of each player's last blink, or of the beginning of the fight.
    blinks: Vec<(PlayerId, Tick)>,
}

impl Laws {
    /// Creates the laws for the process after one that has died.
    pub(crate) fn recovered(is_over: bool) -> Laws {
        Laws { over_since: is_over.then_some(0), somebody_left: true, ..Laws::default() }
    }

    pub(crate) fn ticket_came(&mut self, now: u64) {
        self.has_ticket_since.get_or_insert(now);
    }

    pub(crate) fn asks(&mut self, number: SaveNumber, connection: ConnectionId) {
        self.asked.insert(number.0, connection);
    }

    pub(crate) fn left(&mut self, player: PlayerId) {
        self.votes.remove(&player);
        self.somebody_left = true;
    }

    pub(crate) fn bots_sent_away(&mut self) {
        self.somebody_left = true;
    }

    pub(crate) fn votes(&mut self, player: PlayerId) {
        if self.over_since.is_some() {
            self.votes.insert(player);
        }
    }

    pub(crate) fn newcomer(&mut self, now: u64) {
        self.last_newcomer_at = now;
    }
}

/// Checks after each step.
impl Walk {
    pub(crate) fn check(&mut self) {
        self.count_votes();
        let bound = self.ticks(ANSWER_S);
        for link in self.links().filter(|link| link.seat.is_none()) {
            let waits = self.now - link.asked_at;
            assert!(waits <= bound, "{:?} has asked {waits} ticks ago and has no answer", link.id);
        }
        let capacity = self.config.mode.rules.capacity;
        let status = self.room.status();
        assert!(status.seats_taken <= capacity && status.players <= capacity, "{status:?}");
        let seats: BTreeSet<_> = self.here().map(|(seat, _)| seat).collect();
        assert_eq!(seats.len(), self.here().count(), "no seat is held twice");
        for (_, link) in self.here() {
            if let Some(locked) = link.locked {
                assert_eq!(locked, status.locked, "{:?} knows whether it is locked", link.id);
            }
        }
    }

    pub(crate) fn count_votes(&mut self) {
        let voted = |(seat, _): &(PlayerId, &Link)| self.laws.votes.contains(seat);
        let agreed = 2 * self.awake().filter(voted).count() > self.awake().count();
        if self.laws.over_since.is_some() && agreed {
            self.laws.may_begin = true;
            // The match may wait for a session that is about to return.
            if self.links().all(|link| link.seat.is_some()) {
                self.laws.agreed_since.get_or_insert(self.now);
            }
        }
    }

    /// A connection whose seat was stored in time is welcomed.
    pub(crate) fn check_kept(&mut self, number: SaveNumber) {
        let Some(connection) = self.laws.asked.remove(&number.0) else { return };
        let waits = self.links().find(|link| link.id == connection);
        let is_open = waits.is_none_or(|link| link.seat.is_some());
        assert!(is_open, "the seat of {connection:?} is kept, and it is not welcomed");
    }

    pub(crate) fn check_refusal(&self, who: usize, error: JoinError) {
        let status = self.room.status();
        match error {
            JoinError::Full(_) => {
                assert_eq!(status.seats_taken, self.config.mode.rules.capacity);
            }
            JoinError::Locked => assert!(status.locked),
            JoinError::BadResume => {
                let is_safe = self.now < self.people[who].safe_until;
                assert!(!is_safe, "{who} is back within the grace time, and its seat is gone");
            }
        }
    }

    /// The connections that are open.
    fn links(&self) -> impl Iterator<Item = &Link> {
        self.people.iter().filter_map(|person| person.link.as_ref())
    }

    /// Returns those that are here and have not slept through a match.
    fn awake(&self) -> impl Iterator<Item = (PlayerId, &Link)> {
        self.here().filter(|(_, link)| !link.is_idle())
    }

    /// Returns those that have a seat and a connection.
    fn here(&self) -> impl Iterator<Item = (PlayerId, &Link)> {
        self.links().filter_map(|link| Some((link.seat?, link)))
    }
}

/// Checks around each tick.
impl Walk {
    pub(crate) fn before_tick(&self) -> Before {
        let world = self.room.world();
        let cooldown =
            self.config.mode.rules.tick_rate.ticks(self.config.mode.rules.blink_cooldown_s);
        Before {
            number: self.room.current_match().0,
            tick: world.tick(),
            is_counting: matches!(world.phase(), Phase::Countdown { .. }),
            is_waiting: world.phase() == Phase::Waiting,
            blinks: world
                .players()
                .iter()
                .map(|player| (player.id, Tick(player.blink_ready.0.saturating_sub(cooldown))))
                .collect(),
        }
    }

    pub(crate) fn check_tick(&mut self) {
        let world = self.room.world();
        let is_new = self.room.current_match().0 != self.before.number;
        let is_stepped = is_new || world.tick() != self.before.tick;
        if is_new {
            self.check_beginning();
        }
        self.check_intermission();
        self.check_sleepers();
        if is_stepped {
            self.check_gathering(is_new);
            self.check_told();
            self.check_idle();
            self.laws.somebody_left = false;
        }
        self.laws.is_awake |= is_stepped;
    }

    /// A player that is awake while a match gathers, or fights with late joins, takes part. It
    /// waits no longer than bots take.
    fn check_gathering(&mut self, is_new: bool) {
        let (world, policy) = (self.room.world(), self.config.policy);
        let phase = world.phase();
        let gathers = matches!(phase, Phase::Waiting | Phase::Countdown { .. });
        let late = matches!(phase, Phase::Fighting { .. }) && world.rules().late_joins;
        if gathers || late {
            for (seat, link) in self.awake() {
                let takes_part = world.player(seat).is_some();
                assert!(takes_part, "{:?} is here, and its match goes on without it", link.id);
            }
        }
        if gathers {
            for player in world.players() {
                let is_fresh = (player.fireball_ready, player.blink_ready) == (Tick(0), Tick(0));
                assert!(is_fresh && player.health == world.rules().health, "{player:?}");
            }
        }
        let is_stopped = self.before.is_counting && phase == Phase::Waiting;
        assert!(!is_stopped || self.laws.somebody_left, "the countdown stops, and nobody has left");
        let bots = world.players().iter().any(|player| player.kind() != PlayerKind::Human);
        let wanted = self.here().next().map(|(_, link)| link.bots == Some(true));
        let is_fight = !matches!(phase, Phase::Waiting | Phase::Countdown { .. });
        assert!(is_fight || !bots || wanted != Some(false), "bots that nobody has asked for");
        let waits =
            phase == Phase::Waiting && wanted == Some(true) && self.awake().next().is_some();
        let since = self.laws.waiting_since.filter(|_| waits && !is_new);
        self.laws.waiting_since = waits.then(|| since.unwrap_or(self.now));
        if let Some(since) = self.laws.waiting_since {
            let waited = self.now - since.max(self.laws.last_newcomer_at);
            let bots = self.ticks(policy.bot_wait_s);
            assert!(waited <= bots + 1, "somebody waits for {waited} ticks, bots take {bots}");
        }
    }

    /// The next match begins in time, or as soon as most of those who are here want it.
    fn check_intermission(&mut self) {
        if self.room.world().phase().outcome().is_none() {
            (self.laws.over_since, self.laws.agreed_since) = (None, None);
            self.laws.may_begin = false;
            return;
        }
        let over_since = *self.laws.over_since.get_or_insert(self.now);
        let (Some(has_ticket_since), true) = (self.laws.has_ticket_since, self.laws.is_awake)
        else {
            return;
        };
        let ends = over_since + self.ticks(self.config.policy.intermission_s);
        let ends = self.laws.agreed_since.map_or(ends, |agreed| ends.min(agreed + 1));
        let late = self.now.saturating_sub(ends.max(has_ticket_since) + 1);
        assert_eq!(late, 0, "the next match is late; agreed: {:?}", self.laws.agreed_since);
    }

    /// A match begins before its time only if most of those who were here have voted for it.
    fn check_beginning(&mut self) {
        let over_since = self.laws.over_since.expect("the match before was over");
        let is_early = self.now < over_since + self.ticks(self.config.policy.intermission_s);
        assert!(!is_early || self.laws.may_begin, "the next match begins early");
        self.laws.votes.clear();
        (self.laws.has_ticket_since, self.laws.began_at) = (None, self.now);
    }

    /// No seat of an idle session is kept for too long.
    fn check_sleepers(&mut self) {
        let (now, second) = (self.now, self.ticks(1.0));
        let waits = self.room.world().phase() == Phase::Waiting;
        let gathers_since = self.laws.gathers_since.filter(|_| waits);
        self.laws.gathers_since = waits.then(|| gathers_since.unwrap_or(now));
        self.people.iter_mut().for_each(|person| person.note_idle(now));
        for (who, link) in self.people.iter().enumerate().filter_map(|(who, person)| {
            Some((who, person.link.as_ref().filter(|link| link.seat.is_some())?))
        }) {
            let (idle, silent) = self.sleeps_until(who);
            let silent = self.laws.gathers_since.map(|since| silent.max(since));
            for until in idle.into_iter().chain(silent) {
                let late = now.saturating_sub(until.max(link.welcomed_at) + second);
                assert_eq!(late, 0, "{:?} has done nothing for too long", link.id);
            }
        }
    }

    /// No session is closed for idleness before its time.
    pub(crate) fn check_sleeper(&self, who: usize) {
        let (idle, silent) = self.sleeps_until(who);
        let is_over = idle.is_some_and(|until| until <= self.now);
        let waited = self.before.is_waiting && silent <= self.now;
        assert!(is_over || waited, "idle until {idle:?}, silent until {silent}");
    }

    /// Returns the times until when it may be idle, if it is, and silent while the match waits.
    fn sleeps_until(&self, who: usize) -> (Option<u64>, u64) {
        let (person, policy) = (&self.people[who], self.config.policy);
        let welcomed_at = person.link.as_ref().map_or(0, |link| link.welcomed_at);
        let is_private = self.config.code.is_some();
        let patience = if is_private { policy.private_idle_s } else { policy.idle_s };
        let silent_since = person.said_at.max(welcomed_at).max(self.laws.began_at);
        let idle = person.idle_since.map(|since| since + self.ticks(policy.idle_s));
        (idle, silent_since + self.ticks(patience))
    }

    /// A session that has said something in this match is not idle.
    fn check_idle(&self) {
        let number = self.room.current_match().0;
        for person in self.people.iter().filter(|person| person.said_in == number) {
            let idle = person.link.as_ref().is_some_and(Link::is_idle);
            assert!(!idle, "{:?} has said something, and is idle", person.seat());
        }
    }

    /// The participants, the roster and the private state that clients were sent are up to date.
    fn check_told(&self) {
        let world = self.room.world();
        let (number, _) = self.room.current_match();
        let seats: Vec<u16> = world.players().iter().map(|player| player.id.0).collect();
        let here: BTreeSet<u16> = self.here().map(|(seat, _)| seat.0).collect();
        for (seat, link) in self.here() {
            assert_eq!((link.match_number, &link.seats), (number, &seats), "{:?}", link.id);
            let people = link.roster.iter().filter(|entry| !entry.bot && entry.connected);
            let people: BTreeSet<u16> = people.map(|entry| entry.id).collect();
            assert_eq!(people, here, "{:?} knows who is here", link.id);
            let names: BTreeSet<_> = link.roster.iter().map(|entry| &entry.name).collect();
            assert_eq!(names.len(), link.roster.len(), "two have the same name");
            if let Some(player) = world.player(seat) {
                let told =
                    link.private.as_ref().map(|told| (told.fireball_ready, told.blink_ready));
                let ready = (player.fireball_ready.0, player.blink_ready.0);
                assert_eq!(told, Some(ready), "{:?} knows its cooldowns", link.id);
            }
        }
    }
}

/// Checks of the commands that enter a tick.
impl Walk {
    pub(crate) fn check_records(&self, records: &[Record]) {
        for record in records {
            let Record::Tick { tick, commands } = record else { continue };
            let mut acted = BTreeSet::new();
            for command in commands {
                if let Command::Input { player, input, rewind_ticks } = *command {
                    assert!(acted.insert(player), "two inputs of {player} in tick {tick}");
                    self.check_input(player, input);
                    self.check_rewind(player, rewind_ticks.into(), *tick);
                }
            }
        }
    }

    /// An input belongs to the connection that its seat has now, and to the match that is played.
    fn check_input(&self, player: PlayerId, input: Input) {
        let link = self.here().find(|(seat, _)| *seat == player).map(|(_, link)| link);
        let link = link.unwrap_or_else(|| panic!("an input of {player}, who is not here"));
        if let Some(at) = aim(input) {
            let now = (link.id, self.room.current_match().0);
            assert_eq!(self.aims.get(&(at.x(), at.y())), Some(&now), "an input of the past");
        }
    }

    /// A shot reaches back no further than its round trip explains, and not beyond the last blink
    /// if its flight begins in the past.
    fn check_rewind(&self, player: PlayerId, rewind: u64, tick: Tick) {
        let rules = &self.config.mode.rules;
        let person = self.people.iter().find(|person| person.seat() == Some(player));
        let trip = person.and_then(|person| person.least_trip).unwrap_or(0);
        let cap = (trip + self.ticks(0.1)).min(self.ticks(0.2));
        let cap = if rules.lag_compensation { cap } else { 0 };
        assert!(rewind <= cap, "{player} rewinds {rewind} ticks, with a round trip of {trip}");
        if rules.rewinds_flight || self.before.number != self.room.current_match().0 {
            return;
        }
        let blinked = self.before.blinks.iter().find(|(id, _)| *id == player);
        let ago = blinked.map_or(u32::MAX, |(_, blinked)| tick.since(*blinked));
        assert!(rewind <= ago.into(), "{player} rewinds {rewind} ticks, and blinked {ago} ago");
    }
}

fn aim(input: Input) -> Option<Point> {
    match input {
        Input::Stop => None,
        Input::Move(at) | Input::Shoot(at) | Input::Blink(at) => Some(at),
    }
}
