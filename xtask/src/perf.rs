//! `cargo xtask perf`: the cost of the server beside two yardsticks that do nothing but send,
//! measured on this machine in one session. It starts programs, reads their reports and divides. It
//! measures nothing itself but the use of the server's core and the times of recovery. Only ratios
//! count: figures of different machines, or of a machine that does something else meanwhile, cannot
//! be compared.

mod core_use;
mod goals;
mod one_core;
mod parts;
mod programs;
mod recovery;
mod relay;
mod run;

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use self::goals::Findings;
use self::programs::Programs;
use crate::shell::Shell;

/// The extent of a measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    parts: Vec<&'static str>,
    /// Runs of each server, which take turns. The median counts.
    rounds: usize,
    /// Measured seconds of each run.
    seconds: u32,
    /// Most runs of a search.
    search_runs: usize,
    /// The sync mode that the players ask for.
    sync: String,
    json: Option<String>,
}

/// A part of the measurement.
struct Part {
    name: &'static str,
    about: &'static str,
    /// Minutes with `--quick` and without.
    minutes: (&'static str, &'static str),
    run: fn(&Programs, &Plan, &mut Findings) -> Result<Value>,
}

const PARTS: [Part; 11] = [
    Part {
        name: "rooms",
        about: "100 rooms of 10: CPU, bytes and memory beside the yardsticks",
        minutes: ("1", "3"),
        run: parts::rooms,
    },
    Part {
        name: "rooms-20",
        about: "the same at 20 Hz, for which the goals of CPU were set",
        minutes: ("1", "3"),
        run: parts::rooms_20,
    },
    Part {
        name: "big-room",
        about: "1 room of 500, likewise",
        minutes: ("1", "3"),
        run: parts::big_room,
    },
    Part {
        name: "held",
        about: "how many a core holds; then the server at half and at 80 % of that",
        minutes: ("2", "8"),
        run: parts::held,
    },
    Part {
        name: "one-core",
        about: "rooms of 10 at 20 Hz, all threads on one core, filled to 80, 90, 95 and 100 %",
        minutes: ("4", "7"),
        run: one_core::one_core,
    },
    Part {
        name: "matches",
        about: "2,000 players in real matches, swarm and server sharing all cores; then more",
        minutes: ("1", "4"),
        run: parts::matches,
    },
    Part {
        name: "idle",
        about: "10,000 connections whose players stand still: memory of each",
        minutes: ("1", "1"),
        run: parts::idle,
    },
    Part {
        name: "idle-room",
        about: "500 rooms in which nothing happens: CPU and memory of each",
        minutes: ("1", "1"),
        run: parts::idle_room,
    },
    Part {
        name: "recovery",
        about: "100 rooms of 10 killed again and again: how soon they are back; journals",
        minutes: ("2", "3"),
        run: recovery::recovery,
    },
    Part {
        name: "journal",
        about: "100 rooms of 10: what `durability` off, group and strict cost",
        minutes: ("1", "3"),
        run: recovery::journal,
    },
    Part {
        name: "relay",
        about: "a relay's room of 1,000, idle sockets, a text to 10,000, and the matches beside",
        minutes: ("2", "5"),
        run: relay::relay,
    },
];

/// Measures the chosen parts and prints the results.
pub(crate) fn run(shell: &Shell, args: &[&str]) -> Result<()> {
    if matches!(args, ["--help" | "-h"] | ["--list"]) {
        print!("{}", help());
        return Ok(());
    }
    let plan = Plan::parse(args)?;
    let programs = Programs::build(shell)?;
    let mut findings = Findings::default();
    let mut results = Map::new();
    for part in PARTS.iter().filter(|part| plan.parts.contains(&part.name)) {
        println!("\n==> {}: {}", part.name, part.about);
        let began = Instant::now();
        let result = (part.run)(&programs, &plan, &mut findings)
            .with_context(|| format!("part `{}`", part.name))?;
        println!("({:.0} s)", began.elapsed().as_secs_f64());
        results.insert(part.name.to_owned(), result);
    }
    if let Some(table) = goals::table(&findings) {
        println!("\n{table}");
    }
    if let Some(file) = &plan.json {
        let all = json!({ "parts": results, "goals": goals::values(&findings) });
        fs::write(file, serde_json::to_string_pretty(&all)? + "\n")
            .with_context(|| format!("{file} cannot be written"))?;
        println!("every run is in {file}");
    }
    Ok(())
}

