//! Replays the journals given as arguments and prints their proofs, as this target computes them.
//! `client/wasm/check.mjs` compares them with what WebAssembly computes.

use std::process::ExitCode;

use bolide_wasm::Proof;

fn main() -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    for path in std::env::args().skip(1) {
        let proof = std::fs::read(&path)
            .map_err(|error| error.to_string())
            .and_then(|journal| Proof::of(&journal).map_err(|error| error.to_string()));
        match proof {
            Ok(proof) => println!("{path}: {proof}"),
            Err(error) => {
                eprintln!("{path}: {error}");
                exit = ExitCode::FAILURE;
            }
        }
    }
    exit
}
