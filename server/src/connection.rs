//! The task of a stranger: somebody who has opened a game socket and not said hello yet. It finds the room that he asks for, and
//! hands him over to its shard; from then on he is the room's. It knows no rule of the game.

use std::sync::Arc;
use std::time::Instant;

use bolide_net::{ClientMessage, ErrorCode, Hello};
use bolide_room::JoinError;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep_until;

use crate::addresses::Place;
use crate::client::{Client, End};
use crate::counters::Cut;
use crate::directory::Reservation;
use crate::inbox::{Caller, Comeback, Command, Newcomer, Refusal, ShardGone};
use crate::server::Server;
use crate::socket::READ_BYTES;
use crate::token::RoomId;
use crate::watched::Watched;

/// Serves a stranger until it has joined a room or its socket is closed. `place` is where its address is counted.
pub(crate) async fn serve(mut client: Box<Client>, place: Option<Arc<Place>>, server: Arc<Server>) {
    let mut stopping = server.stopping();
    let end = loop {
        let mut watched = match Watched::new(client) {
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
        // Boxed, like the end, because the task would be as large all its life.
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
    watched: &mut Watched<Box<Client>>,
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
            // The sender lives in the server.
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

/// What has come of it, read into a buffer that no task keeps.
fn listen(client: &mut Client, server: &Server) -> Result<Option<Hello>, End> {
    let mut buffer = [0; READ_BYTES];
    while let Some(heard) = client.next(&mut buffer, Instant::now(), &server.commons) {
        if let ClientMessage::Hello(hello) = heard? {
            return Ok(Some(hello));
        }
    }
    Ok(None)
}

/// What came of a hello.
enum Asked {
    /// A room has the client.
    Joined,
    Refused(Box<Client>, Refusal),
    /// The shard had ended before.
    ShardGone(Box<Client>),
    /// The shard has ended, and the client with it.
    Lost,
}

/// Asks the shard that has the room, with the client; it comes back if it is refused. Meanwhile nothing is read, so that nothing
/// has to be kept.
async fn ask(client: Box<Client>, hello: Hello, place: Option<&Place>, server: &Server) -> Asked {
    let (shard, wanted) = match find_seat(&hello, place, server) {
        Ok(found) => found,
        Err(refusal) => return Asked::Refused(client, refusal),
    };
    let (sender, answer) = oneshot::channel();
    let caller = Caller { client, sync: hello.sync, answer: sender };
    let command = match wanted {
        Wanted::Seat(seat, counted) => {
            Command::Join(Box::new(Newcomer { seat, counted, name: hello.name, caller }))
        }
        Wanted::Again { room, token } => {
            Command::Resume(Box::new(Comeback { room, token, caller }))
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

/// Which seat a hello is about.
enum Wanted {
    /// A new one, and where it counts.
    Seat(Reservation, Option<Place>),
    Again {
        room: RoomId,
        token: String,
    },
}

/// What to ask of which shard.
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

    use tokio::io::unix::AsyncFd;

    use super::serve;
    use crate::config::Config;
    use crate::journal::Durability;
    use crate::server::Server;
    use crate::testing::client;

    /// It went without a close frame, a count or a line in the log.
    #[tokio::test]
    #[expect(deprecated, reason = "as in `watched`")]
    async fn a_client_whom_the_system_does_not_watch_is_told_and_counted() {
        let config = Config { durability: Durability::Off, ..Config::default() };
        let server = Server::start(&config).expect("it starts");
        let (client, peer) = client(1);
        // A runtime watches a descriptor once: for the second time the system refuses it.
        let _watched = AsyncFd::new(client.as_raw_fd()).expect("the first time");
        serve(client, None, server.clone()).await;
        let counted: Vec<_> = server.counters().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("cut_system", 1)]);
        let told = peer.taken();
        let [0x88, _, high, low, reason @ ..] = &told[..] else { panic!("{told:?}") };
        assert_eq!(u16::from_be_bytes([*high, *low]), 1013);
        assert_eq!(reason, b"the server cannot watch this socket now");
    }
}
