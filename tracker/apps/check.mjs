// Builds the applications beside it with the package as npm would publish it, as a reader of
// docs/tracker.md does, and runs what comes out; fails where one does not build or does not track.
import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Window } from "happy-dom";

const PACKAGE = join(import.meta.dirname, "..");
const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];
const folder = await mkdtemp(join(tmpdir(), "apps-"));

const run = (command, ...args) =>
  execFileSync(command, args, {
    cwd: folder,
    // What one says of success nobody reads.
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NEXT_PUBLIC_API_URL: "http://127.0.0.1:9" },
  }).toString();

const install = async () => {
  await cp(import.meta.dirname, folder, {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  // By the lock. `npm ci` refuses it where a registry lacks an optional package of another system.
  run("npm", "install", ...QUIET);
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PACKAGE }),
  );
  run("npm", "install", ...QUIET, "--no-save", `./${filename}`);
};

/** A gateway that takes every event, and the types of those it took. */
const startGateway = async () => {
  const types = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (body) {
      const events = JSON.parse(body).events ?? [JSON.parse(body)];
      types.push(...events.map((event) => event.event_type));
    }
    response.setHeader("Access-Control-Allow-Origin", "http://shop.example").end('{"success":true}');
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { types, server, url: `http://127.0.0.1:${server.address().port}` };
};

const waitFor = async (isThere, what) => {
  for (let left = 100; !isThere(); left--) {
    if (!left) throw Error(`there is no ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
};

/** Opens what Vite built, and waits until the page is there and its events have arrived. */
const open = async (app, heading) => {
  const { types, server, url } = await startGateway();
  const window = new Window({ url: "http://shop.example/" });
  const assets = join(folder, app, "dist/assets");
  const [script] = (await readdir(assets)).filter((name) => name.endsWith(".js"));
  window.GATEWAY = url;
  window.document.write('<title>Built</title><div id="root"></div>');
  window.eval(`(() => {${await readFile(join(assets, script), "utf8")}})()`);
  try {
    await waitFor(() => window.document.querySelector("h1")?.textContent === heading, heading);
    await waitFor(() => ["page_view", "signup"].every((type) => types.includes(type)), `event of ${app}`);
  } finally {
    await window.happyDOM.close();
    server.close();
    server.closeAllConnections();
  }
};

const STEPS = {
  "npm install, npm pack and npm install of the package": install,
  "Vite and React": async () => {
    run("npx", "vite", "build", "react", "--logLevel=warn");
    await open("react", "React");
  },
  "Vite and Vue": async () => {
    run("npx", "vite", "build", "vue", "--logLevel=warn");
    await open("vue", "Vue");
  },
  "Next.js": () => run("npx", "next", "build", "next"),
  Jest: () => run("npx", "jest", "--rootDir", "jest", "--silent"),
};

try {
  for (const [name, step] of Object.entries(STEPS)) {
    const started = performance.now();
    await step();
    console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
