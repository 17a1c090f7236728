//! Checks `docs/protocol.md`: every frame on it is a valid message in its direction, its drawings
//! are the golden bytes, and its tables of errors, close codes and rules are complete.

use std::collections::BTreeSet;
use std::path::Path;

use bolide_net::{CloseCode, Codec, ErrorCode};
use serde_json::Value;

/// With fewer frames than this, the test has missed some.
const FRAMES_MIN: usize = 36;
const DRAWINGS_MIN: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Client,
    Server,
}

#[test]
fn every_frame_on_the_page_is_a_message() {
    let page = page();
    let frames = frames(&page);
    for (from, frame) in &frames {
        let decoded = match from {
            From::Client => Codec::Json.decode_client(frame.as_bytes()).map(drop),
            From::Server => {
                let message = Codec::Json.decode_server(frame.as_bytes());
                message.map(|message| drop(message.unwrap_or_else(|| panic!("unknown: {frame}"))))
            }
        };
        assert_eq!(decoded, Ok(()), "from the {from:?}: {frame}");
    }
    assert!(frames.len() >= FRAMES_MIN, "only {} frames are found", frames.len());
    for from in [From::Client, From::Server] {
        assert!(frames.iter().any(|frame| frame.0 == from), "no frame of a {from:?}");
    }
}

#[test]
fn the_drawings_are_the_golden_bytes() {
    let page = page();
    let mut drawings = 0;
    for golden in goldens() {
        let name = golden["name"].as_str().expect("a name");
        let Some((_, rest)) = page.split_once(&format!("\n`{name}`:\n\n```text\n")) else {
            continue;
        };
        let (drawing, _) = rest.split_once("```").expect("the block ends");
        // The bytes are before a gap of at least two spaces.
        let bytes = drawing.lines().map(|line| line.split("  ").next().unwrap_or(""));
        let bytes: String = bytes.flat_map(|bytes| bytes.split(' ')).collect();
        assert_eq!(golden["msgpack"], bytes, "{name}");
        drawings += 1;
    }
    assert!(drawings >= DRAWINGS_MIN, "only {drawings} drawings are found");
}

#[test]
fn the_tables_are_complete() {
    let codes = ERRORS.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(rows("Errors", "code"), codes);
    let codes = CLOSES.iter().map(|code| code.code().to_string()).collect();
    assert_eq!(rows("Close codes", "code"), codes);
    let goldens = goldens();
    let rules = |name: &str| {
        let welcome = goldens.iter().find(|golden| golden["name"] == name).expect("one");
        welcome["meaning"]["rules"].as_object().expect("its rules").clone()
    };
    let (zone, late) = (rules("welcome-royale"), rules("welcome-late-joins"));
    let zone = zone["zone"].as_object().expect("a zone").keys().map(|name| format!("zone.{name}"));
    assert_eq!(
        rows("Server to client: control", "of `rules`"),
        late.keys().cloned().chain(zone).collect()
    );
}

const ERRORS: [ErrorCode; 15] = [
    ErrorCode::Malformed,
    ErrorCode::UnknownMessage,
    ErrorCode::OutOfRange,
    ErrorCode::NotJoined,
    ErrorCode::AlreadyJoined,
    ErrorCode::UnknownMode,
    ErrorCode::UnknownRoom,
    ErrorCode::RoomFull,
    ErrorCode::RoomLocked,
    ErrorCode::ServerFull,
    ErrorCode::BadResume,
    ErrorCode::ChatRate,
    ErrorCode::NotCreator,
    ErrorCode::BotsFixed,
    ErrorCode::RoomFailed,
];

const CLOSES: [CloseCode; 16] = [
    CloseCode::Normal,
    CloseCode::Protocol,
    CloseCode::WrongFrameKind,
    CloseCode::BadUtf8,
    CloseCode::Policy,
    CloseCode::TooBig,
    CloseCode::Internal,
    CloseCode::Restarting,
    CloseCode::TryLater,
    CloseCode::BadToken,
    CloseCode::Version,
    CloseCode::Rate,
    CloseCode::Replaced,
    CloseCode::TooSlow,
    CloseCode::InvalidMessage,
    CloseCode::Idle,
];

