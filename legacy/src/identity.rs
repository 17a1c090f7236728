//! The numbers by which one page knows players and balls: eight digits, which the wire calls uuids.
//! The page has drawn its own and those of its balls. All others are drawn here, for this page
//! alone, so that no page learns a number that another page uses.

use core::fmt;

use serde::{Serialize, Serializer};

/// Eight decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Uuid(u32);

/// Numbers of eight digits.
const COUNT: u32 = 100_000_000;

impl Uuid {
    /// Reads the digits; `None` if the text is anything else.
    pub(crate) fn parse(text: &str) -> Option<Uuid> {
        let is_digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits { text.parse().ok().map(Uuid) } else { None }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The players that one page knows, by seat, and the numbers that were drawn for it.
pub(crate) struct Identities {
    own: Uuid,
    seat: Option<u16>,
    /// The numbers of the other seats. One entry a seat, so at most the capacity of the room.
    others: Vec<(u16, Uuid)>,
    drawn: u32,
}

impl Identities {
    /// Begins with the number that the page has drawn for itself.
    pub(crate) const fn new(own: Uuid) -> Identities {
        Identities { own, seat: None, others: Vec::new(), drawn: 0 }
    }

    /// Returns the page's own number.
    pub(crate) const fn own(&self) -> Uuid {
        self.own
    }

    /// Notes the page's own seat.
    pub(crate) const fn take_seat(&mut self, seat: u16) {
        self.seat = Some(seat);
    }

    /// Returns the number of the player with this seat. The first time it is drawn.
    pub(crate) fn of(&mut self, seat: u16) -> Uuid {
        if self.seat == Some(seat) {
            return self.own;
        }
        if let Some((_, uuid)) = self.others.iter().find(|(other, _)| *other == seat) {
            return *uuid;
        }
        let uuid = self.draw();
        self.others.push((seat, uuid));
        uuid
    }

    /// Returns the seat of the player with this number.
    pub(crate) fn seat_of(&self, uuid: Uuid) -> Option<u16> {
        if uuid == self.own {
            return self.seat;
        }
        self.others.iter().find(|(_, other)| *other == uuid).map(|(seat, _)| *seat)
    }

    /// Forgets the number of a seat. Its player gets another one if it comes again, because a page
    /// that has removed a player may keep what it knows of that number.
    pub(crate) fn forget(&mut self, seat: u16) {
        self.others.retain(|(other, _)| *other != seat);
    }

    /// Draws a number that this page has not seen as a player's. The step is odd and no multiple of
    /// 5, so that each number comes once before any repeats.
    pub(crate) fn draw(&mut self) -> Uuid {
        loop {
            self.drawn = (self.drawn + 61_803_399) % COUNT;
            let uuid = Uuid(self.drawn);
            if uuid != self.own && self.others.iter().all(|(_, other)| *other != uuid) {
                return uuid;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Identities, Uuid};

    #[test]
    fn a_number_is_eight_digits() {
        for (text, is_uuid) in [
            ("00000001", true),
            ("99999999", true),
            ("1234567", false),
            ("123456789", false),
            ("1234567a", false),
            ("+1234567", false),
            ("", false),
        ] {
            let uuid = Uuid::parse(text);
            assert_eq!(uuid.map(|uuid| uuid.to_string()), is_uuid.then(|| text.to_owned()));
        }
    }

    #[test]
    fn a_seat_keeps_its_number_until_it_is_forgotten() {
        let mut identities = Identities::new(Uuid(7));
        identities.take_seat(3);
        assert_eq!(identities.of(3), Uuid(7));
        assert_eq!(identities.seat_of(Uuid(7)), Some(3));
        let one = identities.of(1);
        assert_eq!(identities.of(1), one);
        assert_ne!(identities.of(2), one);
        assert_eq!(identities.seat_of(one), Some(1));
        identities.forget(1);
        assert_eq!(identities.seat_of(one), None);
        assert_ne!(identities.of(1), one);
    }

    /// The number that would be drawn first is the page's own.
    #[test]
    fn nobody_gets_the_number_of_the_page() {
        let first = Identities::new(Uuid(0)).draw();
        let mut identities = Identities::new(first);
        assert_ne!(identities.of(1), first);
        assert_ne!(identities.draw(), identities.of(1));
    }
}
