//! The page and its files. They are inside the program in a release build, read from `client/dist`
//! in a debug build, or read from a folder that the operator names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_embed::{Embed, EmbeddedFile, Metadata};

use super::origins::Origins;
use crate::random::hex;

#[derive(Embed)]
#[folder = "../client/dist/"]
struct BuiltIn;

/// The files, and the content security policy of their page.
#[derive(Debug)]
pub(crate) struct Assets {
    files: Files,
    policy: HeaderValue,
}

/// The source of the files.
#[derive(Debug)]
enum Files {
    BuiltIn,
    Folder(Arc<WebFolder>),
}

/// A folder. Each of its files is in memory once, however many peers it is being sent to.
#[derive(Debug)]
struct WebFolder {
    path: PathBuf,
    sent: Mutex<HashMap<String, Weak<[u8]>>>,
}

/// A file to send.
struct Asset {
    body: Bytes,
    metadata: Metadata,
}

impl Assets {
    /// Uses the files of this folder, or the built-in ones.
    ///
    /// # Errors
    /// The folder, if it has no page.
    pub(crate) fn new(folder: Option<PathBuf>, origins: &Origins) -> Result<Assets, PathBuf> {
        let (files, policy) = match folder {
            Some(folder) if !folder.join("index.html").is_file() => return Err(folder),
            Some(path) => {
                let folder = WebFolder { path, sent: Mutex::default() };
                (Files::Folder(Arc::new(folder)), folder_policy(origins))
            }
            None => (Files::BuiltIn, built_in_policy(origins)),
        };
        let policy = HeaderValue::from_str(&policy).expect("an origin is visible ASCII");
        Ok(Assets { files, policy })
    }

    async fn get(&self, path: &str) -> Option<Asset> {
        let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || path.contains('\\') {
            return None;
        }
        match &self.files {
            Files::BuiltIn => {
                let EmbeddedFile { data, metadata } = BuiltIn::get(path)?;
                let body = match data {
                    Cow::Borrowed(built_in) => Bytes::from_static(built_in),
                    Cow::Owned(read) => read.into(),
                };
                Some(Asset { body, metadata })
            }
            Files::Folder(folder) => {
                let (folder, path) = (Arc::clone(folder), path.to_owned());
                tokio::task::spawn_blocking(move || folder.read(path)).await.ok().flatten()
            }
        }
    }
}

impl WebFolder {
    fn read(&self, path: String) -> Option<Asset> {
        // Locked while the file is read, so that concurrent requests share one copy too.
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let file = rust_embed::utils::read_file_from_fs(&self.path.join(&path)).ok()?;
        sent.retain(|_, data| data.strong_count() > 0);
        let known = sent.get(&path).and_then(Weak::upgrade).filter(|known| **known == *file.data);
        let data = known.unwrap_or_else(|| {
            let read: Arc<[u8]> = file.data.into();
            sent.insert(path, Arc::downgrade(&read));
            read
        });
        Some(Asset { body: Bytes::from_owner(data), metadata: file.metadata })
    }
}

/// Answers every path that no other route has.
pub(crate) async fn serve(State(assets): State<Arc<Assets>>, request: Request) -> Response {
    let path = match request.uri().path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let Some(file) = assets.get(path).await else {
        let way = way_to_page(request.uri().path());
        let text = format!("there is nothing here; seen from here, the page is at {way}\n");
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let etag = etag(&file.metadata);
    let known = request.headers().get_all(header::IF_NONE_MATCH);
    let unchanged = known.iter().any(|known| is_among(known.as_bytes(), etag.as_bytes()));
    let body = if unchanged { Body::empty() } else { file.body.into() };
    let mut response = Response::new(body);
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, assets.policy.clone());
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_TYPE, content_type(file.metadata.mimetype()));
    response
}

/// Returns the address of the page relative to this path, because a proxy may serve it below a path
/// that only the proxy knows.
fn way_to_page(from: &str) -> String {
    match from.matches('/').count() {
        0 | 1 => "./".to_owned(),
        slashes => "../".repeat(slashes - 1),
    }
}

