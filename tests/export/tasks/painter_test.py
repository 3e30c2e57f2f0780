"""A painter as a SavedModel and as a .tflite file."""

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from keras_imgdesc import ImageTextMatcher, TextToImage, VGG16Encoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.export import export_saved_model, export_tflite, signatures_of
from keras_imgdesc.export.graph.functions import traced
from keras_imgdesc.export.tflite.export import QUANTIZATIONS
from keras_imgdesc.export.tflite.flatbuffer import OPERATORS, operators, read_model
from keras_imgdesc.lite import LitePainter
from keras_imgdesc.lite.model_file import read_model_file

# In make test-all: the tests of captioners check the same code.
pytestmark = pytest.mark.slow

TEXTS = ["A red bird!", "a blue dog", "bird"]


@pytest.fixture(scope="module")
def painter(painter_forms) -> TextToImage:
    return TextToImage.from_preset(painter_forms["Python"].path)


@pytest.fixture(scope="module")
def matcher(painter) -> ImageTextMatcher:
    # Another image size than the painter's, and the same tokenizer.
    encoder = VGG16Encoder(image_size=48, width=0.0625)
    return ImageTextMatcher.build_parts(
        encoder, painter.text_encoder, embedding_dim=8, num_heads=2
    )


@pytest.fixture(scope="module")
def folder(painter, matcher, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "painter"
    return export_saved_model(painter, path, rerank=matcher)


@pytest.fixture(scope="module")
def served(folder):
    return tf.saved_model.load(str(folder))


@pytest.fixture(scope="module")
def files(painter_forms):
    return {
        quantize: painter_forms[f"tflite {quantize or 'float32'}"].path
        for quantize in QUANTIZATIONS
    }


@pytest.mark.parametrize(
    ("quantize", "largest", "mean"),
    [(None, 1, 0.001), ("float16", 2, 0.1), ("dynamic", 8, 0.8), ("int8", 12, 1.5)],
)
def test_the_file_paints_what_python_paints(painter, files, quantize, largest, mean):
    lite = LitePainter(files[quantize])
    expected = painter.generate(TEXTS, num_images=4, seed=1).astype(int)
    difference = np.abs(lite.generate(TEXTS, num_images=4, seed=1) - expected)
    assert difference.max() <= largest and difference.mean() <= mean
    # Other noise, or another text, changes more than any rounding.
    assert np.abs(expected[:, 0] - expected[:, 1]).mean() > 5
    assert np.abs(expected[0] - expected[1]).mean() > 5


def test_int8_shrinks_files_and_keeps_the_text_encoder_exact(painter, files):
    sizes = {quantize: path.stat().st_size for quantize, path in files.items()}
    assert sizes["float16"] < 0.6 * sizes[None]
    assert max(sizes["dynamic"], sizes["int8"]) < 0.52 * sizes[None]
    for quantize in ("dynamic", "int8"):
        model = read_model(files[quantize].read_bytes())
        places = {s.signatureKey: s.subgraphIndex for s in model.signatureDefs}
        graph = model.subgraphs[places[b"paint"]]
        kept = [
            graph.tensors[op.inputs[0]].name.decode()
            for op in operators(model, graph, (OPERATORS.DEQUANTIZE,))
            if model.buffers[graph.tensors[op.inputs[0]].buffer].data is not None
        ]
        assert sum("text_encoder" in name for name in kept) == 4
        assert sum("whitening" in name for name in kept) == 1


def test_the_metadata_describes_tensors_and_vocabulary(painter, files):
    for quantize, path in files.items():
        opened = read_model_file(path)
        metadata, tokens = opened.metadata, opened.tokens
        assert metadata["task"] == "TextToImage" and metadata["quantize"] == quantize
        assert tokens == list(painter.text_encoder.tokenizer.vocabulary.tokens)
        assert path.with_name("vocabulary.txt").read_text().splitlines() == tokens
        token_ids = {"token_ids": {"dtype": "int32", "shape": [1, 6]}}
        noise = {"noise": {"dtype": "float32", "shape": [1, 14]}}
        image = {"image": {"dtype": "uint8", "shape": [1, 32, 32, 3]}}
        described = metadata["signatures"]
        assert set(described) == {"paint", "text_vectors", "paint_vectors"}
        assert described["paint"] == {"inputs": token_ids | noise, "outputs": image}
        vectors = described["text_vectors"]
        assert vectors["inputs"] == token_ids
        assert described["paint_vectors"] == {
            "inputs": vectors["outputs"] | noise,
            "outputs": image,
        }
        interpreter = Interpreter(
            model_path=str(path),
            experimental_op_resolver_type=(
                OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
        interpreter.allocate_tensors()
        names = {details["op_name"] for details in interpreter._get_ops_details()}
        assert {"TRANSPOSE_CONV", "CONV_2D", "FULLY_CONNECTED"} <= names
        assert not [n for n in names if n.startswith(("Flex", "CUSTOM"))]
        # The browser needs graphs without computed shapes.
        assert not {"SHAPE", "PACK", "WHILE"} & names
        details = interpreter.get_signature_runner("paint").get_input_details()
        assert {k: d["shape"].tolist() for k, d in details.items()} == {
            "token_ids": [1, 6],
            "noise": [1, 14],
        }


def test_int8_is_fitted_to_the_texts_given(painter, files, tmp_path):
    given = export_tflite(
        painter,
        tmp_path / "given.tflite",
        quantize="int8",
        representative_texts=["a red bird"] * 3,
    )
    assert given.read_bytes() != files["int8"].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_beams": 3}, "num_beams"),
        ({"representative_images": []}, "representative_images"),
        ({"representative_texts": []}, "representative_texts=0"),
        ({"representative_texts": [" "]}, "words in it"),
    ],
)
def test_other_arguments_are_refused(painter, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        export_tflite(painter, tmp_path / "p.tflite", quantize="int8", **arguments)
    assert not list(tmp_path.iterdir())


def given(seed, num_images):
    return {
        "seed": tf.constant(seed, tf.int64),
        "num_images": tf.constant(num_images, tf.int32),
    }


def same(found, expected) -> bool:
    """Return whether images are equal but for a grey level of rounding."""
    return bool(np.abs(np.asarray(found).astype(int) - expected).max() <= 1)


def test_seed_and_num_images_paint_the_images_of_python(painter, served):
    for seed, num_images in ((0, 1), (2**40 + 3, 5)):
        outputs = served.signatures["paint"](
            text=tf.constant(TEXTS), **given(seed, num_images)
        )
        expected = painter.generate(TEXTS, num_images=num_images, seed=seed)
        assert same(outputs["pixels"], expected)
        assert outputs["image_bytes"].shape == (3, num_images)
        decoded = tf.io.decode_png(outputs["image_bytes"][2, num_images - 1])
        np.testing.assert_array_equal(decoded, outputs["pixels"][2, num_images - 1])
        assert not any(outputs["error"].numpy())


def test_more_images_than_a_block(painter, served):
    outputs = served.signatures["paint"](text=tf.constant(TEXTS[:1]), **given(1, 70))
    assert same(outputs["pixels"][0], painter.generate(TEXTS[0], 70, seed=1))


def test_a_text_is_painted_as_if_it_were_alone(painter, served):
    outputs = served.signatures["serving_default"](text=tf.constant(TEXTS))
    for text, found in zip(TEXTS, outputs["pixels"], strict=True):
        assert same(found, painter.generate(text)[0])
    seeds = [7, 0, 2**63 - 1]
    outputs = served.signatures["paint_one"](
        text=tf.constant(TEXTS), seed=tf.constant(seeds, tf.int64)
    )
    for text, seed, found in zip(TEXTS, seeds, outputs["pixels"], strict=True):
        assert same(found, painter.generate(text, seed=seed)[0])


def test_given_noise_is_not_changed(painter, served):
    noise = painter.draw_noise(3, 9) * 0.5
    outputs = served.signatures["paint_noise"](
        text=tf.constant(TEXTS), noise=tf.constant(noise)
    )
    assert same(outputs["pixels"], painter.generate(TEXTS, noise=noise)[:, 0])


def test_the_best_image_comes_first(painter, matcher, served):
    outputs = served.signatures["paint_ranked"](text=tf.constant(TEXTS), **given(4, 6))
    plain = painter.generate(TEXTS, num_images=6, seed=4)
    for row, text in enumerate(TEXTS):
        expected = matcher.rank(plain[row], text)
        np.testing.assert_allclose(
            outputs["probability"][row], [p for _, p in expected], atol=2e-4
        )
        # Images may be swapped where their probabilities differ by rounding.
        found = outputs["pixels"][row].numpy()
        again = matcher.probabilities(found, text)
        assert (np.diff(again) <= 2e-4).all()
        assert all(any(same(f, p) for p in plain[row]) for f in found)
    spread = np.ptp(outputs["probability"].numpy(), axis=1)
    assert (spread > 1e-3).all()


@pytest.mark.parametrize("name", ["serving_default", "paint_ranked"])
def test_a_text_without_known_words_does_not_affect_the_others(painter, served, name):
    texts = ["a red bird", "xyzzy", "", "  ", "a dog, Zebra"]
    more = given(0, 2) if name == "paint_ranked" else {}
    outputs = served.signatures[name](text=tf.constant(texts), **more)
    errors = [e.decode() for e in outputs["error"].numpy()]
    assert errors[0] == errors[4] == "" and "knows" in errors[1]
    assert "words in it" in errors[2] and errors[3] == errors[2]
    unknown = [words.decode() for words in outputs["unknown_words"].numpy()]
    assert unknown == ["", "xyzzy", "", "", "zebra"]
    alone = served.signatures[name](text=tf.constant(["a dog zebra"]), **more)
    if name == "serving_default":
        assert same(outputs["pixels"][4], alone["pixels"].numpy()[0])
    is_bad = np.array([False, True, True, True, False])
    assert not outputs["pixels"].numpy()[is_bad].any()
    assert (outputs["image_bytes"].numpy()[is_bad] == b"").all()
    assert (outputs["image_bytes"].numpy()[~is_bad] != b"").all()
    if more:
        totals = outputs["probability"].numpy().sum(axis=1)
        np.testing.assert_allclose(totals, [1, 0, 0, 0, 1], atol=1e-5)


@pytest.mark.parametrize(
    ("seed", "num_images", "message"),
    [(-1, 1, "seed"), (0, 0, "num_images"), (0, 10_001, "num_images")],
)
def test_numbers_out_of_range_fail(served, seed, num_images, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        served.signatures["paint"](text=tf.constant(TEXTS), **given(seed, num_images))


def test_unequal_numbers_of_rows_fail(served):
    for name, more in (
        ("paint_one", {"seed": tf.constant([1, 2], tf.int64)}),
        ("paint_noise", {"noise": tf.zeros((4, 14))}),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match="for each text"):
            served.signatures[name](text=tf.constant(TEXTS), **more)
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least one text"):
        served.signatures["serving_default"](text=tf.constant([], tf.string))


def test_the_temperature_is_fixed_in_the_graph(painter):
    signatures = signatures_of(painter, temperature=0.5)
    assert "paint_ranked" not in signatures
    outputs = traced(signatures["paint"])(text=tf.constant(TEXTS), **given(2, 2))
    expected = painter.generate(TEXTS, num_images=2, seed=2, temperature=0.5)
    assert same(outputs["pixels"], expected)
    outputs = traced(signatures["serving_default"])(text=tf.constant(TEXTS))
    assert same(outputs["pixels"][1], painter.generate(TEXTS[1], temperature=0.5)[0])


def test_a_server_that_batches_can_warm_it_up(folder, served):
    from tensorflow_serving.apis import prediction_log_pb2

    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    names = []
    for record in tf.data.TFRecordDataset(str(file)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        names.append(request.model_spec.signature_name)
        inputs = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
        assert {value.shape[0] for value in inputs.values()} == {1}
        outputs = served.signatures[names[-1]](**inputs)
        assert not outputs["error"].numpy()[0] and outputs["image_bytes"].numpy()[0]
    assert names == ["serving_default", "paint_one", "paint_noise"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_beams": 3}, "num_beams"),
        ({"temperature": 11}, "temperature"),
        ({"rerank": "scenes_matcher"}, "ranked by a matcher.*rerank='str'"),
    ],
)
def test_other_settings_are_refused(painter, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        export_saved_model(painter, tmp_path / "p", **arguments)
    assert not list(tmp_path.iterdir())


def test_a_matcher_cannot_be_ranked(matcher, tmp_path):
    with pytest.raises(InputError, match="ImageTextMatcher has no such.*rerank"):
        export_saved_model(matcher, tmp_path / "m", rerank=matcher)
