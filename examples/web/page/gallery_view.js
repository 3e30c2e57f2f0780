/** Painted pictures, one of which is chosen. */

import { itemByKey, makeStop } from "./arrow_keys.js";

export class GalleryView {
  /**
   * @param {HTMLElement} container
   * @param {(number: number) => void} onChoose told which picture is chosen, from 0.
   */
  constructor(container, onChoose) {
    this.container = container;
    this.onChoose = onChoose;
    this.tiles = [];
    this.chosen = 0;
    container.addEventListener("click", ({ target }) => {
      const number = this.tiles.indexOf(target.closest(".tile"));
      if (number >= 0) this.choose(number);
    });
    container.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Makes room for pictures; those that are there stay until others come. */
  expect(count, text) {
    if (this.tiles.length !== count) {
      this.tiles = Array.from({ length: count }, () => tile());
      this.container.replaceChildren(...this.tiles);
      this.container.dataset.count = count;
    }
    this.tiles.forEach((one, i) => {
      one.classList.add("is-waiting");
      one.setAttribute("aria-label", `Picture ${i + 1} of ${count}: ${text}`);
    });
    this.choose(0);
  }

  /** @param {Uint8ClampedArray} pixels RGBA (size, size, 4). */
  show(number, pixels, size) {
    const canvas = this.canvasOf(number);
    if (canvas.width !== size) Object.assign(canvas, { width: size, height: size });
    canvas.getContext("2d").putImageData(new ImageData(pixels, size, size), 0, 0);
    this.tiles[number].classList.remove("is-waiting", "is-empty");
  }

  choose(number) {
    this.chosen = number;
    this.tiles.forEach((one, i) =>
      one.setAttribute("aria-pressed", String(i === number)),
    );
    makeStop(this.tiles, number);
    this.onChoose(number);
  }

  canvasOf(number) {
    return this.tiles[number].firstElementChild;
  }

  #key(event) {
    const current = this.tiles.indexOf(event.target);
    if (current < 0) return;
    const { gridTemplateColumns } = getComputedStyle(this.container);
    const columns = gridTemplateColumns.split(" ").length;
    const next = itemByKey(event, current, this.tiles.length, columns);
    if (next === null) return;
    this.tiles[next].focus();
    this.choose(next);
  }
}

function tile() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile is-empty";
  button.append(document.createElement("canvas"));
  return button;
}

/** Saves a canvas as a PNG file, pixel for pixel. */
export async function saveCanvas(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser may still be reading it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
