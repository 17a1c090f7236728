//! The lobby: all members, and where they are. It decides who comes in and who may speak; what a
//! text means at its endpoint is in `relay`.

use core::time::Duration;

use bolide_net::CloseCode;
use bolide_net::limits::INVALID_MESSAGES_MAX;
use bolide_net::relay::chat::read_join;
use bolide_net::relay::{Endpoint, RelayName, TopicFlags};
use bytes::Bytes;

use crate::budget::{Budgets, Person};
use crate::channel::Members;
use crate::member::{Browser, Entrance, Identity, MemberId, Now};
use crate::output::{Output, Outputs, Refusal};
use crate::relay::chat::Chat;
use crate::relay::room::{RoomPlace, Rooms};
use crate::relay::topic::{KeptTopic, Topic, TopicPlace, Topics, channels};
use crate::relay::user::{self, Users};
use crate::settings::LobbySettings;

/// All who hear texts that belong to no match. See the [crate] for the contract of its owner.
#[derive(Debug)]
pub struct Lobby {
    settings: LobbySettings,
    /// The members, each in its slot.
    members: Vec<Option<Box<Member>>>,
    budgets: Budgets,
    broadcast: Members,
    rooms: Rooms,
    users: Users,
    topics: Topics,
    chat: Chat,
    /// Members that ever came into a room.
    numbers: u32,
    out: Outputs,
}

#[derive(Debug)]
struct Member {
    identity: Identity,
    person: Person,
    place: Place,
    /// Random bits of the entrance.
    draw: u64,
    /// Malformed texts so far.
    invalid: u32,
}

#[derive(Debug)]
enum Place {
    Broadcast,
    User(RelayName),
    Room(RoomPlace),
    Topic(TopicPlace),
    Chat,
}

impl Lobby {
    /// Creates an empty lobby.
    #[must_use]
    pub fn new(settings: LobbySettings) -> Lobby {
        Lobby {
            members: Vec::new(),
            budgets: Budgets::new(settings.messages_per_s, settings.messages_burst),
            broadcast: Members::default(),
            rooms: Rooms::default(),
            users: Users::default(),
            topics: Topics::default(),
            chat: Chat::new(settings.chat_history),
            numbers: 0,
            out: Outputs::default(),
            settings,
        }
    }

    /// Takes the last messages of topics from the store. Those that are gone are forgotten by the
    /// next [`Lobby::advance`].
    pub fn restore(&mut self, topics: impl IntoIterator<Item = KeptTopic>) {
        topics.into_iter().for_each(|kept| self.topics.restore(kept));
    }

    /// Handles a socket that comes in. If it is refused, it is closed and is no member.
    pub fn handle_enter(&mut self, member: MemberId, entrance: Entrance, now: Now) {
        self.handle_leave(member, now);
        let Entrance { endpoint, identity, draw } = entrance;
        let admitted = self
            .settings
            .permit(&endpoint, &identity)
            .and_then(|()| self.admit(member, &endpoint, &identity, now));
        match admitted {
            Ok(place) => {
                let person = Person::of(member, &identity);
                let slot = member.0 as usize;
                if slot >= self.members.len() {
                    self.members.resize_with(slot + 1, || None);
                }
                let member = Member { identity, person, place, draw, invalid: 0 };
                self.members[slot] = Some(Box::new(member));
            }
            Err(refusal) => self.turn_away(member, &endpoint, refusal),
        }
    }

