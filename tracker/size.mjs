// Fails if the script tag's build is over its budget, gzipped as a server would.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 4096; // 4.0 KB
const script = await readFile("dist/t.js");
const size = gzipSync(script, { level: 9 }).length;

console.log(`dist/t.js: ${script.length} bytes, ${size} gzipped; the limit is ${LIMIT_BYTES}`);
if (size > LIMIT_BYTES) {
  console.error(`over the limit by ${size - LIMIT_BYTES} bytes`);
  process.exitCode = 1;
}
