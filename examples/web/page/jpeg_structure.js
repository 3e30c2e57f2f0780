/**
 * Finds out whether a JPEG has all its data, by the rules of
 * `keras_imgdesc/images/jpeg_structure.py`.
 *
 * A JPEG has no checksum: what can be told is whether data are missing.
 */

import { MISSING } from "./damage.js";

const END = [0xff, 0xd9];
// What a decoder is fed in place of the end marker. It looks eight bytes ahead, and no
// table has a code of 17 ones, so that these bytes end two blocks at most.
const UNDECODABLE = [...Array.from({ length: 8 }, () => [0xff, 0]).flat(), 0xff];
// A table whose only code is the end of a block.
const EMPTY_TABLE = [0xff, 0xc4, 0, 0x14, 0x10, 1, ...Array(15).fill(0), 0];

const PROGRESSIVE = 0xc2;
const FRAMES = [0xc0, 0xc1, PROGRESSIVE];
const NO_FRAMES = [0xc4, 0xc8, 0xcc]; // among the numbers of frames
const START = 0xd8;
const SCAN = 0xda;
const INTERVAL = 0xdd;
const TEMPORARY = 0x01;
const RESTART = 0xd0;
const COEFFICIENTS = 64;
// Parts that are looked at.
const MOST_PARTS = 1000;

const isRestart = (code) => code >= RESTART && code < RESTART + 8;

/**
 * @param {Uint8Array} bytes of a JPEG.
 * @returns {object} `damage`, what is missing as far as the markers tell; `isUnusual`,
 *     coded in a way that few decoders know; `isOnePass`, where the first scan has all
 *     data; `isProgressive`; `scanEnd`, where the data of the last scan end, 0 without a
 *     scan; `hasEnd`; `components`, their numbers.
 */
export function jpegStructure(bytes) {
  return new Walk(bytes).structure();
}

/** @returns {BlobPart[]} a JPEG of one pass in which a decoder finds no end. */
export function withoutEnd(bytes, { scanEnd }) {
  return [bytes.subarray(0, scanEnd), new Uint8Array(UNDECODABLE)];
}

/**
 * A decoder smooths a progressive picture whose scans are incomplete. An empty scan for
 * each component prevents it.
 *
 * @returns {BlobPart[]} a JPEG that ends behind the data that there are.
 */
export function closed(bytes, { scanEnd, isProgressive, components }) {
  const scan = (number) => [0xff, SCAN, 0, 8, 1, number, 0, 1, COEFFICIENTS - 1, 0x10];
  const empty = isProgressive ? [...EMPTY_TABLE, ...components.flatMap(scan)] : [];
  return [bytes.subarray(0, scanEnd), new Uint8Array([...empty, ...END])];
}

class Walk {
  constructor(bytes) {
    this.bytes = bytes;
    // Of each component: its sampling factors, and the lowest bit of each coefficient
    // so far.
    this.sampling = new Map();
    this.bits = new Map();
    this.interval = 0;
    this.found = {
      ...{ damage: "", isUnusual: false, isOnePass: false, isProgressive: false },
      ...{ scanEnd: 0, hasEnd: false, components: [] },
    };
  }

  structure() {
    const { bytes, found } = this;
    let at = 2;
    for (let part = 0; part < MOST_PARTS; part++) {
      const start = this.#nextMarker(at);
      if (start === bytes.length) break;
      if (found.scanEnd && start !== at) this.#note(MISSING.stray);
      const code = bytes[start + 1];
      if (code === END[1]) {
        found.hasEnd = true;
        break;
      }
      at = start + 2;
      if (code === START || code === TEMPORARY) continue;
      at += Math.max(2, number(bytes.subarray(at, at + 2)));
      if (at > bytes.length) break;
      const body = bytes.subarray(start + 4, at);
      this.#read(code, body);
      if (code !== SCAN) continue;
      at = this.#readScan(body, at);
      if (!found.isOnePass) continue;
      found.hasEnd = bytes[at] === END[0] && bytes[at + 1] === END[1];
      break;
    }
    if (!found.hasEnd) this.#note(MISSING.end);
    const lacksBits = [...this.bits.values()].some((known) => known.some(Boolean));
    if (!found.isOnePass && lacksBits) this.#note(MISSING.scan);
    return found;
  }

