//! The greeting task: serves a client from its game socket being open to its hello. It finds the
//! room that the client requests, and hands the client over to the shard of that room. It knows no
//! rule of the game.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bolide_net::{ClientMessage, ErrorCode, Hello};
use bolide_room::JoinError;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep_until;

use crate::address_quota::Place;
use crate::async_socket::AsyncSocket;
use crate::client::{Client, End};
use crate::counters::Cut;
use crate::directory::Reservation;
use crate::random::RoomId;
use crate::server::Server;
use crate::shard_handle::{Caller, Command, JoinRequest, Refusal, ResumeRequest, ShardGone};
use crate::socket::READ_BYTES;

/// Serves a client until it has joined a room or its socket is closed. `place` is the permit that
/// counts for its address.
pub(crate) async fn serve(mut client: Box<Client>, place: Option<Arc<Place>>, server: Arc<Server>) {
    let mut stopping = server.stopping();
    let end = loop {
        let mut watched = match AsyncSocket::new(client) {
            Ok(watched) => watched,
            Err((back, error)) => {
                client = back;
                break server.commons.unwatched(&error, Instant::now());
            }
        };
        let greeted = greet(&mut watched, &mut stopping, &server).await;
        client = watched.into_inner();
        let hello = match greeted {
            Ok(hello) => hello,
            Err(end) => break end,
        };
        // Boxed, as is the end, because the task would otherwise be as large for its whole life.
        let refusal = match Box::pin(ask(client, hello, place.as_deref(), &server)).await {
            Asked::Joined => return,
            Asked::Lost => return server.commons.counters.cut(Cut::Shard),
            Asked::ShardGone(back) => {
                client = back;
                break Cut::Shard.into();
            }
            Asked::Refused(back, refusal) => {
                client = back;
                refusal
            }
        };
        if let Err(end) = client.refuse(refusal, Instant::now(), &server.commons) {
            break end;
        }
    };
    Box::pin(client.end(end, &server.commons)).await;
}

/// Waits for a hello.
async fn greet(
    watched: &mut AsyncSocket<Box<Client>>,
    stopping: &mut watch::Receiver<bool>,
    server: &Server,
) -> Result<Hello, End> {
    loop {
        let client = watched.get_mut();
        if let Some(hello) = listen(client, server)? {
            return Ok(hello);
        }
        if let Some(end) = client.ended() {
            return Err(end);
        }
        let deadline = client.deadline();
        tokio::select! {
            biased;
            // The sender lives in the server, so it cannot be dropped meanwhile.
            _ = stopping.wait_for(|stopping| *stopping) => {
                return Err(End::Close(server.farewell(watched.get_mut().id())));
            }
            () = sleep_until(deadline.into()) => {
                watched.get_mut().on_deadline(Instant::now(), &server.commons)?;
            }
            more = watched.more() => more.map_err(|_| End::Gone)?,
        }
    }
}

/// Returns its hello, if it has arrived. A client whose bytes make the decoder panic is closed.
fn listen(client: &mut Client, server: &Server) -> Result<Option<Hello>, End> {
    let heard = catch_unwind(AssertUnwindSafe(|| hear_out(client, server)));
    heard.unwrap_or_else(|_| Err(End::panicked()))
}

/// Reads what has arrived. The buffer is on the stack of this call and not part of the task.
fn hear_out(client: &mut Client, server: &Server) -> Result<Option<Hello>, End> {
    let mut buffer = [0; READ_BYTES];
    while let Some(heard) = client.next(&mut buffer, Instant::now(), &server.commons) {
        if let ClientMessage::Hello(hello) = heard? {
            return Ok(Some(hello));
        }
    }
    Ok(None)
}

/// The outcome of a hello.
enum Asked {
    /// A room has the client.
    Joined,
    Refused(Box<Client>, Refusal),
    /// The shard had ended before, so the client is returned.
    ShardGone(Box<Client>),
    /// The shard has ended, and the client with it.
    Lost,
}

/// Sends the client to the shard that has the room. A refused client is returned. Nothing is read
/// meanwhile, so that nothing has to be buffered.
async fn ask(client: Box<Client>, hello: Hello, place: Option<&Place>, server: &Server) -> Asked {
    let (shard, wanted) = match find_seat(&hello, place, server) {
        Ok(found) => found,
        Err(refusal) => return Asked::Refused(client, refusal),
    };
    let (sender, answer) = oneshot::channel();
    let caller = Caller { client, sync: hello.sync, answer: sender };
    let command = match wanted {
        Wanted::Seat(seat, counted) => {
            Command::Join(Box::new(JoinRequest { seat, counted, name: hello.name, caller }))
        }
        Wanted::Again { room, token } => {
            Command::Resume(Box::new(ResumeRequest { room, token, caller }))
        }
    };
    if let Err(ShardGone(command)) = server.shard(shard).send(command).await {
        let back = command.into_caller().map(|caller| caller.client);
        return back.map_or(Asked::Lost, Asked::ShardGone);
    }
    match answer.await {
        Ok(Ok(())) => Asked::Joined,
        Ok(Err((client, refusal))) => Asked::Refused(client, refusal),
        Err(_) => Asked::Lost,
    }
}

