//! The committed corpus of the fuzz target, replayed on the stable toolchain.

use std::fs;
use std::path::Path;

use bolide_lobby::fuzzing;

#[test]
fn the_corpus_replays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/relay_frame");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("an entry").path();
        fuzzing::relay_frame(&fs::read(&path).expect("readable"));
        count += 1;
    }
    assert!(count > 0);
}
