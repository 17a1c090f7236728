// One server for one test: the real binary on a free port, with a data folder of its own.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 20_000;
const STOP_MS = 10_000;

/** Starts the binary named by BOLIDE_BIN; `stop` ends it and takes its folder away. `options`: more for its command line. */
export async function startServer(options = []) {
  const binary = process.env.BOLIDE_BIN;
  if (!binary) throw new Error("BOLIDE_BIN must name the server's binary");
  const folder = await mkdtemp(join(tmpdir(), "bolide-data-"));
  // Whoever has set options of the server in their shell did not mean this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BOLIDE_")));
  const child = spawn(binary, ["--listen", "127.0.0.1:0", "--data-dir", folder, ...options], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(`ended with ${code ?? signal}`));
    child.once("error", (error) => resolve(error.message));
  });
  let output = "";
  const stop = async () => {
    child.kill("SIGTERM");
    const killing = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(killing);
    await rm(folder, { recursive: true, force: true });
  };
  const address = new Promise((resolve, reject) => {
    const listen = (chunk) => {
      output += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (found) resolve(found[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", (chunk) => (output += chunk));
    ended.then((how) => reject(new Error(`the server ${how} before it listened:\n${output}`)));
    setTimeout(() => reject(new Error(`no address from the server in ${START_MS} ms:\n${output}`)), START_MS).unref();
  });
  try {
    return { address: await address, output: () => output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
