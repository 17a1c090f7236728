//! The decisions of a player. It sees what a person sees, the newest snapshot, and acts as often as
//! a person would. It changes its course, throws when its fireball should be ready, and blinks out
//! of the way of enemy fireballs.

use bolide_net::{FireballState, PlayerState, RulesMessage, Snapshot};
use bolide_sim::{Input, Point};

use super::chance::Chance;

/// The decisions of one player.
#[derive(Clone, Debug)]
pub struct Pilot {
    chance: Chance,
    inputs_per_s: u32,
    /// The first tick in which the fireball should be ready.
    shoots_at: u32,
    /// The first tick in which the blink should be ready.
    blinks_at: u32,
    fighting: bool,
}

/// Everything that a pilot sees.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The player's own id.
    pub me: u16,
    /// The newest snapshot.
    pub world: &'a Snapshot,
    /// The rules of the mode.
    pub rules: &'a RulesMessage,
    /// Ticks per second.
    pub tick_rate: u32,
}

impl Pilot {
    /// Creates the pilot of one player of a seed. It makes this many inputs per second on average.
    #[must_use]
    pub fn new(seed: u64, player: u64, inputs_per_s: u32) -> Pilot {
        let chance = Chance::of(seed, player);
        Pilot { chance, inputs_per_s, shoots_at: 0, blinks_at: 0, fighting: false }
    }

    /// Returns the seconds until the next decision, or `None` if it makes no inputs.
    #[must_use]
    pub fn pause_s(&mut self) -> Option<f32> {
        let evenly = self.chance.unit() + 0.5;
        (self.inputs_per_s > 0).then(|| evenly / self.inputs_per_s as f32)
    }

    /// Returns the next input, if the player is alive in a fight.
    #[must_use]
    pub fn think(&mut self, sight: Sight<'_>) -> Option<Input> {
        let Sight { me, world, rules, .. } = sight;
        let fights = world.phase == FIGHTING && self.inputs_per_s > 0;
        if fights && !self.fighting {
            // Cooldowns start full when the fight starts.
            self.shoots_at = self.after(sight, rules.fireball_cooldown_s);
            self.blinks_at = self.after(sight, rules.blink_cooldown_s);
        }
        self.fighting = fights;
        let me = world.players.iter().find(|player| player.id == me)?;
        if !fights || me.life != ALIVE {
            return None;
        }
        if world.tick >= self.blinks_at
            && let Some(fireball) = threat(me, sight)
        {
            self.blinks_at = self.after(sight, rules.blink_cooldown_s);
            return Some(Input::Blink(self.aside(me, fireball)));
        }
        let enemy = nearest(me, &world.players);
        if world.tick >= self.shoots_at
            && let Some(enemy) = enemy.filter(|enemy| in_range(me, enemy, rules))
        {
            self.shoots_at = self.after(sight, rules.fireball_cooldown_s);
            return Some(Input::Shoot(self.aim(me, enemy)));
        }
        Some(Input::Move(self.course(me, enemy, rules)))
    }

    /// Returns the tick in which a cooldown that begins now is over, and a person has noticed it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cooldown has 60 s at most"
    )]
    fn after(&mut self, sight: Sight<'_>, cooldown_s: f32) -> u32 {
        let noticed_s = 0.05 + 0.2 * self.chance.unit();
        sight.world.tick + ((cooldown_s + noticed_s) * sight.tick_rate as f32).ceil() as u32
    }

    /// Returns a place beside the path of a fireball.
    fn aside(&mut self, me: &PlayerState, fireball: &FireballState) -> Point {
        let way = fireball.from.direction(fireball.toward).unwrap_or_default();
        let side = if self.chance.unit() < 0.5 { 0.3 } else { -0.3 };
        Point::snap(me.at().to_vec2() + way.perp() * side)
    }

    fn aim(&mut self, me: &PlayerState, enemy: &PlayerState) -> Point {
        let beside = me.at().direction(enemy.at()).unwrap_or_default().perp();
        let error = me.at().distance(enemy.at()) * AIM_ERROR * self.chance.signed();
        Point::snap(enemy.at().to_vec2() + beside * error)
    }

    /// Returns a place to walk to. It is around the enemy, at a distance that leaves time to see
    /// its fireballs, or anywhere if there is no enemy.
    fn course(
        &mut self,
        me: &PlayerState,
        enemy: Option<&PlayerState>,
        rules: &RulesMessage,
    ) -> Point {
        let (width, height) = (rules.arena_width, rules.arena_height);
        let mut place = me.at().to_vec2();
        if let Some(enemy) = enemy {
            let line = enemy.at().direction(me.at()).unwrap_or_default();
            let keep = rules.fireball_speed * 0.5 + 0.1;
            place = enemy.at().to_vec2() + line * keep + line.perp() * (0.5 * self.chance.signed());
        } else {
            (place.x, place.y) = (width * self.chance.unit(), height * self.chance.unit());
        }
        (place.x, place.y) = (inside(place.x, width), inside(place.y, height));
        Point::snap(place)
    }
}

/// The phases and lives of a snapshot that matter to the swarm.
pub(crate) const FIGHTING: u8 = 2;
pub(crate) const OVER: u8 = 3;
pub(crate) const ALIVE: u8 = 0;

/// Seconds before the impact at which a pilot notices a fireball.
const WATCH_S: f32 = 0.4;

