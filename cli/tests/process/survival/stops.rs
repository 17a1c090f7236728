//! SIGTERM: every client is sent a different time to come back, and comes back. This holds for
//! repeated restarts, and for a second signal during the stop.

use std::time::{Duration, Instant};

use bolide_net::back_in_ms;

use super::witness::Witnesses;
use super::{House, is_deep, size, until_playing};
use crate::player::{Player, is_fight, tick};

#[tokio::test]
async fn a_server_that_stops_tells_everybody_another_time_to_come_back_and_all_do() {
    let house = House::new();
    let running = house.serve();
    let rooms = size(8, 100);
    let crowd = house.crowd("pair", rooms, 2);
    until_playing(&running, rooms * 2);
    // Clients that have not said hello are sent a time as well.
    let mut told = Vec::new();
    for _ in 0..8 {
        told.push(Player::connect(&running.address).await);
    }
    let begun = Instant::now();
    running.signal("TERM");
    let mut times = Vec::new();
    for player in &mut told {
        let (code, reason) = player.closed_with().await;
        assert_eq!(code, 1012);
        times.push(back_in_ms(&reason).expect("a time"));
    }
    times.sort_unstable();
    times.dedup();
    assert!(times.len() >= 4, "{times:?}");
    drop(told);
    let (code, log) = running.end();
    assert_eq!((code, log.contains("panic")), (Some(0), false), "{log}");
    println!("{rooms} rooms stopped in {:.2} s", begun.elapsed().as_secs_f64());
    assert!(!is_deep() || begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    let running = house.serve();
    until_playing(&running, rooms * 2);
    // The second signal ends the server at once, whatever the first was doing. No player loses a
    // tick by that either.
    running.signal("TERM");
    running.signal("TERM");
    let code = running.end().0;
    assert!(code == Some(1) || code == Some(0), "{code:?}");
    let running = house.serve();
    until_playing(&running, rooms * 2);
    let report = crowd.end_well(&running);
    println!("resumed {}, away {}", report["resumed"], report["away_ms"]);
    assert_eq!(report["resumed"], rooms * 2 * 2, "{report}");
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    assert_eq!(house.verify_journals(), usize::try_from(rooms).expect("small"));
}

/// Among thousands of clients there nearly always is one that never closes. The server waits for
/// it, and no match goes on meanwhile.
#[tokio::test]
async fn a_stop_beside_a_client_that_never_closes_steps_no_match_without_its_players() {
    let house = House::new();
    let running = house.serve();
    let rooms = size(4, 900);
    let crowd = house.crowd("pair", rooms, 2);
    until_playing(&running, rooms * 2);
    let [mut ada, silent] = Player::fight(&running.address, "witness").await;
    let seen = ada.until(is_fight).await;
    running.signal("TERM");
    let (last, code) = ada.last_tick(tick(&seen)).await;
    assert_eq!(code, 1012);
    let (code, log) = running.end();
    assert_eq!((code, log.contains("panic")), (Some(0), false), "{log}");

    let running = house.serve();
    let mut ada = Player::resume(&running.address, &ada.token).await;
    let still = tick(&ada.until(is_fight).await);
    println!("told to go at tick {last}, gone on at {still}");
    assert!((last..=last + size(10, 30)).contains(&still), "{last}, then {still}");
    let _silent = Player::resume(&running.address, &silent.token).await;
    drop(ada);
    until_playing(&running, rooms * 2);
    let report = crowd.end_well(&running);
    assert_eq!(report["resumed"], rooms * 2, "{report}");
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    assert_eq!(house.verify_journals(), usize::try_from(rooms + 1).expect("small"));
}

#[test]
fn a_server_that_is_restarted_again_and_again_loses_no_match() {
    let house = House::new();
    let mut running = house.serve();
    let witnesses = Witnesses::begin(house.port);
    let rooms = size(3, 50);
    let crowd = house.crowd("long", rooms, 4);
    until_playing(&running, rooms * 4 + 2);
    let restarts = size(2, 10);
    for _ in 0..restarts {
        running.signal("TERM");
        let (code, log) = running.end();
        assert_eq!((code, log.contains("panic")), (Some(0), false), "{log}");
        running = house.serve();
        until_playing(&running, rooms * 4 + 2);
    }
    let report = crowd.end_well(&running);
    println!("{restarts} restarts: resumed {}, away {}", report["resumed"], report["away_ms"]);
    assert_eq!(report["resumed"], rooms * 4 * restarts, "{report}");
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    witnesses.compare(&house.folder.0.join("data/journals"));
    assert_eq!(house.verify_journals(), usize::try_from(rooms + 1).expect("small"));
}
