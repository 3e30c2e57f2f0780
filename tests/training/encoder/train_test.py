import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.errors import InputError
from keras_imgdesc.training.encoder import train as distillation
from keras_imgdesc.training.encoder.batches import crop_batches, list_folders
from keras_imgdesc.training.encoder.model import SHIFT
from keras_imgdesc.training.encoder.recipe import (
    DistillationPhase,
    DistillationRecipe,
)
from keras_imgdesc.training.encoder.train import (
    WEIGHTS_FILE,
    EncoderRun,
    distill_encoder,
)
from keras_imgdesc.training.run_directory import RunDirectory
from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder

BACK = DistillationPhase("back", 4, 5, 32, (0.5, 1.0), 2, 4, 2e-3)
JOINED = DistillationPhase("joined", 1, 5, 32, (0.5, 1.0), 2, 4, 1e-3, frozen_below=2)
RECIPE = DistillationRecipe((BACK, JOINED), steps_per_epoch=2, precision="float32")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(0)
    for i in range(6):
        coarse = generator.integers(0, 256, (4, 5, 3), np.uint8)
        Image.fromarray(coarse).resize((70, 60)).save(folder / f"{i}.jpg")
    return folder


@pytest.fixture(scope="module")
def teacher_weights(tmp_path_factory):
    """Return weights of a MobileNet, with normalization, under the published names."""
    path = tmp_path_factory.mktemp("teacher") / "teacher.npz"
    keras.utils.set_random_seed(1)
    encoder = MobileNetEncoder(32)
    arrays = {}
    for layer in (la for la in encoder.layers if la.weights):
        kernel, bias = layer.get_weights()
        depthwise = layer.name.startswith("conv_dw")
        name = "depthwise_kernel" if depthwise else "kernel"
        arrays[f"{layer.name}/{name}"] = kernel
        ones, zeros = np.ones_like(bias), np.zeros_like(bias)
        arrays |= {
            f"{layer.name}_bn/gamma": ones,
            f"{layer.name}_bn/beta": zeros + 0.1,
            f"{layer.name}_bn/moving_mean": zeros,
            f"{layer.name}_bn/moving_variance": ones,
        }
    np.savez(path, **arrays)
    return str(path)


def test_crops_depend_on_seed_and_position_alone(photos):
    paths, ends = list_folders([photos])
    full = list(crop_batches(paths, ends, BACK, 3, 0, 4))
    later = list(crop_batches(paths, ends, BACK, 3, 2, 2))
    other = list(crop_batches(paths, ends, BACK, 4, 0, 1))
    assert full[0].shape == (4, 32 + SHIFT, 32 + SHIFT, 3)
    np.testing.assert_array_equal(full[2], later[0])
    np.testing.assert_array_equal(full[3], later[1])
    assert np.abs(full[0] - other[0]).max() > 1


def test_a_broken_image_is_replaced_by_another(photos, tmp_path):
    (tmp_path / "a.jpg").write_bytes((photos / "0.jpg").read_bytes())
    (tmp_path / "b.jpg").write_bytes(b"not a picture")
    paths, ends = list_folders([tmp_path])
    batches = list(crop_batches(paths, ends, BACK, 0, 0, 3))
    assert len(batches) == 3 and all(b.shape[0] == 4 for b in batches)


def test_folder_weights_set_the_shares_of_the_crops(photos, tmp_path):
    (tmp_path / "only.jpg").write_bytes((photos / "0.jpg").read_bytes())
    _, ends = list_folders([photos, tmp_path], [1, 3])
    np.testing.assert_allclose(np.diff(ends), [1 / 24] * 5 + [3 / 4])
    with pytest.raises(InputError, match="folders=2"):
        list_folders([photos, tmp_path], [1])


def test_validation_photos_are_not_trained_on(photos, tmp_path, caplog):
    (tmp_path / "copy.jpg").write_bytes((photos / "0.jpg").read_bytes())
    paths, ends = list_folders([photos], validation=[tmp_path / "copy.jpg"])
    assert paths == [str(photos / f"{i}.jpg") for i in range(1, 6)] and len(ends) == 5
    assert "1 of 6 training images (16.7 %) are validation images" in caplog.text
    with pytest.raises(InputError, match="not validation images.*folder="):
        list_folders([photos, tmp_path], validation=[photos / "0.jpg"])


def test_a_perfect_back_explains_everything(teacher_weights):
    """The teacher's own maps have no loss."""
    student = VGG16Encoder(32)
    teacher = MobileNetEncoder(32, weights=teacher_weights)
    ones = {b: np.ones(c, "float32") for b, c in ((3, 128), (5, 256), (8, 512))}
    ones |= {11: np.ones(512, "float32"), 12: np.ones(1024, "float32")}
    model = distillation.DistillationModel(student, teacher, ones)
    crops = np.random.default_rng(0).uniform(0, 255, (2, 36, 36, 3)).astype("float32")
    pairs = model(crops)
    assert set(pairs) == {"block2", "block3", "block4", "block5", "tail"}
    for found, expected in pairs.values():
        assert found.shape == expected.shape
    same = {name: (target, target) for name, (_, target) in pairs.items()}
    assert float(model.compute_loss(y_pred=same)) == 0
    assert float(model.compute_loss(y_pred=pairs)) > 0


