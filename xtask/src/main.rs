//! `cargo xtask <command>`: the entry point of both CI and a laptop. No check lives in a workflow
//! file or a shell script; they call this. It must start fast, so it has few dependencies.

mod client;
mod counts;
mod deny;
mod describe;
mod fuzz;
mod golden;
mod licenses;
mod macos;
mod miri;
mod mutants;
mod perf;
mod runner;
mod setup;
mod shell;
mod steps;
mod tidy;
mod wasm;

use std::env;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::runner::List;
use crate::shell::Shell;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A command of the command line.
struct Command {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(&Shell, &[&str]) -> Result<()>,
}

const COMMANDS: [Command; 14] = [
    Command {
        name: "test",
        usage: "test [--list] [--only STEP[,STEP]]",
        about: "every check, cheap ones first",
        run: test,
    },
    Command {
        name: "tidy",
        usage: "tidy [--fix]",
        about: "what the compiler does not check; --fix rewrites the schema hash",
        run: tidy,
    },
    Command {
        name: "setup",
        usage: "setup",
        about: "install what is missing",
        run: |shell, args| {
            no_more(args)?;
            setup::run(shell)
        },
    },
    Command {
        name: "build-client",
        usage: "build-client",
        about: "rebuild client/dist, which is committed",
        run: |shell, args| {
            no_more(args)?;
            client::build(shell)
        },
    },
    Command {
        name: "fuzz",
        usage: "fuzz --seconds N [TARGET]",
        about: "search for inputs that break a target; all of them share the time by default",
        run: run_fuzz,
    },
    Command {
        name: "counts",
        usage: "counts [--mint]",
        about: "instructions per scene against benches/counts.json; --mint rewrites it",
        run: |shell, args| mint_or(args, || counts::mint(shell), || counts::check(shell)),
    },
    Command {
        name: "golden",
        usage: "golden --mint",
        about: "record the golden matches again; the tests say when that is legitimate",
        run: |shell, args| {
            mint_or(
                args,
                || golden::mint(shell),
                || bail!("expected `--mint`; `cargo xtask test` checks"),
            )
        },
    },
    Command {
        name: "describe",
        usage: "describe",
        about: "write the schema, the AsyncAPI document, the TypeScript types and the tables of settings anew",
        run: |shell, args| {
            no_more(args)?;
            describe::write(shell)
        },
    },
    Command {
        name: "licenses",
        usage: "licenses",
        about: "write the licences of all that is shipped anew",
        run: |shell, args| {
            no_more(args)?;
            licenses::write(shell)
        },
    },
    Command {
        name: "advisories",
        usage: "advisories",
        about: "known vulnerabilities of dependencies; fetches a database",
        run: |shell, args| {
            no_more(args)?;
            deny::advisories(shell)
        },
    },
    Command {
        name: "miri",
        usage: "miri",
        about: "the simulation's tests under Miri; needs a nightly toolchain",
        run: |shell, args| {
            no_more(args)?;
            miri::check(shell)
        },
    },
    Command {
        name: "mutants",
        usage: "mutants --crate X [--shard K/N] [--file PATH] [--fresh]",
        about: "faults that no test of the crate notices; an hour at most, the next run goes on",
        run: mutants::run,
    },
    Command {
        name: "perf",
        usage: "perf [--quick] [--only PART[,PART]]",
        about: "what the server costs beside two yardsticks; `perf --help` tells the parts",
        run: perf::run,
    },
    Command {
        name: "deep",
        usage: "deep [--list] [--only STEP[,STEP]]",
        about: "what takes longer than a pull request should wait",
        run: |shell, args| run_steps(shell, &DEEP, args),
    },
];

fn dispatch(args: &[&str]) -> Result<()> {
    let Some((&name, rest)) = args.split_first() else {
        print!("{}", help());
        return Ok(());
    };
    if matches!(name, "help" | "--help" | "-h") {
        print!("{}", help());
        return Ok(());
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        bail!("there is no command `{name}`\n\n{}", help());
    };
    (command.run)(&Shell::new()?, rest).with_context(|| format!("cargo xtask {name}"))
}

fn help() -> String {
    let mut text = String::from("cargo xtask <command>\n\n");
    for command in &COMMANDS {
        text += &format!("  {:40} {}\n", command.usage, command.about);
    }
    text
}

fn test(shell: &Shell, args: &[&str]) -> Result<()> {
    run_steps(shell, &TEST, args)
}

const TEST: List = List { command: "test", steps: &steps::TEST };

const DEEP: List = List { command: "deep", steps: &steps::DEEP };

fn run_steps(shell: &Shell, list: &List, args: &[&str]) -> Result<()> {
    match args {
        [] => list.run(shell, None),
        ["--list"] => {
            print!("{}", list.describe());
            Ok(())
        }
        ["--only", names] => list.run(shell, Some(names)),
        _ => bail!("expected nothing, `--list` or `--only STEP[,STEP]`; got `{}`", args.join(" ")),
    }
}

fn tidy(shell: &Shell, args: &[&str]) -> Result<()> {
    match args {
        [] => tidy::run(shell),
        ["--fix"] => tidy::fix(shell).and_then(|()| tidy::run(shell)),
        _ => bail!("expected nothing or `--fix`; got `{}`", args.join(" ")),
    }
}

fn run_fuzz(shell: &Shell, args: &[&str]) -> Result<()> {
    let (seconds, target) = match args {
        ["--seconds", seconds] => (*seconds, None),
        ["--seconds", seconds, target] | [target, "--seconds", seconds] => {
            (*seconds, Some(*target))
        }
        _ => bail!("expected `--seconds N [TARGET]`; got `{}`", args.join(" ")),
    };
    let seconds = seconds
        .parse()
        .ok()
        .filter(|seconds| *seconds > 0)
        .with_context(|| format!("--seconds takes a whole number above 0; got `{seconds}`"))?;
    fuzz::search(shell, seconds, target)
}

fn mint_or(
    args: &[&str],
    mint: impl FnOnce() -> Result<()>,
    otherwise: impl FnOnce() -> Result<()>,
) -> Result<()> {
    match args {
        [] => otherwise(),
        ["--mint"] => mint(),
        _ => bail!("expected nothing or `--mint`; got `{}`", args.join(" ")),
    }
}

fn no_more(args: &[&str]) -> Result<()> {
    if args.is_empty() { Ok(()) } else { bail!("takes no arguments; got `{}`", args.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, dispatch, help};

    fn check(args: &[&str], expect: &str) {
        let error = format!("{:#}", dispatch(args).expect_err("refused"));
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn a_wrong_command_line_says_what_is_expected() {
        check(&["tset"], "there is no command `tset`");
        check(&["setup", "now"], "takes no arguments; got `now`");
        check(&["test", "--only", "fmt,nope"], "there is no step `nope`");
        check(&["test", "--only"], "expected nothing, `--list` or `--only");
        check(&["fuzz", "decode_client"], "expected `--seconds N [TARGET]`");
        check(&["fuzz", "--seconds", "0"], "a whole number above 0; got `0`");
        check(&["tidy", "--fxi"], "expected nothing or `--fix`; got `--fxi`");
    }

    #[test]
    fn help_names_every_command() {
        for command in &COMMANDS {
            assert!(help().contains(command.usage));
            assert!(command.usage.starts_with(command.name));
        }
    }
}
