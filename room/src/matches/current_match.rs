//! The match that is played: its world, the commands for its next tick, and its journal. Only this
//! file holds a world; all others ask it.

use bolide_net::{
    Ack, Events, MatchEndReason, Placement, Private, RefusedInput, RulesMessage, Scene,
    ServerMessage, Snapshot, WireEvent,
};
use bolide_sim::journal::Writer;
use bolide_sim::{
    BotSkill, Command, Event, Life, Phase, Player, PlayerId, PlayerKind, RulesError, Tick, World,
};
use uuid::Uuid;

use crate::config::RoomConfig;
use crate::records::{JournalRecords, MatchTicket};
use crate::roster::inputs::PlayerInput;
use crate::status::Stage;

/// Seconds between two full states in a journal, which bounds the ticks to replay when a match is
/// recovered. A state of ten players is 2 KiB.
const STATE_S: u32 = 20;

/// The match that is played.
pub(crate) struct CurrentMatch {
    id: Uuid,
    /// The number of the match in its room, counted from 1.
    number: u32,
    world: World,
    /// The players that leave or join in the next tick.
    pending: Vec<Command>,
    /// The events of the last tick.
    events: Vec<Event>,
    journal: Writer,
    /// True if the next records begin a segment.
    begins: bool,
}

/// A participant of the match.
pub(crate) struct Member {
    pub(crate) player: PlayerId,
    pub(crate) is_bot: bool,
    /// True if it has left for good.
    pub(crate) has_left: bool,
}

/// The state that the rules show one player alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PrivateState {
    fireball_ready: u32,
    blink_ready: u32,
}

/// One match after the other.
impl CurrentMatch {
    /// Creates the first match of a room.
    ///
    /// # Errors
    /// A rule is outside its range.
    pub(crate) fn first(
        ticket: MatchTicket,
        config: &RoomConfig,
    ) -> Result<CurrentMatch, RulesError> {
        let world = World::new(config.mode.rules.clone(), ticket.seed)?;
        Ok(CurrentMatch::new(ticket.id, 1, world, config))
    }

    /// Creates a match that is resumed. Its journal exists already, up to the world's tick.
    pub(crate) fn recovered(id: Uuid, number: u32, world: World) -> CurrentMatch {
        let (journal, pending, events) = (Writer::default(), Vec::new(), Vec::new());
        CurrentMatch { id, number, world, pending, events, journal, begins: false }
    }

    /// Creates the match after this one, with the same rules.
    pub(crate) fn next(&self, ticket: MatchTicket, config: &RoomConfig) -> CurrentMatch {
        CurrentMatch::new(ticket.id, self.number + 1, self.world.fresh(ticket.seed), config)
    }

    fn new(id: Uuid, number: u32, world: World, config: &RoomConfig) -> CurrentMatch {
        let journal = journal(&world, config);
        let (pending, events) = (Vec::new(), Vec::new());
        CurrentMatch { id, number, world, pending, events, journal, begins: true }
    }
}

/// Commands for the next tick, and the tick.
impl CurrentMatch {
    /// Lets a person join in the next tick.
    pub(crate) fn join(&mut self, player: PlayerId) {
        self.pending.push(Command::Join { player, kind: PlayerKind::Human });
    }

    /// Lets a bot join in the next tick. `skill` is a number, from 0 for the easiest.
    pub(crate) fn join_bot(&mut self, player: PlayerId, skill: u8) {
        self.pending.push(Command::Join { player, kind: PlayerKind::Bot(bot_skill(skill)) });
    }

    /// Makes a player leave in the next tick, if it takes part.
    pub(crate) fn leave(&mut self, player: PlayerId) {
        if self.has(player) {
            self.pending.push(Command::Leave { player });
        }
    }

    /// Steps the world: first players leave, then the others join and act, in player order. Returns
    /// the records that must be in the journal before any client is sent something about this tick.
    pub(crate) fn step(&mut self, inputs: impl Iterator<Item = PlayerInput>) -> JournalRecords {
        let command = |PlayerInput { player, input, rewind_ticks }| Command::Input {
            player,
            input,
            rewind_ticks,
        };
        self.pending.extend(inputs.map(command));
        // A flight that is rewound as a whole begins where its shooter is.
        let began_in_the_past = !self.world.rules().rewinds_flight;
        for command in &mut self.pending {
            if let Command::Input { player, rewind_ticks, .. } = command
                && *rewind_ticks > 0
                && began_in_the_past
            {
                *rewind_ticks = (*rewind_ticks).min(ticks_at_its_place(&self.world, *player));
            }
        }
        // The sort is stable, so that a player's join comes before its input.
        self.pending
            .sort_by_key(|command| (!matches!(command, Command::Leave { .. }), command.player()));
        self.events.clear();
        self.world.step(&self.pending, &mut self.events);
        let nothing_happens = self.stage() == Stage::Waiting && self.pending.is_empty();
        if !nothing_happens {
            self.journal.tick(self.world.tick(), &self.pending);
        }
        self.pending.clear();
        let (tick, hz) = (self.world.tick().0, self.world.rules().tick_rate.hz());
        if tick.is_multiple_of(STATE_S * hz) {
            self.journal.state(&self.world);
        } else if tick.is_multiple_of(hz) || self.stage() == Stage::Over {
            self.journal.hash(&self.world);
        }
        if self.stage() == Stage::Over {
            self.journal.end(&self.world);
        }
        self.records()
    }

