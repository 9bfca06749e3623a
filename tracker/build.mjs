// Builds dist/: t.js for the script tag with what it loads, t.extra.js, t.pixels.js, t.auto.js and
// t.consent.js; index, react, auto and consent as ES modules (.js) and for require() (.cjs). `npm run dist`
// adds the type declarations,
// `npm run build` the copies that the collector serves.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { minify } from "terser";
import { define as clickIds } from "./click_ids.mjs";
import { names, withPattern } from "./names.mjs";

const define = { ...clickIds, ...names, TAKES_FUNCTIONS: "true" };
const target = "es2021";
// Names that end in an underscore are ours alone: the API's and the wire's never do.
const INTERNAL_NAMES = /[^_]_$/;

await rm("dist", { recursive: true, force: true });
await mkdir("dist");

/** A script as one module, in as few bytes as it can be said. */
const write = async (entry) => {
  const bundle = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target,
    // An attribute holds no function.
    define: { ...define, TAKES_FUNCTIONS: "false" },
    write: false,
    minifySyntax: true,
    tsconfigRaw: {},
  });
  // One word for all declarations compresses better; what const forbids was checked already.
  const text = withPattern(bundle.outputFiles[0].text).replace(/\bconst /g, "let ");
  const { code } = await minify(text, {
    ecma: 2020,
    module: true,
    compress: {
      passes: 4,
      inline: 1,
      lhs_constants: false,
      unsafe_arrows: true,
      unsafe_methods: true,
      pure_getters: true,
    },
    // With builtins: names of the browser's own properties may be given to ours.
    mangle: { properties: { regex: INTERNAL_NAMES, builtins: true } },
    format: { comments: false },
  });
  return code.replace(/\bvar /g, "let ").replace(/;$/, "");
};

// Chromium compiles functions when they are called, the outer ones first, and reads those within
// anew each time; with this hint it compiles all at once, in half the time.
const HINT = "//# allFunctionsCalledOnLoad\n";
// A block keeps the names from the page, as a function would.
await writeFile("dist/t.js", `${HINT}{${await write("src/script.ts")}}`);
await writeFile("dist/t.extra.js", await write("src/extra_script.ts"));
await writeFile("dist/t.pixels.js", await write("src/pixels.ts"));
await writeFile("dist/t.auto.js", await write("src/auto_script.ts"));
await writeFile("dist/t.consent.js", await write("src/consent_script.ts"));

const index = { entryPoints: ["src/index.ts"], bundle: true, target, define, mangleProps: INTERNAL_NAMES };
// They share index.js, and with it nothing is doubled in a page's bundle.
const react = { entryPoints: ["src/react.ts"], target };
const auto = { ...index, entryPoints: ["src/auto.ts"], external: ["./index.js"] };

const consent = { ...index, entryPoints: ["src/consent.ts"] };

await build({ ...index, format: "esm", outfile: "dist/index.js" });
await build({ ...consent, format: "esm", outfile: "dist/consent.js" });
await build({ ...react, format: "esm", outfile: "dist/react.js" });
await build({ ...auto, format: "esm", outfile: "dist/auto.js" });
// For require(), as in Jest.
await build({ ...index, format: "cjs", outfile: "dist/index.cjs" });
await build({ ...consent, format: "cjs", outfile: "dist/consent.cjs" });
await build({ ...react, format: "cjs", outfile: "dist/react.cjs" });
await build({ ...auto, format: "cjs", outfile: "dist/auto.cjs" });
for (const name of ["dist/react.cjs", "dist/auto.cjs"])
  await writeFile(name, (await readFile(name, "utf8")).replace('"./index.js"', '"./index.cjs"'));
