//! The chat room: members with a nickname and an id, a roster, and lines that are said over HTTP.
//! Pages of two dialects are in it and see each other.

mod nickname;

use core::time::Duration;
use std::collections::VecDeque;

use bolide_net::limits::RELAY_NAME_CHARS_MAX;
use bolide_net::relay::RelayName;
use bolide_net::relay::chat::{self, Dialect};
use bytes::Bytes;
use serde::Serialize;

use crate::channel::Members;
use crate::member::MemberId;
use crate::output::{Outputs, Refusal};

/// Members up to which each change of the roster is sent at once. Beyond, a roster follows the one
/// before after a millisecond for each member, because it costs the square of their number.
const AT_ONCE_MEMBERS_MAX: usize = 20;

/// The chat room.
#[derive(Debug)]
pub(crate) struct Chat {
    /// Those who take part, in the order in which they came.
    members: Vec<ChatMember>,
    by_name: Members,
    by_id: Members,
    history: VecDeque<Line>,
    history_max: usize,
    /// The number of the next line.
    next: u32,
    /// True if the roster has changed since it was sent.
    is_changed: bool,
    /// The time before which no roster is sent.
    quiet_until: Duration,
}

#[derive(Debug)]
struct ChatMember {
    member: MemberId,
    id: String,
    name: String,
    dialect: Dialect,
    is_renamed: bool,
}

/// A line, and its frames.
#[derive(Debug)]
struct Line {
    number: u32,
    id: String,
    name: String,
    msg: String,
    frames: Frames,
}

impl Line {
    fn view(&self) -> LineView<'_> {
        LineView { id: self.number, msg: &self.msg, user_id: &self.id, user_name: &self.name }
    }
}

#[derive(Debug)]
struct Frames {
    by_name: Bytes,
    by_id: Bytes,
}

impl Frames {
    fn of(&self, dialect: Dialect) -> &Bytes {
        match dialect {
            Dialect::Names => &self.by_name,
            Dialect::Ids => &self.by_id,
        }
    }
}

