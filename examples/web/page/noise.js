/**
 * The noise of pictures: the values of `keras_imgdesc/noise.py`, to the last bit or so.
 *
 * Threefry-2x32 of 20 rounds, then Box and Muller's formula.
 */

const PARITY = 0x1bd11bda;
const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];
const GROUPS = 5;

/** @returns {[number, number]} two words of 32 bits. */
export function threefry(key, counter) {
  const keys = [...key, key[0] ^ key[1] ^ PARITY];
  let x = (counter[0] + keys[0]) | 0;
  let y = (counter[1] + keys[1]) | 0;
  for (let group = 0; group < GROUPS; group++) {
    for (const bits of ROTATIONS[group % 2]) {
      x = (x + y) | 0;
      y = ((y << bits) | (y >>> (32 - bits))) ^ x;
    }
    x = (x + keys[(group + 1) % 3]) | 0;
    y = (y + keys[(group + 2) % 3] + group + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}

/**
 * @param {number} width
 * @param {number} seed a whole number from 0 to `Number.MAX_SAFE_INTEGER`.
 * @param {number} picture which of the pictures of this seed, from 0.
 * @returns {Float32Array} standard normal.
 */
export function drawNormal(width, seed, picture) {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  const values = new Float32Array(width);
  for (let i = 0; i < width; i += 2) {
    const [first, second] = threefry(key, [picture, i / 2]);
    // Never the logarithm of zero.
    const radius = Math.sqrt(-2 * Math.log((first + 1) * 2 ** -32));
    const angle = second * (Math.PI * 2 ** -31);
    values[i] = radius * Math.cos(angle);
    // Beyond an odd width, where nothing is kept.
    values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}
