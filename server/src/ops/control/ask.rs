//! The owner's side: a command for a data folder is carried out by the server that uses it, or on
//! the folder itself if no server does.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use bolide_storage::{DataDir, DataDirLock, KeyName, NotAKeyName, StoreError, UnusedKeys};

use super::{ControlAnswer, ControlRequest, ListedKey, check_length, name_and_permissions};
use crate::keys::{KeyError, new_key};

/// Bytes of an answer. The list of keys is the longest.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// The time that the server has to answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// Number of attempts to connect to a server that may just be starting, and the pause between two.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// The reason why a command was not carried out. It displays as a sentence for the owner.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The data folder cannot be used.
    #[error("cannot use the data folder `{folder}`: {error}", folder = folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The server cannot be reached.
    #[error("a server uses the data folder `{folder}`, and cannot be asked: {error}", folder = folder.display())]
    Unreachable {
        /// The folder.
        folder: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// No server uses the data folder.
    #[error("no server uses the data folder `{folder}`; a notice needs one that runs", folder = folder.display())]
    NoServer {
        /// The folder.
        folder: PathBuf,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The command is refused.
    #[error("{0}")]
    Refused(String),
}

/// Carries out a command for this data folder, which exists.
///
/// # Errors
/// See [`ControlError`].
pub fn ask(folder: &Path, request: ControlRequest) -> Result<ControlAnswer, ControlError> {
    let data_dir = DataDir::new(folder);
    let failed = |error| ControlError::Folder { folder: folder.to_owned(), error };
    match data_dir.lock().map_err(failed)? {
        Some(lock) => on_folder(folder, &data_dir, &lock, request),
        None => match by_socket(&data_dir.control_socket(), &request) {
            Ok(ControlAnswer::Refused { why }) => Err(ControlError::Refused(why)),
            Ok(answer) => Ok(answer),
            Err(error) => Err(ControlError::Unreachable { folder: folder.to_owned(), error }),
        },
    }
}

fn by_socket(path: &Path, request: &ControlRequest) -> io::Result<ControlAnswer> {
    check_length(path)?;
    let mut stream = connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all((serde_json::to_string(request)? + "\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_line(&mut line)?;
    if line.is_empty() {
        return Err(io::Error::other("it did not answer"));
    }
    Ok(serde_json::from_str(&line)?)
}

fn connect(path: &Path) -> io::Result<UnixStream> {
    let mut attempt = 1;
    loop {
        match UnixStream::connect(path) {
            Err(error) if attempt < ATTEMPTS && is_passing(&error) => sleep(PAUSE),
            connected => return connected,
        }
        attempt += 1;
    }
}

/// Returns whether a server that is starting may be the reason.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Carries out a command on a folder that no server uses.
fn on_folder(
    folder: &Path,
    data_dir: &DataDir,
    lock: &DataDirLock,
    request: ControlRequest,
) -> Result<ControlAnswer, ControlError> {
    if matches!(request, ControlRequest::Notice { .. }) {
        return Err(ControlError::NoServer { folder: folder.to_owned() });
    }
    let mut keys = UnusedKeys::open(data_dir, lock)?;
    let refused = |error: KeyError| ControlError::Refused(error.to_string());
    let known = |keys: &UnusedKeys<'_>, name: &KeyName| {
        keys.all().map(|all| all.iter().any(|key| key.name == *name))
    };
    match request {
        ControlRequest::NewKey { name, may } => {
            let (name, may) = name_and_permissions(&name, &may).map_err(ControlError::Refused)?;
            if known(&keys, &name)? {
                return Err(refused(KeyError::NameTaken(name)));
            }
            let (secret, record) = new_key(name, may);
            keys.save(record)?;
            Ok(ControlAnswer::Secret { secret })
        }
        ControlRequest::RevokeKey { name } => {
            let name: KeyName = name
                .parse()
                .map_err(|error: NotAKeyName| ControlError::Refused(error.to_string()))?;
            if !known(&keys, &name)? {
                return Err(refused(KeyError::Unknown(name)));
            }
            keys.forget(name)?;
            Ok(ControlAnswer::Revoked {})
        }
        ControlRequest::ListKeys {} | ControlRequest::Notice { .. } => {
            let keys = keys.all()?.into_iter().map(ListedKey::from).collect();
            Ok(ControlAnswer::Keys { keys })
        }
    }
}
