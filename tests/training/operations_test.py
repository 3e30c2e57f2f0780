"""Every training computes in its recipe's precision and adds in a fixed order."""

import keras
import numpy as np
import pytest
from PIL import Image
from tensorflow.python.ops import gen_math_ops

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.training.captioner import train as captioner
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.classifier import train as classifier
from keras_imgdesc.training.classifier.recipe import ClassifierRecipe
from keras_imgdesc.training.encoder import train as encoder
from keras_imgdesc.training.encoder.recipe import (
    DistillationPhase,
    DistillationRecipe,
)
from keras_imgdesc.training.matcher import train as matcher
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.training.painter import PainterRecipe
from keras_imgdesc.training.painter import train as painter

MIXED = {"precision": "mixed_bfloat16"}
PHASE = DistillationPhase("back", 4, 5, 32, (0.5, 1.0), 2, 4, 2e-3)
PAINTER = {"kind": "vae", "text_encoder_from": "scenes_matcher", "resolution": 32}
RUNS = {
    "captioner": (captioner, "CaptionerRun", CaptionRecipe(**MIXED)),
    "matcher": (matcher, "MatcherRun", MatchingRecipe(**MIXED)),
    "classifier": (classifier, "ClassifierRun", ClassifierRecipe(**MIXED)),
    "painter": (painter, "PainterRun", PainterRecipe.from_dict(PAINTER | MIXED)),
    "encoder": (encoder, "EncoderRun", DistillationRecipe((PHASE,), **MIXED)),
}


def settings() -> tuple[str, str]:
    return keras.config.dtype_policy().name, gen_math_ops.add_n.__name__


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_built_and_trained_so(name, tmp_path, monkeypatch):
    module, run, recipe = RUNS[name]
    found = []

    class Run:
        def __init__(self, *args, **kwargs):
            found.append(settings())

        def refuse_unused(self, *args, **kwargs):
            pass

        def train(self):
            found.append(settings())
            raise KeyboardInterrupt

    monkeypatch.setattr(module, run, Run)
    before = settings()
    image = np.zeros((32, 32, 3), "uint8")
    data = [
        CaptionCollection([CaptionedImage(n, None, ("a word",), image + k)])
        for k, n in enumerate("ab")
    ]
    with pytest.raises(KeyboardInterrupt):
        if name == "encoder":
            Image.fromarray(image).save(tmp_path / "a.png")
            module.distill_encoder(recipe, [tmp_path], "no.npz", tmp_path / "run")
        else:
            getattr(module, f"train_{name}")(recipe, tmp_path, *data, progress=False)
    assert found == [("mixed_bfloat16", "add_two_by_two")] * 2
    assert settings() == before
