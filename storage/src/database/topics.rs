//! The last values of topics: what a page that subscribes later is told first.

use rusqlite::params;

use super::schema::{Database, StoreError};

/// The last value of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRecord {
    /// The name of the channel, unique among all channels.
    pub channel: String,
    /// The text.
    pub text: String,
    /// Seconds since 1970 until which it is kept.
    pub until: u64,
}

impl Database {
    /// Removes the values whose time was over at `now`, in seconds since 1970, and reads the others
    /// by channel.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(super) fn topics(&self, now: u64) -> Result<Vec<TopicRecord>, StoreError> {
        let read = || {
            self.connection
                .execute("DELETE FROM topics WHERE until <= ?1", params![signed(now)])?;
            let mut topics = self
                .connection
                .prepare("SELECT channel, text, until FROM topics ORDER BY channel")?;
            let rows = topics.query_map([], |row| {
                let until: i64 = row.get(2)?;
                let until = u64::try_from(until).unwrap_or(0);
                Ok(TopicRecord { channel: row.get(0)?, text: row.get(1)?, until })
            })?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(|error| StoreError::File { path: self.path.clone(), error })
    }
}

/// Returns a number of seconds as SQLite stores it.
pub(super) fn signed(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
