import json

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.captioner.recipe import CaptionRecipe


@pytest.mark.parametrize(
    ("values", "received"),
    [
        ({"epoch": 3}, "epoch"),
        ({"epochs": 0}, "epochs=0"),
        ({"epochs": "many"}, "epochs must be a whole number"),
        ({"epochs": True}, "epochs must be a whole number"),
        ({"epochs": 2.5}, "epochs must be a whole number"),
        ({"learning_rate": None}, "learning_rate must be a number"),
        ({"flip": 1}, "flip must be true or false"),
        ({"encoder": None}, "encoder must be text"),
        ({"encoder_options": []}, "encoder_options must be an object"),
        ({"start_from": 3}, "start_from must be text or null"),
        ({"decoder": 3}, "decoder must be text"),
        ({"metric": "rouge"}, "rouge"),
        ({"optimizer": "sgd"}, "sgd"),
        ({"grow_vocabulary": True}, "start_from=None"),
        (
            {"grow_vocabulary": True, "start_from": "a", "captions_per_image": 2}
            | {"objective": "self_critical"},
            "vocabulary of a preset grows",
        ),
        ({"batch_size": 64, "captions_per_image": 5}, "captions_per_image=5"),
        ({"classifier_share": 1.0}, "classifier_share must be at least 0 and below 1"),
        ({"classifier_share": 0.4, "classifier": "a"}, "weights of a classifier and"),
        (
            {"classifier_share": 0.4, "classifier": "a", "start_from": "b"}
            | {"encoder_options": {"weights": "c"}},
            "a new captioner.*start_from='b'",
        ),
        ({"classifier_weight": -1.0, "classifier": "a"}, "classifier_weight=-1.0"),
    ],
)
def test_bad_fields_are_named(tmp_path, values, received):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match=received):
        CaptionRecipe.from_json(path)
