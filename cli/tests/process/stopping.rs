//! Signals: the program ends, or goes on, as each of them demands.

use std::process::{Command, Stdio};

use crate::player::{Player, is_fight, tick};
use crate::program::{Folder, Running, bolide};

#[tokio::test]
async fn sigterm_ctrl_c_and_a_terminal_that_closes_close_every_client_with_1012_and_end_with_0() {
    for signal in ["TERM", "INT", "HUP"] {
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

/// After a SIGHUP the log must not claim that another SIGHUP ends the process, nor that the first
/// SIGTERM is a second one.
#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_the_log_names_those_that_do() {
    for first in ["TERM", "HUP"] {
        let folder = Folder::new();
        let mut running = Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0"]));
        // A client that never answers the close frame delays a graceful stop by two seconds.
        let _silent = Player::join(&running.address, "brawl").await;
        running.signal(first);
        running.logs(&format!("SIG{first}: stopping; a further Ctrl-C or SIGTERM ends at once"));
        running.signal("TERM");
        let (code, log) = running.end();
        assert_eq!(code, Some(1), "{log}");
        assert!(log.contains("SIGTERM while stopping: ending at once"), "{log}");
    }
}

/// A client that never closes delays the stop by two seconds. The match used to go on meanwhile,
/// without its players.
#[tokio::test]
async fn no_match_is_stepped_after_its_players_were_told_to_go() {
    for grace_s in [0, 20] {
        let folder = Folder::new();
        let config = folder.long_fights(&format!("grace_s = {grace_s}\n"));
        let mut command = bolide(&folder);
        command.arg("--config").arg(config);
        let running = Running::start(&mut command);
        let [mut ada, silent] = Player::fight(&running.address, "long").await;
        let seen = ada.until(|message| is_fight(message) && tick(message) > 20).await;
        running.signal("TERM");
        let (last, code) = ada.last_tick(tick(&seen)).await;
        assert_eq!(code, 1012);
        assert_eq!(running.end().0, Some(0));

        let running = Running::start(&mut command);
        let mut ada = Player::resume(&running.address, &ada.token).await;
        let still = tick(&ada.until(is_fight).await);
        // Some ticks may have been in the journal at the close, but not shown yet.
        assert!((last..=last + UNSEEN_TICKS).contains(&still), "{last}, then {still}");
        let _silent = Player::resume(&running.address, &silent.token).await;
        ada.until(|message| is_fight(message) && tick(message) > still).await;
    }
}

/// Ticks that may wait for the journal when a server on a busy machine is asked to stop. The delay
/// of two seconds would be sixty ticks.
const UNSEEN_TICKS: u64 = 10;

#[tokio::test]
async fn a_second_sighup_is_no_second_wish() {
    let folder = Folder::new();
    let mut running = Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0"]));
    let mut ada = Player::join(&running.address, "brawl").await;
    running.signal("HUP");
    running.logs("SIGHUP: stopping");
    running.signal("HUP");
    assert_eq!(ada.closed().await, 1012);
    let (code, log) = running.end();
    assert_eq!((code, log.contains("stopped")), (Some(0), true), "{log}");
}

#[tokio::test]
async fn a_server_that_was_started_by_nohup_survives_its_terminal() {
    let folder = Folder::new();
    let mut nohup = Command::new("nohup");
    nohup.current_dir(&folder.0).env_clear().stdin(Stdio::null());
    nohup.arg(bolide(&folder).get_program()).args(["--listen", "127.0.0.1:0"]);
    let mut running = Running::start(&mut nohup);
    running.signal("HUP");
    // A later signal is handled, so the SIGHUP has been too.
    running.signal("USR1");
    running.logs("SIGUSR1 is ignored");
    Player::join(&running.address, "brawl").await;
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
}

#[tokio::test]
async fn other_signals_are_logged_and_change_nothing() {
    let folder = Folder::new();
    let mut running = Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0"]));
    let mut ada = Player::join(&running.address, "brawl").await;
    for signal in ["USR1", "USR2"] {
        running.signal(signal);
        running.logs(&format!("SIG{signal} is ignored"));
    }
    let seen = tick(&ada.until(|message| message[0] == 1).await);
    ada.until(|message| message[0] == 1 && tick(message) > seen).await;
}
