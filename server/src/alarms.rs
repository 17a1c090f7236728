//! What wakes a connection when nothing comes: its next deadline, and the end of the server. Both stay armed from poll to poll,
//! so that a poll for an input, of which there are thousands a second, does not look at them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::watch;
use tokio::time::Sleep;

/// The alarms of one task; no other may poll them.
pub(crate) struct Alarms<'a, S> {
    timer: Pin<&'a mut Sleep>,
    /// For when the timer is armed, if both are.
    armed_for: Option<Instant>,
    stopped: Pin<&'a mut S>,
    /// Tells at a glance whether that may be ready.
    stopping: watch::Receiver<bool>,
}

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    Deadline,
    Stop,
}

impl<'a, S: Future> Alarms<'a, S> {
    /// `stopped` is ready some time after `stopping` has changed.
    pub(crate) const fn new(
        timer: Pin<&'a mut Sleep>,
        stopped: Pin<&'a mut S>,
        stopping: watch::Receiver<bool>,
    ) -> Alarms<'a, S> {
        Alarms { timer, armed_for: None, stopped, stopping }
    }

    /// It may come early if the deadline was an earlier one before.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        deadline: Instant,
        now: Instant,
    ) -> Poll<Alarm> {
        let is_armed = self.armed_for.is_some_and(|armed| now < armed && armed <= deadline);
        if is_armed && self.stopping.has_changed().is_ok_and(|changed| !changed) {
            return Poll::Pending;
        }
        if self.stopped.as_mut().poll(context).is_ready() {
            return Poll::Ready(Alarm::Stop);
        }
        if self.timer.deadline() != deadline.into() {
            self.timer.as_mut().reset(deadline.into());
        }
        self.armed_for = Some(deadline);
        self.timer.as_mut().poll(context).map(|()| {
            self.armed_for = None;
            Alarm::Deadline
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;
    use std::time::{Duration, Instant};

    use tokio::sync::watch;
    use tokio::time::{sleep_until, timeout};

    use super::{Alarm, Alarms};

    /// Hours.
    const FAR: u64 = 1_000_000;

    #[tokio::test]
    async fn it_wakes_at_the_deadline_although_it_moved_and_at_the_stop() {
        let sender = watch::Sender::new(false);
        let (stopping, mut other) = (sender.subscribe(), sender.subscribe());
        let stopped = pin!(other.wait_for(|stopping| *stopping));
        let start = Instant::now();
        let at = |step: u64| start + Duration::from_millis(20 * step);
        let timer = pin!(sleep_until(at(FAR).into()));
        let mut alarms = Alarms::new(timer, stopped, stopping);
        // A later deadline than before is heard of at the earlier one.
        for (before, deadline, comes) in [(FAR, 2, 2), (4, 4, 4), (6, 9, 6), (9, 9, 9), (9, 9, 9)] {
            poll_fn(|context| {
                let is_early = Instant::now() < at(comes);
                let polled = alarms.poll(context, at(before), Instant::now());
                assert!(polled.is_pending() || !is_early);
                Poll::Ready(())
            })
            .await;
            let alarm = poll_fn(|context| alarms.poll(context, at(deadline), Instant::now()));
            let alarm = timeout(Duration::from_secs(30), alarm).await.expect("not when it was");
            assert_eq!(alarm, Alarm::Deadline);
            assert!(Instant::now() >= at(comes));
        }
        tokio::spawn(async move { sender.send_replace(true) });
        let alarm = poll_fn(|context| alarms.poll(context, at(FAR), Instant::now())).await;
        assert_eq!(alarm, Alarm::Stop);
    }
}
