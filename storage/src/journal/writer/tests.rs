//! Tests of the content of the disk after writes, syncs, failures and crashes.

use std::time::Duration;

use uuid::Uuid;

use super::super::entry::Entry;
use super::super::sim_disk::SimDisk;
use super::super::{Durability, JournalError, JournalFault};
use super::JournalWriter;

const A: Uuid = Uuid::from_u128(0xa);
const B: Uuid = Uuid::from_u128(0xb);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn begin(id: Uuid, segment: u32, text: &str) -> Entry<&[u8]> {
    Entry::Begin { id, segment, bytes: text.as_bytes() }
}

fn append(id: Uuid, text: &str) -> Entry<&[u8]> {
    Entry::Append { id, bytes: text.as_bytes() }
}

fn writer(durability: Durability) -> (JournalWriter<SimDisk>, SimDisk) {
    let disk = SimDisk::default();
    (JournalWriter::new(disk.clone(), durability), disk)
}

/// Syncs everything that is dirty.
fn sync(writer: &mut JournalWriter<SimDisk>) {
    let group = writer.take_syncs().expect("something is dirty");
    writer.synced(group.run());
}

/// Returns the files, with names reduced to the last letter of the id and the segment.
fn files(disk: &SimDisk) -> Vec<(String, String)> {
    let short = |(name, bytes): (String, Vec<u8>)| {
        let name = name.trim_start_matches("00000000-0000-0000-0000-00000000000");
        (name.replace(".journal", ""), String::from_utf8(bytes).expect("text"))
    };
    disk.files().into_iter().map(short).collect()
}

fn check(disk: &SimDisk, expect: &[(&str, &str)]) {
    let files = files(disk);
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(files, expect);
}

#[test]
fn each_match_has_a_file_with_every_byte_in_order() {
    let (mut writer, disk) = writer(Durability::Group);
    writer.write([begin(A, 0, "a"), begin(B, 0, "x"), append(A, "bc")], ms(0));
    writer.write([append(B, "y"), Entry::End { id: A, keep: true }], ms(33));
    check(&disk, &[("a", "abc"), ("b", "xy")]);
    assert!(writer.take_faults().is_empty());
    assert_eq!(writer.tally().written_bytes, 5);
}

#[test]
fn a_match_without_a_fight_leaves_no_file_in_any_segment() {
    let (mut writer, disk) = writer(Durability::Group);
    writer.write([begin(A, 0, "a"), begin(A, 1, "b"), begin(B, 0, "x")], ms(0));
    writer.write([Entry::End { id: A, keep: false }], ms(1));
    check(&disk, &[("b", "x")]);
    // Later entries about the match, and its sync, find nothing.
    writer.write([append(A, "c")], ms(2));
    sync(&mut writer);
    check(&disk, &[("b", "x")]);
    assert!(writer.take_faults().is_empty());
}

#[test]
fn a_group_is_synced_each_200_ms_and_there_is_one_at_a_time() {
    let (mut writer, disk) = writer(Durability::Group);
    assert_eq!(writer.sync_due(), None);
    writer.write([begin(A, 0, "a")], ms(1000));
    writer.write([begin(B, 0, "x"), append(A, "b")], ms(1100));
    assert_eq!(writer.sync_due(), Some(ms(1200)));
    let group = writer.take_syncs().expect("dirty");
    writer.write([append(A, "c")], ms(1210));
    assert_eq!((writer.sync_due(), writer.take_syncs().is_none()), (None, true));
    let outcome = group.run();
    assert_eq!(disk.syncs(), 3, "two files and the folder");
    writer.synced(outcome);
    assert_eq!(writer.sync_due(), Some(ms(1400)), "in step with other shards");
    sync(&mut writer);
    assert_eq!((disk.syncs(), writer.sync_due()), (4, None), "the folder knows the file");
    disk.crash(|_| 0);
    check(&disk, &[("a", "abc"), ("b", "x")]);
}

#[test]
fn strict_wants_its_sync_at_once_and_off_never() {
    for (durability, due) in [(Durability::Strict, Some(ms(5))), (Durability::Off, None)] {
        let (mut writer, _) = writer(durability);
        writer.write([begin(A, 0, "a")], ms(5));
        assert_eq!(writer.sync_due(), due);
    }
}

#[test]
fn what_was_synced_survives_a_crash_and_the_rest_may() {
    for kept in [0, 1, 2] {
        let (mut writer, disk) = writer(Durability::Group);
        writer.write([begin(A, 0, "abc")], ms(0));
        sync(&mut writer);
        writer.write([append(A, "de"), begin(B, 0, "x")], ms(1));
        disk.crash(|unkept| kept.min(unkept));
        let files = [("a", &"abcde"[..3 + kept]), ("b", "x")];
        check(&disk, if kept == 0 { &files[..1] } else { &files });
    }
}

