// One server for one test: the real binary on a free port, with a data folder of its own. It can be
// killed, and started again on the same port and folder.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const START_MS = 60_000;
const STOP_MS = 20_000;
// However slow the machine: a result stays until Rematch is pressed, and a seat until its page is
// back.
const PATIENT = { "--intermission-s": "600", "--grace-s": "300" };

/** The server refuses an option that is given twice. */
const patient = (options) => Object.entries(PATIENT).flatMap((option) => (options.includes(option[0]) ? [] : option));

/** Starts the binary named by BOLIDE_BIN; `stop` ends it and takes its folder away. `options`: more
 * for its command line. */
export async function startServer(options = []) {
  const folder = await mkdtemp(join(tmpdir(), "bolide-data-"));
  let output = "";
  const start = (listen) =>
    run(["--listen", listen, "--data-dir", folder, ...patient(options), ...options], (chunk) => {
      output += chunk;
    });
  let server = null;
  const stop = async () => {
    await server?.end("SIGTERM");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    server = await start("127.0.0.1:0");
  } catch (error) {
    await stop();
    throw error;
  }
  const { address } = server;
  return {
    address,
    output: () => output,
    stop,
    /** It has no time to say anything. */
    kill: () => server.end("SIGKILL"),
    /** The output of a command of the program for this server. */
    async ask(...args) {
      const { stdout } = await promisify(execFile)(binary(), [...args, "--data-dir", folder], { env: environment() });
      return stdout;
    },
    async startAgain() {
      server = await start(new URL(address).host);
    },
  };
}

/** One process, once it listens. */
async function run(args, listen) {
  const child = spawn(binary(), args, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(`ended with ${code ?? signal}`));
    child.once("error", (error) => resolve(error.message));
  });
  const end = async (signal) => {
    child.kill(signal);
    const killing = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(killing);
  };
  let said = "";
  const address = new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      listen(chunk);
      said += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) resolve(found[0]);
    });
    child.stderr.on("data", listen);
    ended.then((how) => reject(new Error(`the server ${how} before it listened:\n${said}`)));
    setTimeout(() => reject(new Error(`no address from the server in ${START_MS} ms:\n${said}`)), START_MS).unref();
  });
  try {
    return { address: await address, end };
  } catch (error) {
    await end("SIGTERM");
    throw error;
  }
}

function binary() {
  if (!process.env.BOLIDE_BIN) throw new Error("BOLIDE_BIN must name the server's binary");
  return process.env.BOLIDE_BIN;
}

/** The environment without options of the server, which are meant for another one. */
const environment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BOLIDE_")));
