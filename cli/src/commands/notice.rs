//! `bolide notice`: tells something to everybody on a running server.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use bolide_server::{ControlAnswer, ControlRequest, NoticeLevel, ask};
use clap::{Args, ValueEnum};

use super::journal::DataFolder;
use crate::exit::{FAILED, fail, say};
use crate::options::Serve;

/// `bolide notice`.
#[derive(Debug, Args)]
pub(crate) struct NoticeCommand {
    /// The text
    text: String,
    /// A title above the text
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Its kind, which decides how a page shows it
    #[arg(long, value_enum, default_value_t = Level::Info)]
    level: Level,
    #[command(flatten)]
    folder: DataFolder,
}

/// The kind of a notice.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    /// Good to know
    Info,
    /// Something to act on
    Warning,
    /// The server will stop, or be slower than usual
    Maintenance,
}

impl NoticeCommand {
    /// Tells it and prints whom it reached. `environment` holds the settings of the environment.
    pub(crate) fn run(self, environment: Serve, out: &mut impl Write) -> ExitCode {
        match self.try_run(environment) {
            Ok(reached) => {
                let connections = if reached == 1 { "connection" } else { "connections" };
                say(out, &format!("told {reached} {connections}\n"));
                ExitCode::SUCCESS
            }
            Err(error) => fail(FAILED, &error),
        }
    }

    fn try_run(self, environment: Serve) -> Result<usize> {
        let NoticeCommand { text, title, level, folder } = self;
        let level = match level {
            Level::Info => NoticeLevel::Info,
            Level::Warning => NoticeLevel::Warning,
            Level::Maintenance => NoticeLevel::Maintenance,
        };
        let folder = folder.existing(environment)?;
        match ask(&folder, ControlRequest::Notice { text, title, level })? {
            ControlAnswer::Published(published) => Ok(published.reached),
            _ => Ok(0),
        }
    }
}

/// The examples below the help.
pub(crate) const HELP: &str = "\
It reaches the players in all rooms, old pages of an arena as a line of the server, and the pages that subscribe to the \
facility `notifications`. Those pages are told it for relay.expire_s longer; players who come later are not.

Examples:
  bolide notice \"A new mode: royale\"
  bolide notice --level maintenance --title \"Back soon\" \"The server restarts at 18:00\"";
