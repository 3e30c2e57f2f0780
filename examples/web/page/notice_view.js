/** What a painter will not read of a text. */

import { nearestWord } from "./word_groups.js";

/**
 * @param {HTMLElement} element is emptied where all is read.
 * @param {string} text
 * @param {Tokenizer} tokenizer of the painter.
 */
export function fillNotice(element, text, tokenizer) {
  const unknown = tokenizer.findUnknown(text);
  const parts = [];
  if (unknown.length) parts.push(`The painter does not know ${listed(unknown)}. `);
  for (const word of unknown) {
    const other = nearestWord(word, tokenizer.words);
    if (other) parts.push(correction(word, other), " ");
  }
  if (tokenizer.isTooLong(text)) {
    parts.push(`It reads ${tokenizer.length - 2} words; the rest is left out.`);
  }
  element.classList.remove("is-error");
  element.replaceChildren(...parts);
}

/** Says that there is nothing to paint in the text. */
export function refuse(element, text, tokenizer) {
  fillNotice(element, text, tokenizer);
  element.classList.add("is-error");
  element.append(
    tokenizer.findUnknown(text).length
      ? "Choose words that it knows."
      : "Write what the picture should show, or choose words.",
  );
}

function correction(word, other) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = `Write “${other}” for “${word}”`;
  Object.assign(button.dataset, { word, other });
  return button;
}

function listed(words) {
  const quoted = words.map((word) => `“${word}”`);
  const last = quoted.pop();
  return quoted.length ? `${quoted.join(", ")} and ${last}` : last;
}
