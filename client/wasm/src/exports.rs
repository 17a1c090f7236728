//! The C-ABI exports. The caller reserves a buffer, writes a journal into it, and asks for its
//! proof.

use std::cell::RefCell;

use crate::proof::Proof;

thread_local! {
    static JOURNAL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Returns the address of a buffer for a journal of `length` bytes. It is valid until the next
/// call.
#[unsafe(no_mangle)]
pub extern "C" fn journal_reserve(length: usize) -> *mut u8 {
    JOURNAL.with_borrow_mut(|journal| {
        journal.clear();
        journal.resize(length, 0);
        journal.as_mut_ptr()
    })
}

/// Replays the journal. Returns 1 if every recorded hash matched. The text is the proof or the
/// error.
#[unsafe(no_mangle)]
pub extern "C" fn journal_prove() -> u32 {
    let proof = JOURNAL.with_borrow(|journal| Proof::of(journal));
    let proved = u32::from(proof.is_ok());
    TEXT.set(match proof {
        Ok(proof) => proof.to_string(),
        Err(error) => error.to_string(),
    });
    proved
}

/// Returns the address of the last proof's text, which is UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn text_pointer() -> *const u8 {
    TEXT.with_borrow(|text| text.as_ptr())
}

/// Returns the length of the last proof's text in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn text_length() -> usize {
    TEXT.with_borrow(|text| text.len())
}
