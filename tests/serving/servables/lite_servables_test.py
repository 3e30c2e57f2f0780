"""Signatures of a SavedModel, computed by LiteRT."""

import io

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.lite import LiteCaptioner, LiteClassifier, LiteMatcher, LitePainter
from keras_imgdesc.lite.model_file import PRESET_FILES, preset_file
from keras_imgdesc.serving.request_worker import make_servable
from keras_imgdesc.serving.rest_error import RestError

TASKS = {
    "scenes_lstm": "ImageCaptioner",
    "scenes_matcher": "ImageTextMatcher",
    "scenes_cvae": "TextToImage",
    "imagenet_efficientnet_lite2": "ImageClassifier",
}


def load(preset):
    kind = TASKS[preset]
    return make_servable(kind, str(preset_file(preset, PRESET_FILES[kind]).path))


@pytest.fixture(scope="module")
def captioner():
    return load("scenes_lstm")


@pytest.fixture(scope="module")
def classifier():
    return load("imagenet_efficientnet_lite2")


@pytest.fixture(scope="module")
def matcher():
    return load("scenes_matcher")


@pytest.fixture(scope="module")
def painter():
    return load("scenes_cvae")


def strings(*values):
    array = np.empty(len(values), object)
    array[:] = [v.encode() if isinstance(v, str) else v for v in values]
    return array


@pytest.mark.parametrize("preset", TASKS)
def test_outputs_are_as_specified(preset, request, picture):
    """What metadata says of every signature holds for its answers."""
    fixtures = dict(zip(TASKS, ("captioner", "matcher", "painter", "classifier")))
    servable = request.getfixturevalue(fixtures[preset])
    text = "a large red circle"
    values = {
        "image_bytes": strings(picture, b"broken"),
        "image": np.zeros((2, 9, 7, 3), np.uint8),
        "text": strings(text, ""),
        "caption": strings(text, ""),
        "noise": np.zeros((2, 192), np.float32),
        "num_images": np.int32(2),
    }
    for name, spec in servable.signatures.items():
        inputs = {key: values[key] for key in spec.inputs if key != "seed"}
        if "seed" in spec.inputs:
            inputs["seed"] = np.ones(spec.inputs["seed"].shape and 2 or (), np.int64)
        outputs = servable.run(name, inputs)
        assert list(outputs) == list(spec.outputs)
        for key, array in outputs.items():
            assert array.dtype == spec.outputs[key].numpy_dtype, (name, key)
            assert spec.outputs[key].accepts(array.shape), (name, key)


def test_captions(captioner, picture):
    expected = LiteCaptioner.from_preset("scenes_lstm").generate(
        picture, return_attention=True
    )
    outputs = captioner.run(
        "serving_default", {"image_bytes": strings(b"", picture, b"broken")}
    )
    assert outputs["caption"].tolist() == [b"", expected.text.encode(), b""]
    assert outputs["log_prob"][1] == np.float32(expected.log_prob)
    length = len(expected.attention)
    np.testing.assert_array_equal(outputs["attention"][1, :length], expected.attention)
    assert outputs["error"][1] == b""
    assert b"no bytes" in outputs["error"][0] and b"must be" in outputs["error"][2]


def test_the_score_of_a_found_caption_is_that_of_the_search(captioner, picture):
    found = LiteCaptioner.from_preset("scenes_lstm").generate(
        picture, return_details=True
    )
    texts = strings(found.text, "zork a circle", "zork", "a " * 30, found.text)
    outputs = captioner.run(
        "score", {"image_bytes": strings(*[picture] * 4, b"broken"), "caption": texts}
    )
    count = len(found.token_log_probs)
    np.testing.assert_allclose(
        outputs["token_log_probs"][0, :count], found.token_log_probs, atol=1e-4
    )
    assert not outputs["token_log_probs"][0, count:].any()
    np.testing.assert_allclose(outputs["log_prob"][0], found.log_prob, atol=1e-3)
    assert outputs["log_prob"][1] < outputs["log_prob"][0]
    assert not outputs["log_prob"][2:].any()
    assert outputs["error"][:2].tolist() == [b"", b""]
    for error, part in zip(
        outputs["error"][2:], (b"that the captioner knows", b"more than 22 words", b"")
    ):
        assert part in error and error
    assert outputs["unknown_words"].tolist() == [b"", b"zork", b"zork", b"", b""]


def test_a_score_takes_one_caption_per_image(captioner, picture):
    with pytest.raises(RestError, match="one caption per image"):
        captioner.run("score", {"image_bytes": strings(picture), "caption": strings()})