  #note(damage) {
    this.found.damage ||= damage;
  }

  /** Where the next marker other than a restart is, or the end of the file. */
  #nextMarker(from, onRestart) {
    const { bytes } = this;
    const last = bytes.length - 1;
    for (let at = bytes.indexOf(0xff, from); at >= 0 && at < last; ) {
      const code = bytes[at + 1];
      if (isRestart(code)) onRestart?.(code);
      else if (code !== 0 && code !== 0xff) return at;
      at = bytes.indexOf(0xff, at + 1);
    }
    return bytes.length;
  }

  #read(code, body) {
    const isFrame = code >= 0xc0 && code <= 0xcf && !NO_FRAMES.includes(code);
    if (code === INTERVAL) this.interval = number(body.subarray(0, 2));
    if (!isFrame) return;
    if (!FRAMES.includes(code)) {
      this.found.isUnusual = true;
      return;
    }
    this.found.isProgressive = code === PROGRESSIVE;
    this.height = number(body.subarray(1, 3));
    this.width = number(body.subarray(3, 5));
    this.sampling.clear();
    this.bits.clear();
    for (let i = 6; i < body.length - 2; i += 3) {
      this.sampling.set(body[i], { h: body[i + 1] >> 4, v: body[i + 1] & 15 });
      this.bits.set(body[i], Array(COEFFICIENTS).fill(-1));
    }
    this.found.components = [...this.sampling.keys()];
  }

  /** Notes what a scan has, and returns where its data end. */
  #readScan(body, at) {
    const { bits, found, interval } = this;
    const restarts = [];
    found.scanEnd = this.#nextMarker(at, (code) => restarts.push(code - RESTART));
    const spanStart = 1 + 2 * (body[0] ?? 0);
    const numbers = [];
    for (let i = 1; i < Math.min(spanStart, body.length); i += 2) {
      if (bits.has(body[i])) numbers.push(body[i]);
    }
    const span = [...body.subarray(spanStart, spanStart + 3)];
    const isWhole = numbers.length > 0 && numbers.length === bits.size;
    found.isOnePass = isWhole && !found.isProgressive;
    for (const component of numbers) {
      if (!found.isProgressive) bits.get(component).fill(0);
      else this.#refine(bits.get(component), span.length === 3 ? span : [0, 0, 0]);
    }
    const expected = interval ? Math.ceil(this.#countUnits(numbers) / interval) - 1 : 0;
    const isRight =
      restarts.length === Math.max(0, expected) &&
      restarts.every((restart, i) => restart === i % 8);
    if (!isRight) this.#note(MISSING.restart);
    return found.scanEnd;
  }

  #refine(known, [first, last, bits]) {
    // A scan says which bits it follows.
    const before = bits >> 4 || -1;
    for (let i = first; i <= Math.min(last, COEFFICIENTS - 1); i++) {
      if (known[i] !== before) this.#note(MISSING.scan);
      known[i] = bits & 15;
    }
  }

  /** The number of units of a scan with these components. */
  #countUnits(numbers) {
    const all = [...this.sampling.values()];
    if (numbers.length === 0 || !all.every(({ h, v }) => h && v)) return 0;
    const most = {
      h: Math.max(...all.map(({ h }) => h)),
      v: Math.max(...all.map(({ v }) => v)),
    };
    if (numbers.length > 1) {
      const { h, v } = most;
      return Math.ceil(this.width / (8 * h)) * Math.ceil(this.height / (8 * v));
    }
    const { h, v } = this.sampling.get(numbers[0]);
    const width = Math.ceil((this.width * h) / most.h);
    const height = Math.ceil((this.height * v) / most.v);
    return Math.ceil(width / 8) * Math.ceil(height / 8);
  }
}

function number(bytes) {
  return bytes.reduce((value, byte) => 256 * value + byte, 0);
}
