/** A captioner written by `export_tflite`, in LiteRT. */

import { loadAndCompile, loadLiteRt, Tensor } from "./litert/core.js";
import { readModelFile } from "./model_file.js";

const MODEL = "model/captioner.tflite";
const LITERT = "litert/";

/** The model cannot be had, or does not work in this browser. */
export class ModelError extends Error {}

export class Captioner {
  /**
   * @param {(received: number, total: number) => void} onProgress told of the
   *     model's bytes; the total is 0 where the server does not say.
   * @returns {Promise<Captioner>}
   */
  static async load(onProgress) {
    // In a worker LiteRT looks for its WebAssembly beside the worker.
    self.Module = { locateFile: (name) => LITERT + name };
    const [bytes] = await Promise.all([
      download(MODEL, onProgress),
      loadLiteRt(LITERT),
    ]);
    const { metadata, tokens } = readModelFile(bytes);
    return new Captioner(
      await loadAndCompile(bytes, { accelerator: "wasm" }),
      metadata,
      tokens,
    );
  }

  constructor(model, metadata, tokens) {
    this.model = model;
    this.metadata = metadata;
    this.tokens = tokens;
    this.imageSize = metadata.signatures.describe.inputs.image.shape[1];
  }

  /**
   * @param {Uint8Array} pixels RGB, (imageSize, imageSize, 3).
   * @returns {Promise<object>} `words`; `tokenIds` and `logProbs`, with those of the
   *     end token; `attention`, a Float32Array (rows, columns) for each word.
   */
  async describe(pixels) {
    const shape = [1, this.imageSize, this.imageSize, 3];
    const image = new Tensor(pixels, shape);
    const outputs = await this.model.run("describe", { image });
    const values = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      values[name] = tensor.toTypedArray();
      tensor.delete();
    }
    image.delete();
    return this.#caption(values);
  }

  #caption({ token_ids: ids, log_probs: scores, attention }) {
    const { pad_id: padId, end_id: endId } = this.metadata.vocabulary;
    const length = ids.filter((id) => id !== padId).length;
    const tokenIds = Array.from(ids.subarray(0, length));
    const logProbs = Array.from(scores.subarray(0, length));
    // A kernel that fails in WebAssembly can leave memory as it was, and say nothing.
    const isSound =
      tokenIds.every((id) => id in this.tokens) &&
      logProbs.every((logProb) => logProb < 1e-3);
    if (!isSound) throw new ModelError("The model does not work in this browser.");
    const { shape } = this.metadata.signatures.describe.outputs.attention;
    const [, , rows, columns] = shape;
    const words = tokenIds.filter((id) => id !== endId).map((id) => this.tokens[id]);
    const maps = words.map((_, i) =>
      attention.slice(i * rows * columns, (i + 1) * rows * columns),
    );
    return { words, tokenIds, logProbs, attention: maps, rows, columns };
  }
}

async function download(url, onProgress) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new ModelError(
      `The model is missing: the server answered ${response.status} for ${url}.`,
    );
  }
  // The length is that of the compressed bytes where they are compressed.
  const isCompressed = response.headers.has("Content-Encoding");
  const length = Number(response.headers.get("Content-Length"));
  const total = isCompressed ? 0 : length;
  const chunks = [];
  let received = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    received += value.length;
    onProgress(received, total);
  }
  const bytes = new Uint8Array(received);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