def test_classes(classifier, picture):
    task = LiteClassifier.from_preset("imagenet_efficientnet_lite2")
    expected = task.classify(picture)
    outputs = classifier.run(
        "serving_default", {"image_bytes": strings(picture, b"broken")}
    )
    assert outputs["label"][0].tolist() == [p.label.encode() for p in expected]
    np.testing.assert_allclose(
        outputs["probability"][0], [p.probability for p in expected], atol=1e-6
    )
    assert not outputs["probability"][1].any() and set(outputs["label"][1]) == {b""}
    every = classifier.run("probabilities", {"image_bytes": strings(picture)})
    np.testing.assert_allclose(
        every["probability"][0], task.probabilities(picture), atol=1e-6
    )


def test_scores(matcher, picture):
    task = LiteMatcher.from_preset("scenes_matcher")
    known = ["a red circle", "a blue square"]
    outputs = matcher.run(
        "score",
        {
            "image_bytes": strings(picture, b"broken"),
            "text": strings(known[0], "", known[1], "zork", "a zork star"),
        },
    )
    good = [0, 2]
    np.testing.assert_allclose(
        outputs["score"][0, good], task.score([picture], known)[0], atol=1e-4
    )
    assert not outputs["score"][1].any() and not outputs["score"][:, [1, 3]].any()
    np.testing.assert_allclose(outputs["image_probability"][0], [1, 0, 1, 0, 1])
    np.testing.assert_allclose(outputs["text_probability"].sum(1), [1, 0], atol=1e-6)
    assert [bool(e) for e in outputs["text_error"]] == [False, True, False, True, False]
    assert outputs["unknown_words"].tolist() == [b"", b"", b"", b"zork", b"zork"]
    assert [bool(e) for e in outputs["error"]] == [False, True]


def test_embeddings(matcher, picture):
    task = LiteMatcher.from_preset("scenes_matcher")
    image = matcher.run("embed_image", {"image_bytes": strings(b"", picture)})
    expected = task.embed_image(picture)
    np.testing.assert_array_equal(image["vector"][1], expected["vector"][0])
    np.testing.assert_array_equal(image["regions"][1], expected["regions"][0])
    assert not image["vector"][0].any()
    text = matcher.run("embed_text", {"text": strings("a red circle")})
    embedded = task.embed_text("a red circle")
    np.testing.assert_array_equal(text["words"], embedded["words"])
    assert text["padding_mask"].sum() == embedded["padding_mask"].sum() > 0


def test_paintings(painter):
    task = LitePainter.from_preset("scenes_cvae")
    text = "a large red circle"
    default = painter.run("serving_default", {"text": strings(text, "zork", text)})
    (expected,) = task.generate(text, seed=0)
    np.testing.assert_array_equal(default["pixels"][0], expected)
    np.testing.assert_array_equal(default["pixels"][2], expected)
    file = Image.open(io.BytesIO(default["image_bytes"][0]))
    assert file.format == "PNG"
    np.testing.assert_array_equal(np.asarray(file), expected)
    assert default["image_bytes"][1] == b"" and not default["pixels"][1].any()
    assert b"painter knows" in default["error"][1]
    one = painter.run(
        "paint_one", {"text": strings(text), "seed": np.array([2**62 + 1])}
    )
    np.testing.assert_array_equal(one["pixels"], task.generate(text, seed=2**62 + 1))
    several = painter.run(
        "paint",
        {"text": strings(text, text), "seed": np.int64(3), "num_images": np.int32(2)},
    )
    np.testing.assert_array_equal(
        several["pixels"], task.generate([text, text], num_images=2, seed=3)
    )


@pytest.mark.parametrize(
    ("signature", "inputs", "message"),
    [
        ("serving_default", {"text": strings()}, "at least one text"),
        ("paint_one", {"text": strings("a"), "seed": np.array([1, 2])}, "one seed"),
        ("paint_one", {"text": strings("a"), "seed": np.array([-1])}, "A seed is"),
        (
            "paint_noise",
            {"text": strings("a"), "noise": np.full((1, 192), np.nan, np.float32)},
            "finite",
        ),
        (
            "paint",
            {"text": strings("a"), "seed": np.int64(0), "num_images": np.int32(0)},
            "num_images must be from 1",
        ),
        (
            "paint",
            {"text": strings("a"), "seed": np.int64(0), "num_images": np.int32(2**30)},
            "num_images must be from 1",
        ),
    ],
)
def test_what_a_painter_refuses(painter, signature, inputs, message):
    with pytest.raises(RestError, match=message) as error:
        painter.run(signature, inputs)
    assert error.value.status == 400
