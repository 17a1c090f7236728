//! The promises of `--durability`, each checked against the process.

use std::fs;
use std::process::Command;

use crate::player::{Player, is_fight, tick};
use crate::program::{Folder, Running, bolide, output, refused};

fn serve(folder: &Folder, durability: &str) -> Running {
    let config = folder.long_fights("admin_listen = '127.0.0.1:0'\n");
    Running::start(bolide(folder).args(["--durability", durability, "--config"]).arg(config))
}

#[tokio::test]
async fn strict_goes_on_like_group_after_a_kill() {
    let folder = Folder::new();
    let running = serve(&folder, "strict");
    let mut players = Player::fight(&running.address, "long").await;
    let seen = players[0].until(|message| is_fight(message) && tick(message) > 60).await;
    running.signal("KILL");
    running.end();
    let running = serve(&folder, "strict");
    let mut one = Player::resume(&running.address, &players[0].token).await;
    let _other = Player::resume(&running.address, &players[1].token).await;
    let again = one.until(is_fight).await;
    assert!(tick(&again) >= tick(&seen), "no tick is lost that anybody saw");
    one.until(|message| is_fight(message) && tick(message) > tick(&again) + 10).await;
}

#[tokio::test]
async fn off_writes_nothing_at_all() {
    let folder = Folder::new();
    let running = serve(&folder, "off");
    let mut players = Player::fight(&running.address, "long").await;
    players[0].until(|message| is_fight(message) && tick(message) > 40).await;
    running.signal("TERM");
    assert_eq!(players[0].closed().await, 1012);
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("matches end with the process"), "{log}");
    assert!(!folder.0.join("data").exists(), "there is nothing to keep");
}

#[test]
fn another_durability_is_refused_with_those_that_there_are() {
    let folder = Folder::new();
    let output = output(bolide(&folder).args(["--durability", "always"]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("allowed are group, strict and off"), "{said}");
    let config = folder.file("bolide.toml", "durability = 1\n");
    let config = config.display();
    let expect = format!("{config}, line 1: invalid type: integer `1`, expected a string");
    refused(
        bolide(&folder).args(["--config", "bolide.toml"]),
        2,
        &expect.replace(&format!("{}/", folder.0.display()), ""),
    );
    let printed = Command::new(env!("CARGO_BIN_EXE_bolide"))
        .args(["config", "print", "--durability", "strict"])
        .env_clear()
        .output()
        .expect("it starts");
    let page = String::from_utf8(printed.stdout).expect("text");
    let line = page.lines().find(|line| line.starts_with("durability")).expect("a line");
    assert!(
        line.starts_with("durability = \"strict\"") && line.ends_with("# --durability"),
        "{line}"
    );
    assert!(fs::read_dir(&folder.0).expect("a folder").count() == 1, "nothing was made");
}
