// The types of the package's entries, as tsc made them of all modules, once more for require():
// TypeScript takes the kind of a module from the name of its file.
import { readdir, readFile, rm, writeFile } from "node:fs/promises";

const PUBLIC = [
  "auto.d.ts",
  "index.d.ts",
  "react.d.ts",
  "types.d.ts",
  "consent.d.ts",
  "consent_gpc.d.ts",
  "consent_mode.d.ts",
  "consent_tcf.d.ts",
];

await rm("dist/auto", { recursive: true });

for (const name of await readdir("dist")) {
  if (PUBLIC.includes(name)) {
    const types = await readFile(`dist/${name}`, "utf8");
    await writeFile(`dist/${name.replace(".d.ts", ".d.cts")}`, types.replaceAll('.js"', '.cjs"'));
  } else if (name.endsWith(".d.ts")) await rm(`dist/${name}`);
}
