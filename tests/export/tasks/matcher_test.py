"""A matcher out of Python: SavedModel and .tflite."""

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from keras_imgdesc import CompactTextEncoder, ImageTextMatcher, VGG16Encoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.export import export_saved_model, export_tflite
from keras_imgdesc.images import resize_image
from keras_imgdesc.lite.model_file import read_model_file
from keras_imgdesc.text import CaptionTokenizer, Vocabulary

TEXTS = ["A red dog!", "two cats run", "zebra"]


@pytest.fixture(scope="module")
def matcher() -> ImageTextMatcher:
    words = ["a", "dog", "cats", "run", "red", "two"]
    text_encoder = CompactTextEncoder(
        CaptionTokenizer(Vocabulary(words), 8),
        embedding_dim=16,
        num_layers=1,
        num_heads=2,
    )
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    return ImageTextMatcher.build_parts(
        encoder, text_encoder, embedding_dim=8, num_heads=2
    )


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (3, 32, 32, 3)).astype("uint8")


@pytest.fixture(scope="module")
def served(matcher, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "matcher"
    return tf.saved_model.load(str(export_saved_model(matcher, path)))


def test_the_saved_model_scores_as_python(matcher, pictures, served):
    content = tf.stack([tf.io.encode_png(p) for p in pictures])
    outputs = served.signatures["serving_default"](
        image_bytes=content, text=tf.constant(TEXTS)
    )
    expected = matcher.score(pictures, TEXTS)
    np.testing.assert_allclose(outputs["score"], expected, atol=1e-3)
    np.testing.assert_allclose(
        outputs["image_probability"][:, 1],
        matcher.probabilities(pictures, TEXTS[1]),
        atol=1e-4,
    )
    np.testing.assert_allclose(
        outputs["text_probability"][2],
        matcher.text_probabilities(pictures[2], TEXTS),
        atol=1e-4,
    )


def test_a_broken_image_takes_nothing_from_the_others(matcher, pictures, served):
    good = [tf.io.encode_png(p).numpy() for p in pictures[:2]]
    outputs = served.signatures["score"](
        image_bytes=tf.constant([good[0], b"no picture", good[1]]),
        text=tf.constant(TEXTS),
    )
    assert [bool(e) for e in outputs["error"].numpy()] == [False, True, False]
    np.testing.assert_allclose(
        outputs["image_probability"].numpy()[[0, 2], 0],
        matcher.probabilities(pictures[:2], TEXTS[0]),
        atol=1e-4,
    )
    assert (outputs["score"][1].numpy() == 0).all()
    np.testing.assert_allclose(outputs["image_probability"][1], 0.0)


def test_embeddings_are_served(matcher, pictures, served):
    content = tf.stack([tf.io.encode_png(p) for p in pictures])
    found = served.signatures["embed_image"](image_bytes=content)
    expected = matcher.embed_images(pictures)
    np.testing.assert_allclose(found["vector"], expected.vectors, atol=1e-4)
    np.testing.assert_allclose(found["regions"], expected.regions, atol=1e-4)
    found = served.signatures["embed_text"](text=tf.constant(TEXTS))
    texts = matcher.embed_texts(TEXTS)
    np.testing.assert_allclose(found["vector"], texts.vectors, atol=1e-4)
    np.testing.assert_array_equal(found["padding_mask"], texts.padding_mask)


def lite_scores(path, matcher, pictures):
    interpreter = Interpreter(model_path=str(path))
    run = interpreter.get_signature_runner
    images = [
        run("embed_image")(image=np.asarray(resize_image(p, 32))[None])
        for p in pictures
    ]
    ids = matcher.text_encoder.tokenize(TEXTS)
    texts = [run("embed_text")(token_ids=row[None]) for row in ids]
    return np.array(
        [
            [
                run("score")(
                    image_vector=i["vector"],
                    regions=i["regions"],
                    text_vector=t["vector"],
                    words=t["words"],
                    padding_mask=t["padding_mask"],
                )["score"][0]
                for t in texts
            ]
            for i in images
        ]
    )


@pytest.mark.parametrize(
    "quantize, tolerance",
    [(None, 1e-3), ("float16", 0.05), ("dynamic", 1.5), ("int8", 3.0)],
)
def test_lite_scores_as_python(matcher, pictures, tmp_path, quantize, tolerance):
    path = export_tflite(
        matcher,
        tmp_path / "matcher.tflite",
        quantize=quantize,
        representative_images=list(pictures),
    )
    found = lite_scores(path, matcher, pictures)
    expected = matcher.score(pictures, TEXTS)
    np.testing.assert_allclose(found, expected, atol=tolerance)
    metadata, tokens = read_model_file(path)
    assert metadata["task"] == "ImageTextMatcher" and metadata["name"] == "matcher"
    assert tokens == list(matcher.text_encoder.tokenizer.vocabulary.tokens)
    assert not _custom_operations(path)


def test_a_captioners_settings_are_refused(matcher, tmp_path):
    with pytest.raises(InputError, match="num_beams"):
        export_tflite(matcher, tmp_path / "m.tflite", num_beams=3)
    with pytest.raises(InputError, match="num_beams"):
        export_saved_model(matcher, tmp_path / "m", num_beams=3)
    assert not list(tmp_path.iterdir())


def _custom_operations(path):
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    return [code.customCode for code in model.operatorCodes if code.customCode]