    /// Handles a text of a member. Those of sockets that are no members are ignored, and so are
    /// empty ones.
    pub fn handle_text(&mut self, from: MemberId, text: &str, now: Now) {
        let Some(member) = self.members.get(from.0 as usize).and_then(Option::as_deref) else {
            return;
        };
        if text.is_empty() {
            return;
        }
        let is_topic = matches!(member.place, Place::Topic(_));
        if is_topic && text == self.settings.heartbeat {
            return self.out.send(from, Bytes::copy_from_slice(text.as_bytes()));
        }
        if !self.budgets.take(&member.person, now.since_start) {
            return self.refuse_text(from, Refusal::Rate, "", now);
        }
        let may_speak = self.settings.may_speak(&member.identity);
        match &member.place {
            Place::Chat => self.handle_chat_text(from, text, now),
            _ if !may_speak => self.refuse_text(from, Refusal::MayNotSpeak, "", now),
            Place::Broadcast => {
                self.out.cast(&self.broadcast, Bytes::copy_from_slice(text.as_bytes()));
            }
            Place::Room(place) => self.rooms.say(&place.room, text, &mut self.out),
            Place::User(_) => self.handle_direct(from, text, now),
            Place::Topic(place) if place.published.is_empty() => {
                self.refuse_text(from, Refusal::MayNotSpeak, "", now);
            }
            Place::Topic(place) => {
                let (published, echo) = (place.published.clone(), place.echo);
                self.publish(&published, text, None, (!echo).then_some(from), now);
            }
        }
    }

    /// Handles a socket that has gone.
    pub fn handle_leave(&mut self, member: MemberId, now: Now) {
        let slot = self.members.get_mut(member.0 as usize);
        let Some(left) = slot.and_then(Option::take) else { return };
        if matches!(left.person, Person::Socket(_)) {
            self.budgets.remove(&left.person);
        }
        match &left.place {
            Place::Broadcast => self.broadcast.remove(member),
            Place::User(name) => self.users.leave(name),
            Place::Room(place) => self.rooms.leave(member, place, &mut self.out),
            Place::Topic(place) => self.topics.leave(member, place),
            Place::Chat => self.chat.leave(member, now.since_start, &mut self.out),
        }
    }

    /// Publishes a text of a backend to channels, and keeps it as their last message for
    /// `expire_s` seconds; `None` is the setting, and 0 keeps nothing. Returns the number of copies
    /// that were sent.
    pub fn handle_publish(
        &mut self,
        topics: &[Topic],
        text: &str,
        expire_s: Option<u32>,
        now: Now,
    ) -> usize {
        self.publish(topics, text, expire_s, None, now)
    }

    /// Handles a line of the chat that came by HTTP, from the member with the id `from`, for the
    /// one with the id `to` or for all.
    ///
    /// # Errors
    /// The id is not that of a socket of this browser, the line is empty, there are too many, or
    /// the receiver is not there.
    pub fn handle_say(
        &mut self,
        browser: Option<Browser>,
        from: &str,
        text: &str,
        to: Option<&str>,
        now: Now,
    ) -> Result<(), Refusal> {
        let said = self.own_chat_member(browser, from, now).and_then(|author| {
            if text.is_empty() {
                return Err(Refusal::EmptyLine);
            }
            self.chat.say(author, text, to, &mut self.out)
        });
        said.inspect_err(|refusal| self.out.refuse(*refusal))
    }

    /// Handles a nickname of the chat that came by HTTP, for the member with the id `from`.
    ///
    /// # Errors
    /// The id is not that of a socket of this browser, the name is none, or it was changed before.
    pub fn handle_rename(
        &mut self,
        browser: Option<Browser>,
        from: &str,
        name: &str,
        now: Now,
    ) -> Result<(), Refusal> {
        let renamed = self
            .own_chat_member(browser, from, now)
            .and_then(|member| self.chat.rename(member, name, now.since_start, &mut self.out));
        renamed.inspect_err(|refusal| self.out.refuse(*refusal))
    }

    /// Returns who is in the chat and what was said there after the line with the number `after`,
    /// as the JSON of `GET /chat`.
    #[must_use]
    pub fn chat_since(&self, after: Option<u32>) -> String {
        self.chat.since(after)
    }

