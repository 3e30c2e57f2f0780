/** The words that a painter knows, each a button that writes itself. */

import { itemByKey, makeStop } from "./arrow_keys.js";
import { groupWords, pictureOf } from "./word_groups.js";

// A vocabulary may have thousands.
const MOST_IN_A_GROUP = 40;

export class PaletteView {
  /**
   * @param {HTMLElement} container
   * @param {(phrase: string) => void} onWord told of each that is pressed.
   */
  constructor(container, onWord) {
    this.container = container;
    container.addEventListener("click", ({ target }) => {
      const chip = target.closest(".chip");
      if (!chip) return;
      makeStop(this.chips, this.chips.indexOf(chip));
      onWord(chip.dataset.phrase);
    });
    container.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {string[]} words that are known, the most frequent first. */
  fill(words) {
    const groups = [];
    for (const [name, phrases] of groupWords(words)) {
      groups.push(groupOf(name, phrases.slice(0, MOST_IN_A_GROUP), phrases.length));
    }
    this.container.replaceChildren(...groups);
    makeStop(this.chips, 0);
  }

  get chips() {
    return [...this.container.querySelectorAll(".chip")];
  }

  #key(event) {
    const { chips } = this;
    const next = itemByKey(event, chips.indexOf(event.target), chips.length);
    if (next === null) return;
    makeStop(chips, next);
    chips[next].focus();
  }
}

function groupOf(name, phrases, count) {
  const group = document.createElement("div");
  group.className = "chips";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", name);
  const title = document.createElement("span");
  title.className = "chips-name";
  title.setAttribute("aria-hidden", "true");
  title.textContent = name;
  group.append(title, ...phrases.map(chipOf));
  if (phrases.length < count) {
    const more = document.createElement("span");
    more.textContent = `and ${count - phrases.length} more`;
    group.append(more);
  }
  return group;
}

function chipOf(phrase) {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = "chip";
  chip.dataset.phrase = phrase;
  chip.textContent = phrase;
  const { colour, shape } = pictureOf(phrase);
  if (colour) chip.style.setProperty("--swatch", colour);
  if (colour || shape) chip.dataset.shape = shape ?? "circle";
  return chip;
}
