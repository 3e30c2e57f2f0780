/** A captioner written by `export_tflite`. */

import { ModelError } from "./errors.js";
import { Model } from "./model.js";
import { loadPixels } from "./pixels.js";
import { joinWords } from "./words.js";

const MODEL = "model/captioner.tflite";

export class Captioner {
  /**
   * @param {(received: number, total: number) => void} onProgress see `Model.load`.
   * @returns {Promise<Captioner>}
   */
  static async load(onProgress) {
    return new Captioner(await Model.load(MODEL, onProgress));
  }

  constructor(model) {
    this.model = model;
    this.about = model.metadata;
    this.imageSize = model.metadata.signatures.describe.inputs.image.shape[1];
  }

  /**
   * @param {File} file a picture.
   * @returns {Promise<object>} what `describe` gives, `concepts` as `detectConcepts`
   *     gives them, and `seconds` of each part.
   */
  async answer(file) {
    const start = performance.now();
    const pixels = await loadPixels(file, this.imageSize);
    const read = performance.now();
    const caption = await this.describe(pixels);
    const seconds = {
      reading: (read - start) / 1000,
      model: (performance.now() - read) / 1000,
    };
    const concepts = await this.detectConcepts(pixels);
    return { ...caption, concepts, seconds };
  }

  /**
   * @param {Uint8Array} pixels RGB, (imageSize, imageSize, 3).
   * @returns {Promise<object>} `text` and its `words`; `tokenIds` and `logProbs`, with
   *     those of the end token; `attention`, a Float32Array (rows, columns) for each
   *     word.
   */
  async describe(pixels) {
    return this.#caption(await this.model.run("describe", { image: pixels }));
  }

  /**
   * @param {Uint8Array} pixels as for `describe`.
   * @returns {Promise<object[]>} the nouns that guide the captions, each `{ noun,
   *     probability }`, the most probable first; none where the model has no concepts.
   */
  async detectConcepts(pixels) {
    const { metadata, tokens } = this.model;
    if (!("concept_ids" in metadata.signatures.encode.outputs)) return [];
    const { concept_ids: ids, concept_weights: weights } = await this.model.run(
      "encode",
      { image: pixels },
    );
    return Array.from(ids, (id, i) => ({ noun: tokens[id], probability: weights[i] }))
      .filter(({ probability }) => probability > 0);
  }

  #caption({ token_ids: ids, log_probs: scores, attention }) {
    const { metadata, tokens } = this.model;
    const { pad_id: padId, end_id: endId } = metadata.vocabulary;
    const length = ids.filter((id) => id !== padId).length;
    const tokenIds = Array.from(ids.subarray(0, length));
    const logProbs = Array.from(scores.subarray(0, length));
    // A kernel that fails in WebAssembly can leave memory as it was, and say nothing.
    const isSound =
      tokenIds.every((id) => id in tokens) &&
      logProbs.every((logProb) => logProb < 1e-3);
    if (!isSound) throw new ModelError("The model does not work in this browser.");
    const { shape } = metadata.signatures.describe.outputs.attention;
    const [, , rows, columns] = shape;
    const words = tokenIds.filter((id) => id !== endId).map((id) => tokens[id]);
    const maps = words.map((_, i) =>
      attention.slice(i * rows * columns, (i + 1) * rows * columns),
    );
    const text = joinWords(words, metadata.split);
    return { text, words, tokenIds, logProbs, attention: maps, rows, columns };
  }
}

export { Captioner as Task };
