/** Lays where the model looked over the picture. */

const CELL_PIXELS = 12;
const MILLISECONDS = 280;
const DARK = { red: 14, green: 12, blue: 16, alpha: 0.68 };
const WARM = { red: 255, green: 170, blue: 40, alpha: 0.2 };

const isStill = matchMedia("(prefers-reduced-motion: reduce)");

export class AttentionView {
  /**
   * @param {HTMLElement} frame gets the class `is-attended` while a map is shown.
   * @param {HTMLCanvasElement} fade takes the colour from where it did not look.
   * @param {HTMLCanvasElement} glow darkens that, and warms where it looked.
   */
  constructor(frame, fade, glow) {
    this.frame = frame;
    this.layers = [fade, glow].map((canvas) => canvas.getContext("2d"));
    this.shown = null;
    this.running = 0;
  }

  /** Shows a map, flowing over from the one before; a map is (rows, columns). */
  show(map, rows, columns) {
    const target = enlarge(map, rows, columns);
    const isFirst = this.shown?.length !== target.length || !this.isVisible;
    const from = isFirst ? target : this.shown;
    this.frame.classList.add("is-attended");
    const size = { width: columns * CELL_PIXELS, height: rows * CELL_PIXELS };
    for (const { canvas } of this.layers) {
      if (canvas.width !== size.width || canvas.height !== size.height) {
        Object.assign(canvas, size);
      }
    }
    this.#flow(from, target);
  }

  clear() {
    this.frame.classList.remove("is-attended");
  }

  get isVisible() {
    return this.frame.classList.contains("is-attended");
  }

  #flow(from, target) {
    cancelAnimationFrame(this.running);
    if (from === target || isStill.matches) {
      this.#paint(target);
      return;
    }
    const start = performance.now();
    const frame = (now) => {
      const time = Math.min(1, Math.max(0, now - start) / MILLISECONDS);
      const share = time * time * (3 - 2 * time);
      this.#paint(from.map((value, i) => value + (target[i] - value) * share));
      if (time < 1) this.running = requestAnimationFrame(frame);
    };
    this.running = requestAnimationFrame(frame);
  }

  #paint(attended) {
    this.shown = attended;
    const [fade, glow] = this.layers;
    const { width, height } = fade.canvas;
    const grey = fade.createImageData(width, height);
    const warm = glow.createImageData(width, height);
    attended.forEach((share, i) => {
      const away = 1 - share;
      grey.data.set([128, 128, 128, 230 * away], 4 * i);
      const alpha = DARK.alpha * away + WARM.alpha * share;
      const mix = (color) =>
        (DARK[color] * DARK.alpha * away + WARM[color] * WARM.alpha * share) / alpha;
      warm.data.set([mix("red"), mix("green"), mix("blue"), 255 * alpha], 4 * i);
    });
    fade.putImageData(grey, 0, 0);
    glow.putImageData(warm, 0, 0);
  }
}

/** A map of CELL_PIXELS times the size, smooth, its largest value 1. */
function enlarge(map, rows, columns) {
  const across = splineFilter(columns);
  const down = splineFilter(rows);
  const wide = new Float32Array(rows * across.length);
  for (let row = 0; row < rows; row++) {
    across.forEach((taps, x) => {
      for (const [column, weight] of taps) {
        wide[row * across.length + x] += weight * map[row * columns + column];
      }
    });
  }
  const large = new Float32Array(down.length * across.length);
  down.forEach((taps, y) => {
    for (const [row, weight] of taps) {
      for (let x = 0; x < across.length; x++) {
        large[y * across.length + x] += weight * wide[row * across.length + x];
      }
    }
  });
  const peak = large.reduce((a, b) => Math.max(a, b), 0);
  return peak > 0 ? large.map((value) => value / peak) : large;
}

/** Cubic B-spline weights, by which no edge of a cell is seen. */
function splineFilter(cells) {
  return Array.from({ length: cells * CELL_PIXELS }, (_, pixel) => {
    const place = (pixel + 0.5) / CELL_PIXELS - 0.5;
    const first = Math.floor(place);
    const t = place - first;
    const weights = [
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
      t ** 3 / 6,
    ];
    return weights.map((weight, i) => [
      Math.min(cells - 1, Math.max(0, first + i - 1)),
      weight,
    ]);
  });
}
