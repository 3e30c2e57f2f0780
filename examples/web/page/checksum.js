/** The checksum of a PNG's chunk. */

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

/**
 * @param {Iterable<number>} bytes
 * @returns {number} their CRC-32.
 */
export function checksum(bytes) {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    value = TABLE[(value ^ bytes[i]) & 0xff] ^ (value >>> 8);
  }
  return (value ^ 0xffffffff) >>> 0;
}
