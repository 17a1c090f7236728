//! A page of an old relay: a WebSocket with texts, whose headers the test chooses.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::PATIENCE;
use crate::server::TestServer;

/// A wait in which nothing comes that has not come yet.
const SILENCE: Duration = Duration::from_millis(300);

/// A page of an old relay.
#[derive(Debug)]
pub struct RelayPage {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The answer to the handshake.
    pub answer: Response<()>,
}

/// A handshake that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayRefusal {
    /// The status code.
    pub status: u16,
    /// The text for the developer.
    pub text: String,
}

impl RelayPage {
    /// Opens a path.
    pub async fn open(server: &TestServer, path: &str) -> RelayPage {
        RelayPage::open_with(server, path, &[]).await
    }

    /// Opens a path with these headers.
    pub async fn open_with(
        server: &TestServer,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> RelayPage {
        let opened = RelayPage::try_open(server, path, headers).await;
        opened.unwrap_or_else(|refusal| panic!("{path}: {refusal:?}"))
    }

    /// Opens a path with these headers.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn try_open(
        server: &TestServer,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<RelayPage, RelayRefusal> {
        let address = format!("ws://{}{path}", server.address);
        let mut request = address.into_client_request().expect("an address");
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a value");
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        match timeout(PATIENCE, connect_async(request)).await.expect("in time") {
            Ok((socket, answer)) => Ok(RelayPage { socket, answer: answer.map(|_| ()) }),
            Err(Error::Http(answer)) => {
                let body = answer.body().clone().unwrap_or_default();
                let text = String::from_utf8_lossy(&body).into_owned();
                Err(RelayRefusal { status: answer.status().as_u16(), text })
            }
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Returns the cookie that the handshake set, as `name=value`.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        let header = self.answer.headers().get("set-cookie")?.to_str().ok()?;
        header.split(';').next().map(str::to_owned)
    }

    /// Sends a text.
    pub async fn say(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.expect("it is open");
    }

    /// Sends a binary frame.
    pub async fn say_binary(&mut self, bytes: &[u8]) {
        self.socket.send(Message::binary(bytes.to_vec())).await.expect("it is open");
    }

    /// Returns the next text.
    pub async fn next(&mut self) -> String {
        match self.next_or_close().await {
            Ok(text) => text,
            Err(closed) => panic!("closed: {closed:?}"),
        }
    }

    /// Checks that the next texts are these.
    pub async fn hears(&mut self, texts: &[&str]) {
        for text in texts {
            assert_eq!(self.next().await, *text);
        }
    }

    /// Checks that nothing comes for a while.
    pub async fn hears_nothing(&mut self) {
        if let Ok(heard) = timeout(SILENCE, self.next_or_close()).await {
            panic!("heard {heard:?}");
        }
    }

    /// Returns the code and reason with which the server closes. Texts before that are dropped.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Err(closed) = self.next_or_close().await {
                return closed;
            }
        }
    }

    /// Closes the socket, and waits for the server.
    pub async fn close(mut self) {
        self.socket.close(None).await.expect("it is open");
        while self.socket.next().await.is_some_and(|heard| heard.is_ok()) {}
    }

    /// Returns the next text, or the code and reason of the close. Pings in between do not extend
    /// the wait.
    async fn next_or_close(&mut self) -> Result<String, (u16, String)> {
        timeout(PATIENCE, self.next_told()).await.expect("in time")
    }

    async fn next_told(&mut self) -> Result<String, (u16, String)> {
        loop {
            let message = self.socket.next().await;
            match message.expect("a close first").expect("a message") {
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(Some(frame)) => {
                    return Err((frame.code.into(), frame.reason.as_str().to_owned()));
                }
                Message::Close(None) => return Err((1005, String::new())),
                _ => {}
            }
        }
    }
}
