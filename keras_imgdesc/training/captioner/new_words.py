"""Words of the training captions that the preset to start from lacks."""

import logging
from collections import Counter

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.captioning.concepts.concept_table import ConceptTable
from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import printable
from keras_imgdesc.text import Vocabulary

LOGGER = logging.getLogger(__name__)

# Times that a noun of the table must occur in the captions to be in the vocabulary.
MIN_NOUN_COUNT = 2
# Above this share of unknown words, captions are about something else, or in another
# language.
MOST_UNKNOWN = 0.5
_EXAMPLES = 5


def add_new_words(
    captioner: ImageCaptioner, words: Counter[str], min_count: int
) -> ImageCaptioner:
    """Return a captioner that knows frequent words too, and log how many are new.

    A decoder that is guided by concepts also sees the new nouns.

    Args:
        captioner: captioner with trained words, which keep their ids and weights.
        words: number of occurrences of each word of the training captions.
        min_count: least number of occurrences of a word that is added.
    """
    guide = captioner.decoder.guide
    nouns = set(ConceptTable.load().nouns) if guide else set()
    least = {noun: min(min_count, MIN_NOUN_COUNT) for noun in nouns}
    new = [
        word
        for word, count in words.items()
        if count >= least.get(word, min_count) and word not in captioner.vocabulary
    ]
    # The order does not depend on that of the captions.
    new.sort(key=lambda word: (-words[word], word))
    LOGGER.warning(
        "%d new words are added to the %d tokens of the captioner's vocabulary",
        len(new),
        len(captioner.vocabulary),
    )
    if not new:
        return captioner
    options = {}
    if guide:
        options["concepts"] = ConceptTable.load().detector_config(
            captioner.vocabulary.extended(new),
            num_concepts=guide.detector.num_concepts,
            threshold=guide.detector.threshold,
        )
    return captioner.with_words(new, **options)


def check_known(vocabulary: Vocabulary, words: Counter[str]) -> float:
    """Log the share of unknown words, and refuse captions that consist of them.

    Args:
        vocabulary: the words of the captioner that is trained.
        words: number of occurrences of each word of the training captions.

    Returns:
        The share of words that are trained as the unknown word, from 0 to 1.

    Raises:
        InputError: more than half of the words are unknown.
    """
    unknown = Counter({w: n for w, n in words.items() if w not in vocabulary})
    share = unknown.total() / max(words.total(), 1)
    examples = [word for word, _ in unknown.most_common(_EXAMPLES)]
    if share > MOST_UNKNOWN:
        raise InputError(
            f"{100 * share:.1f} % of the words of the training captions are unknown to "
            "the captioner; at most half may be",
            'Add them with "grow_vocabulary": true and a small min_count, or omit '
            "start_from for a new decoder",
            most_frequent=examples,
        )
    if unknown:
        LOGGER.warning(
            "%.2f %% of the words of the training captions are unknown and trained as "
            "[UNK], such as %s",
            100 * share,
            printable(", ".join(examples)),
        )
    return share
