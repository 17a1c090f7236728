//! `bolide key`: makes, lists and revokes the keys with which backends publish. A running server is
//! told, and otherwise its data folder is changed.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use bolide_server::{ControlAnswer, ControlRequest, ListedKey, ask};
use bolide_storage::{DataDir, KeyName, Permissions};
use clap::Subcommand;
use rustix::fs::Mode;

use super::journal::{DataFolder, text::date};
use crate::exit::{FAILED, fail, say};
use crate::options::Serve;

/// `bolide key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and show it once
    #[command(after_help = NEW_HELP)]
    New {
        /// Its name, to tell it from others
        name: KeyName,
        /// Permissions: publish, read, moderate
        #[arg(long, value_name = "LIST")]
        may: Permissions,
        #[command(flatten)]
        folder: DataFolder,
    },
    /// List the keys, without their secrets
    List {
        #[command(flatten)]
        folder: DataFolder,
    },
    /// Revoke a key, at once
    Revoke {
        /// Its name
        name: KeyName,
        #[command(flatten)]
        folder: DataFolder,
    },
}

impl KeyCommand {
    /// Makes, lists or revokes. `environment` holds the settings of the environment.
    pub(crate) fn run(self, environment: Serve, out: &mut impl Write) -> ExitCode {
        match self.try_run(environment, out) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(FAILED, &error),
        }
    }

    fn try_run(self, environment: Serve, out: &mut impl Write) -> Result<()> {
        // The files of a data folder are private.
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
        let (folder, request) = match self {
            KeyCommand::New { name, may, folder } => {
                let folder = folder.path(environment)?;
                create(&folder)?;
                (folder, ControlRequest::NewKey { name: name.to_string(), may: may.to_string() })
            }
            KeyCommand::List { folder } => {
                (folder.existing(environment)?, ControlRequest::ListKeys {})
            }
            KeyCommand::Revoke { name, folder } => {
                let folder = folder.existing(environment)?;
                (folder, ControlRequest::RevokeKey { name: name.to_string() })
            }
        };
        match ask(&folder, request)? {
            ControlAnswer::Secret { secret } => say(out, &format!("{secret}\n")),
            ControlAnswer::Keys { keys } => say(out, &table(&keys)),
            _ => {}
        }
        Ok(())
    }
}

/// Creates the data folder, so that a key can be made before the first start.
fn create(folder: &Path) -> Result<()> {
    let created = DataDir::new(folder).create();
    created.with_context(|| format!("cannot make the data folder `{}`", folder.display()))
}

/// Returns a table of keys.
fn table(keys: &[ListedKey]) -> String {
    if keys.is_empty() {
        return "no keys\n".to_owned();
    }
    let mut text = format!("{:<40}  {:<21}  MADE (UTC)\n", "KEY", "MAY");
    for ListedKey { name, may, created } in keys {
        let made = date(SystemTime::UNIX_EPOCH + Duration::from_secs(*created));
        text += &format!("{name:<40}  {may:<21}  {}\n", &made[..16]);
    }
    text
}

const NEW_HELP: &str = "\
The key is printed once; only its hash is kept. Send it as `Authorization: Bearer bk_…`. A running server knows it at once. \
Without one it is there at the next start.

Examples:
  bolide key new site --may publish           a backend that publishes
  bolide key new dashboard --may read         one that reads what is published, and who listens";
