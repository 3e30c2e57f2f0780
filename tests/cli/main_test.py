import json
import re
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from keras_imgdesc import cli
from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.data.scenes import make_scene
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import VGG16Encoder

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "dog"]), 6)
    encoder = VGG16Encoder(image_size=32, width=0.125)
    decoder = LSTMDecoder(7, encoder.feature_map_shape, 8, 8, 2, feature_dim=8)
    path = tmp_path_factory.mktemp("presets") / "toy"
    ImageCaptioner(encoder, decoder, tokenizer).save_to_preset(path)
    return path


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name in ("a.jpg", "b.png", "c.jpg"):
        pixels = generator.integers(0, 256, (40, 50, 3), np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


def test_describe_prints_one_line_per_image(run, preset, photos):
    code, out, _ = run("describe", photos, "--preset", preset)
    lines = out.splitlines()
    assert code == 0
    assert [line.split(": ")[0] for line in lines] == [
        str(photos / name) for name in ("a.jpg", "b.png", "c.jpg")
    ]
    captioner = ImageCaptioner.from_preset(preset)
    assert lines[1] == f"{photos / 'b.png'}: {captioner.generate(photos / 'b.png')}"


def test_describe_obeys_words(run, preset, photos):
    words = ["--prefix", "A red", "--require", "dog", "--avoid", "a,"]
    code, out, err = run("describe", photos, "--preset", preset, *words)
    assert code == 2 and "A word of prefix cannot be avoided" in err and not out
    code, out, _ = run("describe", photos, "--preset", preset, *words[:4])
    captions = [line.split(": ")[1] for line in out.splitlines()]
    assert code == 0 and len(captions) == 3
    for caption in captions:
        assert caption.startswith("a red") and "dog" in caption.split()
    code, out, err = run("describe", photos, "--preset", preset, "--require", "dig")
    assert code == 2 and "Instead of 'dig', use dog" in err and not out


def test_a_broken_file_is_listed_at_the_end(run, preset, photos):
    (photos / "b.png").write_bytes(b"not an image")
    code, out, err = run("describe", photos, "--preset", preset)
    assert code == 1 and len(out.splitlines()) == 2
    assert "1 of 3 images failed" in err and "b.png" in err


def test_json_prints_one_object_per_line(run, preset, photos):
    (photos / "b.png").write_bytes(b"not an image")
    code, out, err = run("describe", photos, "--preset", preset, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [set(row) for row in rows] == [
        {"path", "caption", "log_prob"},
        {"path", "error"},
        {"path", "caption", "log_prob"},
    ]
    assert rows[0]["log_prob"] < 0 and "b.png" in rows[1]["error"]


def test_images_with_the_same_stem_are_all_drawn(run, preset, photos, tmp_path):
    Image.open(photos / "b.png").save(photos / "a.png")
    maps = tmp_path / "maps"
    code, _, _ = run("describe", photos, "--preset", preset, "--attention-dir", maps)
    assert code == 0 and len(list(maps.iterdir())) == 4


def test_attention_is_drawn(run, preset, photos, tmp_path):
    maps = tmp_path / "maps"
    code, _, _ = run("describe", photos, "--preset", preset, "--attention-dir", maps)
    assert code == 0
    assert sorted(p.name for p in maps.iterdir()) == [
        f"{name}.attention.png" for name in "abc"
    ]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["describe", "PHOTOS", "--speed"], "--speed"),
        (["describe", "PHOTOS", "--preset", "nobody"], "nobody"),
        (["describe", "no/such/folder"], "no/such/folder"),
        (["describe", "PHOTOS", "--num-beams", "0"], "--num-beams"),
        (["fly"], "fly"),
        (["describe", ""], "must not be empty"),
        (["describe", "PHOTOS", "--attention-dir", "PHOTOS/a.jpg"], "a.jpg"),
        (["describe", "PHOTOS", "--attention-dir", "PHOTOS/a.jpg/maps"], "a.jpg/maps"),
        (["evaluate", "captioner", "--preset", "nobody"], "nobody"),
        (
            ["export", "tflite", "--preset", "scenes_lstm", "-o", "PHOTOS/a.tflite"]
            + ["--quantize", "float16", "--representative-images", "PHOTOS"],
            "dynamic and int8",
        ),
        (
            [
                "train",
                "encoder",
                "--recipe",
                "RECIPES/distilled_vgg16.json",
            ]
            + ["--run-dir", "PHOTOS/run", "--teacher-weights", "x", "--images"]
            + ["PHOTOS", "--set", "folder_weights=[1,2,3]"],
            "folder_weights=(1.0, 2.0, 3.0)",
        ),
        (
            ["train", "captioner", "--recipe", "RECIPES/frozen.json", "--scenes"]
            + ["--run-dir", "PHOTOS/run", "--set", "epochs"],
            "FIELD=JSON",
        ),
        (
            ["train", "captioner", "--recipe", "RECIPES/frozen.json"]
            + ["--run-dir", "PHOTOS/run", "--annotations", "PHOTOS/a.csv"]
            + ["--images", "PHOTOS"],
            "--validation-image-list",
        ),
        (
            ["extract", "PHOTOS", "--preset", "scenes_lstm", "-o", "PHOTOS/a.jpg/c"],
            "a.jpg/c",
        ),
        (
            [
                "train",
                "captioner",
                "--recipe",
                "none.json",
                "--run-dir",
                "r",
                "--scenes",
            ],
            "none.json",
        ),
        (["evaluate", "captioner", "--preset", "scenes_lstm"], "--annotations"),
    ],
)
def test_errors_are_one_line(run, photos, arguments, named):
    places = {"PHOTOS": str(photos), "RECIPES": str(RECIPES)}
    for name, place in places.items():
        arguments = [a.replace(name, place) for a in arguments]
    code, out, err = run(*arguments)
    assert code == 2 and out == ""
    assert len(err.splitlines()) == 1 and err.startswith("Error: ") and named in err


