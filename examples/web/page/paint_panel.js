/** The panel where words go in, and pictures come out. */

import { GalleryView, saveCanvas } from "./gallery_view.js";
import { loadModel } from "./model_loading.js";
import { fillNotice, refuse } from "./notice_view.js";
import { PaletteView } from "./palette_view.js";
import { StatusView } from "./status_view.js";
import { TextField } from "./text_field.js";
import { exampleText } from "./word_groups.js";
import { Tokenizer } from "./words.js";

const byId = (id) => document.getElementById(id);
const isNarrow = matchMedia("(max-width: 859px)");
const isTouched = matchMedia("(pointer: coarse)");

export class PaintPanel {
  constructor() {
    this.form = byId("brief");
    this.field = new TextField(byId("text"), () =>
      this.#notice(this.field.finished),
    );
    this.seed = byId("seed");
    this.status = new StatusView(byId("paint-status"), byId("paint-progress"));
    this.gallery = new GalleryView(byId("gallery"), () => this.#showDetail());
    this.palette = new PaletteView(byId("palette"), (words) => this.#write(words));
    this.latest = 0;
    this.painted = null;
    this.#listen();
  }

  /** Loads the painter, the first time. */
  open() {
    if (this.ready) return;
    this.ready = new Promise((resolve, reject) => {
      const told = { onReady: resolve, onFailed: reject };
      loadModel("painter", this.status, told).then((client) => {
        this.client = client;
      }, reject);
    });
    this.ready.then(
      (about) => this.#showModel(about),
      (error) => this.#showFailure(error),
    );
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#paint();
    });
    byId("again").addEventListener("click", () => this.#paintNext());
    byId("count").addEventListener("change", () => this.painted && this.#paint());
    byId("notice").addEventListener("click", ({ target }) => {
      const { word, other } = target.dataset;
      if (other) this.field.replace(word, other);
    });
    byId("back").addEventListener("click", () => this.field.removeLast());
    byId("clear").addEventListener("click", () => (this.field.text = ""));
    byId("words").addEventListener("click", () => this.#openPalette(!this.isOpen));
    byId("save").addEventListener("click", () => this.#save());
  }

  #showModel({ metadata, tokens }) {
    this.tokenizer = new Tokenizer(tokens, metadata);
    const { words } = this.tokenizer;
    this.palette.fill(words);
    byId("paint-colophon").textContent =
      `${metadata.name}, ${metadata.quantize ?? "float32"}, ${words.length} words`;
    this.status.hideProgress();
    if (this.latest) return;
    this.field.text ||= exampleText(words);
    this.status.say(`Ready. It knows ${words.length} words.`);
    this.#openPalette(true);
  }

  #showFailure(error) {
    this.form.hidden = true;
    if (error.name !== "MissingModelError") {
      this.status.showError(error);
      return;
    }
    this.status.hideProgress();
    byId("invitation").textContent = "Nobody is here to paint.";
    this.status.say(
      "There is no painter beside this page: it was built without one. " +
        "Add one with npm run build -- --painter painter.tflite.",
    );
  }

  #paintNext() {
    if (!this.form.reportValidity()) return;
    const seed = Number(this.seed.value);
    this.seed.value = seed < Number(this.seed.max) ? seed + 1 : 0;
    this.#paint();
  }

  async #paint() {
    const number = ++this.latest;
    const text = this.field.text.trim();
    const seed = Number(this.seed.value);
    const count = Number(new FormData(this.form).get("count"));
    try {
      await this.ready;
      if (number !== this.latest || !this.#isPaintable(text)) return;
      this.#begin(text, count);
      const tokenIds = this.tokenizer.tokenize(text);
      let seconds = 0;
      for (let picture = 0; picture < count; picture++) {
        const found = await this.client.ask({ tokenIds, seed, picture });
        if (number !== this.latest) return;
        this.gallery.show(picture, found.pixels, found.size);
        seconds += found.seconds;
      }
      this.#finish({ text, seed, count, seconds });
    } catch (error) {
      if (number === this.latest) this.status.showError(error);
    }
  }

  /** Whether there is a word to paint; says so if there is none. */
  #isPaintable(text) {
    if (this.tokenizer.read(text).some((word) => this.tokenizer.known.has(word))) {
      this.#notice(text);
      return true;
    }
    refuse(byId("notice"), text, this.tokenizer);
    this.#openPalette(true);
    return false;
  }

  #begin(text, count) {
    if (isTouched.matches) byId("text").blur();
    if (isNarrow.matches) this.#openPalette(false);
    this.painted = null;
    byId("easel").dataset.state = "painting";
    delete byId("gallery").dataset.seed;
    this.gallery.expect(count, text);
    byId("easel").scrollIntoView({ block: "nearest" });
    this.status.say("Painting…");
  }

  #finish(painted) {
    this.painted = painted;
    const { text, seed, count, seconds } = painted;
    this.status.say("");
    byId("easel").dataset.state = "pictures";
    byId("gallery").setAttribute("aria-label", `Pictures of “${text}”`);
    byId("paint-spoken").textContent =
      `Painted ${count === 1 ? "a picture" : `${count} pictures`} of “${text}”.`;
    // For whoever reads the page with a program.
    Object.assign(byId("gallery").dataset, { text, seed, seconds });
    this.#showDetail();
  }

  #showDetail() {
    const { painted } = this;
    byId("paint-detail").hidden = !painted;
    if (!painted) return;
    const { seed, count, seconds } = painted;
    const which =
      count === 1 ? `Seed ${seed}` : `Picture ${this.gallery.chosen + 1}, seed ${seed}`;
    byId("which").textContent = which;
    byId("time").textContent =
      seconds < 1 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`;
  }

  #save() {
    const { chosen } = this.gallery;
    const { text, seed } = this.painted;
    const name = this.tokenizer.read(text).join("-").slice(0, 80);
    saveCanvas(this.gallery.canvasOf(chosen), `${name}-${seed}-${chosen + 1}.png`);
  }

  #write(words) {
    this.field.insert(words, this.tokenizer.known);
  }

  #notice(text) {
    if (this.tokenizer) fillNotice(byId("notice"), text, this.tokenizer);
  }

  get isOpen() {
    return byId("words").getAttribute("aria-expanded") === "true";
  }

  #openPalette(isOpen) {
    byId("words").setAttribute("aria-expanded", String(isOpen));
    this.form.classList.toggle("is-open", isOpen);
  }
}
