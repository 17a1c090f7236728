//! Requests that are repeated with an `Idempotency-Key`: the first one is carried out, and the
//! others get its answer. Time is an argument.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::Published;

/// The time for which an answer is remembered.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Answers that are remembered. Beyond, the oldest goes.
const ANSWERS_MAX: usize = 10_000;

/// Bytes of bodies that are remembered. Beyond, the oldest goes.
const BYTES_MAX: usize = 16 << 20;

/// The answers to requests with an `Idempotency-Key`.
#[derive(Debug, Default)]
pub(crate) struct Repeats(Mutex<Table>);

/// The answer to a request, which is there once the first one like it was carried out.
pub(crate) type SharedAnswer = Arc<OnceCell<Published>>;

/// Another body came with the same `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtherBody;

/// The name of a backend's key, and what it has sent as `Idempotency-Key`.
type RepeatId = (String, String);

#[derive(Debug, Default)]
struct Table {
    answers: HashMap<RepeatId, Remembered>,
    /// All of them, the oldest first.
    order: VecDeque<(Instant, RepeatId)>,
    bytes: usize,
}

#[derive(Debug)]
struct Remembered {
    body: Bytes,
    answer: SharedAnswer,
}

impl Repeats {
    /// Returns the answer that all requests with this id and body share.
    ///
    /// # Errors
    /// Another body came with the same id.
    pub(crate) fn answer(
        &self,
        id: RepeatId,
        body: &Bytes,
        now: Instant,
    ) -> Result<SharedAnswer, OtherBody> {
        // Nothing panics between two changes that belong together.
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.forget_until(|at, _, _| now.saturating_duration_since(at) < KEPT);
        if let Some(known) = table.answers.get(&id) {
            return if known.body == body { Ok(Arc::clone(&known.answer)) } else { Err(OtherBody) };
        }
        table.bytes += body.len();
        table.order.push_back((now, id.clone()));
        let answer = SharedAnswer::default();
        let remembered = Remembered { body: body.clone(), answer: Arc::clone(&answer) };
        table.answers.insert(id, remembered);
        table.forget_until(|_, count, bytes| count <= ANSWERS_MAX && bytes <= BYTES_MAX);
        Ok(answer)
    }
}

impl Table {
    /// Forgets the oldest until the next one is to be kept, by its age, and the number and the
    /// bytes of all.
    fn forget_until(&mut self, is_kept: impl Fn(Instant, usize, usize) -> bool) {
        while let Some((at, id)) = self.order.front()
            && !is_kept(*at, self.order.len(), self.bytes)
        {
            if let Some(Remembered { body, .. }) = self.answers.remove(id) {
                self.bytes -= body.len();
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use bytes::Bytes;

    use super::{ANSWERS_MAX, OtherBody, Repeats};

    fn id(key: &str, sent: u32) -> (String, String) {
        (key.to_owned(), sent.to_string())
    }

    #[test]
    fn the_same_request_shares_an_answer_for_a_day() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let (body, other) = (Bytes::from("a"), Bytes::from("b"));
        let first = repeats.answer(id("site", 1), &body, now).expect("new");
        let day = Duration::from_secs(24 * 3600);
        let late = now + day - Duration::from_secs(1);
        let again = repeats.answer(id("site", 1), &body, late).expect("the same");
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(repeats.answer(id("site", 1), &other, late).err(), Some(OtherBody));
        let of_another_key = repeats.answer(id("shop", 1), &other, late).expect("new");
        assert!(!Arc::ptr_eq(&first, &of_another_key));
        let forgotten = repeats.answer(id("site", 1), &other, now + day).expect("new");
        assert!(!Arc::ptr_eq(&first, &forgotten));
    }

    #[test]
    fn beyond_their_number_or_their_bytes_the_oldest_are_forgotten() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let body = Bytes::from("a");
        let first = repeats.answer(id("site", 0), &body, now).expect("new");
        for number in 1..u32::try_from(ANSWERS_MAX).expect("few") {
            repeats.answer(id("site", number), &body, now).expect("new");
        }
        let again = repeats.answer(id("site", 0), &body, now).expect("the same");
        assert!(Arc::ptr_eq(&first, &again));
        repeats.answer(id("site", u32::MAX), &body, now).expect("new");
        let again = repeats.answer(id("site", 0), &body, now).expect("new");
        assert!(!Arc::ptr_eq(&first, &again));
        let large = Bytes::from(vec![b'x'; 9 << 20]);
        let first = repeats.answer(id("large", 0), &large, now).expect("new");
        repeats.answer(id("large", 1), &large, now).expect("new");
        let again = repeats.answer(id("large", 0), &large, now).expect("new");
        assert!(!Arc::ptr_eq(&first, &again));
    }
}
