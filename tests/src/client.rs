//! A client of either format. Every message becomes a JSON value, whatever its format.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bolide_net::Codec;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::PATIENCE;
use crate::snapshot::{GRID, Seen};

/// The format of a client.
pub type Format = Codec;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A client with an open socket.
#[derive(Debug)]
pub struct Client {
    /// The format of its messages.
    pub format: Format,
    socket: Socket,
    /// The last messages, for the text of a failure.
    heard: VecDeque<String>,
    seq: u32,
    /// The first ticks in which it may shoot and blink, according to the last private message.
    pub ready: (u64, u64),
}

/// Something received from the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A message.
    Message(Value),
    /// A close frame.
    Closed(u16, String),
    /// The end of the connection, without a close frame.
    Gone,
}

impl Client {
    /// Opens a socket with the subprotocol of `format`.
    pub async fn open(address: SocketAddr, format: Format) -> Client {
        let (socket, _) =
            Client::connect(address, Some(format.subprotocol())).await.expect("a socket");
        Client { format, socket, heard: VecDeque::new(), seq: 0, ready: (0, 0) }
    }

    /// Opens a socket with any offer of subprotocols. Returns it with the answer to the handshake.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn connect(
        address: SocketAddr,
        offer: Option<&str>,
    ) -> Result<(Socket, Response), Error> {
        let mut request = format!("ws://{address}/play").into_client_request()?;
        if let Some(offer) = offer {
            let offer = HeaderValue::from_str(offer).expect("a header");
            request.headers_mut().insert("Sec-WebSocket-Protocol", offer);
        }
        connect_async(request).await
    }

    /// Opens a socket and joins. Returns the client and its welcome.
    pub async fn join(
        address: SocketAddr,
        format: Format,
        name: &str,
        mode: &str,
    ) -> (Client, Value) {
        let mut client = Client::open(address, format).await;
        client.send(&json!({"t": "hello", "name": name, "mode": mode})).await;
        let welcome = client.control("welcome").await;
        client.seq = u32::try_from(welcome["seq"].as_u64().expect("a number")).expect("in range");
        (client, welcome)
    }

    /// Opens a socket and resumes a seat. Returns the client with the welcome or the error.
    pub async fn resume(address: SocketAddr, format: Format, token: &str) -> (Client, Value) {
        let mut client = Client::open(address, format).await;
        client.send(&json!({"t": "hello", "name": "back", "resume": token})).await;
        let answer = client.until("welcome or error", |m| {
            (m["t"] == "welcome" || m["t"] == "error").then(|| m.clone())
        });
        let answer = answer.await;
        (client, answer)
    }

    /// Sends a message in the client's format.
    pub async fn send(&mut self, message: &Value) {
        self.send_raw(self.encode(message)).await;
    }

    /// Sends messages in one packet.
    pub async fn send_together(&mut self, messages: &[Value]) {
        for message in messages {
            self.socket.feed(self.encode(message)).await.ok();
        }
        self.socket.flush().await.ok();
    }

    fn encode(&self, message: &Value) -> Message {
        match self.format {
            Codec::Json => Message::text(message.to_string()),
            Codec::MessagePack => Message::binary(rmp_serde::to_vec(message).expect("encodes")),
        }
    }

    /// Sends a frame unchanged. It is no error if the server has closed: its reason is read next.
    pub async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.ok();
    }

    /// Sends an input for the next tick. A place is in grid steps.
    pub async fn input(&mut self, intent: u32, place: Option<(i64, i64)>) -> u32 {
        self.seq += 1;
        let mut message = vec![json!(1), json!(self.seq), Value::Null, Value::Null, json!(intent)];
        if let Some((x, y)) = place {
            message.extend([self.coordinate(x), self.coordinate(y)]);
        }
        self.send(&Value::Array(message)).await;
        self.seq
    }

    #[expect(clippy::cast_precision_loss, reason = "places in an arena are small")]
    fn coordinate(&self, steps: i64) -> Value {
        match self.format {
            Codec::Json => json!((steps as f64 / GRID * 1e5).round() / 1e5),
            Codec::MessagePack => json!(steps),
        }
    }

    /// Receives the next message, or the end.
    pub async fn next(&mut self) -> Received {
        let next = async {
            loop {
                let message = match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("JSON"),
                    Some(Ok(Message::Binary(bytes))) => decode(&bytes),
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return Received::Closed(frame.code.into(), frame.reason.to_string());
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return Received::Gone,
                };
                return Received::Message(message);
            }
        };
        let received = timeout(PATIENCE, next)
            .await
            .unwrap_or_else(|_| panic!("silence; heard {:#?}", self.heard));
        if let Received::Message(Value::Array(message)) = &received
            && message[0] == 2
        {
            self.ready =
                (message[2].as_u64().expect("a tick"), message[3].as_u64().expect("a tick"));
        }
        if self.heard.len() == HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(format!("{received:?}"));
        received
    }

    /// Reads until `pick` takes something from a message.
    pub async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&Value) -> Option<T>) -> T {
        let search = async {
            loop {
                match self.next().await {
                    Received::Message(message) => {
                        if let Some(found) = pick(&message) {
                            return Ok(found);
                        }
                    }
                    end => return Err(end),
                }
            }
        };
        match timeout(PATIENCE, search).await {
            Ok(Ok(found)) => found,
            Ok(Err(end)) => panic!("{what} expected, but {end:?}; heard {:#?}", self.heard),
            Err(_) => panic!("{what} did not come; heard {:#?}", self.heard),
        }
    }

    /// Reads until a control message of this kind.
    pub async fn control(&mut self, kind: &str) -> Value {
        self.until(kind, |message| (message["t"] == kind).then(|| message.clone())).await
    }

    /// Reads until an error, and returns its code and text.
    pub async fn error(&mut self) -> (String, String) {
        let error = self.control("error").await;
        let text = |field: &str| error[field].as_str().expect("a text").to_owned();
        (text("code"), text("message"))
    }

    /// Reads until `pick` takes something from a snapshot.
    pub async fn snapshot<T>(&mut self, what: &str, mut pick: impl FnMut(&Seen) -> Option<T>) -> T {
        let format = self.format;
        self.until(what, |message| pick(&Seen::read(message, format)?)).await
    }

    /// Reads until the server closes, and returns its code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Received::Message(_) => {}
                Received::Closed(code, reason) => return (code, reason),
                Received::Gone => panic!("no close frame came; heard {:#?}", self.heard),
            }
        }
    }
}

fn decode(bytes: &Bytes) -> Value {
    rmp_serde::from_slice(bytes).expect("MessagePack")
}

/// Messages that a failure quotes.
const HEARD_MAX: usize = 12;
