//! `bolide journal`: lists the journals, prints the parts of one of them, and removes old ones. The
//! library decides which may go.

mod json;
pub(super) mod text;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use bolide_server::Config;
use bolide_sim::Rules;
use bolide_storage::{DataDir, JournalSummary, Prune, inspect_journal, list_journals};
use clap::{ArgGroup, Args, Subcommand};

use crate::exit::{FAILED, answer, fail, say};
use crate::options::Serve;

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// List the matches of a data folder, newest last
    #[command(after_help = LIST_HELP)]
    List {
        #[command(flatten)]
        folder: DataFolder,
        /// Print a JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Show a journal's size, rules and records, and where it is damaged
    #[command(after_help = INSPECT_HELP)]
    Inspect {
        /// The id of a match, or a file
        which: String,
        #[command(flatten)]
        folder: DataFolder,
        /// Print a JSON object per file
        #[arg(long)]
        json: bool,
    },
    /// Remove journals that no room needs, oldest first
    #[command(after_help = PRUNE_HELP, group = ArgGroup::new("which").required(true).multiple(true))]
    Prune {
        /// Journals last written to at least this long ago, as 30d or 12h
        #[arg(long, value_name = "AGE", group = "which")]
        older_than: Option<Age>,
        /// All but the newest NUMBER
        #[arg(long, value_name = "NUMBER", group = "which")]
        keep: Option<usize>,
        /// Only print what would go
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        folder: DataFolder,
    },
}

/// Options that say where the journals are.
#[derive(Debug, Args)]
pub(crate) struct DataFolder {
    /// The server's data folder [default: from BOLIDE_DATA_DIR or the file, else ./bolide-data]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// The server's configuration file, for its data folder and modes [default: from BOLIDE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// An age, as `30d` or `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(Duration);

/// Text that is not an age.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no age; write a number with d, h, m or s, for example 30d or 12h")]
pub(crate) struct NotAnAge(String);

impl FromStr for Age {
    type Err = NotAnAge;

    fn from_str(text: &str) -> Result<Age, NotAnAge> {
        let wrong = || NotAnAge(text.to_owned());
        let unit = text.chars().last().ok_or_else(wrong)?;
        let seconds: u64 = match unit {
            'd' => 24 * 3600,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
        Ok(Age(Duration::from_secs(u64::from(number) * seconds)))
    }
}

impl JournalCommand {
    /// Lists, inspects or removes. `environment` holds the settings of the environment.
    pub(crate) fn run(self, environment: Serve, out: &mut impl Write) -> ExitCode {
        self.try_run(environment, out).unwrap_or_else(|error| fail(FAILED, &error))
    }

    fn try_run(self, environment: Serve, out: &mut impl Write) -> Result<ExitCode> {
        match self {
            JournalCommand::List { folder, json } => {
                let config = folder.config(environment)?;
                let mode_like = |rules: &Rules| {
                    let mode = config.modes.iter().find(|mode| mode.rules == *rules);
                    mode.map(|mode| mode.name.clone())
                };
                let journals = list_journals(&DataDir::new(&config.data_dir), mode_like)?;
                say(out, &if json { json::list(&journals) } else { text::table(&journals) });
                Ok(ExitCode::SUCCESS)
            }
            JournalCommand::Inspect { which, folder, json } => {
                let config = folder.config(environment)?;
                let found = inspect_journal(&DataDir::new(&config.data_dir), &which)?;
                say(out, &if json { json::inspection(&found) } else { text::inspection(&found) });
                Ok(answer(found.is_fine()))
            }
            JournalCommand::Prune { older_than, keep, dry_run, folder } => {
                let config = folder.config(environment)?;
                let older_than = older_than.map(|age| age.0);
                let bounds = Prune { older_than, keep, keep_bytes: None };
                let data_dir = DataDir::new(&config.data_dir);
                let plan = bounds.plan(&data_dir, SystemTime::now())?;
                if !dry_run {
                    plan.remove()?;
                }
                say(out, &text::pruned(&plan.journals(), dry_run));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl DataFolder {
    /// Returns the path of the data folder, which may not exist.
    pub(super) fn path(self, mut environment: Serve) -> Result<PathBuf> {
        environment.config = self.config.or(environment.config);
        let config = environment.resolve()?.config;
        Ok(self.data_dir.unwrap_or(config.data_dir))
    }

    /// Returns the path of the data folder, which exists.
    pub(super) fn existing(self, environment: Serve) -> Result<PathBuf> {
        Ok(self.config(environment)?.data_dir)
    }

    /// Returns the configuration of the server whose data folder this is.
    fn config(self, mut environment: Serve) -> Result<Config> {
        environment.config = self.config.or(environment.config);
        let mut config = environment.resolve()?.config;
        config.data_dir = self.data_dir.unwrap_or(config.data_dir);
        if !config.data_dir.is_dir() {
            bail!(
                "there is no folder `{}`; name the server's data folder with --data-dir",
                config.data_dir.display()
            );
        }
        Ok(config)
    }
}

/// Returns the length of the match in seconds, if its rate is known.
fn seconds(it: &JournalSummary) -> Option<u32> {
    it.ticks.checked_div(it.rate_hz)
}

const LIST_HELP: &str = "\
States: running, a server plays it; waiting, the next server goes on with it; over, it was decided; unfinished, its room \
was closed before that; torn, the same, and the last record is cut off; damaged; foreign, of another version; \
quarantined, it could not be gone on with.

Examples:
  bolide journal list                                    what there is
  bolide journal list --json | grep '\"state\":\"damaged\"'  for a script";

const INSPECT_HELP: &str = "\
Nothing is played; `bolide replay` does that. A file is inspected alone, an id with all its files.

Examples:
  bolide journal inspect 01a1f96b-3c75-75e6-956d-fd52f70c3c1f
  bolide journal inspect --json copy.journal

Exit codes: 0 all of it can be read, but for a last record that is cut off; 1 it is damaged, or there is none.";

const PRUNE_HELP: &str = "\
It may be used beside a running server: a match that a room still needs always stays. With both bounds only what both \
allow goes. A server does the same by itself once an hour: journals.keep_days and journals.keep_mib.

Examples:
  bolide journal prune --older-than 30d --dry-run        what would go
  bolide journal prune --older-than 30d
  bolide journal prune --keep 1000                       all but the newest thousand";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Age;

    #[test]
    fn an_age_is_a_number_with_a_unit() {
        for (text, seconds) in [("30d", 2_592_000), ("12h", 43_200), ("90m", 5400), ("0s", 0)] {
            assert_eq!(text.parse::<Age>().expect("an age"), Age(Duration::from_secs(seconds)));
        }
        for text in ["", "d", "30", "3w", "-1d", "1.5h", "1 d", "99999999999d", "3é"] {
            let error = text.parse::<Age>().expect_err(text).to_string();
            assert!(error.starts_with(&format!("`{text}` is no age; write a number")), "{error}");
        }
    }
}
