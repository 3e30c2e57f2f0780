/** Texts to words and their ids, as `keras_imgdesc.lite` reads them. */

/**
 * The words of a text: lower case, apostrophes dropped, marks between words gone.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function readWords(text) {
  return (
    text
      // Of the dotted capital I, lower case would make two characters.
      .replaceAll("\u0130", "i")
      .toLowerCase()
      .replace(/['\u2018\u2019\u02bc\uff07`\u00b4]/g, "")
      .replace(/[\u00ad\u200c\u200d\ufe00-\ufe0f]|\p{Me}/gu, "")
      .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")
      .split(" ")
      // A mark needs a letter to be on.
      .map((word) => word.replace(/^\p{M}+/u, ""))
      .filter((word) => word !== "")
  );
}

/** Words that a model knows, and how it takes a text. */
export class Tokenizer {
  /**
   * @param {string[]} tokens of the vocabulary; the place of a token is its id.
   * @param {object} metadata of the model's file.
   */
  constructor(tokens, { vocabulary, sequence_length: length }) {
    this.ids = new Map(tokens.map((token, id) => [token, id]));
    this.special = vocabulary;
    this.length = length;
    const special = ["pad_id", "unk_id", "start_id", "end_id"];
    const specialIds = new Set(special.map((name) => vocabulary[name]));
    /** The words alone, the most frequent first. */
    this.words = tokens.filter((_, id) => !specialIds.has(id));
    this.known = new Set(this.words);
  }

  /** @returns {string[]} words of the text that are not known, each once. */
  findUnknown(text) {
    return [...new Set(readWords(text))].filter((word) => !this.known.has(word));
  }

  /** @returns {boolean} whether the text has more words than are read. */
  isTooLong(text) {
    return readWords(text).length > this.length - 2;
  }

  /** @returns {Int32Array} as long as the model's texts, padded. */
  tokenize(text) {
    const { pad_id: pad, unk_id: unknown, start_id: start, end_id: end } = this.special;
    const words = readWords(text).slice(0, this.length - 2);
    const ids = words.map((word) => this.ids.get(word) ?? unknown);
    const tokenIds = new Int32Array(this.length).fill(pad);
    tokenIds.set([start, ...ids, end]);
    return tokenIds;
  }
}
