//! One HTTP request per connection, written manually, so that the tests see the exact bytes on the
//! wire.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::PATIENCE;

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head after the first line, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Returns a header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Requests a path.
pub async fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, &format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"))
        .await
}

/// Returns the listed rooms once they are as wanted. The list may be a second old.
pub async fn listed(address: SocketAddr, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let asking = async {
        loop {
            let list: Value =
                serde_json::from_str(&get(address, "/api/v1/rooms").await.body).expect("JSON");
            let rooms = list["rooms"].as_array().expect("a list");
            if wanted(rooms) {
                return rooms.clone();
            }
            sleep(Duration::from_millis(20)).await; // WAITS: between two looks at the list.
        }
    };
    timeout(PATIENCE, asking).await.expect("the list becomes as wanted")
}

/// Sends a request unchanged and reads until the server closes.
pub async fn request(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer").expect("read");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let (first, head) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}
