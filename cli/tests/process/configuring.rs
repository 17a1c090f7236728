//! `bolide config`: its output can be read back, and a wrong file is reported with all its
//! mistakes.

use std::process::Command;

use crate::program::{Folder, Running, bolide, output, refused};

const CONFIG: &str = "\
grace_s = 7
origins = ['https://example.org']
[bots]
fill_to = 6
[budgets]
ping_s = 9
[modes.ice-rink]
base = 'duel'
knockback_kept = 0.97
walls = 'open'
";

/// Runs a command that succeeds, and returns its output.
fn said(command: &mut Command) -> String {
    let output = output(command);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// Returns the settings without the comments, which name their sources.
fn settings(page: &str) -> Vec<String> {
    let bare = page.lines().map(|line| line.split(" #").next().unwrap_or_default().trim_end());
    bare.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn what_is_printed_can_be_read_back_and_is_the_same() {
    let folder = Folder::new();
    let config = folder.file("bolide.toml", CONFIG);
    let mut command = bolide(&folder);
    command.args(["config", "print", "--rooms-max", "12", "--budgets-idle-s", "60", "--config"]);
    let page = said(command.arg(&config).env("BOLIDE_LOG", "json,debug"));
    for (setting, source) in [
        ("grace_s = 7", format!("{}, line 1", config.display())),
        ("fill_to = 6", format!("{}, line 4", config.display())),
        ("ping_s = 9", format!("{}, line 6", config.display())),
        ("[modes.ice-rink]", format!("{}, line 7", config.display())),
        ("rooms_max = 12", "--rooms-max".to_owned()),
        ("idle_s = 60", "--budgets-idle-s".to_owned()),
        ("log = \"json,debug\"", "BOLIDE_LOG".to_owned()),
        ("sessions_max = 5000", "default".to_owned()),
        ("# admin_listen is not set", "default".to_owned()),
    ] {
        let line = page.lines().find(|line| line.starts_with(setting)).expect(setting);
        assert_eq!(line.rsplit("# ").next(), Some(source.as_str()), "{line}");
    }

    let printed = folder.file("printed.toml", &page);
    let again = said(bolide(&folder).args(["config", "print", "--config"]).arg(&printed));
    assert_eq!(settings(&again), settings(&page));
    let expect = format!("{}: all is well; 50 settings, 1 mode\n", printed.display());
    assert_eq!(said(bolide(&folder).args(["config", "check"]).arg(&printed)), expect);
    let from_environment =
        said(bolide(&folder).args(["config", "check"]).env("BOLIDE_CONFIG", &printed));
    assert_eq!(from_environment, expect);
    assert!(!folder.0.join("bolide-data").exists(), "nothing is started");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let folder = Folder::new();
    let text = "lisen = 1\ngrace_s = 'x'\n[bots]\nfill_to = 2000\n[modes.a]\nwalk_sped = 1\n";
    let config = folder.file("bolide.toml", text);
    let output = output(bolide(&folder).args(["config", "check"]).arg(&config));
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let expect = [
        "line 1: there is no setting `lisen`; did you mean `listen`?",
        "line 2: invalid type: string \"x\", expected u16",
        "line 4: `bots.fill_to` is 2000; allowed is 0 to 1000",
        "line 6: mode `a`: there is no rule `walk_sped`; did you mean `walk_speed`?",
    ];
    let expect = expect.map(|error| format!("error: {}, {error}\n", config.display()));
    assert_eq!(errors, expect.concat());

    // A start prints one sentence, which names the command that lists the other mistakes.
    let first = expect[0].trim_start_matches("error: ").trim_end();
    let others =
        format!("{first}; and 3 more, which `bolide config check {}` tells", config.display());
    refused(bolide(&folder).arg("--config").arg(&config), 2, &others);
}

#[test]
fn the_environment_is_checked_too_and_a_file_that_is_not_there_is_named() {
    let folder = Folder::new();
    let check = || {
        let mut command = bolide(&folder);
        command.args(["config", "check"]);
        command
    };
    refused(check().env("BOLIDE_SHARDS", "999"), 1, "`shards` is 999; allowed is 1 to 256");
    refused(check().env("BOLIDE_LOG", "a=b=c"), 1, "`a=b=c` is no log filter");
    refused(check().arg("no.toml"), 1, "cannot read the configuration file `no.toml`");
    let alone = said(&mut check());
    assert_eq!(alone, "all is well; no file is named, so there is only the environment\n");
}

/// In every command that reads settings. A foreign variable may belong to another program.
#[test]
fn a_misspelt_variable_is_refused_with_the_nearest_and_a_foreign_one_is_named() {
    let folder = Folder::new();
    let expect = "the environment has `BOLIDE_SESSION_MAX`, which is no setting; did you mean `BOLIDE_SESSIONS_MAX`?";
    for (args, code) in [
        (&[][..], 2),
        (&["serve", "--listen", "127.0.0.1:0"], 2),
        (&["config", "print"], 2),
        (&["config", "check"], 1),
        (&["healthcheck"], 1),
        (&["journal", "list"], 1),
    ] {
        refused(bolide(&folder).args(args).env("BOLIDE_SESSION_MAX", "7"), code, expect);
    }
    let mut both = bolide(&folder);
    both.args(["config", "check"]).env("BOLIDE_SESSION_MAX", "7").env("BOLIDE_SHARDS", "999");
    let both = String::from_utf8(output(&mut both).stderr).expect("text");
    let shards = "`shards` is 999; allowed is 1 to 256";
    assert_eq!(both, format!("error: {expect}\nerror: {shards}\n"), "everything at once");

    let mut check = bolide(&folder);
    check.args(["config", "check"]).env("BOLIDE_PORT", "tcp://10.0.0.1:4000").env("BOLIDE_X", "1");
    let told = said(&mut check);
    let foreign = "in the environment are not settings, and ignored: BOLIDE_PORT, BOLIDE_X";
    assert!(told.contains(foreign), "{told}");
    let mut serve = bolide(&folder);
    serve.args(["--listen", "127.0.0.1:0"]).env("BOLIDE_PORT", "tcp://10.0.0.1:4000");
    let foreign = "variables of the environment that are not settings, and ignored: BOLIDE_PORT";
    Running::start(&mut serve).logs(foreign);
}

#[test]
fn an_empty_variable_is_not_set_and_a_wrong_one_is_named() {
    let folder = Folder::new();
    let mut print = bolide(&folder);
    print.args(["config", "print"]);
    for name in ["SESSIONS_MAX", "LISTEN", "ORIGINS", "CONFIG", "DURABILITY", "SESSION_MAX"] {
        print.env(format!("BOLIDE_{name}"), "");
    }
    assert_eq!(said(&mut print), said(bolide(&folder).args(["config", "print"])));

    for (name, value, reason) in [
        ("BOLIDE_SESSIONS_MAX", "many", "invalid digit"),
        ("BOLIDE_ORIGINS", "https://bücher.example", "Punycode"),
        ("BOLIDE_DURABILITY", "never", "allowed are group, strict and off"),
    ] {
        let output = output(bolide(&folder).env(name, value));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.starts_with(&format!("error: invalid value '{value}' for '{name}")), "{told}");
        assert!(told.contains(reason), "{told}");
    }
    // A wrong option is blamed on the command line, even if its variable is set.
    let output = output(bolide(&folder).args(["--shards=x"]).env("BOLIDE_SHARDS", "2"));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.starts_with("error: invalid value 'x' for '--shards"), "{told}");
}

#[test]
fn an_origin_is_printed_as_a_browser_sends_it() {
    let folder = Folder::new();
    let page =
        said(bolide(&folder).args(["config", "print", "--origins", "HTTPS://Example.org:443/"]));
    assert!(page.contains("origins = [\"https://example.org\"]"), "{page}");
    let config = folder.file("bolide.toml", "origins = ['https://bücher.example']\n");
    let expect = format!(
        "{}, line 1: `https://bücher.example` has letters outside of ASCII, which browsers do not send; write the host in Punycode",
        config.display()
    );
    refused(bolide(&folder).args(["config", "check"]).arg(&config), 1, &expect);
}