def test_a_small_step_lowers_the_loss_of_its_crops(teacher_weights):
    keras.utils.set_random_seed(0)
    teacher = MobileNetEncoder(32, weights=teacher_weights)
    ones = {3: np.ones(128, "float32"), 5: np.ones(256, "float32")}
    model = distillation.DistillationModel(VGG16Encoder(32), teacher, ones, 1, 3)
    model.compile(keras.optimizers.SGD(1e-4), run_eagerly=True)
    crops = np.random.default_rng(0).uniform(0, 255, (2, 36, 36, 3)).astype("float32")
    losses = [model.train_on_batch(crops, return_dict=True)["loss"] for _ in range(2)]
    assert losses[1] < losses[0]


@pytest.mark.slow
def test_the_weights_are_those_of_a_keras_vgg16(photos, teacher_weights, tmp_path):
    phase = DistillationPhase("front", 1, 3, 32, (0.9, 1.0), 1, 4, 2e-3)
    recipe = DistillationRecipe((phase,), steps_per_epoch=1, precision="float32")
    encoder = distillation.distill_encoder(
        recipe, [photos], teacher_weights, tmp_path, progress=False
    )
    keras_model = keras.applications.VGG16(
        include_top=False, weights=tmp_path / "vgg16.weights.h5"
    )
    again = VGG16Encoder(weights=str(tmp_path / "vgg16.weights.h5"))
    image = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), np.uint8)
    np.testing.assert_allclose(again(image), encoder(image), rtol=1e-3, atol=1e-4)
    assert keras_model.count_params() == encoder.count_params()


@pytest.mark.slow  # traces four trainings of a VGG16 of full width
def test_a_run_fulfils_the_contract(
    run_recipe_contract, photos, teacher_weights, tmp_path, monkeypatch
):
    measured = []

    def measure(student, teacher, images):
        measured.append(len(images))
        return {"block5": 0.1 * len(measured)}

    monkeypatch.setattr(distillation, "explained_variance", measure)
    front = replace(BACK, first_block=3, last_block=3, steps=1)
    chosen = replace(
        RECIPE, phases=(replace(JOINED, frozen_below=5), front), steps_per_epoch=1
    )
    validation = sorted(photos.iterdir())[:2]

    def train(recipe, run_dir, progress):
        return distill_encoder(
            recipe, [photos], teacher_weights, run_dir, validation, progress=progress
        )

    # Not a number would not do: ReLU turns it into 0.
    encoder = run_recipe_contract(chosen, train, rtol=1e-4, atol=1e-6, broken=1e15)
    keras.utils.set_random_seed(RECIPE.seed)
    initial = VGG16Encoder(32, input_scale=64.0).get_weights()
    changed = [not np.array_equal(a, b) for a, b in zip(initial, encoder.get_weights())]
    # Blocks 3 and 5 are trained; the others keep their weights.
    assert all(changed[8:14:2]) and all(changed[20::2])
    assert not any(changed[:8] + changed[14:20])
    assert not (tmp_path / "not_finite" / WEIGHTS_FILE).exists()
    # Measured where the phase of all blocks ends: once in the full run, once in the
    # resumed one, and not again with the weights of a later phase.
    rows = RunDirectory(tmp_path / "full", chosen.as_dict()).metrics()
    assert [row["phase"] for row in rows] == ["joined", "joined", "back"]
    assert [row.get("validation_block5") for row in rows] == [None, 0.1, None]
    train(chosen, tmp_path / "full", False)
    assert measured == [2, 2]
    assert RunDirectory(tmp_path / "full", chosen.as_dict()).metrics() == rows


def test_it_computes_in_bfloat16_and_keeps_weights_in_float32(
    photos, teacher_weights, tmp_path
):
    phase = replace(BACK, first_block=3, last_block=3)
    chosen = replace(RECIPE, phases=(phase,), precision="mixed_bfloat16")
    with dtype_policy("mixed_bfloat16"):
        run = EncoderRun(
            chosen, tmp_path, list_folders([photos]), teacher_weights, progress=False
        )
        run.train()
    assert run.student.compute_dtype == "bfloat16"
    assert {w.dtype for w in run.student.weights} == {"float32"}
    assert np.isfinite(run.directory.metrics()[0]["loss"])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"phases": [[]]}, "a phase must be an object"),
        ({"phases": [{"name": "x"}]}, "crop_scale"),
        ({"phases": 3}, "complete phases"),
        ({"steps_per_epoch": "x"}, "steps_per_epoch must be a whole number"),
        ({"folder_weights": ["x"]}, "folder_weights"),
    ],
)
def test_bad_fields_of_a_recipe_are_named(changes, named):
    values = json.loads(RECIPE.to_json())
    with pytest.raises(InputError, match=named):
        DistillationRecipe.from_dict(values | changes)


def test_folders_that_do_not_fit_leave_no_run(photos, teacher_weights, tmp_path):
    recipe = DistillationRecipe((BACK,), folder_weights=(1.0, 2.0))
    run = tmp_path / "run"
    with pytest.raises(InputError, match="folders=1"):
        distillation.distill_encoder(recipe, [photos], teacher_weights, run)
    assert not run.exists()
