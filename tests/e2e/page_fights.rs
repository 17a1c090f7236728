//! Ten fights of old pages over sockets, each page behind a connection with a delay of its own. A
//! native player in each room says what is true.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bolide_tests::{Client, Format, GRID, PATIENCE, Received, Seen, TestServer};
use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::dice::Dice;
use crate::page_model::{OldPage, SET_A, SET_B};

/// Players by name: place and radius.
type Shown = BTreeMap<String, (f64, f64, f64)>;

/// The acts of the people at the pages.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    Play,
    Rest,
    /// They show what they see, and rest.
    Show(usize),
}

/// Starts a proxy that delays each way by half of the round trip.
async fn delayed(server: SocketAddr, round_trip: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((page, _)) = listener.accept().await {
            let server = TcpStream::connect(server).await.expect("the server");
            for stream in [&page, &server] {
                stream.set_nodelay(true).expect("an option");
            }
            let ((page_out, page_in), (server_out, server_in)) =
                (page.into_split(), server.into_split());
            tokio::spawn(pass_on(page_out, server_in, round_trip / 2));
            tokio::spawn(pass_on(server_out, page_in, round_trip / 2));
        }
    });
    address
}

async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (late, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(4096);
    tokio::spawn(async move {
        while let Some((at, bytes)) = due.recv().await {
            sleep_until(at).await; // WAITS: the delay of the connection.
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if late.send((Instant::now() + delay, buffer[..length].to_vec())).await.is_err() {
            return;
        }
    }
}

/// Plays one page until the socket closes or the people go.
async fn play(
    address: SocketAddr,
    mode: &str,
    mut model: OldPage,
    mut act: watch::Receiver<Act>,
    shown: mpsc::Sender<Option<Shown>>,
) {
    let address = format!("ws://{address}/wss/multiplayer/?mode={mode}");
    let (mut socket, _) = connect_async(address).await.expect("a socket");
    let mut pictures = interval(Duration::from_micros(16_667));
    let (mut unread, mut last) = (Vec::new(), Instant::now());
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => unread.push(text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            _ = pictures.tick() => {
                unread.drain(..).for_each(|text| model.hear(&text));
                model.frame(last.elapsed().as_secs_f64());
                last = Instant::now();
                for text in model.sent.drain(..) {
                    socket.send(Message::text(text)).await.expect("sent");
                }
            }
            changed = act.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = *act.borrow();
                model.is_playing = now == Act::Play;
                if matches!(now, Act::Show(_)) {
                    let is_out = model.is_over() || !model.fights;
                    shown.send((!is_out).then(|| players(&model))).await.expect("heard");
                }
            }
        }
    }
}

fn players(model: &OldPage) -> Shown {
    let shown = model.players.iter().filter(|player| !player.name.is_empty());
    shown.map(|player| (player.name.clone(), (player.x, player.y, player.radius))).collect()
}

/// Reads all that a native player is sent, and shows the newest truth.
async fn witness(mut client: Client, truth: watch::Sender<Shown>) {
    let mut names = BTreeMap::new();
    while let Received::Message(message) = client.next().await {
        if message["t"] == "roster" {
            let players = message["players"].as_array().expect("players").iter();
            let name = |player: &serde_json::Value| player["name"].as_str().map(str::to_owned);
            names = players
                .map(|player| (player["id"].as_u64().expect("a seat"), name(player)))
                .collect();
        } else if message["t"] == "ping" {
            client.send(&serde_json::json!({"t": "pong", "nonce": message["nonce"]})).await;
        } else if let Some(seen) = Seen::read(&message, Format::Json) {
            let alive = seen.players.iter().filter(|(_, player)| player.life == 0);
            let shown = alive.filter_map(|(id, player)| {
                let (x, y) = (player.at.0 as f64 / GRID, player.at.1 as f64 / GRID);
                Some((names.get(id)?.clone()?, (x, y, player.health as f64 * 0.001)))
            });
            truth.send(shown.collect()).ok();
        }
    }
}

/// Plays a fight, and returns how often a page was compared with the truth.
async fn fight(number: u64) -> usize {
    let mut dice = Dice::of(number);
    let (mode, set, rest) =
        [("legacy-a", SET_A, 7), ("legacy-b", SET_B, 13)][usize::from(number % 4 == 3)];
    let mut server = TestServer::start(|_| ()).await;
    let native = Client::join(server.address, Format::Json, "native", mode).await.0;
    let (told, truth) = watch::channel(Shown::new());
    let reading = tokio::spawn(witness(native, told));
    let (people, act) = watch::channel(Act::Play);
    let (show, mut shown) = mpsc::channel(8);
    let mut pages = Vec::new();
    for _ in 0..2 {
        let round_trip = Duration::from_millis([0, 50, 150][dice.below(3)]);
        let address = delayed(server.address, round_trip).await;
        let model = OldPage::new(set, dice.digits(), dice.fork());
        let playing = play(address, mode, model, act.clone(), show.clone());
        pages.push(tokio::spawn(playing));
    }
    drop((show, act));
    let mut compared = 0;
    for exchange in 0..2 {
        people.send(Act::Play).expect("pages");
        sleep(Duration::from_secs(4)).await; // WAITS: people play.
        people.send(Act::Rest).expect("pages");
        sleep(Duration::from_secs(rest)).await; // WAITS: the last walk ends.
        people.send(Act::Show(exchange)).expect("pages");
        for _ in 0..pages.len() {
            let Some(shown) = timeout(PATIENCE, shown.recv()).await.expect("in time") else {
                break;
            };
            let Some(shown) = shown else { continue };
            let truth = truth.borrow().clone();
            assert!(shown.keys().eq(truth.keys()), "fight {number}: {shown:?}; true is {truth:?}");
            for (name, (x, y, radius)) in &shown {
                let (true_x, true_y, true_radius) = truth[name];
                let off = (x - true_x).hypot(y - true_y);
                assert!(off < 0.02, "fight {number}: {name} is {off} off");
                assert!((radius - true_radius).abs() < 1e-6, "fight {number}: {name} {radius}");
            }
            compared += 1;
        }
    }
    drop(people);
    reading.abort();
    join_all(pages).await;
    server.stop();
    server.stopped().await;
    compared
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_exchange_each_page_shows_the_truth() {
    let compared: usize = join_all((0..10).map(fight)).await.into_iter().sum();
    assert!(compared >= 20, "{compared}");
}
