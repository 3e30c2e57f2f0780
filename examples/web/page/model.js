/** A file of `export_tflite`, in LiteRT. */

import { MissingModelError, ModelError } from "./errors.js";
import { loadAndCompile, loadLiteRt, Tensor } from "./litert/core.js";
import { readModelFile } from "./model_file.js";

const LITERT = "litert/";

export class Model {
  /**
   * @param {string} url of the file.
   * @param {(received: number, total: number) => void} onProgress told of the
   *     model's bytes; the total is 0 where the server does not say.
   * @returns {Promise<Model>} with `metadata` and `tokens`, what the file says of
   *     itself.
   */
  static async load(url, onProgress) {
    // In a worker LiteRT looks for its WebAssembly beside the worker.
    self.Module = { locateFile: (name) => LITERT + name };
    const [bytes] = await Promise.all([download(url, onProgress), loadLiteRt(LITERT)]);
    const { metadata, tokens } = readModelFile(bytes);
    const compiled = await loadAndCompile(bytes, { accelerator: "wasm" });
    return new Model(compiled, metadata, tokens);
  }

  constructor(compiled, metadata, tokens) {
    this.compiled = compiled;
    this.metadata = metadata;
    this.tokens = tokens;
  }

  /**
   * @param {string} name of the signature.
   * @param {object} inputs a typed array for each; shapes are those of the metadata.
   * @returns {Promise<object>} a typed array for each output.
   */
  async run(name, inputs) {
    const { inputs: expected } = this.metadata.signatures[name];
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([key, values]) => [
        key,
        new Tensor(values, expected[key].shape),
      ]),
    );
    const outputs = await this.compiled.run(name, tensors);
    const found = {};
    for (const [key, tensor] of Object.entries(outputs)) {
      found[key] = tensor.toTypedArray();
      tensor.delete();
    }
    for (const tensor of Object.values(tensors)) tensor.delete();
    return found;
  }
}

async function download(url, onProgress) {
  const response = await fetch(url);
  if (!response.ok) {
    const ErrorKind = response.status === 404 ? MissingModelError : ModelError;
    throw new ErrorKind(
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
