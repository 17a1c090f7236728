//! Hostile and mistaken frames, each with the code and the text of its refusal.

use bolide_net::Codec;
use bolide_net::ErrorCode::{self, Malformed, OutOfRange, UnknownMessage};

pub(crate) struct Case {
    pub codec: Codec,
    pub frame: Vec<u8>,
    pub code: ErrorCode,
    /// A part of the error's text.
    pub text: &'static str,
}

fn json(frame: impl Into<Vec<u8>>, code: ErrorCode, text: &'static str) -> Case {
    Case { codec: Codec::Json, frame: frame.into(), code, text }
}

fn msgpack(frame: impl Into<Vec<u8>>, code: ErrorCode, text: &'static str) -> Case {
    Case { codec: Codec::MessagePack, frame: frame.into(), code, text }
}

fn not_the_format() -> Vec<Case> {
    vec![
        json("", Malformed, "the frame is empty"),
        json("   \n", Malformed, "the frame is empty"),
        json("hello", Malformed, "a message is a JSON object or a JSON array"),
        json("null", Malformed, "a message is a JSON object or a JSON array"),
        json("7", Malformed, "a message is a JSON object or a JSON array"),
        json("\"hello\"", Malformed, "a message is a JSON object or a JSON array"),
        json("{\"t\":", Malformed, "EOF"),
        json("{\"t\":\"leave\"", Malformed, "EOF"),
        json("{\"t\":\"leave\"} x", Malformed, "trailing characters"),
        json("{\"t\":\"leave\"}{\"t\":\"leave\"}", Malformed, "trailing characters"),
        json("[1,1,null,null,0]]", Malformed, "trailing characters"),
        json("[1,1,null,null,0],", Malformed, "trailing characters"),
        json("{t:\"leave\"}", Malformed, "key must be a string"),
        json("{\"t\":\"leave\",}", Malformed, "trailing comma"),
        json("{'t':'leave'}", Malformed, "key must be a string"),
        json("{\"t\":\"chat\",\"text\":\"\u{1}\"}", Malformed, "control character"),
        json(b"{\"t\":\"chat\",\"text\":\"\xff\"}", Malformed, "invalid unicode"),
        json("{\"t\":\"chat\",\"text\":\"\\ud800\"}", Malformed, "end of hex escape"),
        json(
            b"\xef\xbb\xbf{\"t\":\"leave\"}",
            Malformed,
            "a message is a JSON object or a JSON array",
        ),
        msgpack(b"", Malformed, "the frame is empty"),
        msgpack(b"\xc0", Malformed, "a message is a MessagePack map or a MessagePack array"),
        msgpack(b"\xa5leave", Malformed, "a message is a MessagePack map or a MessagePack array"),
        msgpack(b"{\"t\":\"leave\"}", Malformed, "bytes follow the message"),
        msgpack(b"\x81\xa1t\xa5leave\xc0", Malformed, "1 bytes follow the message"),
        msgpack(b"\x81\xa1t\xa5leave\x81\xa1t\xa5leave", Malformed, "9 bytes follow the message"),
        msgpack(b"\x81\xa1t\xa5lea", Malformed, "a value claims 5 bytes, 3 are left"),
        msgpack(b"\x81\xa1t", Malformed, "a value claims 1 bytes, 0 are left"),
        msgpack(b"\x81\xa1t\xa2\xff\xff", Malformed, "`t` is bytes that are not UTF-8"),
        msgpack(b"\x81\xa1t\xc1", Malformed, "0xc1 is no MessagePack"),
        msgpack(b"\x81\xa1t\xd6\xff\0\0\0\0", Malformed, "no message has an extension type"),
        msgpack(b"\x81\xa1t\xc7\x04\x01\0\0\0\0", Malformed, "no message has an extension type"),
    ]
}

