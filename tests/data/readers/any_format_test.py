import gzip
import json
import re
from pathlib import Path

import pytest

from keras_imgdesc.data import read_captions
from keras_imgdesc.data.readers.any_format import find_format
from keras_imgdesc.errors import InputError

CAPTIONS = {f"{x}.jpg": [f"A {x} .", f"The {x} ."] for x in "abc"}
PAIRS = [(name, text) for name, texts in CAPTIONS.items() for text in texts]


def quoted(value: object) -> str:
    """Return a cell of a table that holds a list in JSON."""
    return '"' + json.dumps(value).replace('"', '""') + '"'


FILES = {
    "flickr_tokens": "\n".join(
        f"{name}#{number}\t{text}"
        for name, texts in CAPTIONS.items()
        for number, text in enumerate(texts)
    ),
    "csv": "\n".join(["image,caption", *(",".join(pair) for pair in PAIRS)]),
    "jsonl": "\n".join(
        json.dumps({"file_name": name, "text": text}) for name, text in PAIRS
    ),
    "karpathy_json": json.dumps(
        {
            "images": [
                {
                    "filename": name,
                    "split": "train",
                    "sentences": [{"raw": text} for text in texts],
                }
                for name, texts in CAPTIONS.items()
            ]
        }
    ),
    "coco_json": json.dumps(
        {
            "images": [{"id": name, "file_name": name} for name in CAPTIONS],
            "annotations": [
                {"id": number, "image_id": name, "caption": text}
                for number, (name, text) in enumerate(PAIRS)
            ],
        }
    ),
}
# Other files of the same formats.
TABLE = "raw,sentids,split,filename,img_id"
VARIANTS = {
    "hugging_face": "\n".join(
        [TABLE, *(f"{quoted(texts)},0,train,{n},1" for n, texts in CAPTIONS.items())]
    ),
    "pandas": "\n".join(
        ["text;image", *(f'"{texts}";{name}' for name, texts in CAPTIONS.items())]
    ),
    "columns": "\n".join(
        [
            "image,caption_0,caption_1,caption_2",
            *(",".join([name, *texts, ""]) for name, texts in CAPTIONS.items()),
        ]
    ),
    "lists": "\n".join(
        json.dumps({"image": name, "caption": texts})
        for name, texts in CAPTIONS.items()
    ),
    "records": json.dumps(
        [{"image": name, "caption": texts} for name, texts in CAPTIONS.items()]
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_lists_and_columns_of_captions_are_captions(photos, write, name):
    file = write("captions.txt", VARIANTS[name])
    collection = read_captions(file, photos, on_problem="error")
    assert [(e.image_id, list(e.captions)) for e in collection] == list(
        CAPTIONS.items()
    )


@pytest.mark.parametrize("file_format", FILES)
def test_every_format_gives_the_same_collection(photos, write, file_format):
    # The name of the file does not tell the format.
    file = write("captions.txt", FILES[file_format])
    assert find_format(file) == file_format
    collection = read_captions(file, photos, on_problem="error")
    assert [(e.image_id, list(e.captions)) for e in collection] == list(
        CAPTIONS.items()
    )
    assert [e.path for e in collection] == [photos / name for name in CAPTIONS]


@pytest.mark.parametrize("file_format", FILES)
def test_a_missing_image_is_a_problem_in_every_format(photos, write, file_format):
    (photos / "b.jpg").unlink()
    file = write("captions.txt", FILES[file_format])
    assert read_captions(file, photos).problem_counts() == {"missing image": 1}
    with pytest.raises(InputError, match=r"missing image: b\.jpg"):
        read_captions(file, photos, on_problem="error")


@pytest.mark.parametrize("file_format", ["flickr_tokens", "csv", "jsonl"])
def test_image_lists_and_splits_are_for_some_formats_only(photos, write, file_format):
    file, chosen = write("captions.txt", FILES[file_format]), write("list.txt", "b.jpg")
    assert len(read_captions(file, photos, image_list=chosen)) == 1
    with pytest.raises(InputError, match="`split` (is for|needs)|must contain"):
        read_captions(file, photos, split="train")
    other = write("captions.json", FILES["karpathy_json"])
    assert len(read_captions(other, photos, split="train")) == 3
    with pytest.raises(InputError, match="`image_list` is not for JSON"):
        read_captions(other, photos, image_list=chosen)


def test_damaged_first_lines_do_not_hide_the_format(photos, write):
    file = write("captions.txt", b"\xff\xfe damaged", FILES["flickr_tokens"])
    assert len(read_captions(file, photos)) == 3


@pytest.mark.parametrize(
    "content", [b"", b"A dog .", b"[1]", b"{}", b"\x89PNG\r\n\x1a"]
)
def test_unknown_formats_are_refused(photos, write, content):
    with pytest.raises(InputError, match=r"known format.*other\.txt"):
        read_captions(write("other.txt", content), photos)


@pytest.mark.parametrize("file_format", FILES)
def test_captions_can_be_read_without_the_images(photos, write, file_format):
    file = write("captions.txt", FILES[file_format])
    collection = read_captions(file, None, on_problem="error")
    assert [(e.image_id, list(e.captions)) for e in collection] == list(
        CAPTIONS.items()
    )
    assert [str(e.path) for e in collection] == list(CAPTIONS)


def test_a_list_chooses_captions_without_the_images(photos, write):
    chosen = write("list.txt", "b.jpg", "gone.jpg")
    for file_format in ("flickr_tokens", "csv"):
        file = write("captions.txt", FILES[file_format])
        collection = read_captions(file, None, image_list=chosen)
        assert [e.image_id for e in collection] == ["b.jpg"]
        assert collection.problem_counts() == {"image without captions": 1}


SPLITS = {"a.jpg": "train", "b.jpg": "val", "c.jpg": "test"}
WITH_SPLITS = {
    "csv": "\n".join(
        [TABLE, *(f"{quoted(CAPTIONS[n])},0,{x},{n},1" for n, x in SPLITS.items())]
    ),
    "jsonl": "\n".join(
        json.dumps({"image": n, "caption": CAPTIONS[n], "split": x})
        for n, x in SPLITS.items()
    ),
    "karpathy_json": json.dumps(
        {
            "images": [
                {"filename": n, "split": x, "sentences": CAPTIONS[n]}
                for n, x in SPLITS.items()
            ]
        }
    ),
}


@pytest.mark.parametrize("file_format", WITH_SPLITS)
def test_splits_are_read_where_they_are_named(photos, write, file_format):
    file = write("captions.txt", WITH_SPLITS[file_format])

    def names(split: str | None) -> list[str]:
        found = read_captions(file, photos, split=split, on_problem="error")
        assert all(e.extra["split"] == SPLITS[e.image_id] for e in found)
        return [e.image_id for e in found]

    assert names(None) == ["a.jpg", "b.jpg", "c.jpg"]
    assert names("validation") == ["b.jpg"]
    assert names("train+test") == ["a.jpg", "c.jpg"]
    with pytest.raises(InputError, match="one of its splits: test, train, val"):
        names("other")


@pytest.mark.parametrize("file_format", WITH_SPLITS)
def test_an_image_is_in_one_split_only(photos, write, file_format):
    text = WITH_SPLITS[file_format].replace("b.jpg", "a.jpg")
    file = write("captions.txt", text)
    counts = read_captions(file, photos).problem_counts()
    assert counts["image in several splits"] == 1
    with pytest.raises(InputError, match="image in several splits"):
        read_captions(file, photos, split="val")


MARKS = {"is_rejected": [True, False, False], "is_precanned": [False, True, False]}
MARKED = {
    "csv": "image,caption,is_rejected,is_precanned\n"
    "a.jpg,A a .,True,False\na.jpg,Too dark .,0,1\na.jpg,The a .,False,",
    "jsonl": "\n".join(
        json.dumps({"image": "a.jpg", "caption": f"A {n} .", **dict(zip(MARKS, marks))})
        for n, marks in enumerate(zip(*MARKS.values()))
    ),
    "karpathy_json": json.dumps(
        {
            "images": [
                {
                    "filename": "a.jpg",
                    "sentences": [
                        {"raw": f"A {n} .", **dict(zip(MARKS, marks))}
                        for n, marks in enumerate(zip(*MARKS.values()))
                    ],
                }
            ]
        }
    ),
    "coco_json": json.dumps(
        {
            "images": [{"id": 0, "file_name": "a.jpg"}],
            "annotations": [
                {"id": n, "image_id": 0, "caption": "A .", **dict(zip(MARKS, marks))}
                for n, marks in enumerate(zip(*MARKS.values()))
            ],
        }
    ),
}


@pytest.mark.parametrize("file_format", MARKED)
def test_rejected_captions_are_counted_or_kept(photos, write, file_format):
    file = write("captions.txt", MARKED[file_format])
    collection = read_captions(file, photos)
    assert len(collection.captions()) == 1
    rejected = [p for p in collection.problems if p.kind == "rejected caption"]
    assert ["is_rejected" in p.detail for p in rejected] == [True, False]
    assert len(read_captions(file, photos, keep_rejected=True).captions()) == 3


REPEATED_IDS = {
    "coco_json": json.dumps(
        {
            "images": [{"id": name, "file_name": name} for name in CAPTIONS],
            "annotations": [
                {"id": number % 2, "image_id": name, "caption": text}
                for number, (name, text) in enumerate(PAIRS)
            ],
        }
    ),
    "karpathy_json": json.dumps(
        {
            "images": [
                {
                    "filename": name,
                    "sentences": [
                        {"raw": text, "sentid": number}
                        for number, text in enumerate(texts)
                    ],
                }
                for name, texts in CAPTIONS.items()
            ]
        }
    ),
    "csv": "\n".join(
        ["image,caption_number,caption", *(f"{name},0,{text}" for name, text in PAIRS)]
    ),
    "flickr_tokens": "\n".join(f"{name}#0\t{text}" for name, text in PAIRS),
}


@pytest.mark.parametrize("file_format", REPEATED_IDS)
def test_ids_may_be_repeated(photos, write, file_format):
    file = write("captions.txt", REPEATED_IDS[file_format])
    collection = read_captions(file, photos, on_problem="error")
    assert collection.captions() == [text for _, text in PAIRS]


def test_equal_captions_are_kept_if_ids_tell_them_apart(photos, write):
    tokens = write("t.txt", "a.jpg#0\tA a .", "a.jpg#1\tA a .", "a.jpg#1\tA a .")
    assert read_captions(tokens, photos).captions() == ["A a .", "A a ."]
    table = write("t.csv", "image,caption", "a.jpg,A a .", "a.jpg,A a .")
    collection = read_captions(table, photos)
    assert collection.captions() == ["A a ."]
    assert collection.problem_counts()["duplicate caption"] == 1


@pytest.mark.parametrize(
    "cell", ['"[""A dog ."", ""A c"', '"{""raw"": ""A dog .""}"', "[7]", "[]", "['A',"]
)
def test_a_damaged_list_is_no_caption(photos, write, problems_of, cell):
    file = write("t.csv", "image;caption", f"a.jpg;{cell}", "b.jpg;[Two] dogs [run]")
    collection = read_captions(file, photos)
    assert collection.captions() == ["[Two] dogs [run]"]
    kind, name = problems_of(collection)[0]
    assert kind in ("malformed entry", "empty caption") and name == "t.csv:2"


def test_metadata_inside_a_folder_of_images_is_found(photos):
    (photos / "metadata.jsonl").write_text(FILES["jsonl"])
    collection = read_captions(photos, photos, on_problem="error")
    assert collection.captions() == [text for _, text in PAIRS]


def test_compressed_files_are_read(photos, tmp_path):
    file = tmp_path / "captions.gz"
    for text in FILES.values():
        content = gzip.compress(text.encode())
        file.write_bytes(content)
        assert len(read_captions(file, photos)) == 3
        file.write_bytes(content[:-30])
        with pytest.raises(InputError, match=r"gzip.*captions\.gz"):
            read_captions(file, photos)


EXAMPLES = re.findall(
    r"^```(?:text|json) (\w+)\n(.*?)^```$",
    Path(__file__).parents[3].joinpath("docs", "data.md").read_text("utf-8"),
    flags=re.MULTILINE | re.DOTALL,
)


def test_the_examples_of_the_documentation_are_read(photos, write):
    for file_format, text in EXAMPLES:
        if file_format == "webdataset":
            continue  # it shows names of files
        file = write("captions.txt", text.rstrip("\n"))
        if file_format == "caption_folder":
            file = file.rename(photos / "a.txt").parent
        assert find_format(file) == file_format, text
        collection = read_captions(file, photos)
        assert collection[0].path == photos / "a.jpg", text
        assert collection[0].captions[0].startswith("A dog runs"), text
        assert set(collection.problem_counts()) <= {"image without captions"}, text
    assert {name for name, _ in EXAMPLES} == {*FILES, "caption_folder", "webdataset"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_read_and_damage_in_it_counted(tmp_path, encoding):
    file = tmp_path / "captions.txt"
    text = "image\tcaption\na.jpg\tÄ dog .\nb.jpg\tA \ud800 cat .\n"
    start = "" if encoding == "utf-16" else "\ufeff"
    file.write_bytes((start + text).encode(encoding, "surrogatepass") + b"\0")
    collection = read_captions(file, None)
    assert [e.captions for e in collection] == [("Ä dog .",)]
    assert collection.problem_counts()["not UTF-8"] == 1


def test_the_error_of_no_image_shows_a_name_that_was_not_found(tmp_path):
    (tmp_path / "a.jpg").touch()
    file = tmp_path / "captions.csv"
    file.write_text("image,caption\nphotos/a.jpg,A dog .\n")
    with pytest.raises(InputError, match="first problem: missing image: photos/a.jpg"):
        read_captions(file, tmp_path)


def test_the_error_of_an_unknown_format_shows_the_first_line(tmp_path):
    file = tmp_path / "captions.csv"
    file.write_text("photo,alt\na.jpg,A dog .\n")
    with pytest.raises(InputError, match="first_line='photo,alt'"):
        read_captions(file, tmp_path)


@pytest.mark.parametrize("file_format", ["flickr_tokens", "csv", "jsonl", "coco_json"])
def test_names_may_begin_with_the_current_folder(tmp_path, file_format):
    for name in CAPTIONS:
        (tmp_path / name).touch()
    file = tmp_path / "captions"
    file.write_text(re.sub(r"\b([abc]\.jpg)", r"./\1", FILES[file_format]))
    collection = read_captions(file, tmp_path, on_problem="error")
    assert {e.path.name: [*e.captions] for e in collection} == CAPTIONS
    assert {e.path for e in collection} == {tmp_path / name for name in CAPTIONS}


def test_a_list_as_find_prints_it(photos, write):
    chosen = photos.parent / "list.txt"
    chosen.write_text("./b.jpg\n")
    file = write("captions.csv", FILES["csv"])
    assert [e.image_id for e in read_captions(file, photos, image_list=chosen)] == [
        "b.jpg"
    ]
    chosen.write_text("\n")
    with pytest.raises(InputError, match="The list must name an image.*list.txt"):
        read_captions(file, photos, image_list=chosen)
