/** A text into which words can be put without a keyboard. */

export class TextField {
  /**
   * @param {HTMLTextAreaElement} input
   * @param {() => void} onChange told of whatever changes the text.
   */
  constructor(input, onChange) {
    this.input = input;
    this.onChange = onChange;
    // Kept here: some browsers raise a keyboard when a selection is set.
    this.selection = null;
    for (const kind of ["blur", "select", "keyup", "click"]) {
      input.addEventListener(kind, () => this.#remember());
    }
    input.addEventListener("input", () => {
      this.#remember();
      onChange();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      input.form.requestSubmit();
    });
  }

  get text() {
    return this.input.value;
  }

  set text(text) {
    this.input.value = text;
    this.selection = null;
    this.onChange();
  }

  /**
   * Puts words where the caret is, with spaces around; a begun word is completed.
   *
   * @param {string} words
   * @param {Set<string>} known words, which are no beginnings of others.
   */
  insert(words, known) {
    const { length } = this.text;
    const [start, end] = this.selection ?? [length, length];
    let before = this.text.slice(0, start);
    const begun = /\S+$/.exec(before)?.[0] ?? "";
    const isBegun = begun && !known.has(begun.toLowerCase());
    if (start === end && isBegun && words.startsWith(begun.toLowerCase())) {
      before = before.slice(0, -begun.length);
    }
    const after = this.text.slice(end).trimStart();
    before = before.trimEnd();
    const upToWords = before ? `${before} ${words}` : words;
    this.text = after ? `${upToWords} ${after}` : `${upToWords} `;
    const caret = upToWords.length + 1;
    this.selection = [caret, caret];
  }

  /** Takes the last word away. */
  removeLast() {
    this.text = this.text.trimEnd().replace(/\S+$/, "");
  }

  /** Puts a word in the place of another, wherever it is. */
  replace(word, other) {
    const is = (part) => part.normalize("NFC").toLowerCase() === word;
    const parts = this.text.split(/([\p{L}\p{M}\p{N}]+)/u);
    this.text = parts.map((part) => (is(part) ? other : part)).join("");
  }

  /** @returns {string} the text without the word that is being typed. */
  get finished() {
    const { value, selectionEnd } = this.input;
    const isTyping = document.activeElement === this.input;
    if (!isTyping || selectionEnd < value.length) return value;
    return value.replace(/[\p{L}\p{M}\p{N}'’]+$/u, "");
  }

  #remember() {
    this.selection = [this.input.selectionStart, this.input.selectionEnd];
  }
}
