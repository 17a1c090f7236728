//! Bad frames: each is refused with its stable code and a text that says what was wrong and what is allowed. A panic
//! here is our bug, never bad input.

use bolide_net::{Codec, ErrorCode};

#[track_caller]
fn check(codec: Codec, frame: &[u8], code: ErrorCode, text: &str) {
    let error = codec.decode_client(frame).expect_err("refused");
    assert_eq!(error.code(), code, "{error}");
    let told = error.to_string();
    assert!(told.contains(text), "{told:?} does not say {text:?}");
}

fn json(frame: &str, code: ErrorCode, text: &str) {
    check(Codec::Json, frame.as_bytes(), code, text);
}

fn msgpack(frame: &[u8], code: ErrorCode, text: &str) {
    check(Codec::MessagePack, frame, code, text);
}

#[test]
fn not_the_format_at_all() {
    use ErrorCode::Malformed;
    json("", Malformed, "the frame is empty");
    json("hello", Malformed, "a message is a JSON object or a JSON array");
    json("{\"t\":", Malformed, "EOF");
    json("{\"t\":\"leave\"} x", Malformed, "trailing characters");
    json("[1,1,null,null,0]]", Malformed, "trailing characters");
    json("{\"t\":\"chat\",\"text\":\"\u{1}\"}", Malformed, "control character");
    check(Codec::Json, b"{\"t\":\"chat\",\"text\":\"\xff\"}", Malformed, "invalid unicode");
    msgpack(b"", Malformed, "the frame is empty");
    msgpack(b"\xc0", Malformed, "a message is a MessagePack map or a MessagePack array");
    msgpack(b"\x81\xa1t\xa5leave\xc0", Malformed, "1 bytes follow the message");
    msgpack(b"\x81\xa1t\xa5lea", Malformed, "");
    msgpack(b"\x81\xa1t\xa2\xff\xff", Malformed, "");
}

#[test]
fn wrong_fields() {
    use ErrorCode::{Malformed, UnknownMessage};
    json("{}", Malformed, "missing field `t`");
    json("{\"t\":\"move\"}", UnknownMessage, "there is no message \"move\"; known are hello, chat");
    json("{\"t\":7}", Malformed, "invalid type: integer `7`, expected a string");
    json("{\"t\":\"hello\"}", Malformed, "missing field `name`");
    json(
        "{\"t\":\"hello\",\"name\":\"a\",\"id\":1}",
        Malformed,
        "unknown field `id`, expected one of `name`",
    );
    json("{\"t\":\"hello\",\"name\":\"a\",\"name\":\"b\"}", Malformed, "duplicate field `name`");
    json("{\"t\":\"leave\",\"t\":\"leave\"}", Malformed, "duplicate field `t`");
    json("{\"t\":\"leave\",\"x\":1}", Malformed, "unknown field `x`");
    json("{\"t\":\"rematch\",\"x\":1}", Malformed, "unknown field `x`");
    json("{\"t\":\"chat\",\"text\":[]}", Malformed, "invalid type: sequence, expected a string");
    msgpack(b"\x82\xa1t\xa5leave\xa1x\x01", Malformed, "unknown field `x`");
    msgpack(b"\x81\xa1t\xa4move", UnknownMessage, "there is no message \"move\"");
}

#[test]
fn texts_out_of_range() {
    use ErrorCode::OutOfRange;
    json(
        "{\"t\":\"hello\",\"name\":\"\"}",
        OutOfRange,
        "name is 0 characters long; allowed is 1 to 24",
    );
    json(
        "{\"t\":\"hello\",\"name\":\"a\",\"room\":\"\"}",
        OutOfRange,
        "room is 0 characters long; allowed is 1 to 128",
    );
    let long = format!("{{\"t\":\"chat\",\"text\":\"{}\"}}", "x".repeat(201));
    json(&long, OutOfRange, "text is 201 characters long; allowed is 1 to 200");
}

