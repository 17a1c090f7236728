//! A steady-state tick allocates nothing.
//!
//! The counting allocator is global, and a test harness allocates on a thread of its own. This
//! program therefore has no harness: it has one thread.

use bolide_sim::{BotSkill, Command, Phase, PlayerId, PlayerKind, World, preset};

#[global_allocator]
static COUNTING: dhat::Alloc = dhat::Alloc;

fn allocations() -> u64 {
    dhat::HeapStats::get().total_blocks
}

fn main() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let before = allocations();
    drop(std::hint::black_box(vec![0u8; 16]));
    assert!(allocations() > before, "the counter counts");

    for (mode, bots, late_joins) in
        [("brawl", 10u16, false), ("royale", 60, false), ("brawl", 10, true)]
    {
        let mut rules = preset(mode).expect("a preset").rules;
        (rules.late_joins, rules.rewinds_flight) = (late_joins, late_joins);
        // No player dies, so the fight stays as busy as it began.
        (rules.health, rules.dead_at, rules.radius_per_health) = (1000, 0, 0.0001);
        let mut world = World::new(rules, 1).expect("valid");
        let joins: Vec<_> = (0..bots)
            .map(|id| Command::Join {
                player: PlayerId(id),
                kind: PlayerKind::Bot(BotSkill::Normal),
            })
            .collect();
        // One comes and goes, if that is allowed.
        let (goes, comes) = ([Command::Leave { player: PlayerId(3) }], [joins[3]]);
        let mut events = Vec::with_capacity(4096);
        world.step(&joins, &mut events);
        // The buffers grow to the size that the fight needs.
        for _ in 0..1200 {
            events.clear();
            world.step(&[], &mut events);
        }
        let (before, mut seen) = (allocations(), 0);
        for tick in 0..1200 {
            events.clear();
            match tick % 100 {
                10 if late_joins => world.step(&goes, &mut events),
                20 if late_joins => world.step(&comes, &mut events),
                _ => world.step(&[], &mut events),
            }
            seen += events.len();
        }
        assert_eq!(world.players().len(), usize::from(bots));
        assert!(matches!(world.phase(), Phase::Fighting { .. }));
        assert!(seen > 100, "something happened");
        assert_eq!(allocations() - before, 0, "allocations in 1,200 ticks of {mode}");
        println!("1,200 ticks of {mode} with {bots} bots, late {late_joins}: no allocation");
    }
}
