/** A painter written by `export_tflite`. */

import { ModelError } from "./errors.js";
import { Model } from "./model.js";
import { drawNormal } from "./noise.js";

const MODEL = "model/painter.tflite";

export class Painter {
  /**
   * @param {(received: number, total: number) => void} onProgress see `Model.load`.
   * @returns {Promise<Painter>}
   */
  static async load(onProgress) {
    return new Painter(await Model.load(MODEL, onProgress));
  }

  constructor(model) {
    const { metadata, tokens } = model;
    if (!metadata.signatures.paint || metadata.tokenizer !== "CaptionTokenizer") {
      throw new ModelError(
        `The file ${MODEL} must be a painter whose words are those of its vocabulary.`,
      );
    }
    this.model = model;
    this.about = { metadata, tokens };
    const { inputs, outputs } = metadata.signatures.paint;
    this.noiseWidth = inputs.noise.shape[1];
    this.size = outputs.image.shape[1];
  }

  /**
   * @param {object} request `tokenIds`, an Int32Array, and `seed` and `picture`, see
   *     `drawNormal`.
   * @returns {Promise<object>} `pixels`, a Uint8ClampedArray RGBA (size, size, 4), and
   *     `seconds`.
   */
  async answer({ tokenIds, seed, picture }) {
    const start = performance.now();
    const noise = drawNormal(this.noiseWidth, seed, picture);
    const { image } = await this.model.run("paint", { token_ids: tokenIds, noise });
    const pixels = withAlpha(image, this.size ** 2);
    return { pixels, size: this.size, seconds: (performance.now() - start) / 1000 };
  }
}

function withAlpha(rgb, count) {
  const rgba = new Uint8ClampedArray(4 * count).fill(255);
  for (let i = 0; i < count; i++) {
    rgba.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
  }
  return rgba;
}

export { Painter as Task };