def test_no_command_prints_the_help(run):
    code, out, err = run()
    assert code == 2 and out.startswith("Usage:") and err == ""


def test_evaluation_logs_nothing_before_an_error(preset, photos):
    command = [sys.executable, "-m", "keras_imgdesc.cli", "evaluate", "captioner"]
    command += ["--preset", preset, "--annotations", "none.csv", "--images", photos]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1 and "none.csv" in result.stderr


def test_images_that_fail_in_an_evaluation_are_named(run, preset, photos, tmp_path):
    (photos / "b.png").write_bytes(b"not an image")
    table = tmp_path / "captions.csv"
    table.write_text("image,caption\na.jpg,a red dog\nb.png,a dog\n")
    code, out, err = run(
        "evaluate", "captioner", "--preset", preset, "--annotations", table,
        "--images", photos,
    )  # fmt: skip
    assert code == 1 and '"failed": 1' in out
    assert err.splitlines()[-1].startswith("  b.png: ")


def test_an_interrupt_prints_no_traceback(run, monkeypatch, photos):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_imgdesc.images.find_images", interrupt)
    code, _, err = run("describe", photos)
    assert code == 130 and err.strip() == "Interrupted."


def test_extract_and_evaluate(run, preset, photos, tmp_path):
    code, out, _ = run("extract", photos, "--preset", preset, "-o", tmp_path / "cache")
    assert code == 0 and "3 feature maps of (2, 2, 64)" in out
    table = tmp_path / "captions.csv"
    table.write_text("image,caption\na.jpg,a red dog\nb.png,a dog\nc.jpg,red dog\n")
    report = tmp_path / "report"
    code, out, _ = run(
        "evaluate", "captioner", "--preset", preset, "--annotations", table,
        "--images", photos, "--report", report,
    )  # fmt: skip
    assert code == 0 and '"pictures": 3' in out and (report / "index.html").exists()


def test_export_saved_model(run, preset, tmp_path):
    arguments = ["--preset", preset, "-o", tmp_path / "model", "--no-warm-up"]
    code, out, _ = run("export", "saved-model", *arguments, "--num-beams", "1")
    assert code == 0 and str(tmp_path / "model" / "1") in out
    code, _, err = run("export", "saved-model", *arguments, "--version", "1")
    assert code == 2 and "version=1" in err and len(err.splitlines()) == 1


