"""Words that the preset to start from lacks."""

from collections import Counter

import keras
import numpy as np
import pytest

from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.captioning.concepts.concept_table import ConceptTable
from keras_imgdesc.captioning.decoders import build_decoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.training.captioner.new_words import add_new_words, check_known
from keras_imgdesc.vision import VGG16Encoder

WORDS = ["a", "dog", "cat", "runs"]
COUNTS = Counter({"a": 50, "bus": 3, "zig": 5, "ant": 9, "zag": 5, "dog": 1, "rare": 2})


def captioner(**options):
    vocabulary = Vocabulary(WORDS)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    if options.pop("guided", False):
        options["concepts"] = ConceptTable.load().detector_config(
            vocabulary, num_concepts=2, threshold=0.1
        )
    sizes = {"embedding_dim": 8, "hidden_dim": 8, "num_heads": 2, "feature_dim": 8}
    decoder = build_decoder(
        "gru", len(vocabulary), encoder.feature_map_shape, **sizes, **options
    )
    return ImageCaptioner(encoder, decoder, CaptionTokenizer(vocabulary, 6))


def test_frequent_words_are_added_in_order():
    grown = add_new_words(captioner(), COUNTS, min_count=5)
    assert grown.vocabulary.tokens[4:] == (*WORDS, "ant", "zag", "zig")
    assert grown.decoder.vocabulary_size == 11
    same = captioner()
    assert add_new_words(same, COUNTS, min_count=10) is same


def test_a_guided_decoder_sees_new_nouns_also_rarer_ones():
    before = captioner(guided=True, concept_dim=4)
    grown = add_new_words(before, COUNTS, min_count=5)
    assert grown.vocabulary.tokens[4:] == (*WORDS, "ant", "zag", "zig", "bus")
    old, new = before.decoder.concept_detector, grown.decoder.concept_detector
    tokens = grown.vocabulary.tokens
    assert {tokens[i] for i in old.noun_token_ids} == {"dog", "cat"}
    assert {tokens[i] for i in new.noun_token_ids} == {"dog", "cat", "bus"}
    assert (new.num_concepts, new.threshold) == (2, 0.1)
    for one, other in zip(old.weights, new.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other)
        )


def test_the_share_of_unknown_words_is_logged(caplog):
    vocabulary = Vocabulary(WORDS)
    assert check_known(vocabulary, Counter({"a": 3, "dog": 1})) == 0
    assert not caplog.records
    assert check_known(vocabulary, Counter({"a": 3, "bus": 1})) == 0.25
    assert "25.00 % of the words" in caplog.text and "such as bus" in caplog.text
    assert check_known(vocabulary, Counter({"a": 2, "bus": 2})) == 0.5


def test_mostly_unknown_words_are_refused():
    with pytest.raises(InputError, match=r"66\.7 %.*'ein'.*grow_vocabulary"):
        check_known(Vocabulary(WORDS), Counter({"a": 1, "ein": 2}))
