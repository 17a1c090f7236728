// Builds the page into dist/, with --out FOLDER into that folder, or with --tests the unit tests
// into build/. Same sources, same bytes: names carry no hash and nothing of the machine goes in.

import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Below the 120 KiB that `cargo xtask test` allows a first visit, so that growth is noticed while
 * there is still room. The commits that raised it say for what. */
const BYTES_MAX = 116_000;
const NOTICE = "/*! Bolide, MIT OR Apache-2.0 */";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function buildPage(dist) {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  await build({
    absWorkingDir: here("."),
    entryPoints: [
      { in: "src/arena/main.ts", out: "app" },
      { in: "src/style/index.css", out: "style" },
    ],
    outdir: dist,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome111", "firefox113", "safari16.4"],
    charset: "utf8",
    banner: { js: NOTICE },
    legalComments: "none",
    logLevel: "warning",
  });
  // Without the indentation, which only its authors see. Written last: the server is not built
  // without it.
  const page = await readFile(here("src/index.html"), "utf8");
  await writeFile(join(dist, "index.html"), page.replaceAll(/^ +/gm, ""));
  let total = 0;
  for (const name of await readdir(dist)) {
    const { size } = await stat(join(dist, name));
    total += size;
    console.log(`${join(dist, name)} ${size}`);
  }
  if (total > BYTES_MAX) throw new Error(`dist is ${total} bytes; at most ${BYTES_MAX}`);
}

async function buildTests() {
  await rm(here("build"), { recursive: true, force: true });
  const tests = (await readdir(here("test"))).filter((name) => name.endsWith(".test.js"));
  await build({
    absWorkingDir: here("."),
    entryPoints: tests.map((name) => `test/${name}`),
    outdir: "build",
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
}

const [what, folder] = process.argv.slice(2);
await (what === "--tests" ? buildTests() : buildPage(what === "--out" ? folder : here("dist")));
