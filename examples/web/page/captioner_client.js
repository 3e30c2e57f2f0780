/** The captioner in its worker, as the page sees it. */

/** What went wrong, in words for whoever uses the page. */
export class PlainError extends Error {}

export class CaptionerClient {
  /**
   * @param {object} told `onProgress(received, total)`, `onReady(metadata)`, and
   *     `onFailed(error)` where nothing can be described.
   */
  constructor(told) {
    this.told = told;
    this.waiting = new Map();
    this.failure = null;
    this.worker = new Worker("worker.js");
    this.worker.onmessage = ({ data }) => this.#receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new PlainError("The page is incomplete. Load it again."));
    };
  }

  /** @returns {Promise<object>} what `Captioner.describe` gives, and `seconds`. */
  async describe(file) {
    if (this.failure) throw this.failure;
    const number = (this.number = (this.number ?? 0) + 1);
    this.worker.postMessage({ number, file });
    return new Promise((resolve, reject) =>
      this.waiting.set(number, { file, resolve, reject }),
    );
  }

  #receive({ kind, number, ...data }) {
    if (kind === "progress") this.told.onProgress(data.received, data.total);
    if (kind === "ready") this.told.onReady(data.metadata);
    if (kind === "failed") this.#fail(modelError(data));
    const request = this.waiting.get(number);
    if (!request) return;
    this.waiting.delete(number);
    if (kind === "caption") request.resolve(data.caption);
    else if (data.error === "PictureError") request.reject(pictureError(request.file));
    else request.reject(modelError(data));
  }

  #fail(error) {
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.told.onFailed(error);
  }
}

/** @param {File} file what is no picture. */
export function pictureError(file) {
  return new PlainError(
    `“${file.name}” is not a picture that this browser can read. ` +
      "Try a JPEG or PNG file.",
  );
}

function modelError({ error, message }) {
  if (error === "ModelError") return new PlainError(message);
  if (error === "ModelFileError") {
    return new PlainError(
      `The model was not written by keras-imgdesc export tflite: ${message}.`,
    );
  }
  if (error === "TypeError" && /fetch|load/i.test(message)) {
    return new PlainError(
      "The model could not be loaded. Check the connection, and load the page again.",
    );
  }
  return new PlainError(`The model does not run in this browser (${message}).`);
}