    /// Forgets the events of the last tick, because nothing is stepped in this one.
    pub(crate) fn forget_events(&mut self) {
        self.events.clear();
    }

    /// Begins a segment that holds the whole state, and so needs no earlier one.
    pub(crate) fn begin_segment(&mut self, config: &RoomConfig) -> JournalRecords {
        self.journal = journal(&self.world, config);
        self.journal.state(&self.world);
        self.begins = true;
        self.records()
    }

    fn records(&mut self) -> JournalRecords {
        let begins = std::mem::take(&mut self.begins);
        let worth_keeping = self.is_worth_keeping();
        JournalRecords { id: self.id, begins, worth_keeping, bytes: self.journal.take() }
    }
}

/// The queries.
impl CurrentMatch {
    /// Returns its id.
    pub(crate) const fn id(&self) -> Uuid {
        self.id
    }

    /// Returns its number in its room, counted from 1.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// Returns its last tick.
    pub(crate) const fn tick(&self) -> Tick {
        self.world.tick()
    }

    /// Returns the number of its next tick.
    pub(crate) const fn next_tick(&self) -> u32 {
        self.world.tick().next().0
    }

    /// Returns its stage.
    pub(crate) const fn stage(&self) -> Stage {
        match self.world.phase() {
            Phase::Waiting => Stage::Waiting,
            Phase::Countdown { .. } => Stage::Countdown,
            Phase::Fighting { .. } => Stage::Running,
            Phase::Over { .. } => Stage::Over,
        }
    }

    /// Returns whether players may join it.
    pub(crate) const fn admits(&self) -> bool {
        let stage = self.stage();
        stage.is_gathering() || (self.world.rules().late_joins && matches!(stage, Stage::Running))
    }

    /// Returns whether its journal is worth keeping, because it was played. A match that ended
    /// while it gathered has nothing to replay.
    pub(crate) const fn is_worth_keeping(&self) -> bool {
        !self.stage().is_gathering()
    }

    /// Returns whether a player takes part, or took part and left.
    pub(crate) fn has(&self, player: PlayerId) -> bool {
        self.world.player(player).is_some()
    }

    /// Returns whether a player is a bot.
    pub(crate) fn is_bot(&self, player: PlayerId) -> bool {
        self.world.player(player).is_some_and(is_bot)
    }

    /// Returns all that take part, with those that left, sorted by player.
    pub(crate) fn members(&self) -> impl ExactSizeIterator<Item = Member> + Clone {
        self.world.players().iter().map(|player| Member {
            player: player.id,
            is_bot: is_bot(player),
            has_left: matches!(player.life, Life::Left { .. }),
        })
    }

    /// Returns all players with their places in the result, 1 for the best.
    pub(crate) fn placements(&self) -> Vec<(PlayerId, u16)> {
        self.world.placements()
    }

    /// Returns the world itself, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) const fn world(&self) -> &World {
        &self.world
    }
}

/// Questions of those who watch.
impl CurrentMatch {
    /// Returns whether a player is alive. `None` if it does not take part.
    pub(crate) fn is_alive(&self, player: PlayerId) -> Option<bool> {
        self.world.player(player).map(Player::is_alive)
    }

    /// Returns the player that finished off another one in the last tick.
    pub(crate) fn killer_of(&self, victim: PlayerId) -> Option<PlayerId> {
        self.events.iter().find_map(|event| match event {
            Event::Died { player, by } if *player == victim => *by,
            _ => None,
        })
    }

    /// Returns the living player nearest to the body of another one, or to the middle of the arena
    /// if that one does not take part.
    pub(crate) fn nearest_alive(&self, to: PlayerId) -> Option<PlayerId> {
        let middle = || self.world.rules().middle();
        let from = self.world.player(to).map_or_else(middle, |body| body.at);
        let alive = self.world.players().iter().filter(|player| player.is_alive());
        alive.min_by_key(|player| player.at.distance_squared(from)).map(|player| player.id)
    }
}

