// Web servers beside the one that is tested: a site with pages of its own, and a reverse proxy that
// serves the game below a path.

import { once } from "node:events";
import { createServer, request } from "node:http";
import { extname } from "node:path";
import { splice } from "./network.mjs";

/** A site with these files, by path, on its own origin. Pages of all origins may read them. A
 * function in place of a file answers by itself. */
export async function openSite(files) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const type = TYPES[extname(pathname)] ?? "text/html; charset=utf-8";
    const body = files[pathname];
    if (typeof body === "function") {
      body(request, response);
      return;
    }
    response.writeHead(body === undefined ? 404 : 200, { "Content-Type": type, "Access-Control-Allow-Origin": "*" });
    response.end(body);
  });
  return listening(server);
}

const TYPES = { ".mjs": "text/javascript; charset=utf-8", ".txt": "text/plain" };

/** Serves below each path what the server at its address serves at its root, as nginx does. */
export async function openProxy(paths) {
  const forward = ({ method, url, headers }) => {
    const path = Object.keys(paths).find((start) => url.startsWith(start));
    if (path === undefined) return null;
    const { hostname, port } = new URL(paths[path]);
    return request({ hostname, port, method, headers, path: `/${url.slice(path.length)}` });
  };
  const proxy = createServer((incoming, outgoing) => {
    const asked = forward(incoming);
    if (asked === null) {
      outgoing.writeHead(404).end();
      return;
    }
    asked.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    asked.on("error", () => outgoing.destroy());
    incoming.pipe(asked);
  });
  proxy.on("upgrade", (incoming, client) => {
    const asked = forward(incoming);
    if (asked === null) {
      client.destroy();
      return;
    }
    asked.on("upgrade", (answer, server, first) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
      client.write(first);
      splice(client, server);
    });
    asked.on("response", () => client.destroy());
    asked.on("error", () => client.destroy());
    asked.end();
  });
  return listening(proxy);
}

async function listening(server) {
  // Upgraded ones too, which Node does not close.
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