fn etag(file: &Metadata) -> HeaderValue {
    let hash = file.sha256_hash();
    HeaderValue::from_str(&format!("\"{}\"", hex(&hash[..8])))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// Returns whether a value of `If-None-Match` names this tag, by the weak comparison of RFC 9110,
/// 13.1.2: a proxy that compresses makes the tag of an answer a weak one. `tag` is strong, in its
/// quotes.
fn is_among(known: &[u8], tag: &[u8]) -> bool {
    // None of our tags contains a comma, so a tag that is split there is not ours.
    let mut known = known.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    known.any(|known| known == b"*" || known.strip_prefix(b"W/").unwrap_or(known) == tag)
}

fn content_type(guess: &str) -> HeaderValue {
    let with_charset = if guess.starts_with("text/") {
        format!("{guess}; charset=utf-8")
    } else {
        guess.to_owned()
    };
    HeaderValue::from_str(&with_charset)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// Returns the policy of the built-in page. The page loads nothing from elsewhere and connects to
/// its own server only, whose sockets are `'self'` too. `wasm-unsafe-eval` allows compiling
/// WebAssembly and nothing else.
fn built_in_policy(origins: &Origins) -> String {
    let sources = origins.sources();
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self' data:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'{sources}"
    )
}

/// Returns the policy of an operator's own page. The page may also have inline scripts and styles,
/// and load from and connect to the configured origins. A `<meta http-equiv>` in the page can only
/// forbid more.
fn folder_policy(origins: &Origins) -> String {
    let (sources, sockets) = (origins.sources(), origins.socket_sources());
    format!(
        "default-src 'self' data: blob:{sources}; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:{sources}; \
         style-src 'self' 'unsafe-inline'{sources}; connect-src 'self' data: blob:{sources}{sockets}; \
         object-src 'none'; base-uri 'self'; form-action 'self'{sources}; frame-ancestors 'self'{sources}"
    )
}

#[cfg(test)]
mod tests {
    use super::{Assets, BuiltIn, content_type, is_among};
    use crate::server::origins::Origins;
    use crate::testing::Folder;

    #[test]
    fn the_page_is_there() {
        assert!(BuiltIn::get("index.html").is_some(), "run `cargo xtask build-client`");
    }

    #[test]
    fn content_types_say_how_text_is_encoded() {
        for (name, expect) in [
            ("a.html", "text/html; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.wasm", "application/wasm"),
            ("a.svg", "image/svg+xml"),
            ("a", "application/octet-stream"),
        ] {
            let folder = Folder::new();
            let file = folder.file(name, b"x");
            let read = rust_embed::utils::read_file_from_fs(&file).expect("read");
            assert_eq!(content_type(read.metadata.mimetype()), expect);
        }
    }

    #[test]
    fn a_known_tag_is_compared_weakly_and_in_lists() {
        for (known, expect) in [
            ("\"0123\"", true),
            ("W/\"0123\"", true),
            ("*", true),
            ("\"a\", W/\"0123\"", true),
            ("\"a,b\" ,\"0123\"", true),
            ("", false),
            ("0123", false),
            ("\"012\"", false),
            ("w/\"0123\"", false),
            ("\"0123", false),
            ("\"*\"", false),
        ] {
            assert_eq!(is_among(known.as_bytes(), b"\"0123\""), expect, "{known}");
        }
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_is_served() {
        let folder = Folder::new();
        let inner = folder.0.join("web");
        std::fs::create_dir_all(&inner).expect("made");
        folder.file("secret", b"x");
        std::fs::write(inner.join("index.html"), "x").expect("written");
        let all = Origins::new(&[]);
        assert!(Assets::new(Some(folder.0.clone()), &all).is_err(), "no page in it");
        let assets = Assets::new(Some(inner), &all).expect("a page in it");
        assert!(assets.get("index.html").await.is_some());
        let outside = folder.0.join("secret");
        for path in [
            "../secret",
            "./../secret",
            "a/../../secret",
            outside.to_str().expect("text"),
            "..\\secret",
        ] {
            assert!(assets.get(path).await.is_none(), "{path}");
        }
    }

    #[tokio::test]
    async fn a_file_that_many_are_sent_is_in_memory_once_and_as_it_is_now() {
        let folder = Folder::new();
        let index = folder.file("index.html", b"one");
        let origins = Origins::new(&[]);
        let assets = Assets::new(Some(folder.0.clone()), &origins).expect("a page in it");
        let get = async || assets.get("index.html").await.expect("there").body;
        let (one, again) = (get().await, get().await);
        assert_eq!((one.as_ptr(), &one[..]), (again.as_ptr(), &b"one"[..]));
        std::fs::write(index, "two").expect("written");
        assert_eq!((&get().await[..], &one[..]), (&b"two"[..], &b"one"[..]));
    }
}
