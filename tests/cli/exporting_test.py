"""Painters out of Python, from the command line."""

import numpy as np
import pytest
import tensorflow as tf

from keras_imgdesc import ImageTextMatcher, VGG16Encoder, verification
from keras_imgdesc.cli.exporting import list_pictures
from keras_imgdesc.lite import LitePainter
from keras_imgdesc.verification import PaintedForm, PainterParity


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


def test_a_painter_is_exported_with_a_matcher_inside(run, painter, matcher, tmp_path):
    code, _, err = run(
        "export", "saved-model", "--preset", painter, "-o", tmp_path / "served",
        "--rerank", matcher, "--truncation", "0.7", "--no-warm-up",
    )  # fmt: skip
    assert code == 0, err
    served = tf.saved_model.load(str(tmp_path / "served" / "1"))
    assert "paint_ranked" in served.signatures


def test_a_painter_is_exported_with_texts_of_ones_own(run, painter, tmp_path):
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
    asked = []

    def verify(preset, collection, **options):
        asked.append((preset, len(collection), options))
        forms = [
            PaintedForm(name, True, [1.0, 1.0], 1, 1, np.full((2, 4, 4, 3), shade))
            for name, shade in (("Python", 7), ("C loader", shades.pop()))
        ]
        return PainterParity(forms)

    monkeypatch.setattr(verification, "verify_painter", verify)
    shades = [9, 8]
    code, out, _ = run("verify", painter, "--limit", "3")
    assert code == 0 and "C loader" in out and "PSNR" in out
    code, _, err = run("verify", painter)
    assert code == 1 and "differs from Python" in err
    assert asked[0] == (str(painter), 3, {"representative_texts": None})
    code, _, err = run("verify", painter, "--representative-images", painter)
    assert code == 2 and "TextToImage takes --representative-texts" in err


def test_of_many_representative_pictures_some_from_all_over_are_taken(tmp_path):
    names = [f"{number:03d}.png" for number in range(450)]
    for name in names:
        (tmp_path / name).touch()
    taken = [path.name for path in list_pictures(tmp_path)]
    assert 100 <= len(taken) <= 200
    assert taken[0] == names[0] and taken[-1] in names[-5:]
    assert len(set(taken)) == len(taken)
