/** Asks the browser whether it finds all pixels of a JPEG. */

import { jpegStructure, withoutEnd } from "./jpeg_structure.js";

let telling;

/**
 * @param {BlobPart[]} parts of a JPEG without an end marker, see `withoutEnd`.
 * @returns {Promise<boolean | null>} whether no pixels are missing; null where this
 *     browser does not tell.
 */
export async function hasAllPixels(parts) {
  telling ??= canTell();
  return (await telling) ? isOpaque(new Blob(parts)) : null;
}

/**
 * A JPEG without an end is shown as far as it goes: Chromium leaves the rest
 * transparent. The last row touches two of the corners, however the picture is turned.
 */
async function isOpaque(blob) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const canvas = new OffscreenCanvas(2, 2);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    for (const x of [0, 1]) {
      for (const y of [0, 1]) {
        const corner = [x * (width - 1), y * (height - 1)];
        context.drawImage(image, ...corner, 1, 1, x, y, 1, 1);
      }
    }
    const { data } = context.getImageData(0, 0, 2, 2);
    return data.every((value, i) => i % 4 !== 3 || value === 255);
  } catch {
    return false;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** Tries it on a picture that has all pixels, and on half of it. */
async function canTell() {
  const canvas = new OffscreenCanvas(8, 256);
  const context = canvas.getContext("2d");
  for (let row = 0; row < 256; row++) {
    context.fillStyle = `hsl(${row * 37} 80% 50%)`;
    context.fillRect(0, row, 8, 1);
  }
  const blob = await canvas.convertToBlob({ type: "image/jpeg" });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const whole = jpegStructure(bytes);
  const half = bytes.subarray(0, whole.scanEnd - (bytes.length >> 2));
  return (
    (await isOpaque(new Blob(withoutEnd(bytes, whole)))) &&
    !(await isOpaque(new Blob(withoutEnd(half, jpegStructure(half)))))
  );
}
