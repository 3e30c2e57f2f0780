"""What is not a path, and absolute names of images."""

import json

import pytest

from keras_imgdesc.data import read_captions
from keras_imgdesc.data.readers import (
    read_caption_folder,
    read_captions_csv,
    read_webdataset,
)
from keras_imgdesc.data.readers.image_folders import read_unlabelled
from keras_imgdesc.errors import InputError


@pytest.mark.parametrize(
    "read", [read_captions, read_captions_csv, read_caption_folder, read_webdataset]
)
def test_what_is_no_path_is_refused_by_name(read, write):
    for nothing in (None, 3):
        with pytest.raises(InputError, match=f"must be a path.*={nothing}"):
            read(nothing, None)
    table = write("captions.csv", "image,caption", "a.jpg,A dog")
    with pytest.raises(InputError, match="`images_dir` must be a path"):
        read_captions(table, 3)


def lines_of(form: str, names: list[str]) -> list[str]:
    if form == "csv":
        return ["image,caption", *(f"{name},A dog" for name in names)]
    if form == "tokens":
        return [f"{name}#0\tA dog" for name in names]
    if form == "jsonl":
        return [json.dumps({"file_name": name, "text": "A dog"}) for name in names]
    if form == "karpathy":
        sentences = [{"raw": "A dog"}]
        images = [
            {"filename": name, "split": "train", "sentences": sentences}
            for name in names
        ]
        return [json.dumps({"images": images})]
    images = [{"id": i, "file_name": name} for i, name in enumerate(names)]
    captions = [{"image_id": i, "caption": "A dog"} for i in range(len(names))]
    return [json.dumps({"images": images, "annotations": captions})]


@pytest.mark.parametrize("form", ["csv", "tokens", "jsonl", "karpathy", "coco"])
@pytest.mark.parametrize("through_link", [False, True])
def test_an_absolute_name_inside_the_folder_is_relative(
    form, through_link, photos, write, problems_of, tmp_path
):
    (photos / "sub").mkdir()
    (photos / "sub/d.jpg").touch()
    (tmp_path / "photos2").mkdir()
    (tmp_path / "photos2/e.jpg").touch()
    names = ["./a.jpg", f"{photos}/b.jpg", f"{photos}/sub/../sub/d.jpg"]
    outside = str(tmp_path / "photos2/e.jpg")
    folder = photos
    if through_link:
        folder = tmp_path / "link"
        folder.symlink_to(photos)
    found = read_captions(write("file", *lines_of(form, [*names, outside])), folder)
    relative = [example.path.relative_to(folder).as_posix() for example in found]
    assert relative == ["a.jpg", "b.jpg", "sub/d.jpg"]
    assert problems_of(found)[0][0] == "malformed entry"


def test_lists_of_images_may_have_absolute_names(photos, write):
    table = write("file", *lines_of("csv", ["a.jpg", "b.jpg", "c.jpg"]))
    names = write("list", f"{photos}/a.jpg", "./b.jpg")
    found = read_captions(table, photos, image_list=names)
    assert [example.image_id for example in found] == ["a.jpg", "b.jpg"]
    unlabelled = read_unlabelled([photos], names)
    assert [example.path.name for example in unlabelled] == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("form", ["csv", "tokens", "jsonl"])
def test_a_list_that_is_a_file_of_captions_is_refused(form, photos, write):
    file = write("file", *lines_of(form, ["a.jpg", "b.jpg"]))
    first = lines_of(form, ["a.jpg"])[0][:7]
    with pytest.raises(InputError, match="list must name an image of the fold") as got:
        read_captions(file, photos, image_list=file)
    assert f"first_line='{first}" in str(got.value)


@pytest.mark.parametrize("split", [None, "train"])
def test_captions_in_subfolders_are_pointed_at(split, tmp_path):
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "0.jpg").touch()
        (tmp_path / part / "metadata.csv").write_text("file_name,text\n0.jpg,A dog\n")
    with pytest.raises(InputError, match=r"'train/metadata\.csv'\].*name the file"):
        read_captions(tmp_path, tmp_path, split=split)
    part = tmp_path / "train"
    assert len(read_captions(part / "metadata.csv", part)) == 1
