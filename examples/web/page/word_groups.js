/** Which words are offered together. */

const COLOURS = {
  red: "#d62428",
  orange: "#f88414",
  yellow: "#f6de28",
  green: "#269636",
  blue: "#284ed6",
  purple: "#8a30a8",
  violet: "#7b4fc9",
  pink: "#ec78aa",
  brown: "#7a4a24",
  white: "#f6f6f6",
  gray: "#8c8c8c",
  grey: "#8c8c8c",
  black: "#0e0e10",
};
const SHAPES = ["circle", "square", "triangle", "star", "heart", "cross"];

// Several words make a phrase, which is offered where all of them are known.
const GROUPS = {
  Sizes: ["tiny", "small", "little", "big", "large", "huge"],
  Colours: Object.keys(COLOURS),
  Shapes: SHAPES,
  "In a flower": ["petal", "petals", "stamen", "stamens", "pistil", "leaf", "leaves"],
  Places: [
    ...["above", "below", "over", "under"],
    ...["to the left of", "to the right of", "left of", "right of"],
  ],
  Between: ["a", "an", "the", "and", "with", "of", "this flower is"],
  Beginnings: ["there is a", "here is a", "we see a", "a picture of a", "a photo of a"],
};

const TEXTS = [
  "a small red star above a large blue circle",
  "a large yellow flower with white petals",
  "a red flower",
];

/**
 * @param {string[]} words that are known.
 * @returns {Map<string, string[]>} words and phrases by the name of their group; each
 *     known word is in one of them.
 */
export function groupWords(words) {
  const known = new Set(words);
  const offered = new Set();
  const groups = new Map();
  for (const [name, phrases] of Object.entries(GROUPS)) {
    const found = phrases.filter((phrase) => isKnown(phrase, known));
    if (found.length) groups.set(name, found);
    for (const word of found.join(" ").split(" ")) offered.add(word);
  }
  const others = words.filter((word) => !offered.has(word));
  if (others.length) groups.set(groups.size ? "Others" : "Words", others);
  return groups;
}

/** @returns {string} a text of known words alone, if there is one. */
export function exampleText(words) {
  const known = new Set(words);
  return TEXTS.find((text) => isKnown(text, known)) ?? "";
}

/** @returns {{colour?: string, shape?: string}} how a word can be drawn. */
export function pictureOf(word) {
  return { colour: COLOURS[word], shape: SHAPES.includes(word) ? word : undefined };
}

/** @returns {string | undefined} the known word that is most like this one. */
export function nearestWord(word, words) {
  // Of a short word, one letter may be wrong.
  let least = word.length > 5 ? 2 : 1;
  let nearest;
  for (const other of words) {
    if (Math.abs(other.length - word.length) > least || other.length < 3) continue;
    const changes = countChanges(word, other);
    if (changes < least || (changes === least && !nearest)) {
      least = changes;
      nearest = other;
    }
  }
  return nearest;
}

/** Levenshtein's distance. */
function countChanges(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (isSame ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

function isKnown(phrase, known) {
  return phrase.split(" ").every((word) => known.has(word));
}
