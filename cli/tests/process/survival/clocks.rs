//! A clock that jumps by an hour, forwards and back, or is a year ahead at a start. No tick depends
//! on it, no player is dropped, and no journal is removed.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::witness::Witnesses;
use super::{House, size, until_playing, wait_until};
use crate::program::Running;
use crate::watching::{admin, get, metric};

const HOUR_S: i64 = 3600;

#[test]
fn the_clock_jumps_by_an_hour_and_nobody_notices() {
    let house = House::new();
    let clock = house.folder.file("clock", "+0");
    let serve = |log| {
        let mut server = house.server();
        server.args(["--log", log]);
        server.env("LD_PRELOAD", libfaketime()).env("FAKETIME_TIMESTAMP_FILE", &clock);
        // Otherwise the monotonic clock would jump too.
        server.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_NO_CACHE", "1");
        Running::start(&mut server)
    };
    let mut running = serve("info");
    let witnesses = Witnesses::begin(house.port);
    let (long_rooms, short_rooms) = size((2, 2), (20, 20));
    let players = 2 + long_rooms * 4 + short_rooms * 2;
    let crowds = [house.crowd("long", long_rooms, 4), house.crowd("short", short_rooms, 2)];
    until_playing(&running, players);
    let jumps = size(vec![HOUR_S, -HOUR_S], vec![HOUR_S, 0, -HOUR_S, 0, HOUR_S, -HOUR_S]);
    for jump in jumps {
        fs::write(&clock, format!("{jump:+}")).expect("written");
        // The log shows the time, and thereby whether the jump has taken effect.
        let hours = [hour(jump), hour(jump + 60)];
        running.logs_line("the new hour", |line| hours.iter().any(|hour| line.contains(hour)));
        until_playing(&running, players);
        let page = get(&admin(&running), "/metrics");
        let slipped = metric(&page, "bolide_slipped_seconds_total");
        assert!(slipped < 60.0, "slipped by {slipped} s");
        assert!(metric(&page, "bolide_ticks_caught_up_total") < 60.0 * 30.0);
    }
    let [long, short] = crowds;
    assert_eq!(long.end_well(&running)["resumed"], 0, "nobody was dropped");
    // A match that began an hour ahead or an hour ago is resumed by the next process like any
    // other.
    running.signal("KILL");
    running.end();
    running = serve("warn");
    until_playing(&running, 2 + short_rooms * 2);
    short.end_well(&running);
    running.signal("TERM");
    let (code, log) = running.end();
    assert_eq!((code, log.contains("panic")), (Some(0), false), "{log}");
    assert!(witnesses.compare(&house.folder.0.join("data/journals")) > 10);
    house.verify_journals();
}

/// Starts with a clock that is a year ahead remove nothing, even after matches have been written by
/// that clock. The next start, with the right clock, still has every journal.
#[test]
fn a_clock_that_is_a_year_ahead_at_two_starts_makes_no_journal_old() {
    let house = House::new();
    let running = house.serve();
    let crowd = house.crowd("short", 1, 2);
    wait_until("a match is over", || house.journals().len() > 1);
    crowd.end();
    running.signal("TERM");
    running.end();
    let journals = || house.journals().into_iter().collect::<BTreeSet<_>>();
    let before = journals();

    let mut ahead = house.server();
    ahead.env("LD_PRELOAD", libfaketime()).env("FAKETIME", "+31536000");
    // File times come from the kernel's clock, which is right.
    ahead.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    for _ in 0..2 {
        let mut running = Running::start(&mut ahead);
        running.logs("no journal is removed for its age");
        running.signal("TERM");
        assert_eq!(running.end().0, Some(0));
        assert!(journals().is_superset(&before));
    }

    let running = house.serve();
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    assert!(journals().is_superset(&before));
}

/// Finds the library in the folder of Debian's package `faketime`.
fn libfaketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("Linux").map(|entry| entry.expect("one").path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    libraries.find(|library| library.is_file()).expect("libfaketime; run `cargo xtask setup`")
}

/// Returns the hour of the time in so many seconds, as the log prints it.
fn hour(in_s: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("later").as_secs();
    format!("T{:02}:", (i64::try_from(now).expect("small") + in_s) / HOUR_S % 24)
}
