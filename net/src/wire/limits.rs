//! Every limit of the wire, in one place, with its reason. Relations between them are asserted at
//! compile time.

/// Bytes of a message or a frame from a client. The largest honest one is a chat line of 200
/// characters of 4 bytes each, escaped for JSON: below 3 KiB.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;

/// Characters of a name. That many fit above a player's head.
pub const NAME_CHARS_MAX: usize = 24;

/// Characters of a name of a room, a user or a member of a relay. Old pages have names of this
/// length, such as random ids.
pub const RELAY_NAME_CHARS_MAX: usize = 64;

/// Bytes of a topic's facility, which is the path of its socket. Longer paths are no game ids.
pub const FACILITY_BYTES_MAX: usize = 256;

/// Characters of a chat line. That many fit beside the arena on a phone in three lines.
pub const CHAT_CHARS_MAX: usize = 200;

/// Bytes of a published text. A page of text; what is longer belongs behind a link.
pub const NOTICE_BYTES_MAX: usize = 4096;

/// Characters of a notice's title. That many fit a phone in two lines.
pub const NOTICE_TITLE_CHARS_MAX: usize = 100;

/// Chat lines that a session may send within [`CHAT_WINDOW_S`].
pub const CHAT_LINES_MAX: u32 = 5;

/// Seconds over which chat lines are counted.
pub const CHAT_WINDOW_S: f32 = 5.0;

/// Characters of a mode's name, a room's id or a resume token.
pub const ID_CHARS_MAX: usize = 128;

/// Characters of a private room's code. Six can be read aloud and typed.
/// [`RoomCode`](crate::RoomCode) says how many codes there are.
pub const CODE_CHARS: usize = 6;

/// Largest absolute coordinate of an intent, in units. Far outside every arena, and exact on the
/// grid.
pub const COORDINATE_UNITS_MAX: i32 = 64;

/// Early inputs that a seat may hold. Enough for 267 ms at 30 Hz, more than any honest client runs
/// ahead.
pub const INPUTS_HELD_MAX: usize = 8;

/// Largest lead of an input's number over the newest one: three hours of inputs at the allowed
/// rate. Without it, an input with the largest number would be the last of its seat.
pub const SEQ_AHEAD_MAX: u32 = 1 << 20;

/// Ticks that an input may be early.
pub const INPUT_LEAD_TICKS_MAX: u32 = 8;

/// Invalid messages after which a connection is closed with 4011. A client that has made ten
/// mistakes will go on making them.
pub const INVALID_MESSAGES_MAX: u32 = 10;

/// Nested containers of a message. The deepest honest one, a list of records in a map, has 3.
pub const DEPTH_MAX: usize = 8;

const _: () =
    assert!(6 * CHAT_CHARS_MAX * 2 + 64 < FRAME_BYTES_MAX, "an escaped chat line fits a frame");
/// Characters of an error's text that come from a parser, which may quote its input.
pub const ERROR_CHARS_MAX: usize = 200;

const _: () = assert!(NAME_CHARS_MAX <= ID_CHARS_MAX);
const _: () = assert!(COORDINATE_UNITS_MAX * bolide_sim::GRID == bolide_sim::Point::LIMIT);
const _: () =
    assert!(INPUTS_HELD_MAX >= INPUT_LEAD_TICKS_MAX as usize, "every tick ahead may hold one");
