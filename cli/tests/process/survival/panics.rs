//! A thread of the server that panics. The process ends on purpose, with the reason and an exit
//! code of its own, and the next process resumes every match.

use super::House;
use crate::player::{Player, is_fight, tick};
use crate::program::Running;

/// No input is known that makes a shard panic. So the kernel is made to fail the one call that a
/// shard cannot do without: polling its sockets. Here the threads of the runtime make that call
/// some dozens of times, a shard once in each slot.
#[tokio::test]
async fn a_shard_that_panics_ends_the_process_and_the_next_one_goes_on() {
    let house = House::new();
    let options = [
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "inject=?epoll_wait,?epoll_pwait:error=EBADF:when=250+",
    ];
    let mut server = house.server_under("strace", &options);
    let running = Running::start(server.args(["--budgets-hello-s", "60"]));
    // This socket is not a shard's, so the rest of the server closes it properly.
    let mut stranger = Player::connect(&running.address).await;
    let [mut ada, bo] = Player::fight(&running.address, "witness").await;
    let seen = ada.until(is_fight).await;
    let (last, code) = ada.last_tick(tick(&seen)).await;
    assert_eq!((code, stranger.closed().await), (1012, 1012));
    let (code, log) = running.end();
    assert_eq!(code, Some(70), "{log}");
    assert!(log.contains("a shard hears nobody any more") && log.contains("shard-"), "{log}");

    let running = house.serve();
    let mut ada = Player::resume(&running.address, &ada.token).await;
    let still = ada.until(is_fight).await;
    assert!(tick(&still) >= last, "nothing is lost that was shown");
    let _bo = Player::resume(&running.address, &bo.token).await;
    ada.until(|message| is_fight(message) && tick(message) > tick(&still)).await;
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    assert_eq!(house.verify_journals(), 1);
}
