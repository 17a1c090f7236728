//! The frames of the old client, one JSON object each. They are read leniently, as they occur in
//! the wild, and written strictly, with the keys in the order of the old relay.
//!
//! ```text
//! {"event":"create_player","uuid":U,"username":S,"photo":URL}
//! {"event":"move_to","uuid":U,"tx":N,"ty":N}                        also blink, or flash
//! {"event":"shoot_fireball","uuid":U,"tx":N,"ty":N,"ball_uuid":B}
//! {"event":"attack","uuid":U,"attackee_uuid":V,"x":N,"y":N,"angle":N,"damage":N,"ball_uuid":B}
//! {"event":"message","uuid":U,"username":S,"text":S}
//! ```
//!
//! Frames to the page begin with `"type":"group_send_event"`, except for the players that were
//! there before it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::identity::Uuid;
use crate::place::Place;

/// Bytes of a frame of the page. The longest honest one is a line of chat: 200 characters of at
/// most 6 bytes as JSON may write them, and a name.
pub const FRAME_BYTES_MAX: usize = 2048;

/// A frame that was ignored. The owner of a page counts them, and closes it after ten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// More bytes than any frame needs.
    #[error("the frame has {0} bytes; allowed are {FRAME_BYTES_MAX}")]
    TooLong(usize),
    /// No JSON object.
    #[error("the frame is no JSON object")]
    NotJson,
    /// An event that no old client sends.
    #[error(
        "the event is unknown; allowed are create_player, move_to, shoot_fireball, attack, blink and message"
    )]
    UnknownEvent,
    /// A key is missing, or its value is of the wrong kind.
    #[error("{field} is missing or wrong; allowed is {allowed}")]
    Field {
        /// The key.
        field: &'static str,
        /// The values that are allowed.
        allowed: &'static str,
    },
    /// A frame before `create_player`.
    #[error("the first frame is create_player")]
    NotCreated,
    /// Another `create_player`.
    #[error("create_player is allowed once")]
    CreatedTwice,
    /// The number of another player.
    #[error("uuid is not that of this connection's create_player")]
    Stranger,
}

/// A frame of the page, checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClientFrame {
    /// The player that it says to come from.
    pub(crate) uuid: Uuid,
    pub(crate) event: ClientEvent,
}

/// The event of a frame of the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ClientEvent {
    CreatePlayer { username: String },
    MoveTo(Place),
    ShootFireball { at: Place, ball: Uuid },
    Attack { victim: Uuid, at: Place, angle: f64, damage: f64, ball: Uuid },
    Blink(Place),
    Message { text: String },
}

impl ClientFrame {
    /// Reads a frame. Keys that are not known are ignored, and so is the picture.
    pub(crate) fn read(text: &str) -> Result<ClientFrame, PageError> {
        if text.len() > FRAME_BYTES_MAX {
            return Err(PageError::TooLong(text.len()));
        }
        let keys: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| PageError::NotJson)?;
        let keys = Keys(&keys);
        let event = match keys.text("event")? {
            "create_player" => {
                ClientEvent::CreatePlayer { username: keys.text("username")?.into() }
            }
            "move_to" => ClientEvent::MoveTo(keys.place("tx", "ty")?),
            "shoot_fireball" => ClientEvent::ShootFireball {
                at: keys.place("tx", "ty")?,
                ball: keys.uuid("ball_uuid")?,
            },
            "attack" => ClientEvent::Attack {
                victim: keys.uuid("attackee_uuid")?,
                at: keys.place("x", "y")?,
                angle: keys.number("angle")?,
                damage: keys.number("damage")?.clamp(-DAMAGE_MAX, DAMAGE_MAX),
                ball: keys.uuid("ball_uuid")?,
            },
            "blink" | "flash" => ClientEvent::Blink(keys.place("tx", "ty")?),
            "message" => ClientEvent::Message { text: keys.text("text")?.to_owned() },
            _ => return Err(PageError::UnknownEvent),
        };
        Ok(ClientFrame { uuid: keys.uuid("uuid")?, event })
    }
}

