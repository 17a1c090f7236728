// A real nginx with the locations of a test, or with those of docs/operations.md.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian's folder is not in the PATH of ordinary users. */
const PROGRAMS = [...(process.env.PATH ?? "").split(":"), "/usr/sbin"].map((folder) => join(folder, "nginx"));
/** Time for the start, and for each try to connect. */
const START_MS = 20_000;
const TRY_MS = 50;

/** Runs nginx on a free port. It has one process, which `close` ends. */
async function openNginx(locations) {
  const program = await firstOf(PROGRAMS);
  if (program === null) throw new Error("nginx is missing; run `cargo xtask setup`");
  const folder = await mkdtemp(join(tmpdir(), "bolide-nginx-"));
  const port = await freePort();
  const file = join(folder, "nginx.conf");
  await writeFile(file, configuration(port, locations));
  let said = "";
  const child = spawn(program, ["-p", folder, "-c", file, "-e", "stderr"], { stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.on("data", (chunk) => (said += chunk));
  const ended = new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
    child.once("error", (error) => resolve(error.message));
  });
  const close = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const failed = ended.then((how) => Promise.reject(new Error(`it ended with ${how}`)));
    await Promise.race([failed, accepts(port)]);
  } catch (error) {
    await close();
    throw new Error(`nginx did not start: ${error.message}\n${said}`);
  }
  return { address: `http://127.0.0.1:${port}`, close, output: () => said };
}

/** Runs `body` with the address of an nginx. */
export async function behind(locations, body) {
  const nginx = await openNginx(locations);
  try {
    await body(nginx.address);
  } catch (error) {
    throw new Error(`${error.message}\nnginx said:\n${nginx.output()}`, { cause: error });
  } finally {
    await nginx.close();
  }
}

/** Addresses of the server, and of the site beside it, in docs/operations.md. */
const [SERVER, SITE] = ["127.0.0.1:4000", "127.0.0.1:8001"];

/** The nginx example of a section of docs/operations.md, with the addresses of these. */
export async function documented(section, server, site = null) {
  const text = await readFile(new URL("../../../docs/operations.md", import.meta.url), "utf8");
  const [, from] = text.split(`\n${section}\n`);
  if (from === undefined) throw new Error(`docs/operations.md has no section ${section}`);
  const [until] = from.split(/\n##+ /);
  let locations = [...until.matchAll(/^```nginx\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join("\n");
  const addresses = site === null ? [[SERVER, server]] : [[SERVER, server], [SITE, site]];
  for (const [written, { address }] of addresses) {
    if (!locations.includes(written)) throw new Error(`${section} has no address ${written}:\n${locations}`);
    locations = locations.replaceAll(written, new URL(address).host);
  }
  return locations;
}

const configuration = (port, locations) => `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`).join("\n  ")}
  server {
    listen 127.0.0.1:${port};
${locations}
  }
}
`;

async function firstOf(paths) {
  for (const path of paths) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return null;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves when something listens on the port. */
async function accepts(port) {
  const until = performance.now() + START_MS;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    if (performance.now() > until) throw new Error(`it does not listen after ${START_MS} ms`);
    // WAITS: for a program that says nothing when it is ready.
    await new Promise((resolve) => setTimeout(resolve, TRY_MS));
  }
}