#[test]
fn wrong_inputs() {
    use ErrorCode::{Malformed, OutOfRange, UnknownMessage};
    json("[]", Malformed, "the array ends before kind");
    json("[9]", UnknownMessage, "there is no message of hot kind 9");
    json("[1]", Malformed, "the input ends before seq");
    json("[1,1,null,null]", Malformed, "the input ends before intent");
    json("[1,1,null,null,1]", Malformed, "has x and y; here are 0 numbers");
    json("[1,1,null,null,1,0.5]", Malformed, "here are 1 numbers");
    json("[1,1,null,null,1,0.5,0.5,0.5]", Malformed, "the input goes on after y");
    json("[1,1,null,null,0,0.5,0.5]", Malformed, "a stop ends after its intent");
    json(
        "[1,1,null,null,4,0.5,0.5]",
        OutOfRange,
        "intent is 4; allowed is 0 (stop), 1 (move), 2 (shoot) or 3 (blink)",
    );
    json("[1,1,null,-1,0]", OutOfRange, "view is -1; allowed is 0 to 4294967295");
    json("[1,-1,null,null,0]", OutOfRange, "seq is -1; allowed is 0 to 4294967295");
    json("[1,4294967296,null,null,0]", OutOfRange, "seq is 4294967296");
    json("[1,1.5,null,null,0]", OutOfRange, "seq is 1.5");
    json("[1,1,18446744073709551615,null,0]", OutOfRange, "for_tick is");
    json(
        "[1,1,null,null,1,\"0.5\",0.5]",
        Malformed,
        "invalid type: string \"0.5\", expected a number",
    );
    json("[1,1,null,null,1,null,0.5]", Malformed, "invalid type: null, expected a number");
    json("[1,1,null,null,1,[[[[]]]],0.5]", Malformed, "invalid type: sequence, expected a number");
}

#[test]
fn coordinates_that_are_no_places() {
    use ErrorCode::{Malformed, OutOfRange};
    json("[1,1,null,null,1,NaN,0.5]", Malformed, "expected");
    json("[1,1,null,null,1,1e39,0.5]", OutOfRange, "allowed is -64 to 64 units");
    json("[1,1,null,null,1,0.5,-1e39]", OutOfRange, "y is -1");
    json("[1,1,null,null,1,1e400,0.5]", Malformed, "number out of range");
    json(
        "[1,1,null,null,1,-2147483648,0.5]",
        OutOfRange,
        "x is -2147483648; allowed is -64 to 64 units",
    );
    // f64 NaN, f32 infinity, f64 1e39, i32::MIN, as a MessagePack client may send them.
    let input = |x: &[u8]| [b"\x97\x01\x01\xc0\xc0\x01", x, b"\x00"].concat();
    msgpack(
        &input(b"\xcb\x7f\xf8\0\0\0\0\0\0"),
        Malformed,
        "x is the float NaN; in MessagePack a coordinate is",
    );
    msgpack(&input(b"\xca\x7f\x80\0\0"), Malformed, "x is the float inf");
    msgpack(&input(b"\xcb\x48\x07\x82\x87\xf4\x9c\x4a\x1d"), Malformed, "x is the float 1");
    msgpack(
        &input(b"\xd2\x80\0\0\0"),
        OutOfRange,
        "x is -2147483648; allowed is -2097152 to 2097152 grid steps",
    );
    msgpack(
        &input(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
        OutOfRange,
        "x is 9223372036854775807",
    );
}

#[test]
fn lengths_that_are_not_there() {
    use ErrorCode::Malformed;
    for frame in [
        b"\xdd\xff\xff\xff\xff\x01".as_slice(),
        b"\xdf\xff\xff\xff\xff\xa1t",
        b"\x81\xa1t\xdb\xff\xff\xff\xff",
    ] {
        msgpack(frame, Malformed, "");
    }
    let deep = [b"\x81\xa1t".as_slice(), &[0x91; 10_000]].concat();
    msgpack(&deep, Malformed, "");
    json(&format!("{{\"t\":{}", "[".repeat(10_000)), Malformed, "");
}
