/** A picture file to what the model takes. */

import { PictureError } from "./errors.js";
import { stretch } from "./resizing.js";

// A canvas of a whole photograph would be too large for some phones.
const BAND_PIXELS = 2_000_000;

/**
 * Reads a picture upright, transparency becoming white, stretched to a square.
 *
 * @param {Blob} file a picture in any format of the browser.
 * @param {number} size side of the square.
 * @returns {Promise<Uint8Array>} RGB, (size, size, 3).
 */
export async function loadPixels(file, size) {
  const bitmap = await decode(file);
  try {
    return stretch(rowsOf(bitmap), bitmap.width, bitmap.height, size);
  } finally {
    bitmap.close();
  }
}

async function decode(file) {
  try {
    return await createImageBitmap(file, {
      imageOrientation: "from-image",
      // The model was trained on the numbers in the files.
      colorSpaceConversion: "none",
    });
  } catch (error) {
    throw new PictureError(file, { cause: error });
  }
}

function* rowsOf(bitmap) {
  const { width, height } = bitmap;
  const bandHeight = Math.min(height, Math.max(1, Math.floor(BAND_PIXELS / width)));
  const canvas = new OffscreenCanvas(width, bandHeight);
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  for (let top = 0; top < height; top += bandHeight) {
    const rows = Math.min(bandHeight, height - top);
    context.fillStyle = "white";
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const rgba = context.getImageData(0, 0, width, rows).data;
    for (let row = 0; row < rows; row++) {
      yield rgba.subarray(row * width * 4, (row + 1) * width * 4);
    }
  }
}
