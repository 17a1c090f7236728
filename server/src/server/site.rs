//! The site that says who a person is. It is sent the cookies of a handshake, and answers with a
//! user. Its answers are kept for a while, so that a page that reconnects costs it nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::warn;

use crate::measure::log_pace::LogPace;

/// Maximum time for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Questions that may be under way.
const ASKED_MAX: usize = 64;

/// The time for which an answer is kept.
const KEPT: Duration = Duration::from_secs(30);

/// Answers that are kept. Beyond, all go that are old, or else all.
const ANSWERS_MAX: usize = 10_000;

/// Maximum bytes of an answer.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Characters of the name of a user or a group.
const NAME_CHARS_MAX: usize = 255;

/// Groups of a user.
const GROUPS_MAX: usize = 100;

/// The site that says who a person is.
#[derive(Debug)]
pub(crate) struct Site {
    address: Uri,
    client: Client<HttpConnector, Body>,
    asked: Semaphore,
    answers: Mutex<Answers>,
    /// Paces the log of its failures.
    failures: Mutex<LogPace>,
}

/// A user of the site; the default is a stranger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct SiteUser {
    pub(crate) user: Option<String>,
    #[serde(default)]
    pub(crate) groups: Vec<String>,
}

/// The reason why nobody knows who a person is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    #[error("{ASKED_MAX} questions are under way")]
    Busy,
    #[error("there was no answer in {} s", PATIENCE.as_secs())]
    Late,
    #[error("{0}")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error(
        "the answer has the status {0}; 200 and 401 are understood, and redirects are not followed"
    )]
    Status(StatusCode),
    #[error(
        "the answer is not {{\"user\":\"john\",\"groups\":[\"chatters\"]}}, with names of up to {NAME_CHARS_MAX} characters and \
         up to {GROUPS_MAX} groups"
    )]
    Malformed,
}

impl Site {
    /// Creates a site that is asked at this address.
    pub(crate) fn new(address: Uri) -> Site {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let (asked, answers) = (Semaphore::new(ASKED_MAX), Mutex::default());
        Site { address, client, asked, answers, failures: Mutex::default() }
    }

    /// Returns the user whom these cookies belong to.
    ///
    /// # Errors
    /// The site does not say, which is logged.
    pub(crate) async fn user_of(&self, cookies: &str) -> Result<SiteUser, SiteError> {
        let key = Sha256::digest(cookies.as_bytes()).into();
        if let Some(known) = self.answers().get(&key, Instant::now()) {
            return Ok(known);
        }
        let asked = self.ask(cookies).await;
        let now = Instant::now();
        match &asked {
            Ok(user) => self.answers().keep(key, user.clone(), now),
            Err(error) => self.note(error, now),
        }
        asked
    }

    async fn ask(&self, cookies: &str) -> Result<SiteUser, SiteError> {
        let _place = self.asked.try_acquire().map_err(|_| SiteError::Busy)?;
        let request = Request::get(self.address.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::COOKIE, cookies)
            .body(Body::empty())
            .map_err(|_| SiteError::Malformed)?;
        let answer = async { read(self.client.request(request).await?).await };
        timeout(PATIENCE, answer).await.map_err(|_| SiteError::Late)?
    }

    fn note(&self, error: &SiteError, now: Instant) {
        let mut pace = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = pace.add(now) {
            let site = &self.address;
            warn!(%site, failures, "`relay.auth` does not say who a person is: {error}");
        }
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        // Each change is a single call.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(answer: Response<Incoming>) -> Result<SiteUser, SiteError> {
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED => return Ok(SiteUser::default()),
        status => return Err(SiteError::Status(status)),
    }
    let body = to_bytes(Body::new(answer.into_body()), ANSWER_BYTES_MAX).await;
    parse(&body.map_err(|_| SiteError::Malformed)?)
}

fn parse(body: &[u8]) -> Result<SiteUser, SiteError> {
    let user: SiteUser = serde_json::from_slice(body).map_err(|_| SiteError::Malformed)?;
    let is_name = |name: &String| (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    let is_allowed = user.user.iter().chain(&user.groups).all(is_name);
    if is_allowed && user.groups.len() <= GROUPS_MAX { Ok(user) } else { Err(SiteError::Malformed) }
}

/// The answers that are kept, by the hash of the cookies.
#[derive(Debug, Default)]
struct Answers(HashMap<[u8; 32], (SiteUser, Instant)>);

impl Answers {
    fn get(&self, key: &[u8; 32], now: Instant) -> Option<SiteUser> {
        let (user, until) = self.0.get(key)?;
        (now < *until).then(|| user.clone())
    }

    fn keep(&mut self, key: [u8; 32], user: SiteUser, now: Instant) {
        if self.0.len() >= ANSWERS_MAX {
            self.0.retain(|_, (_, until)| now < *until);
        }
        if self.0.len() >= ANSWERS_MAX {
            self.0.clear();
        }
        self.0.insert(key, (user, now + KEPT));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{ANSWERS_MAX, Answers, SiteUser, parse};

    fn user(name: &str) -> SiteUser {
        SiteUser { user: Some(name.to_owned()), groups: Vec::new() }
    }

    #[test]
    fn an_answer_names_a_user_and_groups_or_is_malformed() {
        let groups = vec!["chatters".to_owned()];
        let john = SiteUser { groups, ..user("john") };
        for (body, expect) in [
            (r#"{"user":"john","groups":["chatters"],"more":1}"#, john),
            (r#"{"user":"小明"}"#, user("小明")),
            (r#"{"user":null}"#, SiteUser::default()),
            ("{}", SiteUser::default()),
        ] {
            assert_eq!(parse(body.as_bytes()).expect(body), expect);
        }
        let long = format!(r#"{{"user":"{}"}}"#, "x".repeat(256));
        for body in ["", "john", r#"{"user":""}"#, r#"{"user":1}"#, r#"{"groups":[""]}"#, &long] {
            parse(body.as_bytes()).expect_err(body);
        }
    }

    #[test]
    fn an_answer_is_kept_for_half_a_minute_and_their_number_is_bounded() {
        let (mut answers, now) = (Answers::default(), Instant::now());
        answers.keep([1; 32], user("john"), now);
        let after = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(answers.get(&[1; 32], after(29)), Some(user("john")));
        assert_eq!(answers.get(&[1; 32], after(30)), None);
        assert_eq!(answers.get(&[2; 32], now), None);
        for number in 0..3 * ANSWERS_MAX {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_le_bytes());
            answers.keep(key, SiteUser::default(), now);
            assert!(answers.0.len() <= ANSWERS_MAX);
        }
    }
}
