"""Presets that share the weights of another preset."""

import json
import shutil

import h5py
import keras
import numpy as np
import pytest

from keras_imgdesc import (
    CompactTextEncoder,
    ImageCaptioner,
    ImageClassifier,
    ImageTextMatcher,
    VGG16Encoder,
)
from keras_imgdesc.captioning.decoders import build_decoder
from keras_imgdesc.errors import InputError
from keras_imgdesc.presets.folders import list_presets
from keras_imgdesc.tasks import load_preset
from keras_imgdesc.text import CaptionTokenizer, Vocabulary

VOCABULARY = Vocabulary(["a", "dog", "cat", "runs"])
TOKENIZER = CaptionTokenizer(VOCABULARY, 7)
CONCEPTS = {
    "class_nouns": [[0], [1], [0, 1]],
    "noun_token_ids": [VOCABULARY.id_of(noun) for noun in ("dog", "cat")],
    "num_concepts": 1,
}
SMALL = {"embedding_dim": 8, "hidden_dim": 8, "num_heads": 2, "feature_dim": 8}
PHOTOS = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), np.uint8)


def vgg16(image_size=48, **options):
    return VGG16Encoder(image_size=image_size, width=0.125, **options)


def build_captioner(encoder):
    decoder = build_decoder(
        "lstm",
        len(VOCABULARY),
        encoder.feature_map_shape,
        **SMALL,
        concepts=CONCEPTS,
        concept_dim=4,
    )
    return ImageCaptioner(encoder, decoder, TOKENIZER)


@pytest.fixture
def classifier(tmp_path):
    """A classifier at 32 px, and its preset "classes"."""
    keras.utils.set_random_seed(0)
    task = ImageClassifier.build_parts(vgg16(32), ["dog", "cat", "puppy"])
    for variable in task.image_encoder.weights[1::2]:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape) / 10)
    task.head.temperature = 1.5
    task.save_to_preset(tmp_path / "presets" / "classes")
    return ImageClassifier.from_preset(tmp_path / "presets" / "classes")


@pytest.fixture
def captioner(classifier):
    """A captioner at 48 px on the classifier's frozen encoder and head."""
    encoder = vgg16()
    encoder.set_weights(classifier.image_encoder.get_weights())
    captioner = build_captioner(encoder)
    captioner.decoder.concept_detector.load_head(classifier.head)
    return captioner


@pytest.fixture
def shared(captioner, tmp_path):
    """The captioner's preset, beside the classifier's."""
    folder = tmp_path / "presets" / "captions"
    captioner.save_to_preset(folder, shared_with="classes", summary="Shares")
    return folder


def config_of(folder):
    return json.loads((folder / "config.json").read_text("utf-8"))


def stored(folder):
    names = []
    with h5py.File(folder / "model.weights.h5") as file:
        file.visititems(lambda name, item: names.append((name, hasattr(item, "shape"))))
    return {name for name, is_array in names if is_array}


def assert_equal_weights(task, other):
    for name, part in task.parts().items():
        pairs = zip(part.weights, other.parts()[name].weights, strict=True)
        for one, two in pairs:
            assert one.path == two.path
            np.testing.assert_array_equal(one, two)


def test_what_the_other_preset_holds_is_left_out(captioner, shared, tmp_path):
    complete = tmp_path / "complete"
    captioner.save_to_preset(complete, summary="Shares")
    head = captioner.decoder.concept_detector.head
    detector = f"decoder/{head.dense.kernel.path}".removesuffix("/dense/kernel")
    config = config_of(shared)
    entry = config.pop("shared_weights")
    assert (
        entry.pop("sha256")
        == (config_of(shared.parent / "classes")["sha256"]["model.weights.h5"])
    )
    assert entry == {
        "preset": "classes",
        "paths": {"image_encoder": "image_encoder", detector: "head/head"},
    }
    parts = {"image_encoder": captioner.image_encoder, detector: head}
    left_out = {
        f"{'image_encoder' if name == 'image_encoder' else 'decoder'}/{variable.path}"
        for name, part in parts.items()
        for variable in part.weights
    }
    assert len(left_out) == 29
    assert stored(complete) - stored(shared) == left_out
    sizes = [(f / "model.weights.h5").stat().st_size for f in (complete, shared)]
    assert sizes[0] - sizes[1] >= 2 * captioner.image_encoder.count_params()
    # Nothing else differs.
    expected = config_of(complete)
    assert config.pop("sha256").keys() == expected.pop("sha256").keys()
    assert config == expected and "shared_weights" not in expected


