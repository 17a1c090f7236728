//! Frames to the page, in the numbers that the page knows.

use crate::frame::ServerFrame;
use crate::identity::{Identities, Uuid};
use crate::page::PageOutput;
use crate::place::Place;
use crate::text::escaped;

/// Writes frames to one page.
pub(crate) struct Writer<'a> {
    pub(crate) identities: &'a mut Identities,
    pub(crate) picture: &'a str,
    pub(crate) out: &'a mut PageOutput,
}

/// An `attack` as the page takes it.
#[derive(Clone, Copy)]
pub(crate) struct Attack {
    pub(crate) at: Place,
    pub(crate) angle: f64,
    pub(crate) damage: f64,
    /// The ball that ends with it, if there is one.
    pub(crate) ball: Option<Uuid>,
}

impl Attack {
    /// Returns an attack that does not push.
    pub(crate) const fn still(at: Place, damage: f64) -> Attack {
        Attack { at, angle: 0.0, damage, ball: None }
    }
}

impl Writer<'_> {
    /// Creates a player. Those that were there before the page are for a joiner.
    pub(crate) fn create(&mut self, uuid: Uuid, name: &str, for_joiner: bool) {
        let username = escaped(name);
        let frame = ServerFrame::CreatePlayer { uuid, username: &username, photo: self.picture };
        self.out.to_page.push(if for_joiner { frame.to_joiner() } else { frame.to_group() });
    }

    /// Lets the player of a seat walk.
    pub(crate) fn move_to(&mut self, seat: u16, to: Place) {
        let (uuid, Place { x, y }) = (self.identities.of(seat), to.rounded());
        self.send(&ServerFrame::MoveTo { uuid, tx: x, ty: y });
    }

    /// Lets the player of a seat throw a ball.
    pub(crate) fn shoot(&mut self, seat: u16, toward: Place, ball_uuid: Uuid) {
        let (uuid, Place { x, y }) = (self.identities.of(seat), toward.rounded());
        self.send(&ServerFrame::ShootFireball { uuid, tx: x, ty: y, ball_uuid });
    }

    /// Lets the player of a seat blink.
    pub(crate) fn blink(&mut self, seat: u16, to: Place) {
        let (uuid, Place { x, y }) = (self.identities.of(seat), to.rounded());
        self.send(&ServerFrame::Blink { uuid, tx: x, ty: y });
    }

    /// Hits, places, grows or shrinks a player.
    pub(crate) fn attack(&mut self, by: Uuid, victim: Uuid, attack: &Attack) {
        let Attack { at, angle, damage, ball } = *attack;
        let Place { x, y } = at.rounded();
        let ball_uuid = ball.unwrap_or_else(|| self.identities.draw());
        self.send(&ServerFrame::Attack {
            uuid: by,
            attackee_uuid: victim,
            x,
            y,
            angle,
            damage,
            ball_uuid,
        });
    }

    /// Writes a line of chat.
    pub(crate) fn say(&mut self, uuid: Uuid, username: &str, text: &str) {
        let (username, text) = (escaped(username), escaped(text));
        self.send(&ServerFrame::Message { uuid, username: &username, text: &text });
    }

    fn send(&mut self, frame: &ServerFrame<'_>) {
        self.out.to_page.push(frame.to_group());
    }
}
