"""Export and verification of painters from the command line."""

import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc import ImageTextMatcher, VGG16Encoder
from keras_imgdesc.cli.exporting import sample_images
from keras_imgdesc.lite import LitePainter
from keras_imgdesc.verification.parity import FormResult, Parity
from keras_imgdesc.verification.tasks import check_of


@pytest.fixture(scope="module")
def painter(toy_painter, tmp_path_factory):
    path = tmp_path_factory.mktemp("presets") / "painter"
    toy_painter.save_to_preset(path)
    return path


@pytest.fixture(scope="module")
def matcher(toy_painter, tmp_path_factory):
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    path = tmp_path_factory.mktemp("presets") / "matcher"
    ImageTextMatcher.build_parts(
        encoder, toy_painter.text_encoder, embedding_dim=8, num_heads=2
    ).save_to_preset(path)
    return path


@pytest.mark.slow
def test_a_painter_is_exported_with_a_matcher_inside(run, painter, matcher, tmp_path):
    code, _, err = run(
        "export", "saved-model", "--preset", painter, "-o", tmp_path / "served",
        "--rerank", matcher, "--temperature", "0.7", "--no-warm-up",
    )  # fmt: skip
    assert code == 0, err
    served = tf.saved_model.load(str(tmp_path / "served" / "1"))
    assert "paint_ranked" in served.signatures


@pytest.mark.slow
def test_a_painter_is_exported_with_representative_texts(run, painter, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("a red bird\n\na blue dog\n")
    options = ["export", "tflite", "--preset", painter, "--representative-texts", texts]
    file = tmp_path / "painter.tflite"
    code, out, err = run(*options, "-o", file, "--quantize", "int8")
    assert code == 0 and str(file) in out, err
    assert LitePainter(file).metadata["quantize"] == "int8"
    code, _, err = run(*options, "-o", tmp_path / "b.tflite", "--quantize", "dynamic")
    assert code == 2 and "is for int8" in err
    code, _, err = run(
        "export", "tflite", "--preset", painter, "-o", tmp_path / "c.tflite",
        "--num-beams", "3",
    )  # fmt: skip
    assert code == 2 and "num_beams=3" in err and len(err.splitlines()) == 1


def test_verify_fails_where_a_form_paints_otherwise(run, painter, monkeypatch):
    calls = []

    def verify(preset, collection, **options):
        calls.append((preset, len(collection), options))
        images = np.full((2, 4, 4, 3), 7, np.uint8)
        others = images + np.uint8(shades.pop())
        results = [
            FormResult(name, True, [{"image": x} for x in pixels], [1.0, 1.0], 1, 1)
            for name, pixels in (("Python", images), ("C loader", others))
        ]
        return Parity(check_of("TextToImage"), [{}, {}], results)

    monkeypatch.setattr("keras_imgdesc.verification.verify.verify", verify)
    shades = [2, 1]
    code, out, _ = run("verify", painter, "--limit", "3")
    assert code == 0 and "C loader" in out and "PSNR" in out
    code, _, err = run("verify", painter)
    assert code == 1 and "differs from Python" in err
    options = {"representative_images": None, "representative_texts": None}
    assert calls[0] == (str(painter), 3, options)
    code, _, err = run("verify", painter, "--representative-images", painter)
    assert code == 2 and "TextToImage takes --representative-texts" in err


def test_representative_images_are_sampled_from_the_whole_folder(tmp_path):
    names = [f"{number:03d}.png" for number in range(450)]
    for name in names:
        (tmp_path / name).touch()
    taken = [path.name for path in sample_images(tmp_path)]
    assert 100 <= len(taken) <= 200
    assert taken[0] == names[0] and taken[-1] in names[-5:]
    assert len(set(taken)) == len(taken)