def test_loading_and_saving_completely_again(captioner, shared, tmp_path):
    captioner.save_to_preset(tmp_path / "complete")
    expected = ImageCaptioner.from_preset(tmp_path / "complete")
    loaded = load_preset(shared)
    assert_equal_weights(expected, loaded)
    answers = loaded.generate(PHOTOS, return_details=True)
    for one, two in zip(answers, expected.generate(PHOTOS, return_details=True)):
        np.testing.assert_array_equal(one.token_ids, two.token_ids)
        assert one.log_prob == two.log_prob
    assert loaded.detect_concepts(PHOTOS) == expected.detect_concepts(PHOTOS)
    loaded.save_to_preset(tmp_path / "again")
    contents = [
        (tmp_path / name / "model.weights.h5").read_bytes()
        for name in ("complete", "again")
    ]
    assert contents[0] == contents[1]
    assert "shared_weights" not in config_of(tmp_path / "again")
    shutil.rmtree(shared.parent)
    assert_equal_weights(expected, ImageCaptioner.from_preset(tmp_path / "again"))


def test_a_preset_is_replaced_by_one_that_shares_and_back(captioner, shared):
    captioner.save_to_preset(shared)
    complete = stored(shared)
    captioner.save_to_preset(shared, shared_with="classes")
    assert len(complete) - len(stored(shared)) == 29
    assert len(ImageCaptioner.from_preset(shared).generate(PHOTOS)) == 3


def test_trained_layers_are_kept(captioner, shared, classifier):
    layer = captioner.image_encoder.get_layer("block5_conv3")
    layer.kernel.assign(layer.kernel + 1)
    captioner.save_to_preset(shared, shared_with="classes")
    own = {p for p in stored(shared) if p.startswith("image_encoder")}
    assert own == {"image_encoder/block5_conv3/kernel"}
    loaded = ImageCaptioner.from_preset(shared)
    kernel = loaded.image_encoder.get_layer("block5_conv3").kernel
    np.testing.assert_allclose(kernel, layer.kernel, atol=2e-3)
    others = zip(loaded.image_encoder.weights, classifier.image_encoder.weights)
    for one, two in others:
        if one.path != "block5_conv3/kernel":
            np.testing.assert_array_equal(one, two)


def test_every_task_can_share(classifier, tmp_path, monkeypatch):
    text_encoder = CompactTextEncoder(TOKENIZER, embedding_dim=16, num_layers=1)
    matcher = ImageTextMatcher.build_parts(
        classifier.image_encoder, text_encoder, embedding_dim=4
    )
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(tmp_path / "presets"))
    matcher.save_to_preset(tmp_path / "presets" / "matches", shared_with="classes")
    assert not any(
        p.startswith("image_encoder/") for p in stored(tmp_path / "presets" / "matches")
    )
    assert_equal_weights(
        classifier,
        ImageClassifier(
            load_preset("matches").image_encoder, classifier.head, classifier.labels
        ),
    )


def test_an_encoder_is_loaded_from_a_preset_that_shares(
    classifier, shared, monkeypatch
):
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(shared.parent))
    assert list_presets()["captions"] == "Shares"
    for weights in ("captions", str(shared)):
        encoder = vgg16(weights=weights)
        # The first kernel depends on the encoder's input scale.
        pairs = zip(encoder.weights, classifier.image_encoder.weights, strict=True)
        for one, two in list(pairs)[1:]:
            np.testing.assert_array_equal(one, two)
    shutil.rmtree(shared.parent / "classes")
    with pytest.raises(InputError, match="'captions'.*'classes'"):
        vgg16(weights=str(shared))


def test_the_other_preset_is_found_beside_it_first(
    classifier, shared, tmp_path, monkeypatch
):
    # Elsewhere, the same name is another preset.
    other = tmp_path / "elsewhere" / "classes"
    ImageClassifier.build_parts(vgg16(32), ["a", "b", "c"]).save_to_preset(other)
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(other.parent))
    monkeypatch.chdir(shared)
    assert ImageCaptioner.from_preset(".")
    monkeypatch.chdir(tmp_path)
    before = ImageCaptioner.from_preset(shared)
    # Not beside it, it is found by its name.
    moved = tmp_path / "moved" / "captions"
    shutil.copytree(shared, moved)
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(shared.parent))
    assert_equal_weights(before, ImageCaptioner.from_preset(moved))
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(other.parent))
    with pytest.raises(InputError, match="must be the one that it was saved with"):
        ImageCaptioner.from_preset(moved)