    /// Returns the names of the users who are connected, in order.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.users.names()
    }

    /// Returns the last message of a topic's channel, unless it is gone.
    #[must_use]
    pub fn topic(&self, topic: &Topic, now: Now) -> Option<&Bytes> {
        self.topics.last(topic, now.unix_s)
    }

    /// Does what is due, and forgets what is gone.
    pub fn advance(&mut self, now: Now) {
        self.topics.expire(now.unix_s, &mut self.out);
        self.budgets.sweep(now.since_start);
        self.chat.advance(now.since_start, &mut self.out);
    }

    /// Returns the time since the start at which [`Lobby::advance`] has something to do that cannot
    /// wait for its next second.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.chat.roster_due()
    }

    /// Returns the next action for the owner.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }
}

impl Lobby {
    /// Gives a socket its place, if there is one.
    fn admit(
        &mut self,
        member: MemberId,
        endpoint: &Endpoint,
        identity: &Identity,
        now: Now,
    ) -> Result<Place, Refusal> {
        match endpoint {
            Endpoint::Broadcast => {
                self.check_members(self.broadcast.len())?;
                self.broadcast.insert(member);
                Ok(Place::Broadcast)
            }
            Endpoint::User(name) => {
                if let Some(before) = self.users.find(name) {
                    self.take_over(before, identity, now)?;
                }
                self.users.enter(name.clone(), member);
                Ok(Place::User(name.clone()))
            }
            Endpoint::Room { name, presence } => {
                let members = self.rooms.members(name);
                self.check_members(members.unwrap_or(0))?;
                self.check_channels(usize::from(members.is_none()))?;
                self.numbers = self.numbers.wrapping_add(1);
                let (room, number, is_watcher) = (name.clone(), self.numbers, *presence);
                let place = RoomPlace { room, number, is_watcher };
                self.rooms.enter(member, &place, &mut self.out);
                Ok(Place::Room(place))
            }
            Endpoint::Topic { facility, flags } => {
                let place = self.topic_place(facility, *flags, identity)?;
                self.topics.enter(member, &place, now.unix_s, &mut self.out);
                Ok(Place::Topic(place))
            }
            // The text by which a page takes part decides whether the chat has a place.
            Endpoint::Chat(_) => Ok(Place::Chat),
            Endpoint::Arena => Err(Refusal::NoSocket),
        }
    }

    /// Closes the socket that has a name, if the same person asks for the name again.
    fn take_over(
        &mut self,
        before: MemberId,
        identity: &Identity,
        now: Now,
    ) -> Result<(), Refusal> {
        let owner = self.member(before).ok_or(Refusal::NameTaken)?;
        if !user::is_same_person(&owner.identity, identity) {
            return Err(Refusal::NameTaken);
        }
        self.close(before, CloseCode::Replaced, "another page of yours took this name", now);
        Ok(())
    }

    fn topic_place(
        &self,
        facility: &str,
        flags: TopicFlags,
        identity: &Identity,
    ) -> Result<TopicPlace, Refusal> {
        let subscribed = channels(facility, flags.subscribe, identity);
        let mut opened = 0;
        for topic in &subscribed {
            match self.topics.members(topic) {
                Some(members) => self.check_members(members)?,
                None => opened += 1,
            }
        }
        self.check_channels(opened)?;
        let published = channels(facility, flags.publish.and(self.settings.publish), identity);
        Ok(TopicPlace { subscribed, published, echo: flags.echo })
    }

    fn check_members(&self, members: usize) -> Result<(), Refusal> {
        if members < self.settings.members_max { Ok(()) } else { Err(Refusal::ChannelFull) }
    }

    fn check_channels(&self, opened: usize) -> Result<(), Refusal> {
        let all = self.rooms.len() + self.topics.len() + opened;
        if all <= self.settings.channels_max { Ok(()) } else { Err(Refusal::TooManyChannels) }
    }

    /// Closes a socket that was refused. The endpoint of users says why in its own words first.
    fn turn_away(&mut self, member: MemberId, endpoint: &Endpoint, refusal: Refusal) {
        self.out.refuse(refusal);
        if let Endpoint::User(name) = endpoint {
            self.out.send(member, user::error_frame(refusal, name.as_str()));
        }
        let code = match refusal {
            Refusal::ChannelFull | Refusal::TooManyChannels => CloseCode::TryLater,
            _ => CloseCode::Policy,
        };
        self.out.close(member, code, refusal.reason());
    }

