import json
import subprocess
import sys

import click
import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.cli import cli
from keras_imgdesc.cli.captioned_images import read_captions, read_training_captions

NOTHING = dict.fromkeys(
    (
        *("annotations", "images", "image_list", "split"),
        *("scenes", "scenes_config", "data_dir", "flowers"),
    )
)


@pytest.fixture
def flowers(tmp_path):
    (tmp_path / "jpg").mkdir()
    rows = ["image,label,name,official_split"]
    for split in ("train", "valid", "test"):
        pixels = np.full((20, 20, 3), (200, 20, 20), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "jpg" / f"{split}.png")
        rows.append(f"{split}.png,46,wallflower,{split}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    return tmp_path


@pytest.mark.parametrize(
    ("split", "default", "names"),
    [
        (None, "validation", ["valid.png"]),
        (None, "train", ["train.png"]),
        ("train+test", "train", ["train.png", "test.png"]),
    ],
)
def test_flowers_are_read_by_split(flowers, split, default, names, capsys):
    source = NOTHING | {"flowers": flowers, "split": split}
    collection = read_captions(**source, default_split=default)
    assert [e.image_id for e in collection] == names
    out, err = capsys.readouterr()
    assert not out and f"{len(names)} image" in err


@pytest.mark.parametrize("scenes", [False, True])
def test_exactly_one_source_is_accepted(flowers, scenes):
    source = NOTHING | {"scenes": scenes, "flowers": flowers if scenes else None}
    with pytest.raises(click.UsageError, match="--flowers"):
        read_captions(**source, default_split="train")


def test_a_folder_of_captions_is_a_folder_of_images(tmp_path, capsys):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "metadata.jsonl").write_text(
        '{"file_name": "a.jpg", "text": "A dog ."}\n'
        '{"file_name": "a.jpg", "text": "Spam .", "is_rejected": true}'
    )
    source = NOTHING | {"annotations": tmp_path}
    assert read_captions(**source, default_split="test").captions() == ["A dog ."]
    assert "1 x rejected caption: metadata.jsonl:2" in capsys.readouterr().err
    source["keep_rejected"] = True
    assert len(read_captions(**source, default_split="test").captions()) == 2
    (tmp_path / "a.jpg").rename(tmp_path / "a.tar")
    with pytest.raises(click.UsageError, match="with --images"):
        read_captions(**source, default_split="test")


def test_keep_rejected_is_an_option_wherever_annotations_are():
    found = 0
    groups = [click.Context(cli)]
    while groups:
        context = groups.pop()
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if isinstance(command, click.Group):
                groups.append(click.Context(command))
            options = {option.name for option in command.params}
            if {"annotations", "image_list"} <= options:
                assert "keep_rejected" in options, name
                found += 1
    assert found > 5


def test_scenes_config_chooses_the_size(tmp_path):
    source = NOTHING | {"data_dir": tmp_path, "scenes_config": "tiny"}
    collection = read_captions(**source | {"scenes": True}, default_split="train")
    assert len(collection) == 300
    with pytest.raises(click.UsageError, match="needs --scenes"):
        read_captions(**source | {"scenes": False}, default_split="train")


def test_a_command_is_imported_when_it_is_used():
    program = (
        "import sys, keras_imgdesc.cli as package\n"
        "name = 'keras_imgdesc.cli.painting'\n"
        "assert name not in sys.modules\n"
        "assert package.cli.commands['paint'].name == 'paint'\n"
        "assert name in sys.modules\n"
        "assert 'keras_imgdesc.cli.training' not in sys.modules\n"
        "assert all(package.cli.commands[n].name == n for n in package.COMMANDS)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


OPTIONS = {
    f"validation_{name}": None
    for name in ("annotations", "image_list", "split", "fraction")
}


@pytest.mark.parametrize("kind", ["karpathy", "csv", "jsonl"])
def test_a_file_with_splits_is_trained_on_by_its_training_split(tmp_path, kind, capsys):
    splits = {"a": "train", "b": "test", "c": "dev", "d": "train"}
    images = tmp_path / "images"
    images.mkdir()
    for name in splits:
        (images / f"{name}.jpg").write_text(name)
    rows = [
        {"filename": f"{name}.jpg", "split": split, "text": "A dog ."}
        for name, split in splits.items()
    ]
    file = tmp_path / "captions.txt"
    if kind == "karpathy":
        for row in rows:
            row["sentences"] = [{"raw": row.pop("text")}]
        file.write_text(json.dumps({"images": rows}))
    elif kind == "csv":
        lines = [",".join(row.values()) for row in rows]
        file.write_text("\n".join(["filename,split,text", *lines]))
    else:
        file.write_text("\n".join(map(json.dumps, rows)))
    source = NOTHING | OPTIONS | {"annotations": file, "images": images}

    def read(**changes) -> list[str]:
        collections = read_training_captions(0, **source | changes)
        return ["".join(e.image_id[0] for e in images) for images in collections]

    assert read() == ["ad", "c"]
    err = capsys.readouterr().err
    assert (
        "captions.txt names the splits test, train, val: train is used; --split" in err
    )
    assert ": val is used; --validation-split names another" in err
    assert read(split="train+test", validation_split="dev") == ["abd", "c"]
    assert " is used" not in capsys.readouterr().err
    assert sorted(map(sorted, read(validation_fraction=0.5))) == [["a"], ["d"]]
    if kind != "karpathy":
        names = tmp_path / "names.txt"
        names.write_text("a.jpg\nb.jpg")
        assert read(image_list=names) == ["ab", "c"]


def test_a_file_without_a_training_split_is_used_as_it_is(tmp_path, capsys):
    (tmp_path / "a.jpg").touch()
    file = tmp_path / "captions.csv"
    file.write_text("image,caption,split\na.jpg,A dog .,mine\n")
    source = NOTHING | OPTIONS | {"annotations": file, "images": tmp_path}
    train, _ = read_training_captions(0, **source)
    assert len(train) == 1 and " is used" not in capsys.readouterr().err
