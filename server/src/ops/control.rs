//! The control socket: a Unix socket in the data folder, on which a running server takes the
//! commands of its owner. One line of JSON is a request, another one its answer. The file system
//! decides who may connect, so nothing of this can come by a port.

mod ask;

use std::convert::Infallible;
use std::fs::{self, Permissions as FilePermissions};
use std::future::pending;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bolide_net::NoticeLevel;
use bolide_storage::{KeyName, KeyRecord, NotAKeyName, NotPermissions, Permissions};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::keys::KeyError;
use crate::publish::{Publish, Published};
use crate::server::Server;

pub use ask::{ControlError, ask};

/// Bytes of a request. A notice is the longest, and each byte of it may be escaped.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;

/// The time in which a request is to arrive, and its answer to be read.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests at once. Further ones wait.
const REQUESTS_MAX: usize = 8;

/// Bytes of the path of a socket, on Linux and macOS.
const PATH_BYTES_MAX: usize = if cfg!(target_os = "macos") { 103 } else { 107 };

/// A command of the owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum ControlRequest {
    /// Make a key.
    NewKey {
        /// Its name.
        name: String,
        /// Its permissions, with commas between them.
        may: String,
    },
    /// List all keys.
    ListKeys {},
    /// Revoke a key.
    RevokeKey {
        /// Its name.
        name: String,
    },
    /// Tell something to everybody.
    Notice {
        /// The text.
        text: String,
        /// The title.
        title: Option<String>,
        /// The kind.
        level: NoticeLevel,
    },
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ControlAnswer {
    /// The secret of the new key.
    Secret {
        /// The secret, which is shown once.
        secret: String,
    },
    /// All keys by name.
    Keys {
        /// The keys.
        keys: Vec<ListedKey>,
    },
    /// The key is revoked.
    Revoked {},
    /// The notice was told.
    Published(Published),
    /// The command was not carried out.
    Refused {
        /// The reason.
        why: String,
    },
}

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedKey {
    /// Its name.
    pub name: String,
    /// Its permissions, with commas between them.
    pub may: String,
    /// Seconds since 1970 at which it was made.
    pub created: u64,
}

impl From<KeyRecord> for ListedKey {
    fn from(key: KeyRecord) -> ListedKey {
        ListedKey { name: key.name.to_string(), may: key.may.to_string(), created: key.created }
    }
}

/// Takes commands forever. Without a data folder, or if its path is too long for a socket, there
/// are none.
pub(crate) async fn serve(server: Arc<Server>) -> Infallible {
    let Some(path) = &server.control_socket else { return pending().await };
    let listener = match listen(path) {
        Ok(listener) => listener,
        Err(error) => {
            warn!("`bolide key` and `bolide notice` cannot reach this server: {error}");
            return pending().await;
        }
    };
    let places = Arc::new(Semaphore::new(REQUESTS_MAX));
    loop {
        // The semaphore is never closed.
        let place = Arc::clone(&places).acquire_owned().await.ok();
        match listener.accept().await {
            Ok((stream, _)) => {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    timeout(2 * PATIENCE, answer(stream, &server)).await.ok();
                    drop(place);
                });
            }
            Err(error) => {
                warn!(%error, "cannot accept a command");
                // WAITS: until the system has what it lacks now.
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Opens the socket, for its owner alone. A file that a server left is replaced: the folder is
/// locked, so no server uses it.
fn listen(path: &Path) -> io::Result<UnixListener> {
    check_length(path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, FilePermissions::from_mode(0o600))?;
    Ok(listener)
}

/// Checks that a socket can have this path.
fn check_length(path: &Path) -> io::Result<()> {
    let bytes = path.as_os_str().as_bytes().len();
    if bytes <= PATH_BYTES_MAX {
        return Ok(());
    }
    let path = path.display();
    Err(io::Error::other(format!(
        "the path `{path}` has {bytes} bytes, and a Unix socket takes {PATH_BYTES_MAX}; choose a shorter data folder, \
         or one relative to where the program is started"
    )))
}

/// Answers one request.
async fn answer(stream: UnixStream, server: &Server) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let mut reading = (&mut stream).take(REQUEST_BYTES_MAX);
    timeout(PATIENCE, reading.read_line(&mut line)).await??;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => carry_out(server, request).await,
        Err(error) => Err(format!("the command is not understood: {error}")),
    };
    let answer = answer.unwrap_or_else(|why| ControlAnswer::Refused { why });
    let line = serde_json::to_string(&answer)? + "\n";
    stream.write_all(line.as_bytes()).await?;
    stream.shutdown().await
}

/// Carries out a command, or returns the reason why not.
async fn carry_out(server: &Server, request: ControlRequest) -> Result<ControlAnswer, String> {
    let refused = |error: KeyError| error.to_string();
    match request {
        ControlRequest::NewKey { name, may } => {
            let (name, may) = name_and_permissions(&name, &may)?;
            let (known, allowed) = (name.to_string(), may.to_string());
            let secret = server.keys.make(name, may).await.map_err(refused)?;
            info!(key = known, may = allowed, "key made");
            Ok(ControlAnswer::Secret { secret })
        }
        ControlRequest::ListKeys {} => {
            let keys = server.keys.all().into_iter().map(ListedKey::from).collect();
            Ok(ControlAnswer::Keys { keys })
        }
        ControlRequest::RevokeKey { name } => {
            let name: KeyName = name.parse().map_err(|error: NotAKeyName| error.to_string())?;
            server.keys.revoke(&name).await.map_err(refused)?;
            info!(key = %name, "key revoked");
            Ok(ControlAnswer::Revoked {})
        }
        ControlRequest::Notice { text, title, level } => {
            let publish = Publish::notice(text, title, level).map_err(|error| error.to_string())?;
            let published = server.publisher.publish(&publish, "bolide notice").await;
            Ok(ControlAnswer::Published(published))
        }
    }
}

/// Reads the name and the permissions of a new key.
fn name_and_permissions(name: &str, may: &str) -> Result<(KeyName, Permissions), String> {
    Ok((
        name.parse().map_err(|error: NotAKeyName| error.to_string())?,
        may.parse().map_err(|error: NotPermissions| error.to_string())?,
    ))
}