/// A new code does not compile until it is added here, and to the list above.
const _: () = {
    match ErrorCode::Malformed {
        ErrorCode::Malformed
        | ErrorCode::UnknownMessage
        | ErrorCode::OutOfRange
        | ErrorCode::NotJoined
        | ErrorCode::AlreadyJoined
        | ErrorCode::UnknownMode
        | ErrorCode::UnknownRoom
        | ErrorCode::RoomFull
        | ErrorCode::RoomLocked
        | ErrorCode::ServerFull
        | ErrorCode::BadResume
        | ErrorCode::ChatRate
        | ErrorCode::NotCreator
        | ErrorCode::BotsFixed
        | ErrorCode::RoomFailed => {}
    }
    match CloseCode::Normal {
        CloseCode::Normal
        | CloseCode::Protocol
        | CloseCode::WrongFrameKind
        | CloseCode::BadUtf8
        | CloseCode::Policy
        | CloseCode::TooBig
        | CloseCode::Internal
        | CloseCode::Restarting
        | CloseCode::TryLater
        | CloseCode::BadToken
        | CloseCode::Version
        | CloseCode::Rate
        | CloseCode::Replaced
        | CloseCode::TooSlow
        | CloseCode::InvalidMessage
        | CloseCode::Idle => {}
    }
};

/// Returns every frame with its sender. A frame is a code span or a block under "Client to server"
/// or "Server to client", or a line of the conversation that begins with its sender.
fn frames(page: &str) -> Vec<(From, String)> {
    let mut frames = Vec::new();
    let mut from = None;
    let mut block: Option<String> = None;
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            let client = title.starts_with("Client to server").then_some(From::Client);
            from = client.or(title.starts_with("Server to client").then_some(From::Server));
        } else if line.starts_with("```") {
            block = match block {
                None => Some(String::new()),
                Some(text) => {
                    frames.extend(from.filter(|_| is_frame(&text)).map(|from| (from, text)));
                    None
                }
            };
        } else if let Some(text) = &mut block {
            let speakers = [("client  ", From::Client), ("server  ", From::Server)];
            match speakers.iter().find_map(|(who, from)| Some((*from, line.strip_prefix(who)?))) {
                Some((from, frame)) if is_frame(frame) => frames.push((from, frame.to_owned())),
                Some(_) => {}
                None => *text += &format!("{line}\n"),
            }
        } else {
            let spans = line.split('`').skip(1).step_by(2).filter(|span| is_frame(span));
            frames.extend(
                from.into_iter()
                    .flat_map(|from| spans.clone().map(move |span| (from, span.to_owned()))),
            );
        }
    }
    frames
}

/// Returns whether a text is meant as a frame: a map with a kind, or an array that begins with one
/// and has no names in place of values.
fn is_frame(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let numbers = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named = numbers.filter(|part| word(part)).any(|part| part != "null");
    text.starts_with("{\"t\"") || (text.starts_with('[') && !named && !text.contains('\u{2026}'))
}

/// Returns the first column of the table with that heading, in that section.
fn rows(section: &str, heading: &str) -> BTreeSet<String> {
    let page = page();
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).expect("the section");
    let (section, _) = rest.split_once("\n## ").unwrap_or((rest, ""));
    let (_, rest) = section.split_once(&format!("\n| {heading} |")).expect("the table");
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with("| "));
    rows.map(|row| row.split(" | ").next().unwrap_or("").trim_matches(['|', ' ', '`']).to_owned())
        .collect()
}

fn goldens() -> Vec<Value> {
    serde_json::from_str(&read("tests/golden/frames.json")).expect("an array")
}

fn page() -> String {
    read("../docs/protocol.md")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}
