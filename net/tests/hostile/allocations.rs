//! No hostile frame makes the decoder allocate more than the size of the frame justifies.
//!
//! The allocator that counts is global, and a test harness allocates on a thread of its own. This
//! program therefore has no harness: it has one thread.

#[expect(dead_code, reason = "the code and the text of a refusal are for the other program")]
mod cases;

use cases::{Case, cases};

#[global_allocator]
static COUNTING: dhat::Alloc = dhat::Alloc;

/// The bytes that the decoder may hold at once for a frame: the text of an error, and serde's
/// buffers in proportion to the frame.
const fn peak_bytes_max(frame: usize) -> usize {
    2 * 1024 + 48 * frame
}

/// Returns the most bytes that `work` holds at once.
fn peak_bytes(work: impl FnOnce()) -> usize {
    let profiler = dhat::Profiler::builder().testing().build();
    work();
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

fn main() {
    let counted = peak_bytes(|| drop(std::hint::black_box(vec![0u8; 4096])));
    assert_eq!(counted, 4096, "the counter counts");

    let cases = cases();
    for Case { codec, frame, .. } in &cases {
        let peak = peak_bytes(|| {
            let _refused = codec.decode_client(frame);
            let _refused_as_server = codec.decode_server(frame);
        });
        let quoted = String::from_utf8_lossy(&frame[..frame.len().min(60)]);
        let (size, max) = (frame.len(), peak_bytes_max(frame.len()));
        assert!(peak <= max, "{quoted}: {peak} bytes for a frame of {size}, {max} are allowed");
    }
    println!("{} hostile frames: none allocates more than it may", cases.len());
}