@pytest.mark.parametrize("damage", ["absent", "no file", "one bit", "replaced"])
def test_another_or_no_other_preset_is_refused(shared, damage, monkeypatch):
    monkeypatch.delenv("KERAS_IMGDESC_PRESETS", raising=False)
    source = shared.parent / "classes"
    file = source / "model.weights.h5"
    if damage == "absent":
        shutil.rmtree(source)
    elif damage == "no file":
        file.unlink()
    elif damage == "one bit":
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    else:
        task = ImageClassifier.build_parts(vgg16(32), ["a", "b", "c"])
        task.save_to_preset(source)
    with pytest.raises(InputError) as caught:
        ImageCaptioner.from_preset(shared)
    error = caught.value
    assert "'captions' shares weights with the preset 'classes'" in error.rule
    assert "Copy" in error.remedy and "'classes'" in error.remedy


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"preset": "classes", "sha256": "0", "paths": ["image_encoder"]},
        {"preset": "../presets/classes", "sha256": "0", "paths": {}},
        {"preset": "..", "sha256": "0", "paths": {}},
        {"preset": "", "sha256": "0", "paths": {}},
    ],
    ids=str,
)
def test_a_broken_entry_is_named(shared, entry):
    text = json.dumps(config_of(shared) | {"shared_weights": entry})
    (shared / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json.*shared_weights"):
        ImageCaptioner.from_preset(shared)


def test_paths_that_miss_a_weight_are_refused(shared):
    config = config_of(shared)
    config["shared_weights"]["paths"].pop("image_encoder")
    (shared / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="exactly the weights") as caught:
        ImageCaptioner.from_preset(shared)
    assert all(p.startswith("image_encoder/") for p in caught.value.received["missing"])


def test_names_of_earlier_versions_are_read(captioner, shared, tmp_path):
    before = ImageCaptioner.from_preset(shared)
    config = config_of(shared)
    paths = config["shared_weights"]["paths"]
    paths["encoder"] = paths.pop("image_encoder").replace("image_encoder", "encoder")
    config["encoder"] = config.pop("image_encoder")
    (shared / "config.json").write_text(json.dumps(config))
    assert_equal_weights(before, ImageCaptioner.from_preset(shared))


def test_nothing_equal_is_refused_and_nothing_written(classifier, tmp_path):
    keras.utils.set_random_seed(1)
    new = build_captioner(vgg16())
    with pytest.raises(InputError, match="none is.*'classes'"):
        new.save_to_preset(tmp_path / "presets" / "new", shared_with="classes")
    assert [p.name for p in (tmp_path / "presets").iterdir()] == ["classes"]


def test_presets_that_cannot_be_shared_with_are_refused(
    classifier, captioner, shared, tmp_path, monkeypatch
):
    monkeypatch.delenv("KERAS_IMGDESC_PRESETS", raising=False)
    save = captioner.save_to_preset
    with pytest.raises(InputError, match="found beside"):
        save(shared.parent / "new", shared_with="class")
    with pytest.raises(InputError, match="not a path"):
        save(shared.parent / "new", shared_with=str(shared.parent / "classes"))
    with pytest.raises(InputError, match="holds all of its own.*'classes' instead"):
        save(shared.parent / "new", shared_with="captions")
    before = (shared.parent / "classes" / "model.weights.h5").read_bytes()
    with pytest.raises(InputError, match="with itself"):
        classifier.save_to_preset(shared.parent / "classes", shared_with="classes")
    (tmp_path / "link").symlink_to(shared.parent / "classes")
    monkeypatch.setenv("KERAS_IMGDESC_PRESETS", str(shared.parent))
    with pytest.raises(InputError, match="with itself"):
        classifier.save_to_preset(tmp_path / "link", shared_with="classes")
    assert (shared.parent / "classes" / "model.weights.h5").read_bytes() == before
    (shared.parent / "classes" / "model.weights.h5").write_bytes(before[:-1])
    with pytest.raises(InputError, match="damaged"):
        save(shared.parent / "new", shared_with="classes")
    assert not (shared.parent / "new").exists()
