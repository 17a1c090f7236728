//! Measures the experience of a match: how long a newcomer survives against bots, and how a royale
//! goes. The rows are those of `docs/rules.md`, so the page cannot become outdated unnoticed.

mod dice;

use bolide_sim::{
    BotSkill, Command, Event, Input, Phase, PlayerId, PlayerKind, Point, World, preset,
};

use dice::Dice;

use BotSkill::{Easy, Normal};

const NEWCOMER: PlayerId = PlayerId(0);

/// The behaviour of a newcomer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Newcomer {
    StandsStill,
    Wanders,
    WandersAndShoots,
}

impl Newcomer {
    /// Returns its input. Once a second it walks somewhere. If it shoots, it does so half a second
    /// later, at the nearest player.
    fn act(self, world: &World, dice: &mut Dice) -> Option<Input> {
        let (tick, hz) = (world.tick().0, world.rules().tick_rate.hz());
        match self {
            Newcomer::StandsStill => None,
            _ if tick.is_multiple_of(hz) => Some(Input::Move(somewhere(world, dice))),
            Newcomer::WandersAndShoots if tick % hz == hz / 2 => {
                let me = world.player(NEWCOMER)?;
                let others = world.players().iter().filter(|p| p.id != me.id && p.is_alive());
                let nearest =
                    others.min_by(|a, b| me.at.distance(a.at).total_cmp(&me.at.distance(b.at)))?;
                Some(Input::Shoot(nearest.at))
            }
            _ => None,
        }
    }
}

fn somewhere(world: &World, dice: &mut Dice) -> Point {
    let mut share = || dice.roll(1_000) as f32 / 1_000.0;
    Point::in_units(share() * world.rules().arena_width, share() * world.rules().arena_height)
}

/// A match that was played.
struct Played {
    world: World,
    events: Vec<(u32, Event)>,
    fight_began: u32,
}

impl Played {
    fn seconds_of_fight(&self, tick: u32) -> f32 {
        (tick - self.fight_began) as f32 / self.world.rules().tick_rate.hz() as f32
    }
}

/// Returns a world with its players. The first human is the newcomer, the other humans are idle.
fn gathered(mode: &str, seed: u64, people: usize, bots: &[BotSkill]) -> World {
    let mut world = World::new(preset(mode).expect("a preset").rules, seed).expect("valid");
    let people = std::iter::repeat_n(PlayerKind::Human, people);
    let kinds = people.chain(bots.iter().map(|skill| PlayerKind::Bot(*skill)));
    let joins: Vec<_> = (0..)
        .map(PlayerId)
        .zip(kinds)
        .map(|(player, kind)| Command::Join { player, kind })
        .collect();
    world.step(&joins, &mut Vec::new());
    world
}

fn play(mut world: World, seed: u64, newcomer: Newcomer) -> Played {
    let mut commands = Vec::new();
    let (mut dice, mut events, mut told) = (Dice(seed), Vec::new(), Vec::new());
    let mut fight_began = 0;
    while !matches!(world.phase(), Phase::Over { .. }) {
        world.step(&commands, &mut told);
        commands.clear();
        if let Phase::Fighting { since, .. } = world.phase() {
            fight_began = since.0;
            let input = newcomer.act(&world, &mut dice);
            let command = |input| Command::Input { player: NEWCOMER, input, rewind_ticks: 0 };
            commands.extend(input.map(command));
        }
        events.extend(told.drain(..).map(|event| (world.tick().0, event)));
    }
    Played { world, events, fight_began }
}

/// Formats the first decile, the median and the ninth decile.
fn spread(mut values: Vec<f32>) -> String {
    values.sort_by(f32::total_cmp);
    let at = |share: usize| values[(values.len() - 1) * share / 10];
    format!("{:.1} | {:.1} | {:.1}", at(1), at(5), at(9))
}

const MATCHES: u64 = 100;

