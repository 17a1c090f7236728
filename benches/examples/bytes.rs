//! `cargo run -p bolide-benches --example bytes`: the bytes per second that one client of a busy
//! match is sent.

#![forbid(unsafe_code)]

use bolide_benches::bytes::table;
use bolide_net::{Codec, SyncMode};

fn main() {
    for acks in [false, true] {
        let (rows, busyness) = table(acks);
        println!(
            "brawl, 10 hard bots, 30 Hz, {:.0} s of fight; per player and second {:.1} changes of course and {:.2} shots; {}",
            busyness.seconds,
            busyness.course_changes,
            busyness.shots,
            if acks {
                "each acknowledged as if a person had sent it"
            } else {
                "no acknowledgements"
            },
        );
        println!(
            "{:<12} {:<7} {:>9} {:>9} {:>9} {:>9}",
            "format", "sync", "frames/s", "world B/s", "rest B/s", "all B/s"
        );
        for row in &rows {
            let codec = match row.codec {
                Codec::Json => "JSON",
                Codec::MessagePack => "MessagePack",
            };
            let sync = name(row.sync);
            let all = row.world + row.rest;
            println!(
                "{codec:<12} {sync:<7} {:>9.1} {:>9.0} {:>9.0} {all:>9.0}",
                row.frames, row.world, row.rest
            );
        }
        for sync in [SyncMode::State, SyncMode::Events] {
            let row = rows.iter().find(|row| (row.codec, row.sync) == (Codec::MessagePack, sync));
            let parts = row.into_iter().flat_map(|row| row.parts);
            let parts: Vec<_> = parts.map(|(name, bytes)| format!("{name} {bytes:.0}")).collect();
            println!("MessagePack {}: {}", name(sync), parts.join(", "));
        }
        println!();
    }
}

const fn name(sync: SyncMode) -> &'static str {
    match sync {
        SyncMode::Full => "full",
        SyncMode::State => "state",
        SyncMode::Events => "events",
    }
}
