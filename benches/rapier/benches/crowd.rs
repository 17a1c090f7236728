//! Compares one tick of Bolide with one step of rapier2d in one run: a thousand players that walk
//! and a thousand fireballs in the air. In rapier2d players are balls and fireballs fast sensors.

use bolide_benches::fight;
use bolide_sim::Motion;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rapier2d::prelude::{ColliderBuilder, PhysicsWorld, RigidBodyBuilder, Vector};

const PLAYERS: u16 = 1000;

/// The same places, radii and velocities as the Bolide scene.
fn physics() -> PhysicsWorld {
    let world = fight(PLAYERS);
    let rules = world.rules();
    let mut physics = PhysicsWorld::new();
    physics.gravity = Vector::new(0.0, 0.0);
    physics.integration_parameters.dt = 1.0 / rules.tick_rate.hz() as f32;
    for player in world.players() {
        let at = player.at.to_vec2();
        let velocity = match player.motion {
            Motion::Walk { from, to, .. } => {
                from.direction(to).map_or([0.0; 2], |way| (way * rules.walk_speed).into())
            }
            _ => [0.0; 2],
        };
        let body = RigidBodyBuilder::dynamic()
            .translation(Vector::new(at.x, at.y))
            .linvel(Vector::new(velocity[0], velocity[1]));
        physics.insert(body, ColliderBuilder::ball(rules.radius(player.health)).sensor(true));
    }
    for fireball in world.fireballs() {
        let at = world.fireball_place(fireball).to_vec2();
        let way = fireball
            .from
            .direction(fireball.toward)
            .map_or([0.0; 2], |way| (way * rules.fireball_speed).into());
        let body = RigidBodyBuilder::dynamic()
            .translation(Vector::new(at.x, at.y))
            .linvel(Vector::new(way[0], way[1]))
            .ccd_enabled(true);
        physics.insert(body, ColliderBuilder::ball(rules.fireball_radius).sensor(true));
    }
    physics
}

fn crowd(criterion: &mut Criterion) {
    let world = fight(PLAYERS);
    let mut group = criterion.benchmark_group("crowd of 1000 + 1000");
    group.throughput(Throughput::Elements(
        world.players().len() as u64 + world.fireballs().len() as u64,
    ));
    group.bench_function("bolide", |bencher| {
        let mut events = Vec::with_capacity(4096);
        bencher.iter_batched_ref(
            || world.clone(),
            |world| {
                events.clear();
                world.step(&[], &mut events);
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("rapier2d", |bencher| {
        // Sensors do not push each other, so the crowd does not change however often it is stepped.
        let mut physics = physics();
        for _ in 0..10 {
            physics.step();
        }
        bencher.iter(|| physics.step());
    });
    group.finish();
}

criterion_group!(benches, crowd);
criterion_main!(benches);