    /// Sends a text to the user that it names.
    fn handle_direct(&mut self, from: MemberId, text: &str, now: Now) {
        let Some(to_user) = user::read_receiver(text) else {
            return self.refuse_text(from, Refusal::Malformed, "", now);
        };
        let name = RelayName::parse(&to_user).ok();
        match name.and_then(|name| self.users.find(&name)) {
            Some(receiver) => self.out.send(receiver, Bytes::copy_from_slice(text.as_bytes())),
            None => self.refuse_text(from, Refusal::UserAbsent, &to_user, now),
        }
    }

    /// Lets a page take part in the chat. Other texts mean nothing there.
    fn handle_chat_text(&mut self, from: MemberId, text: &str, now: Now) {
        let Some(join) = read_join(text) else { return };
        if self.chat.has(from) {
            return;
        }
        if let Err(refusal) = self.check_members(self.chat.len()) {
            self.out.refuse(refusal);
            return self.close(from, CloseCode::TryLater, refusal.reason(), now);
        }
        let draw = self.member(from).map_or(0, |member| member.draw);
        self.chat.join(from, join, draw, now.since_start, &mut self.out);
    }

    fn publish(
        &mut self,
        topics: &[Topic],
        text: &str,
        expire_s: Option<u32>,
        except: Option<MemberId>,
        now: Now,
    ) -> usize {
        let text = Bytes::copy_from_slice(text.as_bytes());
        let expire_s = expire_s.unwrap_or(self.settings.expire_s);
        let mut copies = 0;
        for topic in topics {
            copies += self.topics.publish(topic, &text, except, &mut self.out);
            if expire_s > 0 {
                let until_unix_s = now.unix_s + u64::from(expire_s);
                let kept = KeptTopic { topic: topic.clone(), text: text.clone(), until_unix_s };
                self.topics.keep(kept, &mut self.out);
            }
        }
        copies
    }

    /// Returns the socket with an id in the chat, if it is of this browser and may speak now.
    fn own_chat_member(
        &mut self,
        browser: Option<Browser>,
        id: &str,
        now: Now,
    ) -> Result<MemberId, Refusal> {
        let found = self.chat.find(id).ok_or(Refusal::NotYou)?;
        let slot = self.members.get(found.0 as usize).and_then(Option::as_deref);
        let is_own = |member: &&Member| browser.is_some() && member.identity.browser == browser;
        let member = slot.filter(is_own).ok_or(Refusal::NotYou)?;
        if !self.settings.may_speak(&member.identity) {
            return Err(Refusal::MayNotSpeak);
        }
        let enough = self.budgets.take(&member.person, now.since_start);
        if enough { Ok(found) } else { Err(Refusal::Rate) }
    }

    /// Counts a text that was refused. The endpoint of users says why, and loses whoever sends ten
    /// malformed ones; `to_user` is the receiver that was named.
    fn refuse_text(&mut self, from: MemberId, refusal: Refusal, to_user: &str, now: Now) {
        self.out.refuse(refusal);
        let slot = self.members.get_mut(from.0 as usize).and_then(Option::as_deref_mut);
        let Some(member) = slot.filter(|member| matches!(member.place, Place::User(_))) else {
            return;
        };
        self.out.send(from, user::error_frame(refusal, to_user));
        member.invalid += u32::from(refusal == Refusal::Malformed);
        if member.invalid >= INVALID_MESSAGES_MAX {
            self.close(from, CloseCode::InvalidMessage, "ten malformed texts", now);
        }
    }

    fn close(&mut self, member: MemberId, code: CloseCode, reason: &'static str, now: Now) {
        self.out.close(member, code, reason);
        self.handle_leave(member, now);
    }

    fn member(&self, member: MemberId) -> Option<&Member> {
        self.members.get(member.0 as usize).and_then(Option::as_deref)
    }
}
