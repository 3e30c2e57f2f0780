/**
 * Checks the chunks of a PNG and their checksums, by the rules of
 * `keras_imgdesc/images/png_structure.py`.
 */

import { checksum } from "./checksum.js";

const SIGNATURE = 8;
const INDEXED = 3;
const SINGLE = ["IHDR", "PLTE", "tRNS"];
/**
 * @param {Uint8Array} bytes of a PNG.
 * @returns {Promise<string>} what is wrong with it, empty where nothing is.
 */
export async function pngFault(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const seen = new Set();
  const pixels = [];
  let isIndexed = false;
  for (let at = SIGNATURE, name = ""; name !== "IEND"; ) {
    if (at + 8 > bytes.length) return "its last chunk is missing";
    const start = at + 8;
    const end = start + view.getUint32(at);
    name = String.fromCharCode(...bytes.subarray(at + 4, start));
    if (end > bytes.length) return "it ends within a chunk";
    const isSummed =
      end + 4 <= bytes.length &&
      view.getUint32(end) === checksum(bytes.subarray(at + 4, end));
    if (!isSummed) return "the checksum of a chunk is wrong";
    if (name === "IHDR") isIndexed = bytes[start + 9] === INDEXED;
    if (isDisordered(name, seen, isIndexed)) {
      return "the chunks of a PNG must be in order";
    }
    seen.add(name);
    if (name === "IDAT" && end > start) pixels.push(bytes.subarray(start, end));
    at = end + 4;
  }
  // A browser shows as many pixels as it can read.
  const isWhole = pixels.length === 0 || (await isInflated(pixels));
  return isWhole ? "" : "the checksum of its pixels is wrong";
}

/**
 * The palette comes before the pixels, and what makes its colours transparent between
 * them; each is there once.
 */
function isDisordered(name, seen, isIndexed) {
  const isFirst = seen.size === 0;
  const isLate = ["PLTE", "tRNS"].includes(name) && seen.has("IDAT");
  const isEarly = name === "PLTE" && seen.has("tRNS");
  const lacksColours =
    isIndexed && ["tRNS", "IDAT"].includes(name) && !seen.has("PLTE");
  const isDouble = SINGLE.includes(name) && seen.has(name);
  return isFirst !== (name === "IHDR") || isLate || isEarly || lacksColours || isDouble;
}

async function isInflated(chunks) {
  const inflated = new Blob(chunks).stream().pipeThrough(
    new DecompressionStream("deflate"),
  );
  try {
    await inflated.pipeTo(new WritableStream());
    return true;
  } catch (error) {
    // What is behind the checksum does no harm; browsers name it differently.
    return /junk|after the end|past the end/i.test(error.message);
  }
}
