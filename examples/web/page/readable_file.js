/**
 * Tells whole pictures from damaged ones, and finds what a damaged one has.
 *
 * The rules are those of `keras_imgdesc/images/damage.py`.
 */

import { MISSING } from "./damage.js";
import { RefusedPictureError } from "./errors.js";
import { hasAllPixels } from "./jpeg_data.js";
import { closed, jpegStructure, withoutEnd } from "./jpeg_structure.js";
import { pngFault } from "./png_structure.js";

const JPEG = [0xff, 0xd8, 0xff];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GIF = [0x47, 0x49, 0x46, 0x38];
const RIFF = [0x52, 0x49, 0x46, 0x46];

/**
 * @param {File} file a picture in any format.
 * @returns {Promise<{file: File, damage: string}>} a file that the browser can decode
 *     if any of it can be, and what is missing of it, empty where nothing is.
 * @throws {RefusedPictureError} if it is damaged and nothing of it is shown.
 */
export async function readableFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const has = (start) => start.every((byte, i) => bytes[i] === byte);
  if (has(JPEG)) return readableJpeg(file, bytes);
  let damage = "";
  if (has(PNG)) {
    const fault = await pngFault(bytes);
    if (fault) {
      const remedy = "Copy it again, or open and save it in an image editor";
      throw new RefusedPictureError(file, `The image is damaged: ${fault}`, remedy);
    }
  } else if (has(GIF)) {
    damage = hasTrailer(bytes) ? "" : MISSING.trailer;
  } else if (has(RIFF) && bytes.length >= 8) {
    const size = 8 + new DataView(bytes.buffer).getUint32(4, true);
    damage = bytes.length < size ? MISSING.trailer : "";
  }
  return { file, damage };
}

async function readableJpeg(file, bytes) {
  const found = jpegStructure(bytes);
  if (found.isUnusual) {
    const rule = "A JPEG must be baseline or progressive, with Huffman codes";
    throw new RefusedPictureError(file, rule, "Convert it to one of these kinds");
  }
  let { damage } = found;
  // A file that ends within its pixels is not closed: no browser decodes it.
  let canClose = found.hasEnd;
  if (found.isOnePass) {
    canClose = found.scanEnd < bytes.length;
    if ((await hasAllPixels(withoutEnd(bytes, found))) === false) {
      damage ||= MISSING.data;
    } else canClose = true;
  }
  if (!damage || !canClose) return { file, damage };
  return { file: new File(closed(bytes, found), file.name), damage };
}

/** Whether a GIF ends with an empty block and the trailer; zeros may follow. */
function hasTrailer(bytes) {
  const end = bytes.findLastIndex((byte) => byte !== 0);
  return bytes[end] === 0x3b && bytes[end - 1] === 0;
}
