/** A line that says what goes on, and a bar while a model is loaded. */

import { PlainError } from "./errors.js";

export class StatusView {
  /**
   * @param {HTMLElement} line has the role `status`.
   * @param {HTMLElement} bar grows with `--share`.
   */
  constructor(line, bar) {
    this.line = line;
    this.bar = bar;
  }

  say(text, isError = false) {
    this.line.textContent = text;
    this.line.classList.toggle("is-error", isError);
  }

  /** @param {number} total 0 where it is not known. */
  showProgress(received, total) {
    const isLoaded = received === total;
    this.bar.hidden = !total || isLoaded;
    this.bar.style.setProperty("--share", total ? received / total : 0);
    const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
    const of = total ? ` of ${megabytes(total)}` : "";
    this.say(
      isLoaded
        ? "Starting the model…"
        : `Loading the model, ${megabytes(received)}${of} MB`,
    );
  }

  hideProgress() {
    this.bar.hidden = true;
  }

  showError(error) {
    this.hideProgress();
    const isPlain = error instanceof PlainError;
    if (!isPlain) console.error(error);
    this.say(isPlain ? error.message : `It failed: ${error}`, true);
  }
}
