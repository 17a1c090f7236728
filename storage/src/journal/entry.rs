//! One operation on the journal of a match.

use uuid::Uuid;

/// One operation on the journal of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry<Bytes> {
    /// A segment begins with these records; an earlier one is abandoned.
    Begin { id: Uuid, segment: u32, bytes: Bytes },
    /// These records follow. Ignored if the segment was abandoned or has failed: a later one
    /// contains them.
    Append { id: Uuid, bytes: Bytes },
    /// A segment is resumed behind its first bytes. Everything after them is cut off.
    Resume { id: Uuid, segment: u32, whole_bytes: u64 },
    /// Nothing more is written. A match that is not worth keeping leaves no file.
    End { id: Uuid, keep: bool },
}

impl<Bytes> Entry<Bytes> {
    pub(super) const fn id(&self) -> Uuid {
        match self {
            Entry::Begin { id, .. }
            | Entry::Append { id, .. }
            | Entry::Resume { id, .. }
            | Entry::End { id, .. } => *id,
        }
    }

    pub(super) fn map<Others>(self, map: impl FnOnce(Bytes) -> Others) -> Entry<Others> {
        match self {
            Entry::Begin { id, segment, bytes } => Entry::Begin { id, segment, bytes: map(bytes) },
            Entry::Append { id, bytes } => Entry::Append { id, bytes: map(bytes) },
            Entry::Resume { id, segment, whole_bytes } => {
                Entry::Resume { id, segment, whole_bytes }
            }
            Entry::End { id, keep } => Entry::End { id, keep },
        }
    }
}

impl Entry<&[u8]> {
    pub(super) const fn bytes(&self) -> usize {
        match self {
            Entry::Begin { bytes, .. } | Entry::Append { bytes, .. } => bytes.len(),
            Entry::Resume { .. } | Entry::End { .. } => 0,
        }
    }
}