/// The largest damage that a claim is read with. A radius is at most 0.05 on every honest page.
const DAMAGE_MAX: f64 = 1.0;

struct Keys<'a>(&'a Map<String, Value>);

impl Keys<'_> {
    fn text(&self, field: &'static str) -> Result<&str, PageError> {
        let text = self.0.get(field).and_then(Value::as_str);
        text.ok_or(PageError::Field { field, allowed: "a text" })
    }

    fn uuid(&self, field: &'static str) -> Result<Uuid, PageError> {
        let wrong = PageError::Field { field, allowed: "a text of eight digits" };
        self.text(field).ok().and_then(Uuid::parse).ok_or(wrong)
    }

    /// JSON has no NaN and no infinity, and the parser refuses what is too large for a double.
    fn number(&self, field: &'static str) -> Result<f64, PageError> {
        let number = self.0.get(field).and_then(Value::as_f64);
        number.ok_or(PageError::Field { field, allowed: "a finite number" })
    }

    fn place(&self, x: &'static str, y: &'static str) -> Result<Place, PageError> {
        Ok(Place::clamped(self.number(x)?, self.number(y)?))
    }
}

/// A frame to the page.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum ServerFrame<'a> {
    CreatePlayer {
        uuid: Uuid,
        username: &'a str,
        photo: &'a str,
    },
    MoveTo {
        uuid: Uuid,
        tx: f64,
        ty: f64,
    },
    ShootFireball {
        uuid: Uuid,
        tx: f64,
        ty: f64,
        ball_uuid: Uuid,
    },
    Attack {
        uuid: Uuid,
        attackee_uuid: Uuid,
        x: f64,
        y: f64,
        angle: f64,
        damage: f64,
        ball_uuid: Uuid,
    },
    Blink {
        uuid: Uuid,
        tx: f64,
        ty: f64,
    },
    Message {
        uuid: Uuid,
        username: &'a str,
        text: &'a str,
    },
}

impl ServerFrame<'_> {
    /// Writes a frame as the relay sends it to all members of a room.
    pub(crate) fn to_group(&self) -> String {
        #[derive(Serialize)]
        struct Typed<'a, 'b> {
            r#type: &'static str,
            #[serde(flatten)]
            frame: &'a ServerFrame<'b>,
        }
        json(&Typed { r#type: "group_send_event", frame: self })
    }

    /// Writes a frame as the relay sends it to a joiner alone.
    pub(crate) fn to_joiner(&self) -> String {
        json(self)
    }
}

fn json(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).expect("texts and finite numbers are JSON")
}

#[cfg(test)]
mod tests {
    use super::{ClientEvent, ClientFrame, FRAME_BYTES_MAX, PageError, ServerFrame};
    use crate::identity::Uuid;
    use crate::place::Place;

    fn uuid(text: &str) -> Uuid {
        Uuid::parse(text).expect("digits")
    }

