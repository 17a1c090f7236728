//! Prints the state hash of every tick of a match of bots, for each mode and three seeds, as this target computes it.
//! `client/wasm/check.mjs` compares it with what WebAssembly computes.

use bolide_wasm::Scenario;

fn main() {
    for mode in 0..Scenario::MODES {
        for seed in 1..=3 {
            let Some(mut scenario) = Scenario::new(mode, seed) else { continue };
            println!("match {mode} {seed}");
            while !scenario.is_over() {
                println!("{:016x}", scenario.step());
            }
        }
    }
}
