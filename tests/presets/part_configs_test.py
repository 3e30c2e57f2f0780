from pathlib import Path

import keras
import pytest

from keras_imgdesc.captioning import LSTMDecoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import read_config
from keras_imgdesc.presets.part_configs import (
    check_part_config,
    config_type,
    find_class,
    tokenizers_of,
)
from keras_imgdesc.presets.task import Task
from keras_imgdesc.tasks import TASKS
from keras_imgdesc.text import BertTextEncoder, CompactTextEncoder
from keras_imgdesc.vision import VGG16Encoder

FILE = Path("config.json")
KINDS = {k for task in TASKS.values() for kinds in task.PARTS.values() for k in kinds}


@pytest.mark.parametrize("kind", sorted(KINDS, key=lambda kind: kind.__name__))
def test_every_part_has_a_type_of_configurations(kind):
    names = set(config_type(kind).__annotations__)
    assert "name" in names and not {"weights", "source", "vocabulary"} & names


def test_shipped_configurations_have_these_types():
    folders = sorted(Path(__file__).parents[2].glob("saved_models/*/config.json"))
    assert folders
    for file in folders:
        config = read_config(file.parent)
        task: type[Task] = TASKS[config["task"]]
        for name, known in task.PARTS.items():
            kind = find_class(config[name]["class"], known, name, file)
            check_part_config(kind, config[name]["config"], name, file)


def test_sizes_out_of_bounds_are_refused():
    good = LSTMDecoder(9, (2, 2, 8), 8, 8, 2, feature_dim=8).get_config()
    check_part_config(LSTMDecoder, good, "decoder", FILE)
    for name in ("vocabulary_size", "embedding_dim", "hidden_dim", "num_heads"):
        for value in (-1, 10**7, 1.5, "8", None, True, [8]):
            with pytest.raises(InputError, match=f"decoder.{name}"):
                check_part_config(LSTMDecoder, good | {name: value}, "decoder", FILE)


def test_classes_that_may_do_more_are_refused():
    known = (VGG16Encoder,)
    name = keras.saving.get_registered_name(VGG16Encoder)
    assert find_class(name, known, "part", FILE) is VGG16Encoder
    others = [
        keras.saving.get_registered_name(kind)
        for kind in (LSTMDecoder, *TASKS.values())
    ]
    with keras.saving.custom_object_scope({"Lambda": keras.layers.Lambda}):
        for other in ("Lambda", *others, "keras_hub>BertBackbone", "x", 3, None, ["x"]):
            with pytest.raises(InputError, match="config"):
                find_class(other, known, "part", FILE)


def test_classes_of_the_program_are_allowed():
    @keras.saving.register_keras_serializable("tests")
    class Encoder(keras.layers.Layer):
        pass

    assert find_class("tests>Encoder", (VGG16Encoder,), "part", FILE) is Encoder
    check_part_config(Encoder, {"anything": [1]}, "part", FILE)


def test_text_encoders_have_their_own_tokenizers():
    assert [k.__name__ for k in tokenizers_of(CompactTextEncoder)] == [
        "CaptionTokenizer"
    ]
    assert [k.__name__ for k in tokenizers_of(BertTextEncoder)] == [
        "WordPieceTokenizer"
    ]
