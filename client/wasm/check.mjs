// Plays the matches of examples/native_hashes.rs in WebAssembly and compares every tick's state hash.
// usage: node check.mjs bolide_wasm.wasm native-hashes.txt
import { readFileSync } from "node:fs";

const [wasmPath, nativePath] = process.argv.slice(2);
if (!wasmPath || !nativePath) fail("usage: node check.mjs bolide_wasm.wasm native-hashes.txt");

const native = readFileSync(nativePath, "utf8").split("\n").filter((line) => line !== "");
const module = new WebAssembly.Module(readFileSync(wasmPath));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) fail(`the module imports ${JSON.stringify(imports)}: something of the platform leaked in`);
const sim = new WebAssembly.Instance(module).exports;

const wasm = [];
for (let mode = 0; mode < sim.scenario_modes(); mode += 1) {
  for (let seed = 1; seed <= 3; seed += 1) {
    if (sim.scenario_begin(mode, seed) !== 1) fail(`mode ${mode} does not begin`);
    wasm.push(`match ${mode} ${seed}`);
    while (sim.scenario_is_over() === 0) {
      wasm.push(BigInt.asUintN(64, sim.scenario_step()).toString(16).padStart(16, "0"));
    }
  }
}

// Two empty lists are equal too.
if (native.length < 2_000 || wasm.length < 2_000) {
  fail(`too short to prove anything: ${native.length} native lines, ${wasm.length} from WebAssembly`);
}
const differs = native.findIndex((line, index) => line !== wasm[index]);
if (differs >= 0 || native.length !== wasm.length) {
  const line = differs >= 0 ? differs : Math.min(native.length, wasm.length);
  const begin = native.slice(0, line + 1).findLastIndex((text) => text.startsWith("match"));
  fail(`${native[begin]}, tick ${line - begin + 1}: native ${native[line]}, WebAssembly ${wasm[line]}`);
}
console.log(`${native.length} ticks: native and WebAssembly agree on every state hash`);

function fail(why) {
  console.error(`wasm check: ${why}`);
  process.exit(1);
}
