// Replays journals in WebAssembly and compares each proof, hashes and ticks and last state hash,
// with those of native builds. usage: node check.mjs bolide_wasm.wasm PROOFS... -- JOURNALS...
import { readFileSync } from "node:fs";

const separator = process.argv.indexOf("--");
const [wasmPath, ...proofPaths] = process.argv.slice(2, separator);
const journals = process.argv.slice(separator + 1);
if (separator < 0 || proofPaths.length === 0) fail("usage: node check.mjs WASM PROOFS... -- JOURNALS...");

const module = new WebAssembly.Module(readFileSync(wasmPath));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) fail(`the module imports ${JSON.stringify(imports)}: something of the platform leaked in`);
const sim = new WebAssembly.Instance(module).exports;

const ours = journals.map((path) => `${path}: ${prove(path)}`);
const hashes = ours.reduce((sum, line) => sum + Number(/: (\d+) hashes/.exec(line)?.[1] ?? 0), 0);
// Two empty lists are equal too.
if (ours.length < 12 || hashes < 1_800) fail(`${hashes} hashes in ${ours.length} matches are too few to prove anything`);

for (const path of proofPaths) {
  const theirs = readFileSync(path, "utf8").split("\n").filter((line) => line !== "");
  if (theirs.length !== ours.length) fail(`${path} has ${theirs.length} proofs, WebAssembly ${ours.length}`);
  const differs = ours.findIndex((line, index) => line !== theirs[index]);
  if (differs >= 0) fail(`${path} says\n  ${theirs[differs]}\nWebAssembly says\n  ${ours[differs]}`);
}
console.log(`${ours.length} matches, ${hashes} hashes: WebAssembly agrees with ${proofPaths.length} native builds`);

function prove(path) {
  const journal = readFileSync(path);
  const pointer = sim.journal_reserve(journal.length);
  new Uint8Array(sim.memory.buffer, pointer, journal.length).set(journal);
  const proved = sim.journal_prove() === 1;
  const text = new Uint8Array(sim.memory.buffer, sim.text_pointer(), sim.text_length());
  const message = new TextDecoder().decode(text);
  if (!proved) fail(`${path}: ${message}`);
  return message;
}

function fail(why) {
  console.error(`wasm check: ${why}`);
  process.exit(1);
}
