//! The greeting task: serves a client from its game socket being open to its hello. It finds the
//! room that the client requests, and hands the client over to the shard of that room. It knows no
//! rule of the game.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bolide_net::{ClientMessage, ErrorCode, Hello};
use bolide_room::{JoinError, RoomId};
use bolide_transport::READ_BYTES;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep_until;

use crate::connection::address_quota::AddressPermit;
use crate::connection::async_socket::AsyncSocket;
use crate::connection::join_refusal::JoinRefusal;
use crate::connection::{Connection, Ending};
use crate::directory::Reservation;
use crate::measure::reasons::DropReason;
use crate::server::Server;
use crate::shard::handle::{
    JoinReply, JoinRequest, Requester, ResumeRequest, ShardCommand, ShardGone,
};

/// Serves a client until it has joined a room or its socket is closed.
pub(crate) async fn greet(mut connection: Box<Connection>, server: Arc<Server>) {
    let mut stopping = server.stopping();
    let end = loop {
        let mut watched = match AsyncSocket::new(connection) {
            Ok(watched) => watched,
            Err((back, error)) => {
                connection = back;
                break server.context.unwatched(&error, Instant::now());
            }
        };
        let greeted = await_hello(&mut watched, &mut stopping, &server).await;
        connection = watched.into_inner();
        let hello = match greeted {
            Ok(hello) => hello,
            Err(end) => break end,
        };
        // Boxed, as is the end, because the task would otherwise be as large for its whole life.
        let reply = Box::pin(request_seat(connection, hello, &server)).await;
        let refusal = match reply {
            JoinReply::Seated => return,
            JoinReply::ShardLost(None) => {
                return server.context.counters.dropped(DropReason::Shard);
            }
            JoinReply::ShardLost(Some(back)) => {
                connection = back;
                break DropReason::Shard.into();
            }
            JoinReply::Refused(back, refusal) => {
                connection = back;
                refusal
            }
        };
        if let Err(end) = connection.refuse(refusal, Instant::now(), &server.context) {
            break end;
        }
    };
    Box::pin(connection.end(end, &server.context)).await;
}

/// Waits for a hello.
async fn await_hello(
    watched: &mut AsyncSocket<Box<Connection>>,
    stopping: &mut watch::Receiver<bool>,
    server: &Server,
) -> Result<Hello, Ending> {
    loop {
        let connection = watched.get_mut();
        if let Some(hello) = read_hello(connection, server)? {
            return Ok(hello);
        }
        if let Some(end) = connection.ended() {
            return Err(end);
        }
        let deadline = connection.deadline();
        tokio::select! {
            biased;
            // The sender lives in the server, so it cannot be dropped meanwhile.
            _ = stopping.wait_for(|stopping| *stopping) => {
                return Err(Ending::Close(server.drain_close(watched.get_mut().id())));
            }
            () = sleep_until(deadline.into()) => {
                watched.get_mut().on_deadline(Instant::now(), &server.context)?;
            }
            more = watched.more() => more.map_err(|_| Ending::PeerGone)?,
        }
    }
}

/// Returns its hello, if it has arrived. A client whose bytes make the decoder panic is closed.
fn read_hello(connection: &mut Connection, server: &Server) -> Result<Option<Hello>, Ending> {
    let read = catch_unwind(AssertUnwindSafe(|| read_until_hello(connection, server)));
    read.unwrap_or_else(|_| Err(Ending::panicked()))
}

/// Reads what has arrived. The buffer is on the stack of this call and not part of the task.
fn read_until_hello(connection: &mut Connection, server: &Server) -> Result<Option<Hello>, Ending> {
    let mut buffer = [0; READ_BYTES];
    while let Some(read) = connection.next(&mut buffer, Instant::now(), &server.context) {
        if let ClientMessage::Hello(hello) = read? {
            return Ok(Some(hello));
        }
    }
    Ok(None)
}

