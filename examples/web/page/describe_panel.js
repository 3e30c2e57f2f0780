/** The panel where pictures go in, and words come out. */

import { AttentionView } from "./attention_view.js";
import { CaptionView } from "./caption_view.js";
import { fillDetail, listenForCopying } from "./detail_view.js";
import { PictureError } from "./errors.js";
import { loadModel } from "./model_loading.js";
import { uprightFile } from "./orientation.js";
import { listenForPictures } from "./pickers.js";
import { readableFile } from "./readable_file.js";
import { StatusView } from "./status_view.js";

const byId = (id) => document.getElementById(id);

export class DescribePanel {
  /** @param {() => void} onPicture told that there is one, whatever tab is shown. */
  constructor(onPicture) {
    this.print = byId("print");
    this.status = new StatusView(byId("status"), byId("progress"));
    this.attention = new AttentionView(this.print, byId("fade"), byId("glow"));
    this.captionView = new CaptionView(byId("caption"), (word) => this.#showWord(word));
    this.isReady = false;
    this.latest = 0;
    this.shown = null;
    listenForPictures((file) => {
      onPicture();
      this.#describe(file);
    });
    listenForCopying(byId("detail"));
    this.print.addEventListener("click", () => this.captionView.select(null));
  }

  /** Loads the captioner, the first time. */
  open() {
    if (this.loading) return;
    this.loading = loadModel("captioner", this.status, {
      onReady: (about) => this.#showModel(about),
      onFailed: (error) => this.status.showError(error),
    });
    this.loading.catch((error) => this.status.showError(error));
  }

  #showModel({ name, quantize, search }) {
    this.isReady = true;
    this.status.hideProgress();
    byId("colophon").textContent =
      `${name}, ${quantize ?? "float32"}, ${search.num_beams} beams`;
    const isEmpty = this.print.dataset.state === "empty";
    this.status.say(isEmpty ? "Ready. It guesses, and is often wrong." : "Describing…");
  }

  async #describe(chosen) {
    const number = ++this.latest;
    try {
      const readable = await readableFile(chosen);
      const file = await uprightFile(readable.file);
      const picture = await loadPicture(file);
      if (number !== this.latest) return;
      this.#showPicture(picture, readable.damage);
      if (this.isReady) this.status.say("Describing…");
      const captioner = await this.loading;
      const caption = await captioner.ask(file);
      if (number === this.latest) this.#showCaption(caption, file.name);
    } catch (error) {
      if (number === this.latest) this.status.showError(error);
    }
  }

  #showPicture({ address, ratio }, damage) {
    const picture = byId("picture");
    URL.revokeObjectURL(picture.src);
    picture.src = address;
    picture.alt = "The picture";
    picture.hidden = false;
    this.print.dataset.state = "picture";
    byId("damage").textContent = damage && "This image is damaged: parts are missing.";
    byId("damage").title = damage;
    this.print.style.setProperty("--ratio", ratio);
    this.shown = null;
    this.attention.clear();
    this.captionView.clear();
    byId("spoken").textContent = "";
    fillDetail(byId("detail"), null);
  }

  #showCaption(caption, name) {
    this.shown = caption;
    const { text } = caption;
    this.status.say("");
    byId("picture").alt = text;
    byId("spoken").textContent = text;
    // For whoever reads the page with a program.
    Object.assign(byId("caption").dataset, {
      picture: name,
      tokenIds: caption.tokenIds.join(" "),
      logProbs: caption.logProbs.join(" "),
      concepts: JSON.stringify(caption.concepts),
      seconds: caption.seconds.model,
    });
    this.captionView.say(caption.words, caption.logProbs);
  }

  #showWord(word) {
    if (!this.shown) return;
    const { attention, rows, columns } = this.shown;
    fillDetail(byId("detail"), this.shown, word);
    if (word === null) this.attention.clear();
    else this.attention.show(attention[word], rows, columns);
  }
}

/** Its address and shape, once it is known that the browser can show it. */
async function loadPicture(file) {
  const address = URL.createObjectURL(file);
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
    // An element shows a picture as far as it goes, a bitmap has all of it.
    (await createImageBitmap(file)).close();
  } catch {
    URL.revokeObjectURL(address);
    throw new PictureError(file);
  }
  return { address, ratio: image.naturalWidth / image.naturalHeight };
}
