//! Checks what the program embeds: without this a release ships yesterday's client, or none.
//! rust-embed neither watches its folder nor looks into it.

use std::path::Path;

/// Written last by the client's build, so a folder that has it is whole.
const PAGE: &str = "../client/dist/index.html";

fn main() {
    println!("cargo::rerun-if-changed=../client/dist");
    println!("cargo::rerun-if-changed=build.rs");
    if !Path::new(PAGE).is_file() {
        println!(
            "cargo::error=client/dist has no page; take it from git (`git checkout client/dist`) or build it \
             (`cargo xtask build-client`)"
        );
    }
}