pub(crate) fn lengths_and_depths() -> Vec<Case> {
    let deep_msgpack = [b"\x81\xa1t".as_slice(), &[0x91; 10_000]].concat();
    let wide_map = |marker: &[u8]| [marker, b"\xff\xff\xff\xff\xa1t"].concat();
    vec![
        msgpack(b"\xdd\xff\xff\xff\xff\x01", Malformed, "claims 4294967295 elements"),
        msgpack(b"\xdc\xff\xff\x01", Malformed, "claims 65535 elements"),
        msgpack(b"\x9f\x01", Malformed, "claims 15 elements, 1 bytes are left"),
        msgpack(wide_map(b"\xdf"), Malformed, "claims 8589934590 elements"),
        msgpack(b"\xde\xff\xff\xa1t", Malformed, "claims 131070 elements"),
        msgpack(b"\x81\xa1t\xdb\xff\xff\xff\xff", Malformed, "claims 4294967295 bytes"),
        msgpack(b"\x81\xa1t\xc6\xff\xff\xff\xff", Malformed, "claims 4294967295 bytes"),
        msgpack(b"\x81\xa1t\xda\xff\xff", Malformed, "claims 65535 bytes"),
        msgpack(b"\x81\xa1t\xdd\xff\xff\xff\xff", Malformed, "claims 4294967295 elements"),
        msgpack(
            b"\x97\x01\x01\xc0\xc0\x01\xdd\xff\xff\xff\xff\x00",
            Malformed,
            "claims 4294967295 elements",
        ),
        msgpack(deep_msgpack, Malformed, "nested deeper than 8"),
        json(format!("{{\"t\":{}", "[".repeat(10_000)), Malformed, "nested deeper than 8"),
        json("[".repeat(16_000), Malformed, "nested deeper than 8"),
        json(
            format!("{{\"t\":\"{}\"}}", "x".repeat(16_000)),
            UnknownMessage,
            "there is no message \"xxxxxxxx",
        ),
        json(
            format!("{{\"t\":\"leave\",\"{}\":1}}", "x".repeat(16_000)),
            Malformed,
            "unknown field \"xxxxx",
        ),
        json(format!("[{}1]", "1,".repeat(8_000)), Malformed, "the input goes on after y"),
        msgpack(
            [b"\xdc\x27\x10".as_slice(), &[1; 10_000]].concat(),
            Malformed,
            "the input goes on after y",
        ),
    ]
}

fn which_room() -> Vec<Case> {
    vec![
        json(
            "{\"t\":\"hello\",\"name\":\"a\",\"room\":\"r\",\"create\":\"public\"}",
            Malformed,
            "`room`, `code` and `create` exclude each other",
        ),
        json(
            "{\"t\":\"hello\",\"name\":\"a\",\"code\":\"K7Q2M0\"}",
            OutOfRange,
            "code is \"K7Q2M0\"; allowed is 6 letters and digits, none of them 0, O, 1 or I",
        ),
        json(
            "{\"t\":\"hello\",\"name\":\"a\",\"create\":\"secret\"}",
            Malformed,
            "`create` is \"secret\"; allowed is \"public\" or \"private\"",
        ),
    ]
}

