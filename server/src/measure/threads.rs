//! Threads and tasks that every match depends on. A panic that escapes one of them ends the process
//! on purpose, with its reason. This process could not go on properly, while the next one resumes
//! every match. Nothing is restarted here.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::error;

use super::heartbeat::Heartbeat;

/// The first panic that escaped an essential thread or task. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Failures(watch::Sender<Option<ThreadFailed>>);

/// The error if an essential thread or task of the server panicked. Its text is for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the thread {thread} panicked, which is a bug: {reason}; start the server again, its matches go on"
)]
pub struct ThreadFailed {
    /// The name of the thread, such as `shard-0`.
    pub thread: String,
    /// The message of the panic.
    pub reason: String,
}

/// An essential task. It is aborted when this is dropped.
#[derive(Debug)]
pub(crate) struct Task(AbortHandle);

impl Default for Failures {
    fn default() -> Failures {
        Failures(watch::Sender::new(None))
    }
}

impl Heartbeat {
    /// Starts the thread of this heartbeat.
    ///
    /// # Errors
    /// The operating system refuses another thread.
    pub(crate) fn spawn(
        self,
        body: impl FnOnce(Heartbeat) + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let (name, failures) = (self.thread().to_owned(), self.failures().clone());
        thread::Builder::new().name(name.clone()).spawn(move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(self))) {
                failures.add(name, &*panic);
            }
        })
    }
}

impl Failures {
    /// Starts an essential task on the runtime of the caller.
    pub(crate) fn spawn_task(
        &self,
        name: &'static str,
        body: impl Future<Output = ()> + Send + 'static,
    ) -> Task {
        let (failures, task) = (self.clone(), tokio::spawn(body));
        let abort = task.abort_handle();
        tokio::spawn(async move {
            let ended = task.await;
            if let Some(panic) = ended.err().and_then(|error| error.try_into_panic().ok()) {
                failures.add(name.to_owned(), &*panic);
            }
        });
        Task(abort)
    }

    /// The first failure, if there was one.
    pub(crate) fn first(&self) -> Option<ThreadFailed> {
        self.0.borrow().clone()
    }

    /// Waits for the first failure.
    pub(crate) async fn any(&self) {
        // `self` is the sender, so this does not end early.
        self.0.subscribe().wait_for(Option::is_some).await.ok();
    }

    fn add(&self, thread: String, panic: &(dyn Any + Send)) {
        let failed = ThreadFailed { thread, reason: message(panic) };
        error!("{failed}");
        self.0.send_modify(|first| *first = first.take().or(Some(failed)));
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::{Failures, ThreadFailed};
    use crate::measure::heartbeat::Heartbeats;

    /// The time that anything may take before a test gives up.
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn first(failures: &Failures) -> ThreadFailed {
        timeout(PATIENCE, failures.any()).await.expect("a failure");
        failures.first().expect("a failure")
    }

    #[tokio::test]
    async fn the_first_thread_that_panics_is_kept_with_its_reason() {
        let heartbeats = Heartbeats::default();
        let failures = heartbeats.failures();
        let well = heartbeats.add("well").spawn(drop);
        well.expect("a thread").join().expect("no panic");
        assert_eq!(failures.first(), None);
        for number in [7, 8] {
            let ill = heartbeats.add(format!("ill-{number}"));
            let ill = ill.spawn(move |_| panic!("on purpose, {number}"));
            ill.expect("a thread").join().expect("contained");
        }
        let (thread, reason) = ("ill-7".to_owned(), "on purpose, 7".to_owned());
        assert_eq!(first(failures).await, ThreadFailed { thread, reason });
    }

    #[tokio::test]
    async fn a_task_that_panics_is_kept_and_one_that_is_aborted_is_not() {
        let heartbeats = Heartbeats::default();
        let failures = heartbeats.failures();
        let (held, ended) = oneshot::channel::<()>();
        drop(failures.spawn_task("endless", async {
            let _held = held;
            pending().await
        }));
        timeout(PATIENCE, ended).await.expect("it is aborted").expect_err("nothing is sent");
        let _task = failures.spawn_task("accept", async { panic!("on purpose") });
        assert_eq!(first(failures).await.thread, "accept");
    }
}
