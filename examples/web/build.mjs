/**
 * Puts the page, LiteRT and the models together in one folder, for any web server.
 *
 *     node build.mjs [--model PATH] [--painter PATH] [--out FOLDER]
 */

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, "../..");
const LITERT = join(HERE, "node_modules/@litertjs");
const CAPTIONER = join(ROOT, "saved_models/flickr8k_efficientnet_lstm/captioner.tflite");
const PAINTER = join(ROOT, "saved_models/scenes_cvae/painter.tflite");
const EXAMPLES = ["astronaut.jpg", "cat.jpg", "rocket.jpg"];
// The one for current browsers, and the one for those without relaxed SIMD.
const WASM = ["litert_wasm_internal", "litert_wasm_compat_internal"];

function main() {
  const { values } = parseArgs({
    options: {
      model: { type: "string", default: CAPTIONER },
      painter: { type: "string" },
      out: { type: "string", default: join(HERE, "dist") },
    },
  });
  const remedy = "Write one with `keras-imgdesc export tflite`, or name another with";
  requireFile(values.model, "There must be a model", `${remedy} --model`);
  if (values.painter !== undefined) {
    requireFile(values.painter, "There must be a painter", `${remedy} --painter`);
  }
  requireFile(join(LITERT, "core/dist/index.js"), "LiteRT is needed", "Run `npm ci`");
  const out = resolve(values.out);
  emptyFolder(out);
  cpSync(join(HERE, "page"), out, { recursive: true });
  copyLiteRt(join(out, "litert"));
  mkdirSync(join(out, "model"));
  cpSync(values.model, join(out, "model/captioner.tflite"));
  const painter = values.painter ?? PAINTER;
  // Without one the page only describes, and says so.
  if (existsSync(painter)) cpSync(painter, join(out, "model/painter.tflite"));
  else console.log("No painter: name one with --painter");
  for (const name of EXAMPLES) {
    cpSync(join(ROOT, "examples/photos", name), join(out, "examples", name));
  }
  writeFileList(out);
  console.log(`The page is in ${relative(process.cwd(), out) || "."}`);
}

function requireFile(path, rule, remedy) {
  if (!existsSync(path)) {
    console.error(`${rule}. Received: path=${path}, which does not exist. ${remedy}.`);
    process.exit(1);
  }
}

function emptyFolder(folder) {
  const ours = ["files.js", "service_worker.js", "litert/core.js"];
  const isOurs = ours.every((name) => existsSync(join(folder, name)));
  if (existsSync(folder) && readdirSync(folder).length && !isOurs) {
    console.error(
      "Only an empty folder or an earlier build is overwritten. " +
        `Received: out=${folder}. Choose another folder.`,
    );
    process.exit(1);
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

function copyLiteRt(folder) {
  mkdirSync(folder);
  cpSync(join(LITERT, "wasm-utils/dist/index.js"), join(folder, "wasm_utils.js"));
  const core = readFileSync(join(LITERT, "core/dist/index.js"), "utf8");
  // Workers have no import map to find a package by its name.
  const imported = core.replace('"@litertjs/wasm-utils"', '"./wasm_utils.js"');
  writeFileSync(join(folder, "core.js"), withoutSourceMap(imported));
  for (const name of WASM) {
    for (const suffix of [".js", ".wasm"]) {
      cpSync(join(LITERT, "core/wasm", name + suffix), join(folder, name + suffix));
    }
  }
}

function withoutSourceMap(script) {
  return script.replace(/^\/\/# sourceMappingURL=.*$/m, "");
}

/** `files.js`: the digest of each file, by which the service worker keeps it. */
function writeFileList(out) {
  const files = {};
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
    files[relative(out, path).split(sep).join("/")] = digest.slice(0, 16);
  }
  // Its own script is fetched past the service worker.
  delete files["service_worker.js"];
  const sorted = Object.fromEntries(Object.entries(files).sort());
  const content = `self.FILES = ${JSON.stringify(sorted, null, 2)};\n`;
  writeFileSync(join(out, "files.js"), content);
}

main();