/// Largest error of a shot, in units per unit of distance.
const AIM_ERROR: f32 = 0.15;

/// Returns an enemy fireball that is about to hit the player.
fn threat<'a>(me: &PlayerState, sight: Sight<'a>) -> Option<&'a FireballState> {
    let Sight { world, rules, tick_rate, .. } = sight;
    let reach = f32::from(me.health) * rules.radius_per_health + rules.fireball_radius;
    let near = world.fireballs.iter().filter(|fireball| fireball.owner != Some(me.id));
    let mut hitting = near.filter(|fireball| {
        let flown_s = world.tick.saturating_sub(fireball.since) as f32 / tick_rate as f32;
        let at = fireball.from.toward(fireball.toward, flown_s * rules.fireball_speed);
        let Some(way) = at.direction(fireball.toward) else { return false };
        let gap = me.at().to_vec2() - at.to_vec2();
        let along = gap.dot(way);
        let arrives_s = along / rules.fireball_speed;
        (0.0..WATCH_S).contains(&arrives_s) && (gap - way * along).length() < reach
    });
    hitting.next()
}

fn nearest<'a>(me: &PlayerState, players: &'a [PlayerState]) -> Option<&'a PlayerState> {
    let enemies = players.iter().filter(|other| other.id != me.id && other.life == ALIVE);
    enemies.min_by(|a, b| me.at().distance(a.at()).total_cmp(&me.at().distance(b.at())))
}

fn in_range(me: &PlayerState, enemy: &PlayerState, rules: &RulesMessage) -> bool {
    me.at().distance(enemy.at()) < rules.fireball_range
}

/// Keeps a coordinate off the walls, even if the arena is tiny.
fn inside(at: f32, side: f32) -> f32 {
    at.clamp(side * 0.05, side * 0.95)
}

#[cfg(test)]
mod tests {
    use bolide_net::{RulesMessage, Snapshot};
    use bolide_sim::{Command, Input, PlayerId, PlayerKind, Rules, World, preset};

    use super::{Pilot, Sight};

    /// Plays a fight of ten pilots with ample health for a minute, and returns their inputs.
    fn fight(inputs_per_s: u32) -> (Vec<Input>, World) {
        let rules = Rules {
            health: 1000,
            radius_per_health: 0.000_1,
            ..preset("brawl").expect("a preset").rules
        };
        let message = RulesMessage::from(&rules);
        let mut world = World::new(rules, 1).expect("valid rules");
        let mut pilots: Vec<Pilot> = (0..10).map(|id| Pilot::new(1, id, inputs_per_s)).collect();
        let joins =
            (0..10).map(|id| Command::Join { player: PlayerId(id), kind: PlayerKind::Human });
        let mut events = Vec::new();
        world.step(&joins.collect::<Vec<_>>(), &mut events);
        let mut next = [0.0_f32; 10];
        let mut done = Vec::new();
        for tick in 0..1800_u16 {
            let snapshot = Snapshot::capture(&world, Vec::new());
            let mut commands = Vec::new();
            for (id, pilot) in (0_u16..).zip(&mut pilots) {
                let due = &mut next[usize::from(id)];
                if f32::from(tick) / 30.0 < *due {
                    continue;
                }
                *due += pilot.pause_s().unwrap_or(f32::MAX);
                let sight = Sight { me: id, world: &snapshot, rules: &message, tick_rate: 30 };
                if let Some(input) = pilot.think(sight) {
                    done.push(input);
                    commands.push(Command::Input { player: PlayerId(id), input, rewind_ticks: 0 });
                }
            }
            events.clear();
            world.step(&commands, &mut events);
        }
        (done, world)
    }

    #[test]
    fn a_fight_has_courses_shots_hits_and_blinks_at_a_persons_rate() {
        let (done, world) = fight(6);
        // Ten players, and about 56 seconds of fight.
        let per_player_s = |count: usize| count as f32 / 560.0;
        let count = |kind: fn(&Input) -> bool| {
            per_player_s(done.iter().filter(|input| kind(input)).count())
        };
        assert!(count(|input| matches!(input, Input::Move(_))) >= 2.0);
        let shots = count(|input| matches!(input, Input::Shoot(_)));
        assert!((0.5..1.0).contains(&shots), "{shots}");
        assert!(count(|input| matches!(input, Input::Blink(_))) > 0.02);
        assert!(per_player_s(done.len()) < 6.5);
        let hits: u32 = world.players().iter().map(|player| u32::from(player.hits)).sum();
        assert!(hits > 50, "{hits} hits");
    }

    #[test]
    fn with_no_inputs_nobody_does_anything() {
        let (done, world) = fight(0);
        assert!(done.is_empty());
        let (snapshot, rules) =
            (Snapshot::capture(&world, Vec::new()), RulesMessage::from(world.rules()));
        let sight = Sight { me: 0, world: &snapshot, rules: &rules, tick_rate: 30 };
        assert_eq!(Pilot::new(1, 0, 0).think(sight), None);
        assert!(Pilot::new(1, 0, 1).think(sight).is_some());
        assert_eq!(Pilot::new(1, 1, 0).pause_s(), None);
    }

    #[test]
    fn the_same_seed_plays_the_same() {
        assert_eq!(fight(10).0, fight(10).0);
    }
}
