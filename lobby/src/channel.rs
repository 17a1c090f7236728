//! A list of members who hear the same texts, in the order in which they came.

use std::sync::Arc;

use crate::member::MemberId;

/// Members who hear the same texts, in the order in which they came. A clone shares the list. The
/// list is copied only if a member comes or goes while a clone is still held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(Arc<Vec<MemberId>>);

impl Members {
    /// The members.
    #[must_use]
    pub fn as_slice(&self) -> &[MemberId] {
        &self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn insert(&mut self, member: MemberId) {
        Arc::make_mut(&mut self.0).push(member);
    }

    pub(crate) fn remove(&mut self, member: MemberId) {
        Arc::make_mut(&mut self.0).retain(|other| *other != member);
    }
}
