//! A client that speaks JSON and can play a little.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::program::PATIENCE;

/// A client with a seat.
pub(crate) struct Player {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) seat: u64,
    pub(crate) token: String,
    /// The code of its room, if the room is private.
    pub(crate) code: Option<String>,
    seq: u32,
}

impl Player {
    pub(crate) async fn join(address: &str, mode: &str) -> Player {
        Player::hello(address, json!({"t": "hello", "name": "Ada", "mode": mode})).await
    }

    /// Opens a private room.
    pub(crate) async fn create(address: &str, mode: &str) -> Player {
        let hello = json!({"t": "hello", "name": "Ada", "mode": mode, "create": "private"});
        Player::hello(address, hello).await
    }

    pub(crate) async fn join_by_code(address: &str, code: &str) -> Player {
        Player::hello(address, json!({"t": "hello", "name": "Bo", "code": code})).await
    }

    /// Joins with two players, and waits until they fight.
    pub(crate) async fn fight(address: &str, mode: &str) -> [Player; 2] {
        let mut players = [Player::join(address, mode).await, Player::join(address, mode).await];
        for player in &mut players {
            player.until(is_fight).await;
        }
        players
    }

    /// Resumes the seat of this token.
    pub(crate) async fn resume(address: &str, token: &str) -> Player {
        Player::hello(address, json!({"t": "hello", "name": "Ada", "resume": token})).await
    }

    /// Resumes a seat whose room may not be open yet: retries until it is.
    pub(crate) async fn come_back(address: &str, token: &str) -> Player {
        let welcomed = async {
            loop {
                let mut player = Player::connect(address).await;
                player.say(&json!({"t": "hello", "name": "Ada", "resume": token})).await;
                match player.next().await {
                    Ok(welcome) => {
                        assert_eq!(welcome["t"], "welcome", "{welcome}");
                        player.take(&welcome);
                        return player;
                    }
                    Err(code) => assert_eq!(code, 1012),
                }
            }
        };
        timeout(PATIENCE, welcomed).await.expect("its room is open some day")
    }

    async fn hello(address: &str, hello: Value) -> Player {
        let mut player = Player::connect(address).await;
        player.say(&hello).await;
        player.welcomed().await
    }

    /// Sends a hello that is refused, and returns the code of the error.
    pub(crate) async fn refused(address: &str, hello: Value) -> String {
        let mut player = Player::connect(address).await;
        player.say(&hello).await;
        let error = player.until(|message| message["t"] == "error").await;
        error["code"].as_str().expect("a code").to_owned()
    }

    /// Connects without saying hello.
    pub(crate) async fn connect(address: &str) -> Player {
        let socket = connect_async(format!("ws://{address}/play")).await.expect("a socket").0;
        Player { socket, seat: 0, token: String::new(), code: None, seq: 0 }
    }

    async fn welcomed(mut self) -> Player {
        let welcome = self.until(|message| message["t"] == "welcome").await;
        self.take(&welcome);
        self
    }

    fn take(&mut self, welcome: &Value) {
        self.seat = welcome["seat"].as_u64().expect("a number");
        self.code = welcome["code"].as_str().map(str::to_owned);
        self.token = welcome["resume"].as_str().expect("a token").to_owned();
    }

    /// Reads until the client is welcomed. If the server closes instead, returns the close code.
    pub(crate) async fn welcome_or_close(mut self) -> Result<Player, u16> {
        let answer = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) if text.contains("\"t\":\"welcome\"") => {
                        return Ok(text);
                    }
                    Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                    Some(Ok(_)) => {}
                    end => panic!("neither a welcome nor a close frame: {end:?}"),
                }
            }
        };
        let answer: Result<_, u16> = timeout(PATIENCE, answer).await.expect("an answer");
        let welcome = answer?;
        let welcome = serde_json::from_str(&welcome).expect("JSON");
        self.take(&welcome);
        Ok(self)
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).await.expect("sent");
    }

    /// Throws a fireball towards a place in units.
    pub(crate) async fn shoot(&mut self, [x, y]: [f64; 2]) {
        self.seq += 1;
        self.say(&json!([1, self.seq, null, null, 2, x, y])).await;
    }

    /// Returns the next message, or the close code.
    async fn next(&mut self) -> Result<Value, u16> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                Some(Ok(_)) => {}
                end => panic!("neither a message nor a close frame: {end:?}"),
            }
        }
    }

    /// Reads until a message is wanted, and returns it.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let search = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let message: Value = serde_json::from_str(&text).expect("JSON");
                        if wanted(&message) {
                            return message;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    end => panic!("not what was wanted: {end:?}"),
                }
            }
        };
        timeout(PATIENCE, search).await.expect("the message that is wanted")
    }

    /// Reads until the server closes. Returns the tick of the last snapshot, or `seen` if there was
    /// none, and the close code.
    pub(crate) async fn last_tick(&mut self, seen: u64) -> (u64, u16) {
        let mut last = seen;
        let end = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                    Some(Ok(Message::Text(text))) => {
                        let message: Value = serde_json::from_str(&text).expect("JSON");
                        last = if message[0] == 1 { tick(&message) } else { last };
                    }
                    Some(Ok(_)) => {}
                    end => panic!("no close frame: {end:?}"),
                }
            }
        };
        let code = timeout(PATIENCE, end).await.expect("a close frame");
        (last, code)
    }

    /// Reads until the server closes, and returns the close code.
    pub(crate) async fn closed(&mut self) -> u16 {
        self.closed_with().await.0
    }

    /// Reads until the server closes, and returns the close code and the reason.
    pub(crate) async fn closed_with(&mut self) -> (u16, String) {
        let close = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return (frame.code.into(), frame.reason.to_string());
                    }
                    Some(Ok(_)) => {}
                    end => panic!("no close frame: {end:?}"),
                }
            }
        };
        timeout(PATIENCE, close).await.expect("a close frame")
    }
}

/// Returns whether a message is a snapshot of a fight.
pub(crate) fn is_fight(message: &Value) -> bool {
    message[0] == 1 && message[2] == 2
}

/// Returns the tick of a snapshot.
pub(crate) fn tick(snapshot: &Value) -> u64 {
    snapshot[1].as_u64().expect("a tick")
}

/// Returns the place of a player in a snapshot, in units.
pub(crate) fn place(snapshot: &Value, seat: u64) -> [f64; 2] {
    let players = snapshot[4].as_array().expect("a list");
    let player = players.iter().find(|player| player[0] == seat).expect("takes part");
    [1, 2].map(|field| player[field].as_f64().expect("a number"))
}
