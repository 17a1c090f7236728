//! `bolide replay`: reads the files of a match, plays it again and prints what happened, as text or
//! as JSON, or only verifies that all state hashes agree.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bolide_replay::{Detail, PlayError, verify, write_json, write_text};
use bolide_storage::Segments;
use clap::Args;

use crate::commands::journal::text::missing;
use crate::exit::{FAILED, USAGE, fail};

#[derive(Debug, Args)]
pub(crate) struct ReplayCommand {
    /// The journal: `journals/ID.journal` in the data folder
    file: PathBuf,
    /// Print only whether every recorded state hash is reproduced
    #[arg(long, conflicts_with_all = ["json", "verbose"])]
    verify: bool,
    /// Print events as JSON, one per line
    #[arg(long, conflicts_with = "verbose")]
    json: bool,
    /// Also print shots, blinks, burns and refused inputs
    #[arg(long)]
    verbose: bool,
}

/// The reason why a file is not replayed to its end. Its text is one sentence for the user.
#[derive(Debug, thiserror::Error)]
enum ReplayError {
    /// The file or its folder cannot be read.
    #[error("cannot read `{file}`: {error}", file = file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    /// The file is larger than any journal.
    #[error("`{file}` is larger than {JOURNAL_MIB_MAX} MiB; no journal is", file = file.display())]
    TooLarge { file: PathBuf },
    /// The match cannot be played, or its replay not be written.
    #[error("{}", sentence(file, error))]
    Play { file: PathBuf, error: PlayError },
}

/// The largest journal that is read, in MiB. An hour of sixty players that never pause takes an
/// eighth.
const JOURNAL_MIB_MAX: u64 = 1024;

impl ReplayCommand {
    /// Replays the match to `output`. A torn end, as a killed server leaves it, is reported and is
    /// no failure. Neither is a broken pipe, because then the reader of the output has had enough.
    pub(crate) fn run(self, output: &mut impl Write) -> ExitCode {
        match self.print(output) {
            Ok(()) => ExitCode::SUCCESS,
            Err(ReplayError::Play { error: PlayError::Output(error), .. })
                if error.kind() == io::ErrorKind::BrokenPipe =>
            {
                ExitCode::SUCCESS
            }
            Err(error) => fail(error.exit_code(), &error.into()),
        }
    }

    fn print(&self, output: &mut impl Write) -> Result<(), ReplayError> {
        let (segments, missing) = read_segments(&self.file)?;
        let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
        let mut output = BufWriter::new(output);
        let printed = self.play(&segments, missing, &mut output);
        let flushed = output.flush().map_err(PlayError::Output);
        printed.and(flushed).map_err(|error| ReplayError::Play { file: self.file.clone(), error })
    }

    fn play(
        &self,
        segments: &[&[u8]],
        missing: Option<String>,
        output: &mut impl Write,
    ) -> Result<(), PlayError> {
        if self.verify {
            let mut verdict = verify(segments)?;
            verdict.remarks.extend(missing);
            return Ok(writeln!(output, "{verdict}")?);
        }
        if self.json {
            // Each line of the output is an event.
            missing.iter().for_each(|missing| eprintln!("{missing}"));
            return write_json(segments, output);
        }
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let detail = if self.verbose { Detail::All } else { Detail::Main };
        write_text(&name, segments, detail, output)?;
        missing.iter().try_for_each(|missing| Ok(writeln!(output, "{missing}")?))
    }
}

impl ReplayError {
    /// Returns the exit code of the program: that of a wrong command line if this is the wrong
    /// file, and 1 if something is wrong with the match.
    const fn exit_code(&self) -> u8 {
        match self {
            ReplayError::Unreadable { .. } | ReplayError::TooLarge { .. } => USAGE,
            ReplayError::Play { error, .. } if error.is_foreign() => USAGE,
            ReplayError::Play { .. } => FAILED,
        }
    }
}

fn sentence(file: &Path, error: &PlayError) -> String {
    let file = file.display();
    match error {
        PlayError::Unplayable(error) => format!("cannot replay `{file}`: {error}"),
        PlayError::Stops { .. } => format!("the replay of `{file}` {error}"),
        PlayError::NothingToVerify => format!("`{file}` {error}"),
        PlayError::Output(error) => format!("cannot write the replay: {error}"),
    }
}

/// Reads a journal and the later segments of its match beside it. If the file is itself a later
/// segment, it is read alone. Returns a remark about missing files as well.
fn read_segments(file: &Path) -> Result<(Vec<Vec<u8>>, Option<String>), ReplayError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let unreadable = |error| ReplayError::Unreadable { file: folder.to_owned(), error };
    let mut read_all = vec![read(file)?];
    let segments = Segments::from_file(file).map_err(unreadable)?;
    for (_, later) in segments.iter().skip(1) {
        read_all.push(read(later)?);
    }
    let gap = segments.missing();
    Ok((read_all, (!gap.is_empty()).then(|| missing(&gap))))
}

fn read(file: &Path) -> Result<Vec<u8>, ReplayError> {
    let unreadable = |error| ReplayError::Unreadable { file: file.to_owned(), error };
    let mut journal = Vec::new();
    let limit = JOURNAL_MIB_MAX << 20;
    let opened = File::open(file).map_err(unreadable)?;
    let length = opened.take(limit + 1).read_to_end(&mut journal).map_err(unreadable)?;
    if length as u64 > limit {
        return Err(ReplayError::TooLarge { file: file.to_owned() });
    }
    Ok(journal)
}

pub(crate) const HELP: &str = "\
A last record that is cut off, as a killed server leaves it, is told and is no failure, with --verify \
neither: what is whole was verified.

Exit codes: 0 all is well; 1 the replay differs or the journal is damaged; 2 there is no such journal, \
or another version of this program must replay it.";
