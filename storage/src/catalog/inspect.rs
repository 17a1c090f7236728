//! Reads one journal record by record, and reports where it ends or is damaged. Nothing is played:
//! `bolide replay` does that.

use std::fs;
use std::path::{Path, PathBuf};

use bolide_sim::journal::{JournalError, Reader, Record};
use bolide_sim::{Rules, Standing};

use super::{CatalogError, journals, quarantined};
use crate::data_dir::DataDir;

/// A match, file by file.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The files of the match, the oldest first.
    pub segments: Vec<SegmentInspection>,
    /// The numbers of the files that are missing before the newest one.
    pub missing: Vec<u32>,
}

/// One file.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentInspection {
    /// Its path.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The program that wrote the file, if its header can be read.
    pub build: Option<String>,
    /// The name of the mode, if the header can be read and has one.
    pub mode: Option<String>,
    /// The rules of the match, if the header can be read.
    pub rules: Option<Rules>,
    /// Number of tick records.
    pub ticks: u32,
    /// The first and the last tick that has a record or a state.
    pub first_and_last: Option<(u32, u32)>,
    /// Number of commands in the tick records: joins, leaves, inputs.
    pub commands: u64,
    /// Number of hash records.
    pub hashes: u32,
    /// Number of full states.
    pub states: u32,
    /// The result of the match, if it is in this file.
    pub standings: Vec<Standing>,
    /// The end of the file.
    pub end: SegmentEnd,
}

/// The end of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentEnd {
    /// The file ends with a whole record.
    Whole,
    /// The file ends with a record that is cut off, as a crash leaves it.
    Torn {
        /// Offset of the record.
        at: usize,
        /// Bytes that exist of the record.
        bytes: usize,
    },
    /// The file cannot be read beyond some position.
    Damaged {
        /// The error, with the position.
        why: String,
    },
}

impl Inspection {
    /// Returns whether nothing is damaged. A record that is cut off is not damage, and neither is
    /// a file that is missing.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        !self.segments.iter().any(|it| matches!(it.end, SegmentEnd::Damaged { .. }))
    }
}

/// Inspects a match by its id, or a single file by its name.
///
/// # Errors
/// There is no such match, or it cannot be read.
pub fn inspect_journal(data_dir: &DataDir, which: &str) -> Result<Inspection, CatalogError> {
    let named = Path::new(which);
    let (paths, missing): (Vec<PathBuf>, _) = if named.is_file() {
        (vec![named.to_owned()], Vec::new())
    } else {
        let mut all = journals(data_dir)?;
        all.extend(quarantined(data_dir).unwrap_or_default());
        let same = |id: uuid::Uuid| which.parse() == Ok(id);
        let stored = all.into_iter().find(|stored| same(stored.id));
        let stored = stored.ok_or_else(|| CatalogError::NoSuchMatch(which.to_owned()))?;
        let paths = stored.segments.iter().map(|(_, file)| file.to_owned());
        (paths.collect(), stored.segments.missing())
    };
    let segments = paths.into_iter().map(segment).collect::<Result<_, _>>()?;
    Ok(Inspection { segments, missing })
}

fn segment(file: PathBuf) -> Result<SegmentInspection, CatalogError> {
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => return Err(CatalogError::File { doing: "cannot read", file, error }),
    };
    let mut seen = SegmentInspection {
        file,
        bytes: bytes.len() as u64,
        build: None,
        mode: None,
        rules: None,
        ticks: 0,
        first_and_last: None,
        commands: 0,
        hashes: 0,
        states: 0,
        standings: Vec::new(),
        end: SegmentEnd::Whole,
    };
    let mut reader = match Reader::open(&bytes) {
        Ok((header, reader)) => {
            (seen.build, seen.rules) = (Some(header.build), Some(header.rules));
            seen.mode = header.mode;
            reader
        }
        // An empty segment that its process created and was killed before it wrote to.
        Err(_) if bytes.is_empty() => {
            seen.end = SegmentEnd::Torn { at: 0, bytes: 0 };
            return Ok(seen);
        }
        Err(error) => {
            seen.end = SegmentEnd::Damaged { why: error.to_string() };
            return Ok(seen);
        }
    };
    loop {
        let at = reader.position();
        match reader.next() {
            None => return Ok(seen),
            Some(Ok(record)) => seen.count(&record),
            Some(Err(error)) => {
                seen.end = end(&reader, at, bytes.len(), &error);
                return Ok(seen);
            }
        }
    }
}

fn end(reader: &Reader<'_>, at: usize, length: usize, error: &JournalError) -> SegmentEnd {
    if reader.is_torn_end(at) {
        SegmentEnd::Torn { at, bytes: length - at }
    } else {
        SegmentEnd::Damaged { why: error.to_string() }
    }
}

impl SegmentInspection {
    fn count(&mut self, record: &Record) {
        match record {
            Record::Tick { commands, .. } => {
                self.ticks += 1;
                self.commands += commands.len() as u64;
            }
            Record::Hash { .. } => self.hashes += 1,
            Record::State(_) => self.states += 1,
            Record::End { standings, .. } => self.standings = standings.clone(),
        }
        let tick = record.tick().0;
        let (first, last) = self.first_and_last.unwrap_or((tick, tick));
        self.first_and_last = Some((first.min(tick), last.max(tick)));
    }
}
