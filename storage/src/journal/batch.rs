//! The operations that a shard adds to its journals in one slot of the tick, in order, with all
//! their bytes in one buffer. A batch is submitted as it is, and comes back empty to be filled
//! again. It writes nothing.

use super::entry::Entry;

/// Maximum capacity that an emptied batch keeps. A slot of a full shard is a tenth of it.
const SPARE_BYTES: usize = 1 << 20;

/// A list of operations, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The operations, each with the number of its bytes.
    entries: Vec<Entry<usize>>,
    bytes: Vec<u8>,
}

impl Batch {
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of bytes in the batch.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds an operation. Successive ticks of one room, as after catching up, are merged into one
    /// write.
    pub(super) fn push(&mut self, entry: Entry<&[u8]>) {
        let entry = entry.map(|bytes| {
            self.bytes.extend_from_slice(bytes);
            bytes.len()
        });
        if let Entry::Append { id, bytes } = &entry
            && let Some(
                Entry::Begin { id: last, bytes: before, .. }
                | Entry::Append { id: last, bytes: before },
            ) = self.entries.last_mut()
            && last == id
        {
            *before += bytes;
            return;
        }
        self.entries.push(entry);
    }

    /// Moves all operations of `other` behind those of this batch.
    pub(super) fn append(&mut self, other: &mut Batch) {
        if self.is_empty() {
            std::mem::swap(self, other);
        } else {
            self.entries.append(&mut other.entries);
            self.bytes.append(&mut other.bytes);
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<&[u8]>> {
        let mut rest = self.bytes.as_slice();
        self.entries.iter().map(move |entry| {
            entry.clone().map(|bytes| {
                let (these, others) = rest.split_at(bytes);
                rest = others;
                these
            })
        })
    }

    /// Returns the batch emptied. It keeps its buffer unless that is large.
    pub(super) fn emptied(mut self) -> Batch {
        if self.bytes.capacity() > SPARE_BYTES {
            return Batch::default();
        }
        self.entries.clear();
        self.bytes.clear();
        self
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Batch, Entry, SPARE_BYTES};

    const A: Uuid = Uuid::from_u128(0xa);
    const B: Uuid = Uuid::from_u128(0xb);

    fn append(id: Uuid, text: &str) -> Entry<&[u8]> {
        Entry::Append { id, bytes: text.as_bytes() }
    }

    #[test]
    fn what_goes_in_comes_out_in_order_and_what_follows_itself_is_one() {
        let begin = |bytes| Entry::Begin { id: A, segment: 2, bytes };
        let (resume, end) =
            (Entry::Resume { id: B, segment: 1, whole_bytes: 9 }, Entry::End { id: A, keep: true });
        let mut batch = Batch::default();
        for entry in [begin(&b"ab"[..]), append(A, "c"), resume.clone(), append(B, "x")] {
            batch.push(entry);
        }
        let mut more = Batch::default();
        for entry in [append(B, "y"), append(A, ""), end.clone(), append(A, "d")] {
            more.push(entry);
        }
        let mut all = Batch::default();
        all.append(&mut batch);
        all.append(&mut more);
        assert!(batch.is_empty() && more.is_empty() && all.bytes() == 6);
        let entries: Vec<Entry<&[u8]>> = all.entries().collect();
        let (of_b, of_a) = ([append(B, "x"), append(B, "y")], [append(A, ""), end, append(A, "d")]);
        assert_eq!(entries, [&[begin(b"abc"), resume][..], &of_b, &of_a].concat());
    }

    #[test]
    fn an_emptied_one_keeps_its_memory_unless_that_is_much() {
        for (bytes, kept) in [(9, true), (SPARE_BYTES + 1, false)] {
            let mut batch = Batch::default();
            batch.push(append(A, &"x".repeat(bytes)));
            let batch = batch.emptied();
            assert!(batch.is_empty() && batch.bytes() == 0);
            assert_eq!(batch.bytes.capacity() > 0, kept, "{bytes}");
        }
    }
}
