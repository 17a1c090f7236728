//! Measures the cost of hundreds of slow and hostile clients for a server in its own process: its
//! memory, its descriptors, the time until they are cut, and the effect on other players. `cargo
//! xtask deep` runs it. The end-to-end tests do the same on a small scale, without a clock.

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
    // Names of scenarios on the command line; without any, all of them run.
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    if is_wanted("slow") {
        slow::run(&mut check).await;
    }
    if is_wanted("floods") {
        floods::run(&mut check).await;
    }
    if is_wanted("resets") {
        resets::run(&mut check).await;
    }
    if is_wanted("readers") {
        readers::run(&mut check).await;
    }
    assert!(failures.is_empty(), "too much: {failures:#?}");
}

/// Reports a figure and its upper bound.
type Check<'a> = dyn FnMut(&str, f64, f64, &str) + 'a;
