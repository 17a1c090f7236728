//! Replays the seeds of this crate's fuzz targets, each through the body of its target.

use bolide_net::fuzzing;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = format!("{}/../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect(&folder) {
        let path = entry.expect("an entry").path();
        let seed = std::fs::read(&path).expect("a file");
        // A panic does not name the seed.
        println!("{}", path.display());
        body(&seed);
        count += 1;
    }
    assert!(count > 0, "{folder} has no seed");
}

#[test]
fn every_seed_passes() {
    replay("decode_client", fuzzing::decode_client);
    replay("decode_server", fuzzing::decode_server);
    replay("delta_apply", fuzzing::delta_apply);
    replay("connection", fuzzing::connection);
    replay("relay_endpoint", fuzzing::relay_endpoint);
}
