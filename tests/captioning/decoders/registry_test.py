import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_imgdesc import (
    CaptionTokenizer,
    ImageCaptioner,
    VGG16Encoder,
    Vocabulary,
    export_saved_model,
    export_tflite,
)
from keras_imgdesc.captioning.decoders import DECODERS, Decoder, build_decoder
from keras_imgdesc.captioning.decoders.repeat_for_captions import RepeatForCaptions
from keras_imgdesc.errors import InputError
from keras_imgdesc.lite import LiteCaptioner

# Arguments that make a decoder small.
TOY = {"embedding_dim": 16, "hidden_dim": 16, "num_heads": 2, "feature_dim": 8}
# With "lstm", the sentinel takes some attention.
MORE = {
    "lstm": {"partial_attention": True},
    "transformer": {"embedding_dim": 12, "num_layers": 2, "max_length": 8},
}


# The words 4 and 5 are in every vocabulary of the contract.
CONCEPTS = {
    "class_nouns": [[0], [0, 1], [1]],
    "noun_token_ids": [5, 4],
    "num_concepts": 2,
    "threshold": 0.05,
}


@keras.saving.register_keras_serializable("tests")
class MeanDecoder(Decoder):
    """The smallest decoder: a GRU that reads words and the mean of the image."""

    def __init__(
        self, vocabulary_size, feature_map_shape, width=8, name="mean_decoder"
    ):
        # === Layers ===
        self.embedding = keras.layers.Embedding(
            vocabulary_size, width, name="embedding"
        )
        self.start = keras.layers.Dense(width, "tanh", name="start")
        self.recurrence = keras.layers.RNN(
            keras.layers.GRUCell(width, name="cell"),
            return_sequences=True,
            name="recurrence",
        )
        self.logits = keras.layers.Dense(
            vocabulary_size, dtype="float32", name="logits"
        )

        # === Functional Model ===
        self.locations = feature_map_shape[0] * feature_map_shape[1]
        feature_map = keras.Input(feature_map_shape, name="feature_map")
        token_ids = keras.Input((None,), dtype="int32", name="token_ids")
        memory, state = self.begin(feature_map)
        per_caption = RepeatForCaptions()
        words = self.recurrence(
            self.embedding(token_ids),
            initial_state=per_caption(state["hidden"], token_ids),
        )
        attention = per_caption(memory["attention"], token_ids)
        attention = attention[:, None] + 0.0 * ops.cast(words[..., :1], "float32")
        super().__init__(
            inputs={"feature_map": feature_map, "token_ids": token_ids},
            outputs={"logits": self.logits(words), "attention": attention},
            name=name,
        )

        # === Config ===
        self.vocabulary_size = vocabulary_size
        self.feature_map_shape = feature_map_shape
        self.width = width

    def begin(self, feature_map):
        mean = ops.mean(feature_map, axis=(1, 2))
        attention = ops.full_like(mean[:, :1], 1 / self.locations)
        attention = ops.repeat(ops.cast(attention, "float32"), self.locations, axis=1)
        return {"attention": attention}, {"hidden": self.start(mean)}

    def step(self, token_ids, memory, state):
        shape = tuple(ops.shape(token_ids))
        hidden = ops.reshape(state["hidden"], (-1, self.width))
        words = self.embedding(ops.reshape(token_ids, (-1,)))
        hidden, _ = self.recurrence.cell(words, [hidden])
        log_probs = ops.log_softmax(self.logits(hidden))
        attention = memory["attention"]
        if len(shape) == 2:
            attention = ops.repeat(attention[:, None], shape[1], axis=1)
        return (
            ops.reshape(log_probs, (*shape, self.vocabulary_size)),
            attention,
            {"hidden": ops.reshape(hidden, (*shape, self.width))},
        )

    def get_config(self):
        return {
            "name": self.name,
            "vocabulary_size": self.vocabulary_size,
            "feature_map_shape": list(self.feature_map_shape),
            "width": self.width,
        }


def only_here(fast: str) -> list:
    """Return all decoders; those other than `fast` are checked in make test-all."""
    slow = pytest.mark.slow
    return [n if n == fast else pytest.param(n, marks=slow) for n in DECODERS]


@pytest.mark.parametrize("name", only_here("lstm"))
def test_every_decoder_keeps_the_contract(run_decoder_contract, name):
    run_decoder_contract(DECODERS[name], **TOY | MORE.get(name, {}))


