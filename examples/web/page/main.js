/** The page: pictures in, words out. */

import { AttentionView } from "./attention_view.js";
import { CaptionView } from "./caption_view.js";
import { CaptionerClient, pictureError, PlainError } from "./captioner_client.js";
import { fillDetail, listenForCopying } from "./detail_view.js";
import { keepForOffline } from "./offline.js";
import { listenForPictures } from "./pickers.js";

const byId = (id) => document.getElementById(id);
const print = byId("print");
const attention = new AttentionView(print, byId("fade"), byId("glow"));
const captionView = new CaptionView(byId("caption"), showWord);

let isReady = false;
let latest = 0;
let shown = null;

async function loadCaptioner() {
  say("Loading the model…");
  if (typeof WebAssembly === "undefined") {
    throw new PlainError("This browser has no WebAssembly, which the model needs.");
  }
  await keepForOffline();
  return new CaptionerClient({
    onProgress: showProgress,
    onReady: showModel,
    onFailed: showError,
  });
}

function showProgress(received, total) {
  const progress = byId("progress");
  const isLoaded = received === total;
  progress.hidden = !total || isLoaded;
  progress.style.setProperty("--share", total ? received / total : 0);
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const of = total ? ` of ${megabytes(total)}` : "";
  say(
    isLoaded
      ? "Starting the model…"
      : `Loading the model, ${megabytes(received)}${of} MB`,
  );
}

function showModel({ name, quantize, search }) {
  isReady = true;
  byId("progress").hidden = true;
  byId("colophon").textContent =
    `${name}, ${quantize ?? "float32"}, ${search.num_beams} beams`;
  if (print.dataset.state === "empty") say("Ready. It guesses, and is often wrong.");
  else say("Describing…");
}

async function describe(file) {
  const number = ++latest;
  try {
    const picture = await loadPicture(file);
    if (number !== latest) return;
    showPicture(picture);
    if (isReady) say("Describing…");
    const captioner = await loading;
    const caption = await captioner.describe(file);
    if (number === latest) showCaption(caption, file.name);
  } catch (error) {
    if (number === latest) showError(error);
  }
}

/** Its address and shape, once it is known that the browser can show it. */
async function loadPicture(file) {
  const address = URL.createObjectURL(file);
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    URL.revokeObjectURL(address);
    throw pictureError(file);
  }
  return { address, ratio: image.naturalWidth / image.naturalHeight };
}

function showPicture({ address, ratio }) {
  const picture = byId("picture");
  URL.revokeObjectURL(picture.src);
  picture.src = address;
  picture.alt = "The picture";
  picture.hidden = false;
  print.dataset.state = "picture";
  print.style.setProperty("--ratio", ratio);
  shown = null;
  attention.clear();
  captionView.clear();
  byId("spoken").textContent = "";
  fillDetail(byId("detail"), null);
}

function showCaption(caption, name) {
  shown = caption;
  const text = caption.words.join(" ");
  say("");
  byId("picture").alt = text;
  byId("spoken").textContent = text;
  // For whoever reads the page with a program.
  Object.assign(byId("caption").dataset, {
    picture: name,
    tokenIds: caption.tokenIds.join(" "),
    logProbs: caption.logProbs.join(" "),
    seconds: caption.seconds.model,
  });
  captionView.say(caption.words, caption.logProbs);
}

function showWord(word) {
  if (!shown) return;
  fillDetail(byId("detail"), shown, word);
  if (word === null) attention.clear();
  else attention.show(shown.attention[word], shown.rows, shown.columns);
}

function showError(error) {
  byId("progress").hidden = true;
  if (!(error instanceof PlainError)) console.error(error);
  say(error instanceof PlainError ? error.message : `It failed: ${error}`, true);
}

function say(text, isError = false) {
  const status = byId("status");
  status.textContent = text;
  status.classList.toggle("is-error", isError);
}

listenForPictures(describe);
listenForCopying(byId("detail"));
print.addEventListener("click", () => captionView.select(null));
const loading = loadCaptioner();
loading.catch(showError);
