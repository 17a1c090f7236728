//! One match inside a room: its world, and the commands for its next tick.

use bolide_sim::journal::Writer;
use bolide_sim::{Command, Event, Phase, PlayerId, Tick, World};
use uuid::Uuid;

use crate::output::JournalRecords;
use crate::room::Stage;

/// Seconds between two full states in a journal, which bounds the ticks to replay when a match is
/// recovered. A state of ten players is 2 KiB.
const STATE_S: u32 = 20;

/// The id and the seed of a match. The seed must not leave the server before the match is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchTicket {
    /// The match's id, a UUIDv7.
    pub id: Uuid,
    /// The seed of its random numbers.
    pub seed: u64,
}

pub(crate) struct Match {
    pub(crate) id: Uuid,
    /// The number of the match in its room, counted from 1.
    pub(crate) number: u32,
    pub(crate) world: World,
    /// The players that leave or join in the next tick.
    pub(crate) pending: Vec<Command>,
    pub(crate) events: Vec<Event>,
    journal: Writer,
    /// True if the next records begin a segment.
    begins: bool,
}

impl Match {
    /// Creates a match before its first tick. `build` is the name of the program, for the journal.
    pub(crate) fn new(id: Uuid, number: u32, world: World, build: &str) -> Match {
        let journal = Writer::new(&world, build);
        let (pending, events) = (Vec::new(), Vec::new());
        Match { id, number, world, pending, events, journal, begins: true }
    }

    /// Creates a match that is resumed. Its journal exists already, up to the world's tick.
    pub(crate) fn recovered(id: Uuid, number: u32, world: World) -> Match {
        let (journal, pending, events) = (Writer::default(), Vec::new(), Vec::new());
        Match { id, number, world, pending, events, journal, begins: false }
    }

    /// Creates the match after this one, with the same rules.
    pub(crate) fn next(&self, ticket: MatchTicket, build: &str) -> Match {
        Match::new(ticket.id, self.number + 1, self.world.fresh(ticket.seed), build)
    }

    /// Makes a player leave in the next tick, if it takes part.
    pub(crate) fn leave(&mut self, player: PlayerId) {
        if self.world.player(player).is_some() {
            self.pending.push(Command::Leave { player });
        }
    }

    /// Steps the world: first players leave, then the others join and act, in player order. Returns
    /// the records that must be in the journal before any client is sent something about this tick.
    pub(crate) fn step(&mut self, inputs: impl Iterator<Item = Command>) -> JournalRecords {
        self.pending.extend(inputs);
        for command in &mut self.pending {
            if let Command::Input { player, rewind_ticks, .. } = command
                && *rewind_ticks > 0
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
        self.records()
    }

    /// Begins a segment that holds the whole state, and so needs no earlier one.
    pub(crate) fn begin_segment(&mut self, build: &str) -> JournalRecords {
        self.journal = Writer::new(&self.world, build);
        self.journal.state(&self.world);
        self.begins = true;
        self.records()
    }

    fn records(&mut self) -> JournalRecords {
        let begins = std::mem::take(&mut self.begins);
        let worth_keeping = self.is_worth_keeping();
        JournalRecords { id: self.id, begins, worth_keeping, bytes: self.journal.take() }
    }

    pub(crate) const fn stage(&self) -> Stage {
        match self.world.phase() {
            Phase::Waiting => Stage::Waiting,
            Phase::Countdown { .. } => Stage::Countdown,
            Phase::Fighting { .. } => Stage::Running,
            Phase::Over { .. } => Stage::Over,
        }
    }

    /// Returns whether the journal is worth keeping, because the match was played. One that ended
    /// while it gathered has nothing to replay.
    pub(crate) const fn is_worth_keeping(&self) -> bool {
        !self.stage().is_gathering()
    }

    pub(crate) const fn next_tick(&self) -> u32 {
        self.world.tick().next().0
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
