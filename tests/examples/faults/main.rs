//! What hundreds of slow and hostile clients cost a server in a process of its own: its memory, its descriptors, the
//! time until they are cut, and what those who play meanwhile notice. `cargo xtask deep` runs it; the end-to-end tests
//! have the same in small, without a clock.

#![forbid(unsafe_code)]

mod floods;
mod program;
mod readers;
mod resets;
mod slow;

use crate::program::Program;

#[tokio::main]
async fn main() {
    let mut failures = Vec::new();
    println!("{:58} {:>12} {:>12}", "what", "seen", "allowed");
    let mut check = |what: &str, seen: f64, most: f64, unit: &str| {
        let verdict = if seen <= most { "" } else { "  TOO MUCH" };
        println!("{what:58} {seen:>9.1} {unit:2} {most:>9.1} {unit:2}{verdict}");
        if seen > most {
            failures.push(what.to_owned());
        }
    };
    slow::run(&mut check).await;
    floods::run(&mut check).await;
    resets::run(&mut check).await;
    readers::run(&mut check).await;
    assert!(failures.is_empty(), "too much: {failures:#?}");
}

/// Reports a figure and the most that it may be.
type Check<'a> = dyn FnMut(&str, f64, f64, &str) + 'a;
