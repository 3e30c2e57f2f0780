"""The contract of decoders: what each must do, checked on a toy."""

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.captioning import CaptionLoss, Tokens, beam_search
from keras_imgdesc.captioning.decoders import Decoder

MAP_SHAPE = (4, 4, 6)
LOCATIONS = 16
TOKEN_IDS = np.array([[2, 4, 5, 6, 3], [2, 7, 3, 0, 0], [2, 11, 1, 9, 8]], "int32")
FEATURE_MAP = np.random.default_rng(1).normal(size=(3, *MAP_SHAPE)).astype("float32")


def training_form(decoder, feature_map=FEATURE_MAP, token_ids=TOKEN_IDS, **kwargs):
    """Return log-probabilities and attention of all words at once, as arrays."""
    inputs = {"feature_map": feature_map, "token_ids": token_ids}
    outputs = decoder(inputs, **kwargs)
    log_probs = ops.log_softmax(outputs["logits"])
    return ops.convert_to_numpy(log_probs), ops.convert_to_numpy(outputs["attention"])


def step_form(decoder, feature_map=FEATURE_MAP, token_ids=TOKEN_IDS):
    """Return the same, one word at a time; beams are an axis before the words."""
    memory, state = decoder.begin(feature_map)
    assert not set(memory) & set(state)
    if token_ids.ndim == 3:
        beams = token_ids.shape[1]
        state = {
            name: ops.repeat(value[:, None], beams, axis=1)
            for name, value in state.items()
        }
    steps = []
    for word in range(token_ids.shape[-1]):
        log_probs, attention, following = decoder.step(
            token_ids[..., word], memory, state
        )
        for name, value in state.items():
            assert following[name].shape == value.shape
            assert following[name].dtype == value.dtype
        state = following
        steps.append([ops.convert_to_numpy(x) for x in (log_probs, attention)])
    return tuple(np.stack(x, axis=-2) for x in zip(*steps))


