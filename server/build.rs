//! rust-embed does not watch the folder that it embeds: without this a release ships yesterday's client.

fn main() {
    println!("cargo::rerun-if-changed=../client/dist");
    println!("cargo::rerun-if-changed=build.rs");
}