/// Sends the connection to the shard that has the room. Nothing is read meanwhile, so that nothing
/// has to be buffered.
async fn request_seat(connection: Box<Connection>, hello: Hello, server: &Server) -> JoinReply {
    let permit = connection.address_permit();
    let (shard, seat) = match find_seat(&hello, permit.as_deref(), server) {
        Ok(found) => found,
        Err(refusal) => return JoinReply::Refused(connection, refusal),
    };
    let (sender, reply) = oneshot::channel();
    let requester = Requester { connection, sync: hello.sync, reply: sender };
    let command = match seat {
        RequestedSeat::New(seat, counted) => {
            ShardCommand::Join(Box::new(JoinRequest { seat, counted, name: hello.name, requester }))
        }
        RequestedSeat::Own { room, token } => {
            ShardCommand::Resume(Box::new(ResumeRequest { room, token, requester }))
        }
    };
    if let Err(ShardGone(command)) = server.shard(shard).send(command).await {
        return JoinReply::ShardLost(command.into_requester().map(|it| it.connection));
    }
    reply.await.unwrap_or(JoinReply::ShardLost(None))
}

/// The seat that a hello requests.
enum RequestedSeat {
    /// A new seat, and the permit that counts it for the address.
    New(Reservation, Option<AddressPermit>),
    /// The seat that it has already.
    Own { room: RoomId, token: String },
}

/// Returns the shard that has the requested seat, and the seat.
fn find_seat(
    hello: &Hello,
    permit: Option<&AddressPermit>,
    server: &Server,
) -> Result<(usize, RequestedSeat), JoinRefusal> {
    if let Some(token) = &hello.resume {
        let room = RoomId::of_token(token).ok_or(JoinError::BadResume)?;
        if server.directory.is_absent(&room) {
            return Err(JoinRefusal::Drop(DropReason::Absent));
        }
        let shard = server.directory.shard_of(&room).ok_or(JoinError::BadResume)?;
        return Ok((shard, RequestedSeat::Own { room, token: token.clone() }));
    }
    let mode = server.modes.asked_for(hello.mode.as_deref());
    let mode = mode.ok_or_else(|| unknown_mode(hello, server))?;
    let counted = permit.map(AddressPermit::seat).transpose()?;
    let seat = server.directory.reserve(&hello.room, mode)?;
    Ok((seat.shard(), RequestedSeat::New(seat, counted)))
}

fn unknown_mode(hello: &Hello, server: &Server) -> JoinRefusal {
    let asked = hello.mode.as_deref().unwrap_or_default();
    let text = format!("there is no mode {asked:?}; the modes are {}", server.modes.names());
    JoinRefusal::Error { code: ErrorCode::UnknownMode, text, drop_reason: None }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::sync::Arc;

    use tokio::io::unix::AsyncFd;

    use bolide_storage::Durability;

    use super::greet;
    use crate::config::Config;
    use crate::server::Server;
    use crate::shard::handle::{ShardCommand, ShardHandle};
    use crate::testing::{PANICS, Peer, connection};

    const HELLO: &str = r#"{"t":"hello","name":"Ada"}"#;

    fn server() -> Arc<Server> {
        let config = Config { durability: Durability::Off, shards: 1, ..Config::default() };
        Server::start(&config).expect("it starts")
    }

    /// Returns a server whose only shard is replaced by this handle.
    fn server_with(handle: ShardHandle) -> Arc<Server> {
        let mut server = server();
        Arc::get_mut(&mut server).expect("nobody else has it").replace_shard(handle);
        server
    }

    /// Serves a client that sends this text and nothing more.
    async fn served(server: &Arc<Server>, text: &str) -> Peer {
        let (connection, peer) = connection(1);
        peer.send([text.to_owned()].into_iter());
        peer.hang_up();
        greet(connection, server.clone()).await;
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
        let (connection, peer) = connection(1);
        // A runtime watches a descriptor once: the kernel refuses it the second time.
        let _watched = AsyncFd::new(connection.as_raw_fd()).expect("the first time");
        greet(connection, server.clone()).await;
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
        let (handle, commands) = ShardHandle::new();
        drop(commands);
        let server = server_with(handle);
        let peer = served(&server, HELLO).await;
        check(&server, &peer, 1013, "this part of the server failed", "cut_shard");
        assert_eq!(server.rooms(), 0, "its seat is free again, and the room was not opened");
    }

    /// A shard that panics while it owns the client takes the socket along.
    #[tokio::test]
    async fn a_newcomer_who_is_lost_with_his_shard_is_counted() {
        let (handle, mut commands) = ShardHandle::new();
        let server = server_with(handle);
        let shard = async {
            let command = commands.recv().await.expect("a hello");
            assert!(matches!(command, ShardCommand::Join(_)), "it has the client");
        };
        let (peer, ()) = tokio::join!(served(&server, HELLO), shard);
        assert_eq!(peer.text(), "", "nobody is left to tell it");
        check_counted(&server, "cut_shard");
    }
}
