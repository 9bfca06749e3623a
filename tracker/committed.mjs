// The collector serves a copy of t.js that is committed, so that whoever installs it needs no Node.
// Writes dist/t.js there; with --check fails where the copy is not what the source builds.
import { copyFile, mkdir, readFile } from "node:fs/promises";

const built = "dist/t.js";
const committed = "../collector/static/t.js";

if (process.argv.includes("--check")) {
  const copy = await readFile(committed).catch(() => Buffer.alloc(0));
  if (!copy.equals(await readFile(built))) {
    console.error("collector/static/t.js is not what tracker/ builds: npm run build, and commit it");
    process.exitCode = 1;
  }
} else {
  await mkdir("../collector/static", { recursive: true });
  await copyFile(built, committed);
}
