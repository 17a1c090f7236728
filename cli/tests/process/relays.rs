//! The pages of an old relay on a server that is killed: their match is a journal like any other.

use std::fs;
use std::process::Command;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::player::Player;
use crate::program::{Folder, PATIENCE, Running, bolide, output};

type Page = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn server(folder: &Folder) -> Command {
    let mut command = bolide(folder);
    command.args(["--listen", "127.0.0.1:0", "--data-dir", "data", "--grace-s", "1"]);
    command
}

async fn enter(running: &Running, uuid: &str) -> Page {
    let address = format!("ws://{}/wss/multiplayer/", running.address);
    let (mut page, _) = connect_async(address).await.expect("a socket");
    let create =
        format!(r#"{{"event":"create_player","uuid":"{uuid}","username":"P","photo":""}}"#);
    page.send(Message::text(create)).await.expect("sent");
    page
}

/// Reads until a frame has this text.
async fn until(page: &mut Page, text: &str) {
    let found = async {
        while !page.next().await.expect("open").expect("a message").to_string().contains(text) {}
    };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{text} in time"));
}

#[tokio::test]
async fn a_fight_of_old_pages_survives_a_kill_and_ends_without_them() {
    let folder = Folder::new();
    let running = Running::start(&mut server(&folder));
    let mut one = enter(&running, "11111111").await;
    until(&mut one, "11111111").await;
    let mut two = enter(&running, "22222222").await;
    // The player in whose name a page is corrected comes with the fight.
    for page in [&mut one, &mut two] {
        until(page, r#""event":"attack""#).await;
    }
    let walk = r#"{"event":"move_to","uuid":"11111111","tx":0.3,"ty":0.5}"#;
    one.send(Message::text(walk)).await.expect("sent");
    until(&mut two, "move_to").await;
    running.signal("KILL");
    running.end();

    let mut running = Running::start(&mut server(&folder));
    running.logs("match recovered");
    // The pages cannot come back, so their bodies leave, and nobody is left.
    running.logs("match is over");
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    let journals = fs::read_dir(folder.0.join("data/journals")).expect("a folder");
    let journals: Vec<_> = journals.map(|entry| entry.expect("an entry").path()).collect();
    let [journal] = &journals[..] else { panic!("{journals:?}") };
    let told = output(bolide(&folder).arg("replay").arg(journal));
    let told = String::from_utf8(told.stdout).expect("text");
    assert!(told.contains("legacy-a") && told.contains("2 humans (#0-1)"), "{told}");
    assert!(told.contains("state hashes compared, all equal"), "{told}");
}

/// Both kinds of page in one room of a mode that neither names for the other.
#[tokio::test]
async fn an_old_page_and_a_native_one_meet_in_a_room() {
    let folder = Folder::new();
    let running = Running::start(&mut server(&folder));
    let mut old = enter(&running, "11111111").await;
    until(&mut old, "11111111").await;
    let mut native = Player::join(&running.address, "legacy-a").await;
    until(&mut old, r#""username":"Ada""#).await;
    let line = r#"{"event":"message","uuid":"11111111","username":"P","text":"hello"}"#;
    old.send(Message::text(line)).await.expect("sent");
    let chat = native.until(|message| message["t"] == "chat").await;
    assert_eq!((&chat["name"], &chat["text"]), (&"P".into(), &"hello".into()));
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
}
