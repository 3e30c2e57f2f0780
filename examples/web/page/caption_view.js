/** The words of a caption, each a button that shows where the model looked. */

import { itemByKey, makeStop } from "./arrow_keys.js";

const MILLISECONDS_A_WORD = 240;

const isStill = matchMedia("(prefers-reduced-motion: reduce)");

export class CaptionView {
  /**
   * @param {HTMLElement} container
   * @param {(word: number | null) => void} onSelect told which word is looked at.
   */
  constructor(container, onSelect) {
    this.container = container;
    this.onSelect = onSelect;
    this.clear();
    container.addEventListener("click", (event) => this.#click(event));
    container.addEventListener("focusin", (event) => this.#focus(event));
    container.addEventListener("keydown", (event) => this.#key(event));
    container.addEventListener("pointerover", (event) => this.#hover(event));
    container.addEventListener("pointerleave", () => this.#point(null));
  }

  clear() {
    clearTimeout(this.timer);
    this.container.replaceChildren();
    this.words = [];
    this.selected = null;
    this.pointed = null;
  }

  /** Says the words one by one, each with its attention. */
  async say(words, logProbs) {
    this.clear();
    this.words = words.map((word, i) => wordButton(word, logProbs[i], i));
    this.container.replaceChildren(...this.words);
    if (isStill.matches) {
      this.#sayAll();
      return;
    }
    const next = (i) => {
      if (i === this.words.length) {
        this.#notify();
        return;
      }
      this.words[i].classList.add("is-said");
      this.onSelect(i);
      this.timer = setTimeout(() => next(i + 1), MILLISECONDS_A_WORD);
    };
    // The first frame shows the words unsaid, or their transition would not run.
    requestAnimationFrame(() => requestAnimationFrame(() => next(0)));
  }

  select(word) {
    this.#sayAll();
    this.selected = word;
    this.words.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(i === word));
    });
    makeStop(this.words, word ?? 0);
    this.#notify();
  }

  #notify() {
    this.onSelect(this.pointed ?? this.selected);
  }

  #sayAll() {
    clearTimeout(this.timer);
    for (const button of this.words) button.classList.add("is-said");
  }

  #numberOf(event) {
    const number = this.words.indexOf(event.target);
    return number < 0 ? null : number;
  }

  #click(event) {
    const word = this.#numberOf(event);
    if (word === null) return;
    this.#mark(null);
    this.select(word === this.selected ? null : word);
  }

  #focus(event) {
    // A click focuses too, and must not select before it toggles.
    if (event.target.matches(":focus-visible")) this.select(this.#numberOf(event));
  }

  #hover(event) {
    if (event.pointerType === "mouse") this.#point(this.#numberOf(event));
  }

  #point(word) {
    if (word === this.pointed) return;
    this.#sayAll();
    this.#mark(word);
    this.#notify();
  }

  #mark(word) {
    this.pointed = word;
    this.words.forEach((button, i) =>
      button.classList.toggle("is-pointed", i === word),
    );
  }

  #key(event) {
    const current = this.#numberOf(event);
    if (current === null) return;
    const next = itemByKey(event, current, this.words.length);
    if (event.key === "Escape") {
      this.select(null);
    } else if (next !== null) {
      this.#mark(null);
      this.words[next].focus();
      this.select(next);
    }
  }
}

function wordButton(word, logProb, number) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "word";
  button.textContent = word;
  button.tabIndex = number ? -1 : 0;
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-describedby", "detail");
  button.style.setProperty("--probability", Math.exp(logProb).toFixed(4));
  return button;
}
