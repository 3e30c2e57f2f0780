/** A model in its worker, as the page sees it. */

import * as errors from "./errors.js";

export class ModelClient {
  /**
   * @param {string} name of the model: `captioner` or `painter`.
   * @param {object} told `onProgress(received, total)`, `onReady(about)`, and
   *     `onFailed(error)` where nothing can be asked.
   */
  constructor(name, told) {
    this.told = told;
    this.waiting = new Map();
    this.number = 0;
    this.failure = null;
    this.worker = new Worker("worker.js", { name });
    this.worker.onmessage = ({ data }) => this.#receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new errors.PlainError("The page is incomplete. Load it again."));
    };
  }

  /** @returns {Promise<object>} what the model's `answer` gives. */
  async ask(request) {
    if (this.failure) throw this.failure;
    const number = ++this.number;
    this.worker.postMessage({ number, request });
    return new Promise((resolve, reject) =>
      this.waiting.set(number, { resolve, reject }),
    );
  }

  #receive({ kind, number, ...data }) {
    if (kind === "progress") this.told.onProgress(data.received, data.total);
    if (kind === "ready") this.told.onReady(data.about);
    if (kind === "failed") this.#fail(plainError(data));
    const asked = this.waiting.get(number);
    if (!asked) return;
    this.waiting.delete(number);
    if (kind === "answer") asked.resolve(data.answer);
    else asked.reject(plainError(data));
  }

  #fail(error) {
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.told.onFailed(error);
  }
}

/** An error of the worker, in words. */
function plainError({ error, message }) {
  if (error in errors) {
    // Of its class, the name alone crosses over.
    return Object.assign(new errors.PlainError(message), { name: error });
  }
  if (error === "TypeError" && /fetch|load/i.test(message)) {
    return new errors.PlainError(
      "The model could not be loaded. Check the connection, and load the page again.",
    );
  }
  return new errors.PlainError(
    `The model does not run in this browser (${message}).`,
  );
}
