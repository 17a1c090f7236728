//! `GET /api/v1/rooms`: the rooms as JSON, made at most once a second. So a peer with endless
//! requests does not take the directory's lock each time, and one that reads nothing has no copy of
//! its own. Time is an argument.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;

use crate::directory::{Directory, ListedRoom};

/// The oldest that the list may be.
const AGE_MAX: Duration = Duration::from_secs(1);

/// The list, shared by all responses.
#[derive(Debug)]
pub(crate) struct RoomList {
    directory: Arc<Directory>,
    made: Mutex<Option<(Instant, Bytes)>>,
}

impl RoomList {
    pub(crate) fn new(directory: Arc<Directory>) -> RoomList {
        RoomList { directory, made: Mutex::default() }
    }

    /// Returns every room that is not private, by id, as it was at most a second ago.
    pub(crate) fn json(&self, now: Instant) -> Bytes {
        // Locked while the list is made, so that it is made once.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, json)) = &*made
            && now < *at + AGE_MAX
        {
            return json.clone();
        }
        let rooms = self.directory.list().into_iter().map(RoomEntry::from).collect();
        let json = serde_json::to_vec(&Rooms { rooms }).expect("texts and numbers are JSON");
        let json = Bytes::from(json);
        *made = Some((now, json.clone()));
        json
    }
}

#[derive(Serialize)]
struct Rooms {
    rooms: Vec<RoomEntry>,
}

#[derive(Serialize)]
struct RoomEntry {
    id: String,
    mode: String,
    phase: &'static str,
    players: u16,
    seats: u16,
    seats_taken: u16,
    r#match: u32,
    locked: bool,
}

impl From<ListedRoom> for RoomEntry {
    fn from(ListedRoom { id, mode, seats, status, .. }: ListedRoom) -> RoomEntry {
        RoomEntry {
            id: id.as_str().to_owned(),
            mode,
            phase: status.stage.name(),
            players: status.players,
            seats,
            seats_taken: status.seats_taken,
            r#match: status.match_number,
            locked: status.locked,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use bolide_net::WantedRoom;
    use bolide_sim::preset;

    use super::RoomList;
    use crate::directory::Directory;

    #[test]
    fn the_list_is_made_once_a_second() {
        let directory = Arc::new(Directory::new(100, 100, 1));
        let list = RoomList::new(Arc::clone(&directory));
        let start = Instant::now();
        assert_eq!(list.json(start), "{\"rooms\":[]}");
        let brawl = preset("brawl").expect("a preset");
        let _seat = directory.reserve(&WantedRoom::Any, &brawl).expect("a seat");
        assert_eq!(list.json(start + Duration::from_millis(999)), "{\"rooms\":[]}");
        let later = start + Duration::from_secs(1);
        let made = list.json(later);
        assert!(made.starts_with(b"{\"rooms\":[{\"id\":\""), "{made:?}");
        // The same bytes, not a copy.
        assert_eq!(list.json(later + Duration::from_millis(500)).as_ptr(), made.as_ptr());
    }
}