impl Chat {
    pub(crate) fn new(history_max: usize) -> Chat {
        Chat {
            members: Vec::new(),
            by_name: Members::default(),
            by_id: Members::default(),
            history: VecDeque::new(),
            history_max,
            next: 1,
            is_changed: false,
            quiet_until: Duration::ZERO,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns whether a socket takes part.
    pub(crate) fn has(&self, member: MemberId) -> bool {
        self.members.iter().any(|other| other.member == member)
    }

    /// Returns the socket that has an id.
    pub(crate) fn find(&self, id: &str) -> Option<MemberId> {
        self.members.iter().find(|other| other.id == id).map(|found| found.member)
    }

    /// Lets a socket take part. It is sent its own frame, the last lines, and the roster with all
    /// others. Its id, and a nickname if it gave none, are taken from `draw`.
    pub(crate) fn join(
        &mut self,
        member: MemberId,
        (dialect, name): (Dialect, &str),
        draw: u64,
        now: Duration,
        out: &mut Outputs,
    ) {
        let drawn = (draw >> 32) as u32;
        let mut ids = (0..=u32::MAX).map(|step| format!("{:08x}", drawn.wrapping_add(step)));
        let id = ids.find(|id| self.find(id).is_none()).unwrap_or_default();
        let name = match dialect {
            Dialect::Names => joining_name(name).unwrap_or_else(|| nickname::draw(draw)),
            Dialect::Ids => id.clone(),
        };
        self.members.push(ChatMember { member, id, name, dialect, is_renamed: false });
        self.list(dialect).insert(member);
        let me = self.members.last().expect("just pushed");
        out.send(member, dialect.own(me.shown(), self.shown()));
        for line in &self.history {
            out.send(member, line.frames.of(dialect).clone());
        }
        self.handle_change(now, out);
    }

    pub(crate) fn leave(&mut self, member: MemberId, now: Duration, out: &mut Outputs) {
        if let Some(at) = self.members.iter().position(|other| other.member == member) {
            let left = self.members.remove(at);
            self.list(left.dialect).remove(member);
            self.handle_change(now, out);
        }
    }

    /// Sends a line of a member to all, or to one and its author.
    pub(crate) fn say(
        &mut self,
        from: MemberId,
        msg: &str,
        to: Option<&str>,
        out: &mut Outputs,
    ) -> Result<(), Refusal> {
        let author = self.member(from).ok_or(Refusal::NotYou)?;
        let receiver = match to {
            Some(id) => {
                let found = self.members.iter().find(|other| other.id == id);
                Some(found.ok_or(Refusal::UnknownReceiver)?)
            }
            None => None,
        };
        let frame = |dialect: Dialect| Bytes::from(dialect.line(author.shown(), msg));
        let frames = Frames { by_name: frame(Dialect::Names), by_id: frame(Dialect::Ids) };
        if let Some(receiver) = receiver {
            out.send(receiver.member, frames.of(receiver.dialect).clone());
            if receiver.member != from {
                out.send(from, frames.of(author.dialect).clone());
            }
            return Ok(());
        }
        let (id, name) = (author.id.clone(), author.name.clone());
        self.cast(&frames, out);
        self.history.push_back(Line { number: self.next, id, name, msg: msg.to_owned(), frames });
        self.next = self.next.wrapping_add(1);
        if self.history.len() > self.history_max {
            self.history.pop_front();
        }
        Ok(())
    }

    /// Gives a member another nickname, once.
    pub(crate) fn rename(
        &mut self,
        member: MemberId,
        name: &str,
        now: Duration,
        out: &mut Outputs,
    ) -> Result<(), Refusal> {
        let name = RelayName::parse(name).map_err(|_| Refusal::BadName)?;
        let found = self.members.iter_mut().find(|other| other.member == member);
        let found = found.ok_or(Refusal::NotYou)?;
        if found.is_renamed {
            return Err(Refusal::RenamedAlready);
        }
        found.is_renamed = true;
        name.as_str().clone_into(&mut found.name);
        self.handle_change(now, out);
        Ok(())
    }

    /// Returns the time at which a roster is due.
    pub(crate) fn roster_due(&self) -> Option<Duration> {
        self.is_changed.then_some(self.quiet_until)
    }

    /// Sends the roster, if it has changed and the last one is long enough ago.
    pub(crate) fn advance(&mut self, now: Duration, out: &mut Outputs) {
        if !self.is_changed || now < self.quiet_until {
            return;
        }
        self.is_changed = false;
        let count = self.members.len();
        let pause_ms = if count > AT_ONCE_MEMBERS_MAX { count as u64 } else { 0 };
        self.quiet_until = now + Duration::from_millis(pause_ms);
        let frame = |dialect: Dialect| Bytes::from(dialect.roster(self.shown()));
        let frames = Frames { by_name: frame(Dialect::Names), by_id: frame(Dialect::Ids) };
        self.cast(&frames, out);
    }

    /// Returns who is there and the last lines with a greater number than `after`, as JSON.
    pub(crate) fn since(&self, after: Option<u32>) -> String {
        let is_later = |line: &&Line| after.is_none_or(|after| line.number > after);
        let lines: Vec<_> = self.history.iter().filter(is_later).map(Line::view).collect();
        let user_list = self.members.iter().map(|member| member.name.as_str()).collect();
        let count = lines.len();
        serde_json::to_string(&ChatView { user_list, lines, count }).expect("texts and numbers")
    }

    fn handle_change(&mut self, now: Duration, out: &mut Outputs) {
        self.is_changed = true;
        self.advance(now, out);
    }

    fn cast(&self, frames: &Frames, out: &mut Outputs) {
        for (members, dialect) in [(&self.by_name, Dialect::Names), (&self.by_id, Dialect::Ids)] {
            if !members.is_empty() {
                out.cast(members, frames.of(dialect).clone());
            }
        }
    }

    fn list(&mut self, dialect: Dialect) -> &mut Members {
        match dialect {
            Dialect::Names => &mut self.by_name,
            Dialect::Ids => &mut self.by_id,
        }
    }

    fn member(&self, member: MemberId) -> Option<&ChatMember> {
        self.members.iter().find(|other| other.member == member)
    }

    fn shown(&self) -> impl Iterator<Item = chat::Member<'_>> {
        self.members.iter().map(ChatMember::shown)
    }
}

impl ChatMember {
    fn shown(&self) -> chat::Member<'_> {
        chat::Member { id: &self.id, name: &self.name }
    }
}

/// Returns the nickname with which a page joins, cut if it is too long; `None` if nothing of it can
/// be seen. The page of a room of old cannot be told that it is wrong.
fn joining_name(text: &str) -> Option<String> {
    let begin: String = text.chars().take(RELAY_NAME_CHARS_MAX).collect();
    RelayName::parse(&begin).ok().map(|name| name.as_str().to_owned())
}

#[derive(Serialize)]
struct ChatView<'a> {
    user_list: Vec<&'a str>,
    lines: Vec<LineView<'a>>,
    count: usize,
}

#[derive(Serialize)]
struct LineView<'a> {
    id: u32,
    msg: &'a str,
    user_id: &'a str,
    user_name: &'a str,
}
