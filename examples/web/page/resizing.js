/**
 * The resize of the package: bilinear with anti-aliasing, half-pixel centres.
 *
 * A canvas scales differently in each browser, and the captions would differ with it.
 * This is Pillow's filter for floats, first along the rows, then along the columns,
 * which is what `keras_imgdesc/lite/resizing.py` uses.
 */

/**
 * How much each input pixel counts for each output pixel, along one axis.
 *
 * @returns {{start: number, weights: Float64Array}[]} for each output pixel.
 */
export function triangleFilter(inputSize, outputSize) {
  const scale = inputSize / outputSize;
  // Wider than a pixel when it shrinks, which is the anti-aliasing.
  const support = Math.max(scale, 1);
  return Array.from({ length: outputSize }, (_, output) => {
    const center = (output + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(inputSize, Math.trunc(center + support + 0.5));
    const weights = new Float64Array(end - start);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      const distance = Math.abs((start + i - center + 0.5) / support);
      weights[i] = Math.max(0, 1 - distance);
      sum += weights[i];
    }
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Stretches rows of RGBA pixels to `filter.length` pixels each, without alpha.
 *
 * @param {Uint8ClampedArray} rgba (rows, width, 4).
 * @param {Float32Array} target (rows, filter.length, 3), written to.
 */
export function stretchRows(rgba, width, filter, target) {
  const rows = rgba.length / 4 / width;
  let written = 0;
  for (let row = 0; row < rows; row++) {
    for (const { start, weights } of filter) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let read = 4 * (row * width + start);
      for (let i = 0; i < weights.length; i++, read += 4) {
        red += weights[i] * rgba[read];
        green += weights[i] * rgba[read + 1];
        blue += weights[i] * rgba[read + 2];
      }
      target[written++] = red;
      target[written++] = green;
      target[written++] = blue;
    }
  }
}

/**
 * Stretches columns to `filter.length` pixels.
 *
 * @param {Float32Array} rows (height, values a row).
 * @returns {Uint8Array} (filter.length, values a row).
 */
export function stretchColumns(rows, rowLength, filter) {
  // Its rounding, a half to the even side, is NumPy's.
  const target = new Uint8ClampedArray(filter.length * rowLength);
  filter.forEach(({ start, weights }, output) => {
    for (let column = 0; column < rowLength; column++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) {
        sum += weights[i] * rows[(start + i) * rowLength + column];
      }
      target[output * rowLength + column] = Math.fround(sum);
    }
  });
  return new Uint8Array(target.buffer);
}
