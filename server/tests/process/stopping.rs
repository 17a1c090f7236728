//! How the program ends when it is asked to.

use crate::player::Player;
use crate::program::{Folder, Running, bolide};

#[tokio::test]
async fn sigterm_and_ctrl_c_close_every_client_with_1012_and_end_with_0() {
    for signal in ["TERM", "INT"] {
        let folder = Folder::new();
        let running = Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0"]));
        let mut ada = Player::join(&running.address, "brawl").await;
        running.signal(signal);
        assert_eq!(ada.closed().await, 1012);
        let (code, log) = running.end();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("stopped"), "{log}");
        assert!(!log.contains("Ada"), "names of people are not logged:\n{log}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let folder = Folder::new();
    let mut running = Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0"]));
    // A client that never answers the close keeps a graceful stop waiting for two seconds.
    let _silent = Player::join(&running.address, "brawl").await;
    running.signal("TERM");
    running.logs("stopping; once more ends at once");
    running.signal("TERM");
    let (code, log) = running.end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("SIGTERM again: ending at once"), "{log}");
}