class DecoderContract:
    """Checks of a decoder class with toy options; `run` makes them all.

    Args:
        decoder_class: subclass of `Decoder`.
        options: arguments that make it small.
        shake: gives every weight a random value.
        partial_attention: whether attention on the locations may sum to less than 1.
        scale: standard deviation of the random numbers that are added to all weights.
    """

    def __init__(
        self,
        decoder_class: type[Decoder],
        options: dict[str, Any],
        shake: Callable[[Any], Any],
        partial_attention: bool,
        scale: float,
    ) -> None:
        self.decoder_class, self.options, self.shake = decoder_class, options, shake
        self.partial_attention = partial_attention
        self.scale = scale
        self.decoder = self.build()

    def assert_close(
        self, got: Any, expected: Any, form: str, *, rtol: float = 1e-5, atol: float
    ) -> None:
        """Compare arrays by name; a failure tells decoder, form and array.

        Args:
            got, expected: dicts of arrays, or log-probabilities and attention.
            form: what `got` was computed by.
            rtol, atol: tolerances. Far from 0, rounding alone exceeds `atol`.
        """
        if not isinstance(got, dict):
            names = ("log_probs", "attention")
            got = dict(zip(names, got, strict=True))
            expected = dict(zip(names, expected, strict=True))
        assert set(got) == set(expected), self.place(form, "names")
        for name, array in got.items():
            np.testing.assert_allclose(
                np.asarray(array),
                np.asarray(expected[name]),
                rtol=rtol,
                atol=atol,
                err_msg=self.place(form, name),
            )

    def place(self, form: str, array: str) -> str:
        """Return what an assertion is about, for its message."""
        guided = " with concepts" if self.options.get("concepts") else ""
        return f"{self.decoder_class.__name__}{guided}, {form}: {array}"

    def build(self, vocabulary_size: int = 12) -> Decoder:
        keras.utils.set_random_seed(0)
        decoder = self.decoder_class(vocabulary_size, MAP_SHAPE, **self.options)
        for layer in decoder._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        return self.shake(decoder, scale=self.scale)

    def run(self, tmp_path: Any) -> None:
        self.forms_agree()
        self.beams_and_captions_share_an_image()
        self.images_do_not_mix()
        self.words_depend_on_those_before()
        self.padding_changes_no_loss()
        self.attention_is_a_distribution()
        self.training_reaches_every_weight()
        self.saving_keeps_every_number(tmp_path)
        self.mixed_bfloat16_is_close()
        self.beam_search_finds_what_brute_force_finds()
        if keras.backend.backend() == "tensorflow":
            self.exports_give_the_same_numbers(tmp_path)

    def forms_agree(self) -> None:
        expected = training_form(self.decoder)
        assert expected[0].shape == (3, 5, 12) and expected[1].shape == (3, 5, 16)
        assert expected[0].dtype == expected[1].dtype == np.float32
        self.assert_close(step_form(self.decoder), expected, "step form", atol=1e-5)

    def beams_and_captions_share_an_image(self) -> None:
        pairs = np.stack([TOKEN_IDS, TOKEN_IDS[:, ::-1]], axis=1)
        apart = training_form(
            self.decoder, np.repeat(FEATURE_MAP, 2, axis=0), pairs.reshape(6, 5)
        )
        shared = training_form(self.decoder, FEATURE_MAP, pairs.reshape(6, 5))
        self.assert_close(shared, apart, "two captions of an image", atol=1e-5)
        beams = step_form(self.decoder, FEATURE_MAP, pairs)
        beams = [x.reshape(6, 5, -1) for x in beams]
        self.assert_close(beams, apart, "two beams of an image", atol=1e-5)

    def images_do_not_mix(self) -> None:
        together = training_form(self.decoder)
        for row in (slice(0, 1), slice(2, 3)):
            alone = training_form(self.decoder, FEATURE_MAP[row], TOKEN_IDS[row])
            expected = [x[row] for x in together]
            self.assert_close(alone, expected, f"image {row.start} alone", atol=1e-5)
        other, _ = training_form(self.decoder, FEATURE_MAP[::-1])
        place = self.place("images in another order", "log_probs")
        assert np.abs(together[0] - other).max() > 1e-3, place

    def words_depend_on_those_before(self) -> None:
        changed = TOKEN_IDS.copy()
        changed[:, 3] = 10
        before, _ = training_form(self.decoder)
        after, _ = training_form(self.decoder, token_ids=changed)
        place = self.place("fourth word changed", "log_probs")
        np.testing.assert_array_equal(before[:, :3], after[:, :3], err_msg=place)
        change = np.abs(before[:, 3:] - after[:, 3:]).max(axis=(1, 2))
        assert (change > 1e-3).all(), place

    def padding_changes_no_loss(self) -> None:
        loss = CaptionLoss(0.1, attention_penalty=0.5)
        values = []
        for padding in (0, 3):
            token_ids = np.pad(TOKEN_IDS, [(0, 0), (0, padding)])
            inputs = {"feature_map": FEATURE_MAP, "token_ids": token_ids[:, :-1]}
            weights = (token_ids[:, 1:] != 0).astype("float32")
            values.append(float(loss(token_ids[:, 1:], self.decoder(inputs), weights)))
        place = self.place("with and without padding", "loss")
        np.testing.assert_allclose(*values, rtol=1e-5, err_msg=place)

    def attention_is_a_distribution(self) -> None:
        _, attention = training_form(self.decoder)
        place = self.place("training form", "attention")
        assert (attention >= 0).all(), place
        total = attention.sum(axis=-1)
        if self.partial_attention:
            assert (total > 0).all() and (total < 1 + 1e-5).all(), place
        else:
            np.testing.assert_allclose(total, 1, atol=1e-5, err_msg=place)

    def training_reaches_every_weight(self) -> None:
        inputs = {"feature_map": FEATURE_MAP, "token_ids": TOKEN_IDS[:, :-1]}
        weights = (TOKEN_IDS[:, 1:] != 0).astype("float32")
        for policy in ("float32", "mixed_bfloat16"):
            with dtype_policy(policy):
                decoder = self.build()
            # Small enough that the loss must fall, whatever the weights.
            optimizer = keras.optimizers.SGD(1e-4)
            decoder.compile(optimizer, CaptionLoss(0.0), run_eagerly=True)
            losses = []
            for _ in range(2):
                # Keras warns of a weight without a gradient: an error in these tests.
                logs = decoder.train_on_batch(
                    inputs, TOKEN_IDS[:, 1:], weights, return_dict=True
                )
                losses.append(logs["cross_entropy"])
                decoder.reset_metrics()
            place = self.place(f"training in {policy}", "losses")
            assert np.isfinite(losses).all(), place
            assert all(variable.dtype == "float32" for variable in decoder.weights)
            if policy == "float32":  # elsewhere the descent is less than the rounding
                assert losses[1] < losses[0], place

    def saving_keeps_every_number(self, tmp_path: Any) -> None:
        expected = training_form(self.decoder)
        again = self.decoder_class.from_config(self.decoder.get_config())
        paths = [variable.path for variable in self.decoder.weights]
        assert [variable.path for variable in again.weights] == paths
        assert len(set(paths)) == len(paths)
        again.set_weights(self.decoder.get_weights())
        self.decoder.save(tmp_path / "decoder.keras")
        loaded = keras.models.load_model(tmp_path / "decoder.keras")
        for form, decoder in (("from its config", again), ("from a file", loaded)):
            self.assert_close(training_form(decoder), expected, form, rtol=0, atol=0)

    def mixed_bfloat16_is_close(self) -> None:
        with dtype_policy("mixed_bfloat16"):
            mixed = self.build()
        assert any(layer.compute_dtype == "bfloat16" for layer in mixed.layers)
        mixed.set_weights(self.decoder.get_weights())
        for form in (training_form, step_form):
            expected = form(self.decoder)
            for name, got, value in zip(
                ("log_probs", "attention"), form(mixed), expected, strict=True
            ):
                place = self.place(f"{form.__name__} in mixed_bfloat16", name)
                assert got.dtype == np.float32, place
                scale = np.abs(value).max()
                np.testing.assert_allclose(got, value, atol=0.05 * scale, err_msg=place)
        place = self.place("step_form in mixed_bfloat16", "sum of probabilities")
        total = np.exp(form(mixed)[0]).sum(-1)
        np.testing.assert_allclose(total, 1, atol=1e-5, err_msg=place)

    def beam_search_finds_what_brute_force_finds(self) -> None:
        words, length, penalty = (4, 5), 4, 0.8
        captions = list(itertools.product(words, repeat=length))
        for shorter in range(length):
            captions += [(*c, 3) for c in itertools.product(words, repeat=shorter)]
        decoder = self.build(vocabulary_size=6)
        ids = np.array([[2, *c] + [0] * (length - len(c)) for c in captions], "int32")
        log_probs, attention = training_form(decoder, FEATURE_MAP[:1], ids[:, :-1])
        of_words = np.take_along_axis(log_probs, ids[:, 1:, None], axis=-1)[..., 0]
        lengths = (ids[:, 1:] != 0).sum(axis=1)
        is_word = np.arange(length) < lengths[:, None]
        scores = (of_words * is_word).sum(axis=1) / lengths**penalty
        best_first = np.argsort(-scores)
        found = self.search(decoder, FEATURE_MAP[:1], len(captions), length, penalty)
        found = {name: ops.convert_to_numpy(x)[0] for name, x in found.items()}
        place = self.place("beam search", "token_ids")
        np.testing.assert_array_equal(
            found["token_ids"], ids[best_first, 1:], err_msg=place
        )
        expected = {"scores": scores[best_first]}
        self.assert_close(
            {"scores": found["scores"]}, expected, "beam search", atol=1e-5
        )
        expected = {"attention": (attention * is_word[..., None])[best_first]}
        self.assert_close(
            {"attention": found["attention"]},
            expected,
            "beam search",
            rtol=1e-7,
            atol=1e-5,
        )

    @staticmethod
    def search(decoder, feature_map, num_beams=3, max_length=6, penalty=0.8):
        found = beam_search(
            decoder.step,
            *decoder.begin(feature_map),
            tokens=Tokens(decoder.vocabulary_size),
            num_beams=num_beams,
            max_length=max_length,
            length_penalty=penalty,
            num_locations=LOCATIONS,
            early_exit=False,
        )
        return {k: v for k, v in found._asdict().items() if k != "finished"}

    def exports_give_the_same_numbers(self, tmp_path: Any) -> None:
        """The search, `begin` and `step` as a SavedModel and as TFLite.

        TFLite has built-in operations only: a search in it is easily broken.
        """
        import tensorflow as tf
        from ai_edge_litert.interpreter import Interpreter

        decoder, archive = self.decoder, keras.export.ExportArchive()
        one = tf.constant(FEATURE_MAP[:1])
        word = tf.constant([4], tf.int32)
        memory, state = decoder.begin(one)
        names = [*memory, *state]

        def begin(feature_map):
            memory, state = decoder.begin(feature_map)
            return memory | state

        def step(token_id, *values):
            given = dict(zip(names, values, strict=True))
            log_probs, attention, following = decoder.step(
                token_id, {n: given[n] for n in memory}, {n: given[n] for n in state}
            )
            following = {f"next_{name}": value for name, value in following.items()}
            return {"log_probs": log_probs, "attention": attention} | following

        functions = {
            "begin": (begin, {"feature_map": one}),
            "search": (lambda m: self.search(decoder, m), {"feature_map": one}),
            "step": (step, {"token_id": word} | memory | state),
        }
        archive.track(decoder)
        for name, (function, inputs) in functions.items():
            specs = [tf.TensorSpec(x.shape, x.dtype, name=n) for n, x in inputs.items()]
            archive.add_endpoint(name, function, input_signature=specs)
        archive.write_out(str(tmp_path / "saved"), verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(tmp_path / "saved"), signature_keys=list(functions)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        content = converter.convert()
        interpreter = Interpreter(model_content=content)
        self.has_no_computed_shapes(content)
        saved = tf.saved_model.load(str(tmp_path / "saved")).signatures
        for name, (function, inputs) in functions.items():
            expected = function(*inputs.values())
            lite = interpreter.get_signature_runner(name)
            lite_inputs = {n: x.numpy() for n, x in inputs.items()}
            for form, got, atol in (
                (f"{name} of the SavedModel", saved[name](**inputs), 1e-5),
                (f"{name} in TFLite", lite(**lite_inputs), 1e-4),
            ):
                self.assert_close(dict(got), expected, form, atol=atol)

    @staticmethod
    def has_no_computed_shapes(content: bytes) -> None:
        """Browsers leave tensors of computed shape uninitialized, without an error."""
        from keras_imgdesc.export.tflite.flatbuffer import (
            OPERATORS,
            operator_kind,
            read_model,
        )

        model = read_model(content)
        kinds = {
            operator_kind(model, op) for g in model.subgraphs for op in g.operators
        }
        assert OPERATORS.WHILE in kinds and OPERATORS.SHAPE not in kinds
        for graph in model.subgraphs:
            for tensor in graph.tensors:
                signature = tensor.shapeSignature
                assert signature is None or -1 not in list(signature), tensor.name


@pytest.fixture
def run_decoder_contract(shake, tmp_path) -> Callable[..., None]:
    """Checks all that is expected of a decoder: `(decoder_class, **toy_options)`."""

    def run(decoder_class, *, partial_attention=False, scale=0.5, **options):
        contract = DecoderContract(
            decoder_class, options, shake, partial_attention, scale
        )
        contract.run(tmp_path)

    return run


@pytest.fixture
def forms() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The training form and the step form: `(decoder, feature_map, token_ids)`."""
    return training_form, step_form
