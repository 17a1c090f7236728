//! The greeting: connects a player, says hello, and waits for the welcome or the refusal.

use bolide_net::{
    ClientMessage, FrameKind, Hello, NewRoom, PlayerName, ServerMessage, WantedRoom, Welcome,
};

use super::chance::Chance;
use super::frame::Opcode;
use super::link::Link;
use super::lost::Lost;
use super::options::SwarmOptions;
use super::player::{Role, Thread};

/// A connection that was welcomed.
pub(crate) struct Greeted {
    pub(crate) link: Link,
    pub(crate) chance: Chance,
    pub(crate) welcome: Box<Welcome>,
    /// Frames that arrived in the same read as the welcome, after it.
    pub(crate) early: Vec<(Opcode, Vec<u8>)>,
}

/// Connects and says hello, for a free seat or with a resume token. It has no timeout of its own.
pub(crate) async fn greet(
    thread: &Thread,
    role: &Role,
    resume: Option<String>,
) -> Result<Greeted, Lost> {
    let SwarmOptions { url, mode, format, sync, seed, .. } = &thread.options;
    let codec = format.codec();
    let mut link = Link::open(url, thread.address, codec).await?;
    let mut chance = Chance::of(*seed, u64::from(role.number));
    let name = PlayerName::parse(&format!("swarm {}", role.number)).expect("a short name");
    let (mode, sync) = (Some(mode.clone()), sync.mode());
    let room = match &role.room {
        _ if resume.is_some() => WantedRoom::Any,
        None => WantedRoom::New(NewRoom::Public),
        Some(id) => WantedRoom::Id(id.clone()),
    };
    let hello = Hello { name, mode, room, resume, sync };
    queue(&mut link, &mut chance, thread, &ClientMessage::Hello(hello));
    link.flush().await?;
    loop {
        let arrived = link.read(&thread.buffer).await?;
        let mut frames = arrived.frames();
        while let Some((opcode, payload)) = frames.next() {
            match opcode {
                Opcode::Close => return Err(closed(payload)),
                Opcode::Ping | Opcode::Pong => continue,
                Opcode::Text | Opcode::Binary => {}
            }
            let message = codec.decode_server(payload);
            match message.map_err(|error| Lost::NotUnderstood(error.to_string()))? {
                Some(ServerMessage::Welcome(welcome)) => {
                    let early =
                        frames.map(|(opcode, payload)| (opcode, payload.to_vec())).collect();
                    return Ok(Greeted { link, chance, welcome, early });
                }
                Some(ServerMessage::Error { code, message }) => {
                    thread.tally.borrow_mut().error(&code);
                    return Err(Lost::NotSeated { code, text: message });
                }
                _ => {}
            }
        }
        drop(frames);
        Link::done(&thread.buffer, arrived);
    }
}

/// Adds a message to the link's next write.
pub(crate) fn queue(
    link: &mut Link,
    chance: &mut Chance,
    thread: &Thread,
    message: &ClientMessage,
) {
    let frame = thread.options.format.codec().encode_client(message);
    let opcode = match frame.kind {
        FrameKind::Text => Opcode::Text,
        FrameKind::Binary => Opcode::Binary,
    };
    link.queue(opcode, &frame.bytes, chance.key());
}

/// Parses the payload of a close frame.
pub(crate) fn closed(payload: &[u8]) -> Lost {
    match payload {
        [a, b, reason @ ..] => Lost::Closed {
            code: u16::from_be_bytes([*a, *b]),
            reason: String::from_utf8_lossy(reason).into_owned(),
        },
        _ => Lost::Closed { code: 1005, reason: String::new() },
    }
}
