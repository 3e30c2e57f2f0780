/**
 * Turns the pictures that Chromium leaves as they are: those whose orientation is in XMP
 * alone, and those in WebP.
 *
 * EXIF counts, or XMP if EXIF has no orientation, as in Python.
 */

import { checksum } from "./checksum.js";

// Everything before the pixels of a JPEG or PNG.
const HEAD = 1 << 20;
const JPEG = "\xff\xd8\xff";
const PNG = "\x89PNG\r\n\x1a\n";
const JPEG_XMP = "http://ns.adobe.com/xap/1.0/\0";
// Followed by the flag of a text that is not compressed.
const PNG_XMP = "XML:com.adobe.xmp\0\0";
const WEBP_FLAGS = { at: 20, exif: 0x08, xmp: 0x04 };
const PNG_HEADER = 33; // bytes, the signature and the first chunk

/**
 * @param {File} file a picture in any format of the browser.
 * @returns {Promise<File>} the same file, or one that every browser shows upright.
 */
export async function uprightFile(file) {
  let parts;
  try {
    parts = await uprightParts(file);
  } catch {
    // Whoever decodes it will say what is wrong with it.
    return file;
  }
  return parts ? new File(parts, file.name) : file;
}

async function uprightParts(file) {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (has(head, 0, JPEG)) {
    const orientation = unseen(readJpeg(head));
    return orientation && [file.slice(0, 2), jpegExif(orientation), file.slice(2)];
  }
  if (has(head, 0, PNG)) {
    const orientation = unseen(readPng(head));
    const start = file.slice(0, PNG_HEADER);
    return orientation && [start, pngExif(orientation), file.slice(PNG_HEADER)];
  }
  const { at, exif, xmp } = WEBP_FLAGS;
  const isExtended = has(head, 0, "RIFF") && has(head, 8, "WEBPVP8X");
  if (!isExtended || !(head[at] & (exif | xmp))) return null;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const found = readWebp(bytes);
  const orientation = valid(found.exif ?? found.xmp);
  // A browser that knew this orientation would turn it again.
  bytes[at] &= ~(exif | xmp);
  return orientation && [await draw(new Blob([bytes]), orientation)];
}

/** An orientation that is in XMP alone, or null. */
function unseen({ exif, xmp }) {
  return exif === undefined ? valid(xmp) : null;
}

function valid(orientation) {
  return orientation >= 2 && orientation <= 8 ? orientation : null;
}

function readJpeg(bytes) {
  const found = {};
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1];
    const isAlone = marker <= 1 || (marker >= 0xd0 && marker <= 0xd8);
    if (bytes[at] !== 0xff || marker === 0xff || isAlone) {
      at += 1;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) break;
    const end = at + 2 + 256 * bytes[at + 2] + bytes[at + 3];
    if (marker === 0xe1 && has(bytes, at + 4, "Exif\0\0")) {
      found.exif ??= exifOrientation(bytes.subarray(at + 10, end));
    } else if (marker === 0xe1 && has(bytes, at + 4, JPEG_XMP)) {
      found.xmp = xmpOrientation(bytes.subarray(at + 4 + JPEG_XMP.length, end));
    }
    at = end;
  }
  return found;
}

function readPng(bytes) {
  const found = {};
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 8 <= bytes.length; ) {
    const start = at + 8;
    const end = start + view.getUint32(at);
    if (has(bytes, at + 4, "eXIf")) {
      found.exif ??= exifOrientation(bytes.subarray(start, end));
    } else if (has(bytes, at + 4, "iTXt") && has(bytes, start, PNG_XMP)) {
      found.xmp = xmpOrientation(bytes.subarray(start + PNG_XMP.length, end));
    }
    at = end + 4;
  }
  return found;
}

function readWebp(bytes) {
  const found = {};
  const view = new DataView(bytes.buffer);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const data = bytes.subarray(at + 8, at + 8 + size);
    if (has(bytes, at, "EXIF")) {
      found.exif ??= exifOrientation(data.subarray(has(data, 0, "Exif\0\0") ? 6 : 0));
    } else if (has(bytes, at, "XMP ")) {
      found.xmp ??= xmpOrientation(data);
    }
    at += 8 + size + (size % 2);
  }
  return found;
}

/** The orientation in EXIF, or undefined. */
function exifOrientation(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = bytes[0] === 0x49;
  try {
    const directory = view.getUint32(4, isLittle);
    const count = view.getUint16(directory, isLittle);
    for (let i = 0; i < count; i++) {
      const entry = directory + 2 + 12 * i;
      const isShort = view.getUint16(entry + 2, isLittle) === 3;
      if (view.getUint16(entry, isLittle) === 0x0112 && isShort) {
        return view.getUint16(entry + 8, isLittle);
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

function xmpOrientation(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  const match = /tiff:Orientation(?:="|>)([0-9])/.exec(text);
  return match ? Number(match[1]) : undefined;
}

function has(bytes, at, characters) {
  for (let i = 0; i < characters.length; i++) {
    if (bytes[at + i] !== characters.charCodeAt(i)) return false;
  }
  return true;
}

/** EXIF data with an orientation and nothing else. */
function exifOf(orientation) {
  const header = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1];
  const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  return [...header, ...entry, 0, 0, 0, 0];
}

function jpegExif(orientation) {
  const content = [...codes("Exif\0\0"), ...exifOf(orientation)];
  return new Uint8Array([0xff, 0xe1, 0, content.length + 2, ...content]);
}

function pngExif(orientation) {
  const exif = exifOf(orientation);
  const named = [...codes("eXIf"), ...exif];
  const chunk = new Uint8Array([0, 0, 0, exif.length, ...named, 0, 0, 0, 0]);
  new DataView(chunk.buffer).setUint32(chunk.length - 4, checksum(named));
  return chunk;
}

function codes(characters) {
  return Array.from(characters, (character) => character.charCodeAt(0));
}

async function draw(blob, orientation) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const size = orientation >= 5 ? [height, width] : [width, height];
  const canvas = new OffscreenCanvas(...size);
  const context = canvas.getContext("2d");
  context.setTransform(
    ...{
      2: [-1, 0, 0, 1, width, 0],
      3: [-1, 0, 0, -1, width, height],
      4: [1, 0, 0, -1, 0, height],
      5: [0, 1, 1, 0, 0, 0],
      6: [0, 1, -1, 0, height, 0],
      7: [0, -1, -1, 0, height, width],
      8: [0, -1, 1, 0, 0, width],
    }[orientation],
  );
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob();
}
