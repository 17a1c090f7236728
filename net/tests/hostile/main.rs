//! Hostile and mistaken frames. Each is refused with its stable code, and with a text that says
//! what was wrong and what is allowed. A panic here is a bug of the decoder, never bad input.

mod cases;

use bolide_net::limits;
use cases::{Case, cases, lengths_and_depths};

#[test]
fn each_is_refused_with_its_code_and_says_why() {
    let cases = cases();
    assert!(cases.len() >= 80, "{} cases", cases.len());
    for Case { codec, frame, code, text } in cases {
        let quoted = String::from_utf8_lossy(&frame[..frame.len().min(60)]).into_owned();
        let error = codec.decode_client(&frame).expect_err(&quoted);
        let told = error.to_string();
        assert_eq!(error.code(), code, "{quoted}: {told}");
        assert!(told.contains(text), "{quoted}: {told:?} does not say {text:?}");
        assert!(told.chars().count() < limits::ERROR_CHARS_MAX + 100, "{quoted}: a long story");
    }
}

/// Deep nesting must not overflow the stack either, in a debug build with a thread's default stack.
#[test]
fn nothing_recurses_as_deep_as_a_peer_likes() {
    let decode = || {
        for case in lengths_and_depths() {
            assert!(case.codec.decode_client(&case.frame).is_err());
            let _refused_as_server = case.codec.decode_server(&case.frame);
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(decode).expect("a thread");
    thread.join().expect("no overflow");
}