#[test]
fn a_failed_sync_leaves_the_segment_and_is_not_tried_again() {
    let (mut writer, disk) = writer(Durability::Group);
    writer.write([begin(A, 0, "a"), begin(B, 0, "x")], ms(0));
    sync(&mut writer);
    writer.write([append(A, "b"), append(B, "y")], ms(300));
    disk.fail_syncs(&[true, false]);
    sync(&mut writer);
    let faults = writer.take_faults();
    assert!(matches!(faults[..], [(A, JournalFault::Unsynced(_))]), "{faults:?}");
    assert_eq!((writer.tally().sync_failures, writer.tally().synced_files), (1, 3));
    check(&disk, &[("a.1", ""), ("a", "ab"), ("b", "xy")]);
    // The state that follows contains what the shard appended before it learned of the failure.
    writer.write([append(A, "c")], ms(600));
    assert_eq!(writer.sync_due(), None, "nothing of a segment that was left is synced");
    writer.write([begin(A, 1, "S"), append(A, "d")], ms(633));
    sync(&mut writer);
    disk.crash(|_| 0);
    check(&disk, &[("a.1", "Sd"), ("a", "a"), ("b", "xy")]);
    assert!(writer.take_faults().is_empty());
}

#[test]
fn a_new_segment_whose_first_sync_fails_too_is_the_end_and_a_later_failure_is_not() {
    let (mut writer, disk) = writer(Durability::Group);
    let mut fail = |entry, fails: &[bool]| {
        writer.write([entry], ms(0));
        disk.fail_syncs(fails);
        sync(&mut writer);
        writer.take_faults()
    };
    assert!(matches!(fail(begin(A, 0, "a"), &[true])[..], [(A, JournalFault::Unsynced(_))]));
    assert!(fail(begin(A, 1, "S"), &[]).is_empty());
    assert!(matches!(fail(append(A, "b"), &[true])[..], [(A, JournalFault::Unsynced(_))]));
    // This time the folder fails: a file without a name does not exist.
    let faults = fail(begin(A, 2, "S"), &[false, true]);
    let [(A, JournalFault::Failed(error))] = &faults[..] else { panic!("{faults:?}") };
    let expect =
        "the disk does not keep the journal `00000000-0000-0000-0000-00000000000a.2.journal`";
    assert!(error.to_string().starts_with(expect), "{error}");
}

#[test]
fn a_full_disk_ends_one_match_with_its_last_whole_record_and_heals() {
    let (mut writer, disk) = writer(Durability::Group);
    writer.write([begin(A, 0, "abc"), begin(B, 0, "x")], ms(0));
    disk.space(Some(2));
    writer.write([append(A, "def"), append(B, "y")], ms(1));
    let faults = writer.take_faults();
    let [(A, JournalFault::Failed(JournalError::Write { .. })), (B, JournalFault::Failed(_))] =
        faults[..]
    else {
        panic!("{faults:?}")
    };
    disk.space(None);
    writer.write([append(A, "ghi"), append(B, "z")], ms(2));
    check(&disk, &[("a", "abc"), ("b", "x")]);
    assert!(writer.take_faults().is_empty(), "it was told once");
    writer.write([begin(Uuid::from_u128(0xc), 0, "new")], ms(3));
    check(&disk, &[("a", "abc"), ("b", "x"), ("c", "new")]);
    writer.write([Entry::End { id: A, keep: true }, Entry::End { id: B, keep: false }], ms(4));
    check(&disk, &[("a", "abc"), ("c", "new")]);
}

#[test]
fn a_match_goes_on_behind_its_last_whole_record() {
    let (mut writer, disk) = writer(Durability::Group);
    writer.write([begin(A, 0, "abc"), begin(A, 1, "Sxtorn")], ms(0));
    let mut next = JournalWriter::new(disk.clone(), Durability::Group);
    let resume = |id, segment, whole_bytes| Entry::Resume { id, segment, whole_bytes };
    next.write([resume(A, 1, 2), append(A, "y"), resume(B, 0, 1)], ms(0));
    check(&disk, &[("a.1", "Sxy"), ("a", "abc")]);
    let faults = next.take_faults();
    let [(B, JournalFault::Failed(error))] = &faults[..] else { panic!("{faults:?}") };
    assert!(error.to_string().contains("b.journal`: "), "{error}");
    disk.fail_syncs(&[true]);
    sync(&mut next);
    let faults = next.take_faults();
    assert!(
        matches!(faults[..], [(A, JournalFault::Unsynced(_))]),
        "it was whole once: {faults:?}"
    );
}

#[test]
fn what_has_ended_is_synced_once_more_and_then_closed() {
    let (mut writer, _) = writer(Durability::Group);
    writer.write([begin(A, 0, "a"), Entry::End { id: A, keep: true }], ms(0));
    assert_eq!(writer.open.len(), 1);
    sync(&mut writer);
    assert_eq!(writer.open.len(), 0);
    writer.write([begin(B, 0, "a")], ms(0));
    sync(&mut writer);
    writer.write([Entry::End { id: B, keep: true }], ms(0));
    assert_eq!(writer.open.len(), 0, "the disk has it already");
}