fn fields() -> Vec<Case> {
    vec![
        json("{}", Malformed, "`t` is missing; allowed is the kind of the message"),
        json(
            "{\"t\":\"move\"}",
            UnknownMessage,
            "there is no message \"move\"; known are hello, chat",
        ),
        json("{\"t\":\"Hello\",\"name\":\"a\"}", UnknownMessage, "there is no message \"Hello\""),
        json("{\"t\":7}", Malformed, "`t` is a number; allowed is the kind of the message"),
        json("{\"t\":null}", Malformed, "`t` is missing"),
        json("{\"t\":[\"leave\"]}", Malformed, "`t` is a list; allowed is"),
        json("{\"t\":{\"leave\":{}}}", Malformed, "`t` is a map; allowed is"),
        json("{\"t\":\"hello\"}", Malformed, "`name` is missing; allowed is a text of 1 to 24"),
        json(
            "{\"t\":\"hello\",\"name\":\"a\",\"id\":1}",
            Malformed,
            "unknown field \"id\"; hello has `t`, `name`, `mode`",
        ),
        json(
            "{\"t\":\"hello\",\"name\":\"a\",\"name\":\"b\"}",
            Malformed,
            "duplicate field `name`",
        ),
        json("{\"t\":\"hello\",\"name\":null}", Malformed, "`name` is missing"),
        json(
            "{\"t\":\"hello\",\"name\":\"a\",\"mode\":1}",
            Malformed,
            "`mode` is a number; allowed is a text of 1 to 128 characters",
        ),
        json("{\"t\":\"hello\",\"name\":{}}", Malformed, "`name` is a map; allowed is a text"),
        json("{\"t\":\"leave\",\"t\":\"leave\"}", Malformed, "duplicate field `t`"),
        json("{\"t\":\"leave\",\"x\":1}", Malformed, "unknown field \"x\""),
        json("{\"t\":\"rematch\",\"x\":1}", Malformed, "unknown field \"x\""),
        json(
            "{\"t\":\"pong\"}",
            Malformed,
            "`nonce` is missing; allowed is the number of the ping",
        ),
        json(
            "{\"t\":\"pong\",\"nonce\":-1}",
            OutOfRange,
            "nonce is -1; allowed is whole numbers from 0 to 4294967295",
        ),
        json("{\"t\":\"pong\",\"nonce\":4294967296}", OutOfRange, "nonce is 4294967296"),
        json(
            "{\"t\":\"pong\",\"nonce\":1.5}",
            OutOfRange,
            "nonce is 1.5; allowed is whole numbers from 0 to 4294967295",
        ),
        json(
            "{\"t\":\"chat\",\"text\":[]}",
            Malformed,
            "`text` is a list; allowed is a text of 1 to 200 characters",
        ),
        json("{\"t\":\"welcome\"}", UnknownMessage, "there is no message \"welcome\""),
        msgpack(b"\x80", Malformed, "`t` is missing"),
        msgpack(b"\x81\xa1t\x07", Malformed, "`t` is a number"),
        msgpack(b"\x81\xa1t\xc4\x02\xff\xff", Malformed, "`t` is bytes that are not UTF-8"),
        msgpack(b"\x82\xa1t\xa5leave\xa1x\x01", Malformed, "unknown field \"x\""),
        msgpack(b"\x82\xa1t\xa5leave\xa1t\xa5leave", Malformed, "duplicate field `t`"),
        msgpack(b"\x81\xa1t\xa4move", UnknownMessage, "there is no message \"move\""),
        msgpack(b"\x82\xa1t\xa4chat\xa4text\x07", Malformed, "`text` is a number"),
        msgpack(b"\x82\xa1t\xa5hello\xa4name\xc0", Malformed, "`name` is missing"),
        msgpack(b"\x81\x01\xa5leave", Malformed, "the name of a field, which is a text"),
        msgpack(b"\x81\xc4\x01\xff\xa5leave", Malformed, "the name of a field is not UTF-8"),
    ]
}

fn texts() -> Vec<Case> {
    vec![
        json(
            "{\"t\":\"hello\",\"name\":\"\"}",
            OutOfRange,
            "name is 0 characters long; allowed is 1 to 24",
        ),
        json(
            "{\"t\":\"hello\",\"name\":\" \\u202e \"}",
            OutOfRange,
            "name is of nothing that can be seen; allowed is 1 to 24",
        ),
        json(
            "{\"t\":\"hello\",\"name\":\"a\",\"room\":\"\"}",
            OutOfRange,
            "room is 0 characters long; allowed is 1 to 128",
        ),
        json(
            format!("{{\"t\":\"hello\",\"name\":\"a\",\"resume\":\"{}\"}}", "x".repeat(129)),
            OutOfRange,
            "resume is 129 characters long",
        ),
        json(
            format!("{{\"t\":\"chat\",\"text\":\"{}\"}}", "x".repeat(201)),
            OutOfRange,
            "text is 201 characters long; allowed is 1 to 200",
        ),
        msgpack(b"\x82\xa1t\xa5hello\xa4name\xa0", OutOfRange, "name is 0 characters long"),
    ]
}