impl Plan {
    fn parse(args: &[&str]) -> Result<Plan> {
        let quick = args.contains(&"--quick");
        let (rounds, seconds, search_runs) = if quick { (1, 5, 4) } else { (3, 10, 9) };
        let parts = PARTS.iter().map(|part| part.name).collect();
        let mut plan =
            Plan { parts, rounds, seconds, search_runs, sync: "state".to_owned(), json: None };
        let mut rest = args.iter();
        while let Some(option) = rest.next() {
            match (*option, rest.clone().next()) {
                ("--quick", _) => continue,
                ("--only", Some(names)) => plan.parts = chosen(names)?,
                ("--rounds", Some(number)) => plan.rounds = whole(number, "--rounds", 1..=20)?,
                ("--sync", Some(name)) => plan.sync = (*name).to_owned(),
                ("--json", Some(file)) => plan.json = Some((*file).to_owned()),
                ("--only" | "--rounds" | "--sync" | "--json", None) => {
                    bail!("`{option}` needs a value\n\n{}", help())
                }
                _ => bail!("there is no option `{option}`\n\n{}", help()),
            }
            rest.next();
        }
        Ok(plan)
    }
}

fn chosen(names: &str) -> Result<Vec<&'static str>> {
    let part = |name| PARTS.iter().map(|part| part.name).find(|known| *known == name);
    names
        .split(',')
        .map(|name| part(name).with_context(|| format!("there is no part `{name}`\n\n{}", help())))
        .collect()
}

fn whole(text: &str, option: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (least, most) = (range.start(), range.end());
    ensure!(number.is_some(), "{option} takes {least} to {most}; got `{text}`");
    Ok(number.unwrap_or(*least))
}

fn help() -> String {
    let mut text = String::from(
        "cargo xtask perf [--quick] [--only PART,..] [--rounds N] [--sync NAME] [--json FILE]\n\n\
         Builds everything in release, then runs the server and two yardsticks in turns: the server on core 0, the\n\
         load on core 1. Needs Linux, taskset, two cores, and a machine that does nothing else meanwhile. The first\n\
         build takes five to ten minutes.\n\n\
         parts                                                                      minutes, quick / else\n",
    );
    for Part { name, about, minutes: (quick, else_), .. } in &PARTS {
        text += &format!("  {name:10} {about:76} {quick} / {else_}\n");
    }
    text + "\n  --quick    shorter runs, one round, shorter searches\n  \
            --rounds   runs of each server, of which the median counts; 3, with --quick 1\n  \
            --sync     what the players ask the server to send, as in `bolide swarm`; state\n  \
            --json     writes every report and every ratio to a file\n"
}

#[cfg(test)]
mod tests {
    use super::{PARTS, Plan, help};

    #[test]
    fn a_command_line_becomes_a_plan() {
        let plan =
            Plan::parse(&["--only", "idle,rooms", "--quick", "--json", "f.json"]).expect("valid");
        assert_eq!(
            (plan.parts, plan.rounds, plan.json),
            (vec!["idle", "rooms"], 1, Some("f.json".to_owned()))
        );
        assert_eq!(Plan::parse(&[]).expect("valid").parts.len(), PARTS.len());
        for (args, expect) in [
            (vec!["--only", "idle,nope"], "there is no part `nope`"),
            (vec!["--rounds", "0"], "--rounds takes 1 to 20; got `0`"),
            (vec!["--json"], "`--json` needs a value"),
            (vec!["--quack"], "there is no option `--quack`"),
        ] {
            let error = Plan::parse(&args).expect_err("refused").to_string();
            assert!(error.contains(expect), "{error}");
        }
    }

    #[test]
    fn help_says_how_long_each_part_takes() {
        PARTS.iter().for_each(|part| {
            assert!(help().contains(&format!("  {:10} {}", part.name, part.about)))
        });
    }
}
