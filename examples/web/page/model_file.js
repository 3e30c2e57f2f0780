/**
 * What travels inside an exported `.tflite` file, which is also a zip archive.
 *
 * Vocabulary and metadata are at its end, stored as they are.
 */

import { ModelFileError } from "./errors.js";

const VOCABULARY_FILE = "vocabulary.txt";
const METADATA_FILE = "keras_imgdesc.json";
const END_OF_ARCHIVE = 0x06054b50;
const ARCHIVE_ENTRY = 0x02014b50;
const END_LENGTH = 22;

/**
 * @param {Uint8Array} bytes of the whole file.
 * @returns {{metadata: object, tokens: string[]}}
 */
export function readModelFile(bytes) {
  const entries = readArchive(bytes);
  for (const name of [METADATA_FILE, VOCABULARY_FILE]) {
    if (!entries.has(name)) throw new ModelFileError(`it does not hold ${name}`);
  }
  const decoder = new TextDecoder();
  const metadata = JSON.parse(decoder.decode(entries.get(METADATA_FILE)));
  const tokens = decoder.decode(entries.get(VOCABULARY_FILE)).split("\n").slice(0, -1);
  return { metadata, tokens };
}

function readArchive(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - END_LENGTH;
  if (end < 0 || view.getUint32(end, true) !== END_OF_ARCHIVE) {
    throw new ModelFileError("it carries no vocabulary");
  }
  const entries = new Map();
  let entry = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(entry, true) !== ARCHIVE_ENTRY) {
      throw new ModelFileError("its archive is broken");
    }
    const lengthAt = (place) => view.getUint16(place, true);
    const isStored = lengthAt(entry + 10) === 0;
    const size = view.getUint32(entry + 24, true);
    const nameLength = lengthAt(entry + 28);
    const name = new TextDecoder().decode(
      bytes.subarray(entry + 46, entry + 46 + nameLength),
    );
    // The header before the content has a name and an extra field of its own.
    const header = view.getUint32(entry + 42, true);
    const start = header + 30 + lengthAt(header + 26) + lengthAt(header + 28);
    if (isStored) entries.set(name, bytes.subarray(start, start + size));
    entry += 46 + nameLength + lengthAt(entry + 30) + lengthAt(entry + 32);
  }
  return entries;
}
