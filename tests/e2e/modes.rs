//! A mode of the operator's own: it is listed, and a client that asks for it plays by its rules.

use bolide_server::Config;
use bolide_sim::{Mode, Rules, preset};
use bolide_tests::{Client, Format, TestServer, get};
use serde_json::{Value, json};

fn with_ice_rink(config: &mut Config) {
    let base = preset("brawl").expect("a preset").rules;
    let rules = Rules { walk_speed: 0.75, capacity: 2, ..base };
    config.modes.add(Mode { name: "ice-rink".to_owned(), rules }).expect("allowed");
}

#[tokio::test]
async fn it_is_listed_after_the_presets_and_joined_by_its_name() {
    let server = TestServer::start(with_ice_rink).await;
    let modes: Value =
        serde_json::from_str(&get(server.address, "/api/v1/modes").await.body).expect("JSON");
    let names: Vec<_> =
        modes["modes"].as_array().expect("a list").iter().map(|m| &m["name"]).collect();
    assert_eq!(names, ["classic", "brawl", "duel", "royale", "ice-rink"]);
    for format in Format::ALL {
        let (_client, welcome) = Client::join(server.address, format, "Ada", "ice-rink").await;
        assert_eq!(
            (&welcome["mode"], &welcome["rules"]["capacity"]),
            (&json!("ice-rink"), &json!(2))
        );
        assert_eq!(welcome["rules"]["walk_speed"], 0.75);
    }
}

#[tokio::test]
async fn a_mode_that_is_not_listed_is_joined_by_its_name_and_has_no_bots() {
    let server = TestServer::start(|config| {
        (config.bots_wait_s, config.bots_fill_to) = (0, 4);
    })
    .await;
    let modes = get(server.address, "/api/v1/modes").await.body;
    assert!(!modes.contains("legacy"), "{modes}");
    for (mode, fill_to) in [("legacy-a", 0), ("brawl", 4)] {
        let (mut client, welcome) = Client::join(server.address, Format::Json, "Ada", mode).await;
        assert_eq!(welcome["rules"]["late_joins"] == true, mode == "legacy-a");
        assert_eq!(client.control("bots").await["fill_to"], fill_to, "{mode}");
    }
}

#[tokio::test]
async fn who_asks_for_none_still_plays_brawl() {
    let server = TestServer::start(with_ice_rink).await;
    let mut client = Client::open(server.address, Format::Json).await;
    client.send(&json!({"t": "hello", "name": "Ada"})).await;
    assert_eq!(client.control("welcome").await["mode"], "brawl");
    let mut lost = Client::open(server.address, Format::Json).await;
    lost.send(&json!({"t": "hello", "name": "Bob", "mode": "icerink"})).await;
    let expect =
        "there is no mode \"icerink\"; the modes are classic, brawl, duel, royale, ice-rink";
    assert_eq!(lost.error().await, ("unknown_mode".to_owned(), expect.to_owned()));
}
