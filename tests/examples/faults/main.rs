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
    // The names of some, or all.
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

/// Reports a figure and the most that it may be.
type Check<'a> = dyn FnMut(&str, f64, f64, &str) + 'a;
