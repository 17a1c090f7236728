//! Opens and resets 1,000 connections a second.

use std::time::{Duration, Instant};

use bolide_tests::{PATIENCE, Raw, first, frame};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::slow::count;
use crate::{Check, Program};

const PER_SECOND: u32 = 1000;
const SECONDS: u32 = 20;

pub(crate) async fn run(check: &mut Check<'_>) {
    let program = Program::start(&["--grace-s", "0"]);
    // As much load as later, so that memory kept by the allocator is not taken for a leak.
    storm(&program, 3).await;
    calm(&program, usize::MAX).await;
    let (memory, descriptors) = (program.memory(), program.descriptors());
    let began = Instant::now();
    storm(&program, SECONDS).await;
    println!("{} connections in {:.1} s", PER_SECOND * SECONDS, began.elapsed().as_secs_f64());
    let rooms = calm(&program, descriptors).await;
    check("1000 resets a second for 20 s: rooms left", count(rooms), 0.0, "");
    let left = count(program.descriptors().saturating_sub(descriptors));
    check("descriptors left", left, 0.0, "");
    check("memory left", (program.memory() - memory) / 1_048_576.0, 2.0, "M");
}

async fn storm(program: &Program, seconds: u32) {
    let mut pace = interval(Duration::from_secs(1) / PER_SECOND);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut connections = JoinSet::new();
    for number in 0..PER_SECOND * seconds {
        pace.tick().await;
        let address = program.address;
        connections.spawn(async move {
            let Ok(mut raw) = Raw::open(address).await else { return };
            if number % 2 == 0 {
                raw.send(&frame(first::TEXT, br#"{"t":"hello","name":"Ada"}"#)).await;
            }
            raw.reset();
        });
        while connections.try_join_next().is_some() {}
    }
    connections.join_all().await;
}

/// Waits until no room and no descriptor is left. Returns the rooms that are.
async fn calm(program: &Program, descriptors: usize) -> usize {
    let began = Instant::now();
    loop {
        sleep(Duration::from_millis(200)).await; // WAITS: between two looks at the condition.
        let rooms = program.rooms().await;
        let is_calm = rooms == 0 && program.descriptors() <= descriptors;
        if is_calm || began.elapsed() > PATIENCE {
            return rooms;
        }
    }
}