fn newcomer_row(mode: &str, name: &str, newcomer: Newcomer, bots: &[BotSkill]) -> String {
    let (mut lived, mut first, mut last) = (Vec::new(), 0, 0);
    for seed in 0..MATCHES {
        let played = play(gathered(mode, seed, 1, bots), seed, newcomer);
        let died = played.events.iter().find_map(|(tick, event)| match event {
            Event::Died { player: NEWCOMER, .. } => Some(*tick),
            _ => None,
        });
        lived.push(played.seconds_of_fight(died.unwrap_or(played.world.tick().0)));
        let placements = played.world.placements();
        let place = placements.iter().find(|(player, _)| *player == NEWCOMER).expect("took part").1;
        first += u64::from(place == 1);
        last += u64::from(usize::from(place) == placements.len());
    }
    let percent = |count| count * 100 / MATCHES;
    format!("| {mode} | {name} | {} | {} % | {} % |", spread(lived), percent(first), percent(last))
}

/// A royale of bots and of idle humans.
fn royale_row(people: usize, bots: &[BotSkill]) -> String {
    const MATCHES: usize = 20;
    let players = people + bots.len();
    let (mut lasted, mut closed, mut nearest) = (Vec::new(), Vec::new(), Vec::new());
    let (mut burned, mut in_range) = (0, 0);
    for seed in 0..MATCHES as u64 {
        let world = gathered("royale", seed, people, bots);
        let (rules, zone) = (world.rules(), world.rules().zone.expect("a zone"));
        for (index, player) in world.players().iter().enumerate() {
            let mut others: Vec<_> =
                world.players().iter().map(|other| player.at.distance(other.at)).collect();
            others.remove(index);
            in_range += others.iter().filter(|apart| **apart < rules.fireball_range).count();
            nearest.push(others.into_iter().fold(f32::MAX, f32::min));
        }
        let played = play(world, seed, Newcomer::StandsStill);
        let seconds = played.seconds_of_fight(played.world.tick().0);
        lasted.push(seconds);
        closed.push(100.0 * ((seconds - zone.waits_s) / zone.closes_s).clamp(0.0, 1.0));
        let fire = |(_, event): &&(u32, Event)| matches!(event, Event::Died { by: None, .. });
        burned += played.events.iter().filter(fire).count();
    }
    closed.sort_by(f32::total_cmp);
    nearest.sort_by(f32::total_cmp);
    format!(
        "| {} bots, {people} asleep | {} | {:.0} % | {:.2} | {:.1} | {} % |",
        bots.len(),
        spread(lasted),
        closed[closed.len() / 2],
        nearest[0],
        in_range as f32 / (players * MATCHES) as f32,
        burned * 100 / (players * MATCHES),
    )
}

/// The bots of a room in which no human has won yet.
const FIRST: BotSkill = Easy;

#[test]
fn a_newcomer_lives_as_long_as_the_page_of_the_rules_says() {
    let mut rows = Vec::new();
    for (mode, bots) in [("brawl", 3), ("classic", 2), ("duel", 1), ("royale", 9)] {
        for (name, newcomer) in [
            ("stands still", Newcomer::StandsStill),
            ("wanders", Newcomer::Wanders),
            ("wanders and shoots", Newcomer::WandersAndShoots),
        ] {
            rows.push(newcomer_row(mode, name, newcomer, &vec![FIRST; bots]));
        }
    }
    check(&rows);
}

#[test]
fn a_royale_goes_as_the_page_of_the_rules_says() {
    let mixed = |count| [Normal, Easy, Normal].into_iter().cycle().take(count).collect::<Vec<_>>();
    let rows = [(0, 10), (0, 20), (0, 60), (20, 20)];
    check(&rows.map(|(people, bots)| royale_row(people, &mixed(bots))));
}

/// Checks that each row is on the page. It is updated there manually, when a change was intended.
fn check(rows: &[String]) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let missing: Vec<_> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "not in docs/rules.md:\n{missing:#?}\nof\n{}", rows.join("\n"));
}
