//! The fate of each mutant, kept between runs, because cargo-mutants reports only the tests of its
//! last run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The fate of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A test failed, or never ended.
    Caught,
    /// All tests passed.
    Missed,
    /// It did not compile, so it proves nothing.
    Unviable,
}

/// The files that cargo-mutants writes, and the fate of the mutants in them.
const FILES: [(&str, Fate); 4] = [
    ("caught.txt", Fate::Caught),
    ("timeout.txt", Fate::Caught),
    ("missed.txt", Fate::Missed),
    ("unviable.txt", Fate::Unviable),
];

/// The mutants of a scope, as far as they were tested.
pub(super) struct Ledger {
    folder: PathBuf,
    all: Vec<String>,
    fates: BTreeMap<String, Fate>,
}

impl Ledger {
    /// Opens the results of earlier runs for these mutants, including a run that was killed.
    pub(super) fn open(folder: &Path, all: &[String]) -> Result<Ledger> {
        let mut ledger =
            Ledger { folder: folder.to_owned(), all: all.to_owned(), fates: BTreeMap::new() };
        ledger.read(&folder.join("ledger"))?;
        ledger.take()?;
        Ok(ledger)
    }

    /// Adds the results of the last run.
    pub(super) fn take(&mut self) -> Result<()> {
        self.read(&self.folder.join("mutants.out"))?;
        let kept = self.folder.join("ledger");
        fs::create_dir_all(&kept)?;
        for (file, fate) in FILES {
            // Mutants that never ended are kept with those that were caught.
            let names = self.fates.iter().filter(|(_, it)| **it == fate && file != "timeout.txt");
            let text: String = names.map(|(name, _)| format!("{name}\n")).collect();
            fs::write(kept.join(file), text).context("the ledger cannot be written")?;
        }
        Ok(())
    }

    fn read(&mut self, folder: &Path) -> Result<()> {
        for (file, fate) in FILES {
            let path = folder.join(file);
            if path.exists() {
                let names =
                    fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                let known = names.lines().filter(|name| self.all.iter().any(|it| it == name));
                self.fates.extend(known.map(|name| (name.to_owned(), fate)));
            }
        }
        Ok(())
    }

    /// The mutants and their fates.
    pub(super) fn fates(&self) -> impl Iterator<Item = (&str, Fate)> {
        self.fates.iter().map(|(name, fate)| (name.as_str(), *fate))
    }

    /// All mutants of the scope, tested or not.
    pub(super) fn all(&self) -> &[String] {
        &self.all
    }

    pub(super) fn tested(&self) -> usize {
        self.fates.len()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.tested() == self.all.len()
    }

    pub(super) fn count(&self, fate: Fate) -> usize {
        self.fates.values().filter(|it| **it == fate).count()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{Fate, Ledger};

    /// A ledger of these mutants.
    pub(crate) fn ledger(fates: &[(&str, Fate)]) -> Ledger {
        let fates: std::collections::BTreeMap<_, _> =
            fates.iter().map(|(name, fate)| ((*name).to_owned(), *fate)).collect();
        Ledger { folder: PathBuf::new(), all: fates.keys().cloned().collect(), fates }
    }

    #[test]
    fn a_later_run_adds_to_an_earlier_one_and_what_is_no_mutant_any_more_is_forgotten() {
        let folder = std::env::temp_dir().join(format!("bolide-ledger-{}", std::process::id()));
        let all = ["a:1:1: x", "a:2:1: x", "a:3:1: y"].map(str::to_owned);
        let out = folder.join("mutants.out");
        fs::create_dir_all(&out).expect("made");
        fs::write(out.join("missed.txt"), "a:1:1: x\nb:9:9: gone\n").expect("written");
        let mut ledger = Ledger::open(&folder, &all).expect("opens");
        assert_eq!((ledger.tested(), ledger.count(Fate::Missed)), (1, 1));
        fs::remove_file(out.join("missed.txt")).expect("removed");
        fs::write(out.join("caught.txt"), "a:1:1: x\n").expect("written");
        fs::write(out.join("timeout.txt"), "a:3:1: y\n").expect("written");
        ledger.take().expect("taken");
        assert!(!ledger.is_complete());
        fs::remove_dir_all(&out).expect("removed");
        let ledger = Ledger::open(&folder, &all).expect("opens");
        let fates: Vec<_> = ledger.fates().collect();
        assert_eq!(fates, [("a:1:1: x", Fate::Caught), ("a:3:1: y", Fate::Caught)]);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
