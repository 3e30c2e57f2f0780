/**
 * The resize of the package: bilinear with anti-aliasing, half-pixel centres.
 *
 * A canvas scales differently in each browser, and the captions would differ with it.
 * This gives the bytes of `keras_imgdesc/lite/resizing.py`: first along the columns, then
 * along the rows, each product and each sum rounded to float32.
 */

const { fround } = Math;

/**
 * Stretches a picture to a square. It is never held as floats: a row is added to the sums
 * that it belongs to, and these are as few as two or three where the picture shrinks.
 *
 * @param {Iterable<Uint8ClampedArray>} rows RGBA, from the top; alpha is not looked at.
 * @returns {Uint8Array} RGB, (size, size, 3).
 */
export function stretch(rows, width, height, size) {
  const down = findSpans(height, size);
  const across = findSpans(width, size);
  // Its rounding, a half to the even side, is NumPy's.
  const target = new Uint8ClampedArray(size * size * 3);
  const open = []; // the sums of row `done` of the target and of those after it
  let done = 0;
  let row = 0;
  for (const rgba of rows) {
    while (down[done + open.length]?.start <= row) {
      open.push(new Float32Array(width * 3));
    }
    open.forEach((sums, i) => {
      const { start, weights } = down[done + i];
      addRow(rgba, weights[row - start], sums);
    });
    while (open.length > 0 && down[done].start + down[done].weights.length <= row + 1) {
      writeRow(open.shift(), across, target.subarray(done * size * 3));
      done++;
    }
    row++;
  }
  return new Uint8Array(target.buffer);
}

function addRow(rgba, weight, sums) {
  for (let read = 0, i = 0; i < sums.length; read += 4, i += 3) {
    sums[i] += fround(weight * rgba[read]);
    sums[i + 1] += fround(weight * rgba[read + 1]);
    sums[i + 2] += fround(weight * rgba[read + 2]);
  }
}

function writeRow(values, spans, target) {
  spans.forEach(({ start, weights }, column) => {
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) {
        sum = fround(sum + fround(weights[i] * values[(start + i) * 3 + channel]));
      }
      target[column * 3 + channel] = sum;
    }
  });
}

/**
 * Which of `given` lines each of `count` sums is made of.
 *
 * @returns {{start: number, weights: Float32Array}[]} for each sum.
 */
function findSpans(given, count) {
  const distance = fround(1 / fround(count / given));
  // Wider than a pixel when it shrinks, which is the anti-aliasing.
  const radius = Math.max(distance, 1);
  const inverse = fround(1 / radius);
  const clip = (place) => Math.min(Math.max(place, 0), given - 1);
  return Array.from({ length: count }, (_, output) => {
    const center = fround((output + 0.5) * distance);
    const start = clip(Math.ceil(fround(fround(center - radius) - 0.5)));
    const last = clip(Math.floor(fround(fround(center + radius) - 0.5)));
    const weights = new Float32Array(last - start + 1);
    let total = 0;
    for (let i = 0; i < weights.length; i++) {
      const away = fround(Math.abs(fround(start + i + 0.5 - center)) * inverse);
      weights[i] = Math.max(0, 1 - away);
      total = fround(total + weights[i]);
    }
    const share = fround(1 / total);
    return { start, weights: weights.map((weight) => weight * share) };
  });
}