@pytest.mark.parametrize("name", only_here("gru"))
def test_a_guided_decoder_keeps_the_contract(run_decoder_contract, name):
    # With larger weights, the concepts would drown the words they are added to.
    run_decoder_contract(
        DECODERS[name],
        **TOY | MORE.get(name, {}),
        concepts=CONCEPTS,
        concept_dim=4,
        scale=0.2,
    )


def test_a_decoder_outside_the_package_keeps_the_contract(run_decoder_contract):
    run_decoder_contract(MeanDecoder)


@pytest.mark.parametrize("concepts", [None, CONCEPTS], ids=["alone", "guided"])
@pytest.mark.parametrize("name", DECODERS)
def test_a_larger_vocabulary_keeps_what_was_learned(
    name, concepts, shake, forms, feature_map
):
    options = TOY | {"num_layers": 1, "max_length": 8} if name == "transformer" else TOY
    decoder = shake(
        build_decoder(name, 12, (4, 4, 6), **options, concepts=concepts, concept_dim=5)
    )
    grown = decoder.with_vocabulary_size(15)
    assert grown.vocabulary_size == grown.get_config()["vocabulary_size"] == 15
    for old, new in zip(decoder.weights, grown.weights, strict=True):
        old, new = ops.convert_to_numpy(old), ops.convert_to_numpy(new)
        np.testing.assert_array_equal(new[tuple(map(slice, old.shape))], old)
        assert new.shape == tuple(15 if size == 12 else size for size in old.shape)
    inputs = {
        "feature_map": feature_map,
        "token_ids": np.array([[2, 4, 5], [2, 7, 3], [2, 11, 1]], "int32"),
    }
    old = ops.convert_to_numpy(decoder(inputs)["logits"])
    new = ops.convert_to_numpy(grown(inputs)["logits"])
    np.testing.assert_allclose(new[..., :12], old, rtol=1e-5, atol=1e-5)
    if concepts is None:  # a pointer raises the logits of known words alone
        mean = old[..., 4:].mean(axis=-1, keepdims=True)
        np.testing.assert_allclose(new[..., 12:], mean.repeat(3, -1), atol=1e-4)
    training_form, step_form = forms
    ids = np.array([[2, 14, 5], [13, 7, 12], [2, 11, 14]], "int32")
    for one, other in zip(
        training_form(grown, feature_map, ids), step_form(grown, feature_map, ids)
    ):
        np.testing.assert_allclose(one, other, atol=1e-4)
    with pytest.raises(InputError, match="can only grow"):
        grown.with_vocabulary_size(14)


def test_a_vocabulary_outside_a_word_embedding_does_not_grow():
    with pytest.raises(InputError, match="Only a WordEmbedding.*MeanDecoder"):
        MeanDecoder(12, (4, 4, 6)).with_vocabulary_size(13)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["outside", *DECODERS])
def test_exports_know_no_decoder(name, shake, photos, tmp_path):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("exports need TensorFlow")
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    if name == "outside":
        decoder = MeanDecoder(12, encoder.feature_map_shape)
    else:
        decoder = build_decoder(name, 12, encoder.feature_map_shape, **TOY)
    words = ["a", "dog", "cat", "runs", "sleeps", "red", "big", "two"]
    captioner = ImageCaptioner(
        encoder,
        shake(decoder),
        CaptionTokenizer(Vocabulary(words), sequence_length=8),
    )
    images = list(photos[:, :32, :32])
    lite = LiteCaptioner(export_tflite(captioner, tmp_path / "captioner.tflite"))
    assert lite.generate(images) == captioner.generate(images)
    greedy = captioner.generate(images, num_beams=1)
    assert [" ".join(lite.stream_words(image)) for image in images] == greedy
    path = export_saved_model(captioner, tmp_path / "saved")
    serve = tf.saved_model.load(str(path)).signatures["pixels"]
    captions = serve(image=tf.constant(np.stack(images)))["caption"]
    assert [text.decode() for text in captions.numpy()] == captioner.generate(images)


def test_a_decoder_is_built_by_its_name():
    decoder = build_decoder("lstm", 12, (4, 4, 6), hidden_dim=8)
    assert type(decoder) is DECODERS["lstm"]
    assert (decoder.vocabulary_size, decoder.hidden_dim) == (12, 8)


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match=r"no decoder of this name.*'gru', 'lstm'"):
        build_decoder("transformers", 12, (4, 4, 6))
