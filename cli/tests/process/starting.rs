//! Start of the program: its output, its precedence of settings, and its refusals.

use std::net::TcpListener;
use std::path::Path;

use crate::player::Player;
use crate::program::{Folder, Running, bolide, output, refused};

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    let expect = format!(
        "cannot listen on {address}: another program uses it; stop that one, or choose another port: bolide --listen 127.0.0.1:"
    );
    refused(bolide(&folder).args(["--listen", &address.to_string()]), 1, &expect);
}

#[test]
fn a_wrong_configuration_is_refused_in_one_sentence() {
    let folder = Folder::new();
    let missing = folder.0.join("missing.toml");
    let expect =
        format!("cannot read the configuration file `{}`: No such file", missing.display());
    refused(bolide(&folder).arg("--config").arg(&missing), 2, &expect);

    let unknown = folder.file("unknown.toml", "# mine\nlisen = '127.0.0.1:0'\n");
    let expect = format!(
        "{}, line 2: there is no setting `lisen`; did you mean `listen`?",
        unknown.display()
    );
    refused(bolide(&folder).arg("--config").arg(&unknown), 2, &expect);

    let broken = folder.file("broken.toml", "listen = [\n");
    let expect = format!("{}, line ", broken.display());
    refused(bolide(&folder).arg("--config").arg(&broken), 2, &expect);

    refused(
        bolide(&folder).args(["--sessions-max", "0"]),
        2,
        "`sessions_max` is 0; allowed is 1 to 100000",
    );
    refused(bolide(&folder).env("BOLIDE_SHARDS", "999"), 2, "`shards` is 999; allowed is 1 to 256");
    refused(bolide(&folder).args(["--log", "a=b=c"]), 2, "`a=b=c` is no log filter");
}

#[test]
fn a_wrong_option_or_command_is_refused_with_the_nearest_one() {
    let folder = Folder::new();
    for (args, expect) in [
        (vec!["--lisen", "127.0.0.1:0"], "a similar argument exists: '--listen'"),
        (vec!["--listen", "4000"], "`4000` is not an address to listen on; write IP:PORT"),
        (vec!["serv"], "a similar subcommand exists: 'serve'"),
    ] {
        let output = output(bolide(&folder).args(&args));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(said.contains(expect), "{said}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_refused_before_anything_is_announced() {
    let folder = Folder::new();
    let file = folder.file("file", "");
    let listen = ["--listen", "127.0.0.1:0"];
    let expect = format!("cannot use the data folder `{}`: ", file.display());
    refused(bolide(&folder).args(listen).arg("--data-dir").arg(&file), 1, &expect);
    let expect = format!(
        "there is no index.html in `{}`; check --web-dir or leave it out",
        folder.0.display()
    );
    refused(bolide(&folder).args(listen).arg("--web-dir").arg(&folder.0), 1, &expect);
}

#[test]
fn help_and_version_are_short() {
    let folder = Folder::new();
    let help = output(bolide(&folder).arg("--help"));
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for word in [
        "--listen <ADDRESS>",
        "--config <FILE>",
        "--data-dir <FOLDER>",
        "Limits:",
        "Rooms:",
        "Examples:",
    ] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    assert!(help.lines().count() <= 56, "{help}");
    let version = output(bolide(&folder).arg("--version"));
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    assert_eq!(version.trim(), concat!("bolide ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn command_line_before_environment_before_file_before_default() {
    let folder = Folder::new();
    let config = folder.file("bolide.toml", "listen = 'nowhere'\n");
    // The file is read and refused whatever the command line sets, so that a mistake in it is found
    // early.
    refused(
        bolide(&folder).args(["--listen", "127.0.0.1:0", "--config"]).arg(&config),
        2,
        &format!("{}, line 1: `nowhere` is not an address", config.display()),
    );
    let config = folder
        .file("bolide.toml", "listen = '127.0.0.1:0'\ndata_dir = 'from-file'\nlog = 'error'\n");
    for (variable, option, made) in [
        (None, None, "from-file"),
        (Some("from-environment"), None, "from-environment"),
        (Some("from-environment-2"), Some("from-line"), "from-line"),
    ] {
        let mut command = bolide(&folder);
        command.arg("serve").arg("--config").arg(&config);
        command.envs(variable.map(|folder| ("BOLIDE_DATA_DIR", folder)));
        command.args(option.map(|folder| ["--data-dir", folder]).into_iter().flatten());
        let running = Running::start(&mut command);
        assert!(Path::new(&folder.0).join(made).is_dir(), "{made}");
        running.signal("TERM");
        assert_eq!(running.end(), (Some(0), String::new()), "log = 'error' comes from the file");
    }
    assert!(!folder.0.join("from-environment-2").exists());
}

#[tokio::test]
async fn the_start_block_says_where_to_play() {
    let folder = Folder::new();
    let running =
        Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0", "--data-dir", "data"]));
    let block = running.start_block.join("\n");
    for word in [concat!("Bolide ", env!("CARGO_PKG_VERSION")), "classic, brawl", "data", "Ctrl-C"]
    {
        assert!(block.contains(word), "{word} is not in\n{block}");
    }
    assert!(!running.address.ends_with(":0"), "the real port");
    Player::join(&running.address, "brawl").await;
}
