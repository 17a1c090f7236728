//! `bolide healthcheck`: asks a running server whether it accepts players. It needs neither a shell
//! nor curl, so it works in a container that contains only the program. It does not trust the
//! answer: time and bytes are bounded.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use bolide_server::Resolved;
use clap::Args;

use crate::exit::{FAILED, answer, fail, say};
use crate::options::Serve;

#[derive(Debug, Args)]
pub(crate) struct HealthcheckCommand {
    /// The server, as http://127.0.0.1:4000 [default: from BOLIDE_ADMIN_LISTEN, BOLIDE_LISTEN or
    /// the file]
    #[arg(long, value_name = "URL")]
    url: Option<HealthUrl>,
    /// The server's configuration file, to find its address [default: from BOLIDE_CONFIG]
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
}

/// Time limit for the whole check: resolving the name, connecting, sending, receiving.
const PATIENCE: Duration = Duration::from_secs(2);

/// Maximum bytes of the answer; the rest is not read.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Maximum length of the server's reason for not being ready.
const REASON_CHARS_MAX: usize = 200;

/// The URL to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HealthUrl {
    /// Host and port.
    authority: String,
    path: String,
}

/// Text that is not such a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be asked; write http://HOST:PORT, for example http://127.0.0.1:4000")]
pub(crate) struct NotAHealthUrl(String);

/// The result of a check. Its text is one line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Health {
    /// The server accepts players.
    Ready,
    /// The server accepts no players, and gives the reason.
    NotReady {
        /// The HTTP status.
        status: u16,
        /// The reason, as the server sent it.
        reason: String,
    },
    /// The server did not answer, or not in HTTP.
    Unreachable {
        /// The URL that was checked.
        url: String,
        /// The error.
        why: String,
    },
}

impl HealthcheckCommand {
    /// Asks the server and prints one line. A server whose address cannot be found is not healthy,
    /// so there is no other exit code for it. `environment` holds the settings of the environment.
    pub(crate) fn run(self, environment: Serve, out: &mut impl Write) -> ExitCode {
        match self.find(environment) {
            Ok(url) => {
                let health = healthcheck(&url);
                say(out, &format!("{health}\n"));
                answer(health.is_ready())
            }
            Err(error) => fail(FAILED, &error),
        }
    }

    fn find(self, environment: Serve) -> Result<HealthUrl> {
        if let Some(url) = self.url {
            return Ok(url);
        }
        let serve = Serve { config: self.config.or(environment.config), ..environment };
        let Resolved { listen, admin_listen, .. } = serve.resolve()?;
        HealthUrl::of(admin_listen.unwrap_or(listen))
            .context("the server listens on a port that the system chooses; name it with --url")
    }
}

/// Asks once, for two seconds at most.
fn healthcheck(url: &HealthUrl) -> Health {
    let (sender, answer) = channel();
    let asked = url.clone();
    // In a thread of its own, because resolving a name or receiving an answer can take any time.
    thread::spawn(move || sender.send(ask(&asked)).ok());
    let answer = answer.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no answer within {} s", PATIENCE.as_secs()),
        ))
    });
    answer.unwrap_or_else(|error| Health::Unreachable {
        url: url.to_string(),
        why: error.to_string(),
    })
}

fn ask(url: &HealthUrl) -> io::Result<Health> {
    let mut stream = TcpStream::connect(&url.authority)?;
    let (authority, path) = (&url.authority, &url.path);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    understand(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| io::Error::other("this is no HTTP server"))
}

fn understand(answer: &str) -> Option<Health> {
    let status = answer.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    if status == 200 {
        return Some(Health::Ready);
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let line = body.lines().next().unwrap_or_default();
    let reason = line.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
    Some(Health::NotReady { status, reason })
}

impl Health {
    /// Returns whether the server accepts players.
    const fn is_ready(&self) -> bool {
        matches!(self, Health::Ready)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Health::Ready => f.write_str("ready"),
            Health::NotReady { status, reason } => write!(f, "not ready: {reason} (HTTP {status})"),
            Health::Unreachable { url, why } => write!(f, "not reachable at {url}: {why}"),
        }
    }
}