def test_train_captioner_on_scenes(run, tmp_path, monkeypatch):
    from keras_imgdesc.data.caption_collection import CaptionCollection
    from keras_imgdesc.data.captioned_image import CaptionedImage
    from keras_imgdesc.data.scenes import caption_scene

    def few(split, config, data_dir=None):
        scenes = [make_scene(split, i) for i in range(8)]
        return CaptionCollection(
            [
                CaptionedImage(f"{i}", None, caption_scene(g), im, {"scene_graph": g})
                for i, (g, im) in enumerate(scenes)
            ]
        )

    monkeypatch.setattr("keras_imgdesc.data.scenes.load_scenes", few)
    recipe = tmp_path / "recipe.json"
    decoder = {"embedding_dim": 8, "hidden_dim": 8, "feature_dim": 8, "num_heads": 2}
    recipe.write_text(
        json.dumps(
            {
                "encoder_options": {"image_size": 32, "width": 0.125},
                "decoder_options": decoder,
                "captions_per_image": 5,
                "min_count": 1,
                "epochs": 9,
                "batch_size": 40,
            }
        )
    )
    code, out, err = run(
        "train", "captioner", "--recipe", recipe, "--run-dir", tmp_path / "run",
        "--scenes", "--set", "epochs=1", "--set", "batch_size=20",
        "--set", "num_beams=1",
    )  # fmt: skip
    assert code == 0, err
    assert (tmp_path / "run/preset/config.json").exists()
    assert json.loads((tmp_path / "run/recipe.json").read_text())["epochs"] == 1


@pytest.mark.slow
def test_train_painter_on_scenes(run, tmp_path, monkeypatch):
    from keras_imgdesc.data.scenes.loading import draw_scenes

    monkeypatch.setattr(
        "keras_imgdesc.data.scenes.load_scenes",
        lambda split, config, data_dir=None: draw_scenes(
            split, 64 if split == "train" else 4
        ),
    )
    small = '{"width": 4, "noise_dim": 4, "condition_dim": 8}'
    code, out, err = run(
        "train", "painter", "--recipe", RECIPES / "scenes_dcgan.json",
        "--run-dir", tmp_path / "run", "--scenes", "--set", "epochs=1",
        "--set", "batch_size=32", "--set", f"generator_options={small}",
        "--set", 'discriminator_options={"width": 4}', "--set", "resolution=32",
        "--set", "hard_mismatch=1", "--set", "generator_from=null",
        "--set", "attend_words=false", "--set", "jit_compile=false",
        "--set", "anchor_weight=0",
    )  # fmt: skip
    assert code == 0, err
    assert str(tmp_path / "run" / "preset") in out
    assert (tmp_path / "run/samples/epoch_001.png").exists()
    assert "scene_exact" in (tmp_path / "run/metrics.csv").read_text()


def test_kind_overrides_the_recipe(run, tmp_path):
    code, _, err = run(
        "train", "painter", "--recipe", RECIPES / "scenes_dcgan.json",
        "--run-dir", tmp_path / "run", "--scenes", "--kind", "vae",
    )  # fmt: skip
    assert code == 2 and "VaeRecipe has no such fields; GanRecipe has" in err


@pytest.mark.parametrize("group", ["train", "evaluate"])
def test_generator_is_a_hidden_alias_of_painter(run, group):
    code, out, _ = run(group, "--help")
    assert code == 0 and "painter" in out and "generator" not in out
    alias, painter = (
        run(group, name, "--help")[1] for name in ("generator", "painter")
    )
    assert alias.replace(f"{group} generator", f"{group} painter") == painter


def test_the_help_of_every_option_is_a_sentence():
    """No option is left without a help text, and each reads as a phrase."""

    def commands(group):
        for command in group.commands.values():
            yield from commands(command) if hasattr(command, "commands") else [command]

    for command in commands(cli.cli):
        assert command.help, command.name
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                help_text = option.help or ""
                assert re.match(r"([A-Z]|float).*[.\]]$", help_text, re.S), (
                    command.name,
                    option.opts,
                    help_text,
                )


def test_help_and_import_stay_light():
    code = (
        "import sys, keras_imgdesc, keras_imgdesc.cli\n"
        "try: keras_imgdesc.cli.main(['--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
