/** Texts to words and their ids, as `keras_imgdesc.lite` reads them. */

/** Letters of scripts without spaces, the table of `keras_imgdesc.splitting`. */
const UNSPACED =
  "\\u{e01}-\\u{e30}\\u{e32}-\\u{e33}\\u{e40}-\\u{e46}\\u{e50}-\\u{e59}" +
  "\\u{e81}-\\u{e82}\\u{e84}\\u{e86}-\\u{e8a}\\u{e8c}-\\u{ea3}\\u{ea5}" +
  "\\u{ea7}-\\u{eb0}\\u{eb2}-\\u{eb3}\\u{ebd}\\u{ec0}-\\u{ec4}\\u{ec6}" +
  "\\u{ed0}-\\u{ed9}\\u{edc}-\\u{edf}\\u{1000}-\\u{102a}\\u{103f}-\\u{1049}" +
  "\\u{1050}-\\u{1055}\\u{105a}-\\u{105d}\\u{1061}\\u{1065}-\\u{1066}" +
  "\\u{106e}-\\u{1070}\\u{1075}-\\u{1081}\\u{108e}\\u{1090}-\\u{1099}" +
  "\\u{1780}-\\u{17b3}\\u{17d7}\\u{17dc}\\u{17e0}-\\u{17e9}" +
  "\\u{17f0}-\\u{17f9}\\u{3005}-\\u{3007}\\u{3031}-\\u{3035}" +
  "\\u{303b}-\\u{303c}\\u{3041}-\\u{3096}\\u{309d}-\\u{309f}" +
  "\\u{30a1}-\\u{30fa}\\u{30fc}-\\u{30ff}\\u{3105}-\\u{312f}" +
  "\\u{31a0}-\\u{31bf}\\u{31f0}-\\u{31ff}\\u{3400}-\\u{4dbf}" +
  "\\u{4e00}-\\u{9fff}\\u{f900}-\\u{fa6d}\\u{fa70}-\\u{fad9}" +
  "\\u{ff66}-\\u{ff9f}\\u{1b000}-\\u{1b122}\\u{1b150}-\\u{1b152}" +
  "\\u{1b164}-\\u{1b167}\\u{20000}-\\u{3fffd}";
const CHARACTER = new RegExp(`[${UNSPACED}]\\p{M}*|[^${UNSPACED}]+`, "gu");
const BEGINS = new RegExp(`^[${UNSPACED}]`, "u");

/**
 * The words of a text: lower case, composed (NFC), apostrophes dropped, marks between
 * words gone.
 *
 * @param {string} text
 * @param {string} split "characters" where letters of scripts without spaces are words.
 * @returns {string[]}
 */
export function readWords(text, split = "words") {
  const words = (
    text
      .normalize("NFC")
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
      // A lower-case letter may have a composed form that its capital lacks.
      .map((word) => word.normalize("NFC"))
  );
  return split === "characters" ? words.flatMap((word) => word.match(CHARACTER)) : words;
}

/**
 * @param {string[]} words
 * @param {string} split how they were split; letters of scripts without spaces are
 *     written without spaces around them.
 * @returns {string} the words as a text.
 */
export function joinWords(words, split = "words") {
  if (split === "words") return words.join(" ");
  return words.reduce((text, word, i) => {
    const isJoined = i === 0 || BEGINS.test(words[i - 1]) || BEGINS.test(word);
    return text + (isJoined ? word : ` ${word}`);
  }, "");
}

/** Words that a model knows, and how it takes a text. */
export class Tokenizer {
  /**
   * @param {string[]} tokens of the vocabulary; the place of a token is its id.
   * @param {object} metadata of the model's file.
   */
  constructor(tokens, { vocabulary, sequence_length: length, split = "words" }) {
    this.split = split;
    // Vocabularies of earlier versions may have words in decomposed form; the first of
    // two equal ones counts.
    const ids = tokens.map((token, id) => [token.normalize("NFC"), id]);
    this.ids = new Map(ids.reverse());
    this.special = vocabulary;
    this.length = length;
    const special = ["pad_id", "unk_id", "start_id", "end_id"];
    const specialIds = new Set(special.map((name) => vocabulary[name]));
    /** The words alone, the most frequent first. */
    this.words = tokens.filter((_, id) => !specialIds.has(id));
    this.known = new Set(this.words.map((word) => word.normalize("NFC")));
  }

  /** @returns {string[]} words of the text. */
  read(text) {
    return readWords(text, this.split);
  }

  /** @returns {string[]} words of the text that are not known, each once. */
  findUnknown(text) {
    return [...new Set(this.read(text))].filter((word) => !this.known.has(word));
  }

  /** @returns {boolean} whether the text has more words than are read. */
  isTooLong(text) {
    return this.read(text).length > this.length - 2;
  }

  /** @returns {Int32Array} as long as the model's texts, padded. */
  tokenize(text) {
    const { pad_id: pad, unk_id: unknown, start_id: start, end_id: end } = this.special;
    const words = this.read(text).slice(0, this.length - 2);
    const ids = words.map((word) => this.ids.get(word) ?? unknown);
    const tokenIds = new Int32Array(this.length).fill(pad);
    tokenIds.set([start, ...ids, end]);
    return tokenIds;
  }
}
