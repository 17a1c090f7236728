//! A process that is stopped for a while, as by a laptop's lid or by swapping. It catches up a
//! little, slips for the rest, and drops no client whose answer lies unread in its own sockets.

use std::thread::sleep;
use std::time::Duration;

use tokio::time::timeout;

use super::witness::Witnesses;
use super::{House, size, until_playing, wait_until};
use crate::player::Player;
use crate::program::Running;
use crate::watching::{admin, get, metric};

#[tokio::test]
async fn a_process_that_was_stopped_goes_on_with_everybody() {
    let house = House::new();
    // Stopped for longer than a ping may stay unanswered.
    let (ping_s, stopped_ms) = size((2, 2500), (5, 20_000));
    let mut server = house.server();
    let running = Running::start(server.args(["--budgets-ping-s", &ping_s.to_string()]));
    let witnesses = Witnesses::begin(house.port);
    let rooms = size(4, 50);
    let crowd = house.crowd("long", rooms, 4);
    until_playing(&running, rooms * 4 + 2);
    // A client whose answer to a ping is in flight at the stop.
    let mut late = Player::join(&running.address, "pair").await;
    // WAITS: one ping is sent each second, and it must be sent but not read yet.
    sleep(Duration::from_millis(1500));
    let admin = admin(&running);
    let counted = |name: &str| metric(&get(&admin, "/metrics"), name);
    let before = [counted("bolide_ticks_caught_up_total"), counted("bolide_slips_total")];
    running.signal("STOP");
    timeout(Duration::from_millis(stopped_ms.into()), late.until(|_| false)).await.ok();
    running.signal("CONT");
    let slips = || counted("bolide_slips_total") - before[1];
    wait_until("every room slips", || slips() >= f64::from(rooms + 1));
    // A second and a half: long enough for the next ping, if no client is dropped before it.
    let ticks = || counted("bolide_tick_duration_seconds_count{");
    let later = ticks() + f64::from((rooms + 1) * 45);
    wait_until("it goes on", || ticks() >= later);
    let caught_up = counted("bolide_ticks_caught_up_total") - before[0];
    println!("stopped for {stopped_ms} ms: {} slips, {caught_up} ticks caught up", slips());
    let missed = f64::from((rooms + 1) * 30 * stopped_ms / 1000);
    assert!(
        caught_up < missed / 2.0,
        "{caught_up} of {missed}: most of them come later, not at once"
    );
    for reason in ["ping", "idle", "hello", "unread"] {
        let cut = counted(&format!("bolide_cut_total{{reason=\"{reason}\"}}"));
        assert_eq!(cut, 0.0, "nobody is to blame: {reason}");
    }
    late.until(|message| message[0] == 1).await;
    assert_eq!(crowd.end_well(&running)["resumed"], 0, "nobody was dropped");
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    witnesses.compare(&house.folder.0.join("data/journals"));
    house.verify_journals();
}
