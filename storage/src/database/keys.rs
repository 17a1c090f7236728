//! The keys of backends: their names, what they may do, and the hashes of their secrets. The
//! secrets themselves are never stored.

use std::fmt;
use std::str::FromStr;

use bolide_room::TokenHash;
use rusqlite::params;
use subtle::ConstantTimeEq;

use super::commit::CommitError;
use super::schema::{Database, StoreError};
use super::{Change, Write};
use crate::data_dir::{DataDir, DataDirLock};

/// The name of a key: 1 to 40 letters, digits, `-`, `_` and `.`, all of them ASCII.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(String);

/// A text that is not a name of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no name of a key; allowed are 1 to 40 letters, digits, `-`, `_` and `.`", .0.escape_debug())]
pub struct NotAKeyName(String);

impl FromStr for KeyName {
    type Err = NotAKeyName;

    fn from_str(text: &str) -> Result<KeyName, NotAKeyName> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if (1..=40).contains(&text.len()) && text.chars().all(is_allowed) {
            return Ok(KeyName(text.to_owned()));
        }
        Err(NotAKeyName(text.chars().take(60).collect()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Publish texts.
    Publish,
    /// Read what is published, and who listens.
    Read,
    /// Read reports and ban people.
    Moderate,
}

impl Permission {
    const ALL: [Permission; 3] = [Permission::Publish, Permission::Read, Permission::Moderate];

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Permission::Publish => "publish",
            Permission::Read => "read",
            Permission::Moderate => "moderate",
        }
    }
}

/// Permissions of a key, one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions(Vec<Permission>);

/// A text that is not a list of permissions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is nothing that a key may do; allowed are publish, read and moderate, with commas between them", .0.escape_debug())]
pub struct NotPermissions(String);

impl Permissions {
    /// Returns whether this is among them.
    #[must_use]
    pub fn contains(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }
}

impl FromStr for Permissions {
    type Err = NotPermissions;

    fn from_str(text: &str) -> Result<Permissions, NotPermissions> {
        let parse = |word: &str| {
            let known = Permission::ALL.into_iter().find(|known| known.name() == word);
            known.ok_or_else(|| NotPermissions(word.chars().take(60).collect()))
        };
        let mut all = text.split(',').map(str::trim).map(parse).collect::<Result<Vec<_>, _>>()?;
        all.sort_unstable();
        all.dedup();
        Ok(Permissions(all))
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|it| it.name()).collect();
        f.write_str(&names.join(","))
    }
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its name, unique among all keys.
    pub name: KeyName,
    /// The hash of its secret.
    pub hash: TokenHash,
    /// Its permissions.
    pub may: Permissions,
    /// Seconds since 1970 at which it was made.
    pub created: u64,
}

impl KeyRecord {
    /// Returns whether this is the hash of its secret, in a time that does not depend on either.
    #[must_use]
    pub fn is_of(&self, hash: &TokenHash) -> bool {
        self.hash.as_bytes().ct_eq(hash.as_bytes()).into()
    }
}

/// The keys of a data folder that no server uses.
pub struct UnusedKeys<'a> {
    database: Database,
    /// Keeps servers away meanwhile.
    _lock: &'a DataDirLock,
}

impl UnusedKeys<'_> {
    /// Opens or creates the store of a folder.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn open<'a>(
        data_dir: &DataDir,
        lock: &'a DataDirLock,
    ) -> Result<UnusedKeys<'a>, StoreError> {
        Ok(UnusedKeys { database: Database::open(data_dir)?, _lock: lock })
    }

    /// Returns all keys by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn all(&self) -> Result<Vec<KeyRecord>, StoreError> {
        self.database.keys()
    }

    /// Stores a key. There must be none of its name.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn save(&mut self, key: KeyRecord) -> Result<(), StoreError> {
        self.commit(Change::Key(key))
    }

    /// Removes the key of this name.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn forget(&mut self, name: KeyName) -> Result<(), StoreError> {
        self.commit(Change::ForgetKey(name))
    }

    fn commit(&mut self, change: Change) -> Result<(), StoreError> {
        let path = self.database.path.clone();
        self.database.commit(&[Write { change, answer: None }]).map_err(|error| match error {
            CommitError::Failed(error) => error,
            CommitError::Refused { error, .. } => StoreError::File { path, error },
        })
    }
}

impl Database {
    /// Reads all keys by name.
    ///
    /// # Errors
    /// The file cannot be read, or what a key may do is not known. Such a key can neither be
    /// admitted nor be forgotten silently.
    pub(super) fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        let failed = |error| StoreError::File { path: self.path.clone(), error };
        let read = || {
            let mut keys = self
                .connection
                .prepare("SELECT name, hash, may, created FROM keys ORDER BY name")?;
            let rows = keys.query_map([], |row| {
                let (name, hash): (String, [u8; 32]) = (row.get(0)?, row.get(1)?);
                Ok((name, hash, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let keys = read().map_err(failed)?.into_iter().map(|(name, hash, may, created)| {
            let record = name.parse().ok().zip(may.parse().ok()).map(|(name, may)| KeyRecord {
                name,
                may,
                hash: TokenHash::from_bytes(hash),
                created: u64::try_from(created).unwrap_or(0),
            });
            record.ok_or_else(|| StoreError::Key { path: self.path.clone(), name })
        });
        keys.collect()
    }
}

impl fmt::Debug for UnusedKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnusedKeys").field("store", &self.database.path).finish_non_exhaustive()
    }
}

/// The values of a key's row.
pub(super) fn save(
    transaction: &rusqlite::Transaction<'_>,
    key: &KeyRecord,
) -> Result<(), rusqlite::Error> {
    // The same key may be stored twice: a commit that seemed to fail may be on the disk.
    let mut statement = transaction.prepare_cached(
        "INSERT INTO keys (name, hash, may, created) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (hash) DO NOTHING",
    )?;
    let created = super::topics::signed(key.created);
    let values = params![key.name.0, key.hash.as_bytes(), key.may.to_string(), created];
    statement.execute(values).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{KeyName, Permission, Permissions};

    #[test]
    fn a_name_is_of_few_plain_characters() {
        let longest = "a".repeat(40);
        for name in ["site", "My-site_2.0", "-", &longest] {
            assert_eq!(name.parse::<KeyName>().expect("a name").to_string(), name);
        }
        for text in ["", "a b", "ä", "a/b", "a\n", &"a".repeat(41)] {
            let error = text.parse::<KeyName>().expect_err(text).to_string();
            assert!(error.ends_with("allowed are 1 to 40 letters, digits, `-`, `_` and `.`"));
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn permissions_are_a_list_in_any_order() {
        let may: Permissions = "read, publish,read".parse().expect("a list");
        assert_eq!(may.to_string(), "publish,read");
        assert!(may.contains(Permission::Read) && !may.contains(Permission::Moderate));
        for (text, wrong) in [("", ""), ("publish,", ""), ("Publish", "Publish"), ("all", "all")] {
            let error = text.parse::<Permissions>().expect_err(text).to_string();
            assert!(error.starts_with(&format!("`{wrong}` is nothing that a key may do")));
        }
    }
}