fn inputs() -> Vec<Case> {
    vec![
        json("[]", Malformed, "the array ends before kind"),
        json("[9]", UnknownMessage, "there is no message of hot kind 9"),
        json("[1.5]", UnknownMessage, "there is no message of hot kind 1.5"),
        json("[null]", Malformed, "`kind` is null; allowed is 1"),
        json("[\"1\",1,null,null,0]", Malformed, "`kind` is a text; allowed is 1"),
        json("[9,\"1\",[]]", UnknownMessage, "there is no message of hot kind 9"),
        json("[1]", Malformed, "the input ends before seq"),
        json("[1,1,null,null]", Malformed, "the input ends before intent"),
        json("[1,1,null,null,1]", Malformed, "has x and y; here are 0 numbers"),
        json("[1,1,null,null,1,0.5]", Malformed, "here are 1 numbers"),
        json("[1,1,null,null,1,0.5,0.5,0.5]", Malformed, "the input goes on after y"),
        json("[1,1,null,null,0,0.5,0.5]", Malformed, "a stop ends after its intent"),
        json(
            "[1,1,null,null,4,0.5,0.5]",
            OutOfRange,
            "intent is 4; allowed is 0 (stop), 1 (move), 2 (shoot) or 3 (blink)",
        ),
        json("[1,1,null,null,-1]", OutOfRange, "intent is -1"),
        json(
            "[1,1,null,-1,0]",
            OutOfRange,
            "view is -1; allowed is whole numbers from 0 to 4294967295",
        ),
        json(
            "[1,-1,null,null,0]",
            OutOfRange,
            "seq is -1; allowed is whole numbers from 0 to 4294967295",
        ),
        json("[1,4294967296,null,null,0]", OutOfRange, "seq is 4294967296"),
        json("[1,1.5,null,null,0]", OutOfRange, "seq is 1.5"),
        json(
            "[1,true,null,null,0]",
            Malformed,
            "`seq` is true; allowed is whole numbers from 0 to 4294967295",
        ),
        json("[1,1,18446744073709551615,null,0]", OutOfRange, "for_tick is"),
        json(
            "[1,1,null,null,1,\"0.5\",0.5]",
            Malformed,
            "`x` is a text; allowed is -64 to 64 units",
        ),
        json("[1,1,null,null,1,null,0.5]", Malformed, "`x` is null; allowed is -64 to 64 units"),
        json(
            "[1,1,null,null,1,[[[]]],0.5]",
            Malformed,
            "`x` is a list; allowed is -64 to 64 units",
        ),
        json("[1,1,null,null,1,{},0.5]", Malformed, "`x` is a map; allowed is -64 to 64 units"),
        msgpack(b"\x90", Malformed, "the array ends before kind"),
        msgpack(b"\x91\x09", UnknownMessage, "there is no message of hot kind 9"),
        msgpack(b"\x95\x01\x01\xc0\xc0\x04", OutOfRange, "intent is 4"),
        msgpack(b"\x95\x01\xff\xc0\xc0\x00", OutOfRange, "seq is -1"),
        msgpack(b"\x95\x01\xcf\0\0\0\x01\0\0\0\0\xc0\xc0\x00", OutOfRange, "seq is 4294967296"),
        msgpack(
            b"\x95\x01\xa11\xc0\xc0\x00",
            Malformed,
            "`seq` is a text; allowed is whole numbers from 0 to 4294967295",
        ),
    ]
}

fn coordinates() -> Vec<Case> {
    // NaN as f64, infinity as f32, 1e39 as f64 and integer edges, as a MessagePack client may send
    // them.
    let input = |x: &[u8]| [b"\x97\x01\x01\xc0\xc0\x01", x, b"\x00"].concat();
    let far = "allowed is -2097152 to 2097152 grid steps";
    vec![
        json("[1,1,null,null,1,NaN,0.5]", Malformed, "expected"),
        json("[1,1,null,null,1,Infinity,0.5]", Malformed, "expected"),
        json("[1,1,null,null,1,1e39,0.5]", OutOfRange, "allowed is -64 to 64 units"),
        json("[1,1,null,null,1,0.5,-1e39]", OutOfRange, "y is -1"),
        json("[1,1,null,null,1,1e400,0.5]", Malformed, "number out of range"),
        json("[1,1,null,null,1,64.1,0.5]", OutOfRange, "x is 64.1; allowed is -64 to 64 units"),
        json(
            "[1,1,null,null,1,-2147483648,0.5]",
            OutOfRange,
            "x is -2147483648; allowed is -64 to 64 units",
        ),
        msgpack(
            input(b"\xcb\x7f\xf8\0\0\0\0\0\0"),
            Malformed,
            "x is the float NaN; in MessagePack a coordinate is",
        ),
        msgpack(input(b"\xca\x7f\x80\0\0"), Malformed, "x is the float inf"),
        msgpack(input(b"\xca\x3f\0\0\0"), Malformed, "x is the float 0.5"),
        msgpack(input(b"\xcb\x48\x07\x82\x87\xf4\x9c\x4a\x1d"), Malformed, "x is the float 1"),
        msgpack(input(b"\xd2\x80\0\0\0"), OutOfRange, far),
        msgpack(input(b"\xd2\x00\x20\0\x01"), OutOfRange, "x is 2097153"),
        msgpack(input(b"\xd3\x80\0\0\0\0\0\0\0"), OutOfRange, far),
        msgpack(
            input(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
            OutOfRange,
            "x is 9223372036854775807",
        ),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    [
        not_the_format(),
        lengths_and_depths(),
        fields(),
        which_room(),
        texts(),
        inputs(),
        coordinates(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
