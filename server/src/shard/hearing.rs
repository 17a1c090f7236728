//! Reads the sockets of a shard that became ready, and passes the clients' messages to their rooms.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use bolide_net::ClientMessage;
use bolide_room::ConnectionId;

use super::{RoomKey, Shard};
use crate::client::End;
use crate::door::{Ears, Place};
use crate::socket::READ_BYTES;

/// Messages of one client that are handled at once. The rest waits for the next tick.
const MESSAGES_MAX: usize = 64;

/// The poller of a shard, and its buffers.
pub(super) struct Hearing {
    ears: Ears,
    /// Received bytes.
    buffer: [u8; READ_BYTES],
    /// Ready sockets by the place of their room.
    news: Vec<Vec<News>>,
    /// Set while bytes of a client are decoded. A panic then is caused by them, and not by a room
    /// or the shard.
    is_decoding: bool,
}

impl Hearing {
    pub(super) fn new(ears: Ears) -> Hearing {
        Hearing { ears, buffer: [0; READ_BYTES], news: Vec::new(), is_decoding: false }
    }

    /// Polls for sockets that became ready, and reads none of them.
    pub(super) fn listen(&mut self) {
        let news = &mut self.news;
        self.ears.listen(|place, is_last| note(news, place, is_last));
    }
}

/// A client whose socket is ready.
struct News {
    /// Its place in its room.
    link: u16,
    /// Nothing follows what is ready now, and the kernel does not report that again.
    is_last: bool,
}

fn note(news: &mut Vec<Vec<News>>, place: Place, is_last: bool) {
    let room = place.room as usize;
    if room >= news.len() {
        news.resize_with(room + 1, Vec::new);
    }
    news[room].push(News { link: place.link, is_last });
}

fn note_once(news: &mut Vec<Vec<News>>, place: Place) {
    let known = |news: &Vec<News>| news.iter().any(|news| news.link == place.link);
    if !news.get(place.room as usize).is_some_and(known) {
        note(news, place, false);
    }
}

impl Shard {
    /// Reads the sockets of this room that became ready.
    pub(super) fn hear(&mut self, room: RoomKey, now: Instant, hearing: &mut Hearing) {
        let Some(news) = hearing.news.get_mut(room.place() as usize) else { return };
        if news.is_empty() {
            return;
        }
        let mut links = std::mem::take(news);
        if let Some((driver, _)) = self.rooms.get_mut(room) {
            // All of them first, so that their cache misses overlap.
            links.iter().for_each(|news| driver.has_news(news.link, news.is_last));
        }
        for News { link, .. } in links.drain(..) {
            self.hear_one(Place { room: room.place(), link }, now, hearing);
        }
        // Clients that are not read to the end are in the list again; they are kept.
        let news = &mut hearing.news[room.place() as usize];
        links.append(news);
        *news = links;
    }

    /// Watches the socket of a client that has just joined. Messages that came with its hello are
    /// read before the first tick after its welcome.
    pub(super) fn welcome(&mut self, room: RoomKey, link: u16, hearing: &mut Hearing) {
        let place = Place { room: room.place(), link };
        let Some((driver, _)) = self.rooms.get_mut(room) else { return };
        let Some(client) = driver.client(link) else { return };
        if let Err(error) = self.door.watch(client, place) {
            let end = self.commons.unwatched(&error, Instant::now());
            return driver.let_go(link, end);
        }
        if let Some(open) = self.farewell {
            return self.call(room, |driver| driver.farewell(open));
        }
        note(&mut hearing.news, place, false);
    }

    /// Reads one client. If its bytes make the decoder panic, only this client is closed.
    fn hear_one(&mut self, place: Place, now: Instant, hearing: &mut Hearing) {
        let heard = catch_unwind(AssertUnwindSafe(|| self.hear_out(place, now, hearing)));
        let Err(panic) = heard else { return };
        if !std::mem::take(&mut hearing.is_decoding) {
            resume_unwind(panic);
        }
        let end = End::panicked();
        if let Some((_, (driver, _))) = self.rooms.at(place.room) {
            driver.let_go(place.link, end);
        }
    }

    fn hear_out(&mut self, place: Place, now: Instant, hearing: &mut Hearing) {
        for _ in 0..MESSAGES_MAX {
            let Some((room, (driver, _))) = self.rooms.at(place.room) else { return };
            hearing.is_decoding = true;
            let heard = driver.hear(place.link, &mut hearing.buffer, now, &self.commons);
            hearing.is_decoding = false;
            let Some((from, message)) = heard else {
                // The kernel reports only new bytes. Those from before the welcome would never be
                // read.
                if driver.awaits_welcome(place.link) {
                    note_once(&mut hearing.news, place);
                }
                return;
            };
            self.message(room, from, message);
        }
        note(&mut hearing.news, place, false);
    }

    fn message(&mut self, room: RoomKey, from: ConnectionId, message: ClientMessage) {
        self.measures.message((&message).into());
        // If the room has failed meanwhile, its clients were closed with a reason.
        let Some((driver, _)) = self.rooms.get_mut(room) else { return };
        let frees_a_seat = message == ClientMessage::Leave;
        if let Err(why) = driver.message(from, message) {
            let id = driver.id().clone();
            self.bury(&id, &why);
        } else if frees_a_seat && let Some(status) = driver.news() {
            self.directory.update(driver.id(), status);
        }
    }
}
