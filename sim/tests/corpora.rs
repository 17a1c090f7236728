//! Runs the seeds of this crate's fuzz targets, each through the body of its target.

use bolide_sim::fuzzing;
use bolide_sim::journal::Reader;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(&folder).expect(&folder);
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| std::fs::read(path).expect("a file")).collect()
}

#[test]
fn every_seed_passes() {
    let (journals, steps) = (seeds("journal_read"), seeds("sim_step"));
    assert!(!steps.is_empty());
    journals.iter().for_each(|seed| fuzzing::journal_read(seed));
    steps.iter().for_each(|seed| fuzzing::sim_step(seed));
    // Seeds of another version would all be refused at their headers.
    let is_whole = |seed: &&Vec<u8>| {
        Reader::open(seed).is_ok_and(|(_, mut records)| records.all(|record| record.is_ok()))
    };
    let whole = journals.iter().filter(is_whole).count();
    assert!(whole >= 3, "{whole} seeds are read to their end");
}