/// Messages and snapshots for clients.
impl CurrentMatch {
    /// Returns the rules, as clients are sent them.
    pub(crate) fn rules_message(&self) -> RulesMessage {
        self.world.rules().into()
    }

    /// Returns the world as all may see it.
    pub(crate) fn snapshot(&self, acks: Vec<Ack>) -> Snapshot {
        Snapshot::capture(&self.world, acks)
    }

    /// Returns this snapshot of the world for receivers that simulate and have `known`.
    pub(crate) fn motions(&self, snapshot: &Snapshot, known: &Snapshot) -> Snapshot {
        snapshot.followed_from(known, &self.world)
    }

    /// Returns the world as seats with a vision radius look at it.
    pub(crate) fn scene(&self) -> Scene<'_> {
        Scene::of(&self.world)
    }

    /// Returns the events of the last tick.
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns the events of the last tick that all may see, unless there are none.
    pub(crate) fn public_events(&self) -> Option<ServerMessage> {
        self.events_message(self.events.iter().filter_map(WireEvent::public).collect())
    }

    /// Returns the message with these events of the last tick, unless there are none.
    pub(crate) fn events_message(&self, events: Vec<WireEvent>) -> Option<ServerMessage> {
        if events.is_empty() {
            return None;
        }
        Some(ServerMessage::Events(Events { tick: self.world.tick().0, events }))
    }

    /// Returns the state that the rules show one player alone.
    pub(crate) fn private_state(&self, player: PlayerId) -> Option<PrivateState> {
        let player = self.world.player(player)?;
        let (fireball_ready, blink_ready) = (player.fireball_ready.0, player.blink_ready.0);
        Some(PrivateState { fireball_ready, blink_ready })
    }

    /// Returns the refusal of a player's input in the last tick. `seq` is the number of that input.
    pub(crate) fn refused_input(&self, player: PlayerId, seq: u32) -> Option<RefusedInput> {
        self.events.iter().find_map(|event| match event {
            Event::Refused { player: who, why } if *who == player => {
                Some(RefusedInput::new(seq, *why))
            }
            _ => None,
        })
    }

    /// Returns the message with the private state of a player.
    pub(crate) fn private_message(
        &self,
        state: PrivateState,
        refused: Option<RefusedInput>,
        rewind_ticks_max: u8,
    ) -> ServerMessage {
        let PrivateState { fireball_ready, blink_ready } = state;
        ServerMessage::Private(Private {
            tick: self.world.tick().0,
            fireball_ready,
            blink_ready,
            refused: refused.into_iter().collect(),
            rewind_ticks_max,
        })
    }

    /// Returns the message with the result.
    pub(crate) fn result_message(&self, next_in_ticks: u32) -> ServerMessage {
        let placement = |(id, place): (PlayerId, u16)| {
            let (hits, kills) =
                self.world.player(id).map_or((0, 0), |player| (player.hits, player.kills));
            Placement { id: id.0, place, hits, kills }
        };
        let outcome = self.world.phase().outcome();
        ServerMessage::Result {
            winner: outcome.and_then(|outcome| outcome.winner).map(|winner| winner.0),
            reason: outcome.map_or(MatchEndReason::LastStanding, |outcome| outcome.reason.into()),
            placements: self.placements().into_iter().map(placement).collect(),
            next_in_ticks,
        }
    }
}

/// Begins a journal of a match in the room's mode.
fn journal(world: &World, config: &RoomConfig) -> Writer {
    Writer::new(world, &config.mode.name, &config.server)
}

fn is_bot(player: &Player) -> bool {
    player.kind() != PlayerKind::Human
}

/// Returns the skill of bots with this number, or the highest if there is none.
const fn bot_skill(number: u8) -> BotSkill {
    match number {
        0 => BotSkill::Easy,
        1 => BotSkill::Normal,
        _ => BotSkill::Hard,
    }
}

/// Returns the number of ticks that a player has been at the place it last blinked to, at most 255.
/// A shot that reached back further would come from a place where the player was not.
fn ticks_at_its_place(world: &World, player: PlayerId) -> u8 {
    let rules = world.rules();
    let cooldown = rules.tick_rate.ticks(rules.blink_cooldown_s);
    let ready = world.player(player).map_or(0, |player| player.blink_ready.0);
    let blinked = Tick(ready.saturating_sub(cooldown));
    u8::try_from(world.tick().next().since(blinked)).unwrap_or(u8::MAX)
}
