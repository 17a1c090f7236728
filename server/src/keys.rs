//! The keys of backends on a running server: made, revoked, and found by their secrets. A key that
//! is revoked is unknown from then on, also before the database knows.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bolide_room::TokenHash;
use bolide_storage::{KeyName, KeyRecord, Outcome, Permissions, Store};
use bolide_transport::{Rate, TokenBucket};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::random::key_secret;

/// Requests that a key may make.
const REQUESTS: Rate = Rate { per_s: 100, burst: 100 };

/// The time that the database has to take a change.
const PATIENCE: Duration = Duration::from_secs(5);

/// All keys.
#[derive(Debug)]
pub(crate) struct Keys {
    known: RwLock<Vec<Arc<Key>>>,
    /// None if nothing outlives the process; then there are no keys. The store is gone once the
    /// server stops, because its thread ends with the last handle.
    store: Option<Mutex<Option<Store>>>,
}

/// A key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) record: KeyRecord,
    requests: Mutex<TokenBucket>,
}

/// The reason why a key cannot be made or revoked. It displays as a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("there is a key `{0}` already; choose another name, or revoke that one first")]
    NameTaken(KeyName),
    #[error("there is no key `{0}`; `bolide key list` shows all")]
    Unknown(KeyName),
    #[error("this server keeps no keys, because its durability is off")]
    NoStore,
    #[error("the database does not take it now; /readyz says why")]
    NotStored,
}

impl Key {
    fn new(record: KeyRecord) -> Key {
        let requests = TokenBucket::new(REQUESTS, Instant::now());
        Key { record, requests: Mutex::new(requests) }
    }

    /// Counts a request. Returns false if there are too many.
    pub(crate) fn takes_request(&self, now: Instant) -> bool {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.take(REQUESTS, 1, now)
    }
}

impl Keys {
    /// Creates the list of the keys that are stored.
    pub(crate) fn new(stored: Vec<KeyRecord>, store: Option<Store>) -> Keys {
        let known = stored.into_iter().map(|record| Arc::new(Key::new(record))).collect();
        let store = store.map(|store| Mutex::new(Some(store)));
        Keys { known: RwLock::new(known), store }
    }

    /// Lets the store go, because the server stops. Keys are not made or revoked any more.
    pub(crate) fn stop(&self) {
        let store = self.store.as_ref();
        store.map(|store| store.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn store(&self) -> Result<Store, KeyError> {
        let store = self.store.as_ref().ok_or(KeyError::NoStore)?;
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        store.clone().ok_or(KeyError::NotStored)
    }

    /// Returns the key with this secret. The time that it takes tells nothing of any secret.
    pub(crate) fn find(&self, secret: &str) -> Option<Arc<Key>> {
        let hash = TokenHash::of(secret);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        // All are compared, also behind the right one.
        let found = known.iter().fold(None, |found, key| {
            let is_it = key.record.is_of(&hash);
            if is_it { Some(key) } else { found }
        });
        found.map(Arc::clone)
    }

    /// Returns all keys by name.
    pub(crate) fn all(&self) -> Vec<KeyRecord> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.iter().map(|key| key.record.clone()).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Makes a key, stores it, and returns its secret.
    pub(crate) async fn make(&self, name: KeyName, may: Permissions) -> Result<String, KeyError> {
        let store = self.store()?;
        if self.all().iter().any(|key| key.name == name) {
            return Err(KeyError::NameTaken(name));
        }
        let (secret, record) = new_key(name.clone(), may);
        let (answer, answered) = oneshot::channel();
        store.save_key(record.clone(), move |outcome| {
            answer.send(outcome).ok();
        });
        match timeout(PATIENCE, answered).await {
            Ok(Ok(Outcome::Committed)) => {}
            // Another request made it in between.
            Ok(Ok(Outcome::Refused)) => return Err(KeyError::NameTaken(name)),
            // If it is stored later, nobody has its secret.
            Ok(Err(_)) | Err(_) => return Err(KeyError::NotStored),
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.push(Arc::new(Key::new(record)));
        Ok(secret)
    }

    /// Revokes the key of this name, at once.
    pub(crate) async fn revoke(&self, name: &KeyName) -> Result<(), KeyError> {
        let store = self.store()?;
        let before = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            let before = known.len();
            known.retain(|key| key.record.name != *name);
            before - known.len()
        };
        if before == 0 {
            return Err(KeyError::Unknown(name.clone()));
        }
        let (answer, answered) = oneshot::channel();
        store.forget_key(name.clone(), move |outcome| {
            answer.send(outcome).ok();
        });
        match timeout(PATIENCE, answered).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(KeyError::NotStored),
        }
    }
}

/// Draws the secret of a new key, and returns it with what is stored of it.
pub(crate) fn new_key(name: KeyName, may: Permissions) -> (String, KeyRecord) {
    let secret = key_secret();
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let record = KeyRecord { name, hash: TokenHash::of(&secret), may, created };
    (secret, record)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bolide_storage::testing::open;

    use super::{KeyError, Keys, new_key};
    use crate::testing::Folder;

    #[tokio::test]
    async fn a_key_is_found_by_its_secret_until_it_is_revoked() {
        let folder = Folder::new();
        let (store, _, _thread) = open(&folder).expect("opens");
        let keys = Keys::new(Vec::new(), Some(store));
        let (name, may) = ("site".parse().expect("a name"), "publish".parse().expect("a list"));
        let secret = keys.make(name, may).await.expect("made");
        assert!(secret.starts_with("bk_") && secret.len() == 3 + 64, "{secret}");
        let found = keys.find(&secret).expect("known");
        assert_eq!(found.record.name.to_string(), "site");
        assert!(keys.find("bk_").is_none() && keys.find("").is_none());
        let name = found.record.name.clone();
        let again = keys.make(name.clone(), found.record.may.clone()).await;
        assert_eq!(again, Err(KeyError::NameTaken(name.clone())));
        keys.revoke(&name).await.expect("revoked");
        assert!(keys.find(&secret).is_none());
        assert_eq!(keys.revoke(&name).await, Err(KeyError::Unknown(name)));
    }

    #[test]
    fn a_key_may_ask_a_hundred_times_a_second() {
        let (_, record) =
            new_key("site".parse().expect("a name"), "publish".parse().expect("a list"));
        let (key, now) = (super::Key::new(record), Instant::now());
        assert_eq!((0..200).filter(|_| key.takes_request(now)).count(), 100);
        assert!(key.takes_request(now + Duration::from_secs(1)));
    }
}
