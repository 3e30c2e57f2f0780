/** What is known of a caption, or of one of its words, in a sentence. */

const HINT =
  "The line under a word is its probability. " +
  "Choose a word to see where the model looked.";

/**
 * @param {HTMLElement} element
 * @param {object | null} caption as `Captioner.answer` gives it.
 * @param {number | null} word the number of the word, or none.
 */
export function fillDetail(element, caption, word = null) {
  if (!caption) element.replaceChildren();
  else if (word === null) element.replaceChildren(...ofCaption(caption));
  else element.replaceChildren(...ofWord(caption, word));
}

function ofCaption({ text, logProbs, concepts, seconds }) {
  const total = logProbs.reduce((a, b) => a + b, 0);
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy";
  copy.textContent = "Copy";
  copy.dataset.text = text;
  copy.hidden = !navigator.clipboard;
  return [
    ...[bold(signed(total)), " log-probability, found in "],
    ...[bold(`${seconds.model.toFixed(2)} s`), ". ", copy],
    document.createElement("br"),
    ...ofConcepts(concepts),
    HINT,
  ];
}

function ofConcepts(concepts) {
  if (!concepts.length) return [];
  const nouns = concepts.flatMap(({ noun, probability }, i) => [
    ...[i ? ", " : "Seen: ", bold(noun), ` ${percent(probability)}`],
  ]);
  return [...nouns, ".", document.createElement("br")];
}

function ofWord({ words, logProbs, attention }, word) {
  const onPicture = attention[word].reduce((a, b) => a + b, 0);
  return [
    ...[bold(words[word]), " was ", bold(percent(Math.exp(logProbs[word])))],
    ` likely (log-probability ${signed(logProbs[word])}). `,
    bold(percent(onPicture)),
    " of the attention was on the picture, the rest on the words so far.",
  ];
}

/** Lets the button of a caption copy it. */
export function listenForCopying(element) {
  element.addEventListener("click", async ({ target }) => {
    if (!target.dataset.text) return;
    try {
      await navigator.clipboard.writeText(target.dataset.text);
      target.textContent = "Copied";
    } catch {
      target.textContent = "Not allowed";
    }
  });
}

function bold(text) {
  const element = document.createElement("b");
  element.textContent = text;
  return element;
}

function percent(share) {
  return `${Math.round(100 * share)}\u00a0%`;
}

function signed(number) {
  return number.toFixed(2).replace("-", "−");
}
