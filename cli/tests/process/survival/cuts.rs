//! Connections that are all cut at once while the server lives: every session resumes its seat.
//! Half of the cuts reach the server only as a newer connection of the same session.

use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{House, port, size, until_playing, wait_until};
use crate::watching::{admin, get, metric};

/// Time for which the server keeps sockets whose clients are gone.
const DEAF: Duration = Duration::from_secs(20);

/// A proxy before the server that can cut its connections.
struct Line {
    port: u16,
    cuts: watch::Sender<u32>,
}

impl Line {
    fn to(server: u16) -> Line {
        let port = port();
        let (cuts, cut) = watch::channel(0);
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        listener.set_nonblocking(true).expect("set");
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                for number in 0_u32.. {
                    let Ok((client, _)) = listener.accept().await else { return };
                    let to = SocketAddr::from(([127, 0, 0, 1], server));
                    tokio::spawn(carry(client, to, cut.clone(), number.is_multiple_of(2)));
                }
            });
        });
        Line { port, cuts }
    }

    fn cut(&self) {
        self.cuts.send_modify(|times| *times += 1);
    }
}

async fn carry(
    mut client: TcpStream,
    to: SocketAddr,
    mut cut: watch::Receiver<u32>,
    is_silent: bool,
) {
    cut.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(to).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = cut.changed() => {}
    }
    // A reset, as from a broken network.
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).ok();
    drop(client);
    if is_silent {
        sleep(DEAF).await; // WAITS: a network that is silent for so long.
    }
}

#[test]
fn all_sockets_are_cut_at_once_and_all_sessions_come_back() {
    raise_the_limit_of_files();
    let house = House::new();
    let running = house.serve();
    let line = Line::to(house.port);
    let rooms = size(10, 250);
    let crowd = house.crowd_at(line.port, "long", rooms, 4);
    until_playing(&running, rooms * 4);
    let admin = admin(&running);
    let opened = || metric(&get(&admin, "/metrics"), "bolide_connections_opened_total");
    for times in 1..=2 {
        line.cut();
        let all = f64::from(rooms * 4 * (times + 1));
        wait_until("all have come back", || opened() >= all);
        until_playing(&running, rooms * 4);
    }
    let report = crowd.end_well(&running);
    println!("cut twice: resumed {}, away {}", report["resumed"], report["away_ms"]);
    assert_eq!(report["resumed"], rooms * 4 * 2, "{report}");
    running.signal("TERM");
    let (code, log) = running.end();
    assert_eq!((code, log.contains("panic")), (Some(0), false), "{log}");
}

/// Raises the limit for this process and its children.
fn raise_the_limit_of_files() {
    let pid = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--nofile=8192:"]).status();
    assert!(raised.expect("prlimit").success());
}
