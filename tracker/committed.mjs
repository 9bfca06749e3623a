// The collector serves copies of the scripts that are committed, so that whoever installs it needs
// no Node. Writes them; with --check fails where a copy is not what the source builds.
import { copyFile, mkdir, readFile } from "node:fs/promises";

const FOLDER = "../collector/static";

for (const name of ["t.js", "t.extra.js", "t.pixels.js", "t.auto.js", "t.consent.js"]) {
  const built = `dist/${name}`;
  const committed = `${FOLDER}/${name}`;
  if (process.argv.includes("--check")) {
    const copy = await readFile(committed).catch(() => Buffer.alloc(0));
    if (!copy.equals(await readFile(built))) {
      console.error(`collector/static/${name} is not what tracker/ builds: npm run build, and commit it`);
      process.exitCode = 1;
    }
  } else {
    await mkdir(FOLDER, { recursive: true });
    await copyFile(built, committed);
  }
}