impl HealthUrl {
    /// Returns the URL of a server on this machine with that listen address. `None` for port 0,
    /// which the kernel replaces by a free one.
    fn of(listen: SocketAddr) -> Option<HealthUrl> {
        let ip = match listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let address = SocketAddr::new(ip, listen.port());
        (address.port() != 0)
            .then(|| HealthUrl { authority: address.to_string(), path: "/readyz".to_owned() })
    }
}

impl FromStr for HealthUrl {
    type Err = NotAHealthUrl;

    fn from_str(text: &str) -> Result<HealthUrl, NotAHealthUrl> {
        let wrong = || NotAHealthUrl(text.to_owned());
        let rest = text.strip_prefix("http://").ok_or_else(wrong)?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = authority.rsplit_once(':').ok_or_else(wrong)?;
        let strange = |c: char| c.is_whitespace() || c.is_control();
        if host.is_empty() || text.contains(strange) || port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        let path = if path.len() > 1 { path } else { "/readyz" };
        Ok(HealthUrl { authority: authority.to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for HealthUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

pub(crate) const HELP: &str = "\
It asks /readyz of the admin listener if there is one, else of the game's, for two seconds at most, and prints \
one line. It needs no shell:

  HEALTHCHECK CMD [\"bolide\", \"healthcheck\"]

Exit codes: 0 the server takes players; 1 it does not, or does not answer, or is not to be found.";

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::{Health, HealthUrl, healthcheck, understand};

    #[test]
    fn a_place_to_ask_is_host_and_port() {
        for (text, expect) in [
            ("http://127.0.0.1:4000", Some("http://127.0.0.1:4000/readyz")),
            ("http://[::1]:4556/", Some("http://[::1]:4556/readyz")),
            ("http://bolide:80/livez", Some("http://bolide:80/livez")),
            ("https://127.0.0.1:4000", None),
            ("127.0.0.1:4000", None),
            ("http://bolide", None),
            ("http://:80", None),
            ("http://a:80/x y", None),
            ("http://a:99999", None),
        ] {
            let got = text.parse::<HealthUrl>().ok().map(|url| url.to_string());
            assert_eq!(got.as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_this_machine() {
        for (listen, expect) in [
            ("0.0.0.0:4000", Some("http://127.0.0.1:4000/readyz")),
            ("[::]:4000", Some("http://[::1]:4000/readyz")),
            ("192.0.2.7:80", Some("http://192.0.2.7:80/readyz")),
            ("127.0.0.1:0", None),
        ] {
            let url = HealthUrl::of(listen.parse().expect("an address"));
            assert_eq!(url.map(|url| url.to_string()).as_deref(), expect, "{listen}");
        }
    }

    #[test]
    fn an_answer_is_understood_or_not() {
        let told = |answer: &str| understand(answer).map(|health| health.to_string());
        let not = "HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\nstop\u{1b}ping\n2";
        assert_eq!(told("HTTP/1.1 200 OK\r\n\r\nready\n").as_deref(), Some("ready"));
        assert_eq!(told(not).as_deref(), Some("not ready: stopping (HTTP 503)"));
        for strange in ["", "SSH-2.0-x", "HTTP/1.1", "HTTP/1.1 ok\r\n"] {
            assert_eq!(told(strange), None, "{strange}");
        }
    }

    #[test]
    fn whoever_never_answers_or_never_ends_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = HealthUrl::of(listener.local_addr().expect("an address")).expect("a port");
        let Health::Unreachable { why, .. } = healthcheck(&url) else { panic!("silent") };
        assert_eq!(why, "no answer within 2 s");
        let endless = std::thread::spawn(move || {
            // The connection that was not answered is still in the queue.
            let (_silent, mut stream) = (listener.accept(), listener.accept().expect("asked").0);
            while stream.write_all(&[b'x'; 1024]).is_ok() {}
        });
        let Health::Unreachable { why, .. } = healthcheck(&url) else { panic!("endless") };
        assert_eq!(why, "this is no HTTP server");
        endless.join().expect("no panic");
    }
}