    #[test]
    fn frames_are_read_leniently() {
        for (text, event) in [
            (
                r#"{"event":"create_player","uuid":"11111111","username":"A","profile":"P"}"#,
                ClientEvent::CreatePlayer { username: "A".to_owned() },
            ),
            (
                r#"{"tx":0.5,"extra":[1,{}],"ty":-1,"uuid":"11111111","event":"move_to"}"#,
                ClientEvent::MoveTo(Place { x: 0.5, y: -1.0 }),
            ),
            (
                r#"{"event":"move_to","uuid":"11111111","tx":1e300,"ty":-1e300}"#,
                ClientEvent::MoveTo(Place { x: 64.0, y: -64.0 }),
            ),
            (
                r#"{"event":"flash","uuid":"11111111","tx":1,"ty":2}"#,
                ClientEvent::Blink(Place { x: 1.0, y: 2.0 }),
            ),
        ] {
            let frame = ClientFrame { uuid: uuid("11111111"), event };
            assert_eq!(ClientFrame::read(text), Ok(frame), "{text}");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused_by_name() {
        let number = |field| PageError::Field { field, allowed: "a finite number" };
        let digits = |field| PageError::Field { field, allowed: "a text of eight digits" };
        let text = |field| PageError::Field { field, allowed: "a text" };
        for (frame, expect) in [
            ("", PageError::NotJson),
            ("[]", PageError::NotJson),
            ("{}", text("event")),
            (r#"{"event":1}"#, text("event")),
            (r#"{"event":"dance","uuid":"11111111"}"#, PageError::UnknownEvent),
            (r#"{"event":"move_to","uuid":"11111111","tx":"1","ty":0}"#, number("tx")),
            (r#"{"event":"move_to","uuid":"11111111","tx":1,"ty":null}"#, number("ty")),
            (r#"{"event":"move_to","uuid":"11111111","tx":1}"#, number("ty")),
            (r#"{"event":"move_to","uuid":"11111111","tx":NaN,"ty":0}"#, PageError::NotJson),
            (r#"{"event":"move_to","uuid":"11111111","tx":1e999,"ty":0}"#, PageError::NotJson),
            (r#"{"event":"move_to","uuid":11111111,"tx":1,"ty":0}"#, digits("uuid")),
            (r#"{"event":"blink","tx":1,"ty":0}"#, digits("uuid")),
            (r#"{"event":"message","uuid":"11111111","username":"A"}"#, text("text")),
            (r#"{"event":"shoot_fireball","uuid":"11111111","tx":1,"ty":0}"#, digits("ball_uuid")),
        ] {
            assert_eq!(ClientFrame::read(frame), Err(expect), "{frame}");
        }
        let long = " ".repeat(FRAME_BYTES_MAX + 1);
        assert_eq!(ClientFrame::read(&long), Err(PageError::TooLong(2049)));
    }

    #[test]
    fn keys_are_written_in_the_order_of_the_relay() {
        let (u, v, b) = (uuid("11111111"), uuid("02222222"), uuid("33333333"));
        let (tx, ty) = (0.5, 1.0);
        let typed = r#"{"type":"group_send_event","event":"#;
        for (frame, expect) in [
            (
                ServerFrame::CreatePlayer { uuid: u, username: "A", photo: "P" },
                r#""create_player","uuid":"11111111","username":"A","photo":"P"}"#,
            ),
            (
                ServerFrame::MoveTo { uuid: u, tx, ty },
                r#""move_to","uuid":"11111111","tx":0.5,"ty":1.0}"#,
            ),
            (
                ServerFrame::ShootFireball { uuid: u, tx, ty, ball_uuid: b },
                r#""shoot_fireball","uuid":"11111111","tx":0.5,"ty":1.0,"ball_uuid":"33333333"}"#,
            ),
            (
                ServerFrame::Attack {
                    uuid: u,
                    attackee_uuid: v,
                    x: 0.25,
                    y: 0.5,
                    angle: 1.5,
                    damage: 0.01,
                    ball_uuid: b,
                },
                r#""attack","uuid":"11111111","attackee_uuid":"02222222","x":0.25,"y":0.5,"angle":1.5,"damage":0.01,"ball_uuid":"33333333"}"#,
            ),
            (
                ServerFrame::Blink { uuid: u, tx, ty },
                r#""blink","uuid":"11111111","tx":0.5,"ty":1.0}"#,
            ),
            (
                ServerFrame::Message { uuid: u, username: "A", text: "\"é\n" },
                r#""message","uuid":"11111111","username":"A","text":"\"é\n"}"#,
            ),
        ] {
            assert_eq!(frame.to_group(), format!("{typed}{expect}"));
            assert_eq!(frame.to_joiner(), format!("{{\"event\":{expect}"));
        }
    }
}