/// The seat that a hello requests.
enum Wanted {
    /// A new seat, and the permit that counts it for the address.
    Seat(Reservation, Option<Place>),
    Again {
        room: RoomId,
        token: String,
    },
}

/// Returns the shard that has the requested seat, and the seat.
fn find_seat(
    hello: &Hello,
    place: Option<&Place>,
    server: &Server,
) -> Result<(usize, Wanted), Refusal> {
    if let Some(token) = &hello.resume {
        let room = RoomId::of_token(token).ok_or(JoinError::BadResume)?;
        if server.directory.is_absent(&room) {
            return Err(Refusal::Cut(Cut::Absent));
        }
        let shard = server.directory.shard_of(&room).ok_or(JoinError::BadResume)?;
        return Ok((shard, Wanted::Again { room, token: token.clone() }));
    }
    let mode = server.modes.asked_for(hello.mode.as_deref());
    let mode = mode.ok_or_else(|| unknown_mode(hello, server))?;
    let counted = place.map(Place::seat).transpose()?;
    let seat = server.directory.reserve(&hello.room, mode)?;
    Ok((seat.shard(), Wanted::Seat(seat, counted)))
}

fn unknown_mode(hello: &Hello, server: &Server) -> Refusal {
    let asked = hello.mode.as_deref().unwrap_or_default();
    let text = format!("there is no mode {asked:?}; the modes are {}", server.modes.names());
    Refusal::Error { code: ErrorCode::UnknownMode, text, cut: None }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::sync::Arc;

    use tokio::io::unix::AsyncFd;

    use super::serve;
    use crate::config::Config;
    use crate::journal::Durability;
    use crate::server::Server;
    use crate::shard_handle::{Command, ShardHandle};
    use crate::testing::{PANICS, Peer, client};

    const HELLO: &str = r#"{"t":"hello","name":"Ada"}"#;

    fn server() -> Arc<Server> {
        let config = Config { durability: Durability::Off, shards: 1, ..Config::default() };
        Server::start(&config).expect("it starts")
    }

    /// Returns a server whose only shard is replaced by this handle.
    fn server_with(inbox: ShardHandle) -> Arc<Server> {
        let mut server = server();
        Arc::get_mut(&mut server).expect("nobody else has it").replace_shard(inbox);
        server
    }

    /// Serves a client that sends this text and nothing more.
    async fn served(server: &Arc<Server>, text: &str) -> Peer {
        let (client, peer) = client(1);
        peer.send([text.to_owned()].into_iter());
        peer.hang_up();
        serve(client, None, server.clone()).await;
        peer
    }

    /// Checks that the peer is sent a close frame and nothing else, and that no other reason is
    /// counted.
    fn check(server: &Server, peer: &Peer, code: u16, reason: &str, counted: &'static str) {
        let told = peer.taken();
        let [0x88, _, high, low, text @ ..] = &told[..] else { panic!("{told:?}") };
        let text = String::from_utf8_lossy(text);
        assert_eq!((u16::from_be_bytes([*high, *low]), &*text), (code, reason));
        check_counted(server, counted);
    }

    fn check_counted(server: &Server, name: &'static str) {
        let counted: Vec<_> = server.counters().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [(name, 1)]);
    }

    /// Such a client used to end without a close frame, a count or a log line.
    #[tokio::test]
    #[expect(deprecated, reason = "as in `async_socket`")]
    async fn a_client_whom_the_system_does_not_watch_is_told_and_counted() {
        let server = server();
        let (client, peer) = client(1);
        // A runtime watches a descriptor once: the kernel refuses it the second time.
        let _watched = AsyncFd::new(client.as_raw_fd()).expect("the first time");
        serve(client, None, server.clone()).await;
        check(&server, &peer, 1013, "the server cannot watch this socket now", "cut_system");
    }

    /// The task used to end with the panic: no close frame, and no count.
    #[tokio::test]
    async fn a_stranger_whose_bytes_panic_the_decoder_is_told_and_counted() {
        let server = server();
        let peer = served(&server, str::from_utf8(PANICS).expect("text")).await;
        let reason = "the server failed while it read what you sent";
        check(&server, &peer, 1011, reason, "cut_panic");
    }

    #[tokio::test]
    async fn a_newcomer_whose_shard_had_ended_is_told_to_come_back() {
        let (inbox, commands) = ShardHandle::new();
        drop(commands);
        let server = server_with(inbox);
        let peer = served(&server, HELLO).await;
        check(&server, &peer, 1013, "this part of the server failed", "cut_shard");
        assert_eq!(server.rooms(), 0, "its seat is free again, and the room was not opened");
    }

    /// A shard that panics while it owns the client takes the socket along.
    #[tokio::test]
    async fn a_newcomer_who_is_lost_with_his_shard_is_counted() {
        let (inbox, mut commands) = ShardHandle::new();
        let server = server_with(inbox);
        let shard = async {
            let command = commands.recv().await.expect("a hello");
            assert!(matches!(command, Command::Join(_)), "it has the client");
        };
        let (peer, ()) = tokio::join!(served(&server, HELLO), shard);
        assert_eq!(peer.text(), "", "nobody is left to tell it");
        check_counted(&server, "cut_shard");
    }
}
