import gzip
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.data import read_captions, read_webdataset
from keras_imgdesc.errors import InputError
from keras_imgdesc.images import load_image


def photo(level: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), level, np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def shard(tmp_path):
    """Return a function that writes a tar file: (name, members)."""

    def write(name: str, members: dict[str, bytes | str | dict]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with tarfile.open(path, "w") as tar:
            for member, content in members.items():
                if isinstance(content, dict):
                    content = json.dumps(content)
                if isinstance(content, str):
                    content = content.encode("utf-8", "surrogateescape")
                entry = tarfile.TarInfo(member)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        return path

    return write


def test_shards_are_unpacked_once(shard, tmp_path):
    shard("shards/0.tar", {"00.png": photo(10), "00.txt": "A dog .\n"})
    shard(
        "shards/1.tar",
        # The same name again: a writer may begin anew in each tar file.
        {
            "00.json": {"caption": "Not this .", "key": "00"},
            "00.png": photo(20),
            "00.txt": "A cat .",
            "./in/01.x.PNG": photo(30),
            "./in/01.x.json": {"captions": ["A hen .", "It eats ."], "nsfw": 0},
            "00.cls": "7",
        },
    )
    folder = tmp_path / "unpacked"
    collection = read_captions(tmp_path / "shards", folder, on_problem="error")
    assert [(e.image_id, e.captions) for e in collection] == [
        ("0/00.png", ("A dog .",)),
        ("1/00.png", ("A cat .",)),
        ("1/in/01.x.PNG", ("A hen .", "It eats .")),
    ]
    assert [load_image(e.source)[0, 0, 0] for e in collection] == [10, 20, 30]
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(found) == sorted(e.path for e in collection)
    written = [path.stat().st_mtime_ns for path in found]
    again = read_captions(f"{tmp_path}/shards/*.tar", folder)
    assert [e.path for e in again] == [e.path for e in collection]
    assert [path.stat().st_mtime_ns for path in found] == written


def test_tar_files_of_one_name_do_not_share_a_folder(shard, tmp_path):
    shard("train/0.tar", {"a.jpg": b"1", "a.txt": "A dog ."})
    shard("val/0.tar", {"a.jpg": b"2", "a.txt": "A cat ."})
    folder = tmp_path / "unpacked"
    collection = read_webdataset(tmp_path / "*" / "0.tar", folder, on_problem="error")
    assert [e.image_id for e in collection] == ["train/0.tar/a.jpg", "val/0.tar/a.jpg"]
    assert [e.path.read_bytes() for e in collection] == [b"1", b"2"]


def test_captions_alone_and_lists(shard, tmp_path, write):
    path = shard("a.tar", {f"{x}.{s}": x for x in "xyz" for s in ("jpg", "txt")})
    alone = read_captions(path, None, on_problem="error")
    assert alone.captions() == ["x", "y", "z"]
    chosen = write("list.txt", "a/z.jpg", "a/x.jpg")
    folder = tmp_path / "unpacked"
    collection = read_captions(path, folder, image_list=chosen, on_problem="error")
    assert collection.captions() == ["z", "x"]
    assert sorted(p.name for p in (folder / "a").iterdir()) == ["x.jpg", "z.jpg"]
    packed = tmp_path / "b.tar.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_captions(packed, folder).captions() == ["x", "y", "z"]


def test_every_problem_is_counted_and_named(shard, tmp_path, problems_of):
    folder = tmp_path / "unpacked"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "mine.jpg").write_bytes(b"mine")
    path = shard(
        "a.tar",
        {
            "fine.jpg": b"1",
            "fine.txt": "A dog .",
            "fine.png": b"2",
            "silent.jpg": b"3",
            "only.txt": "No image .",
            "broken.jpg": b"4",
            "broken.json": "{",
            "void.jpg": b"5",
            "void.txt": " ",
            "bad.jpg": b"6",
            "bad.txt": "caf\udce9",
            "caf\udce9.jpg": b"7",
            "caf\udce9.txt": "A photo .",
            "mine.jpg": b"yours",
            "mine.txt": "A cat .",
            "no.jpg": b"8",
            "no.json": {"caption": "Spam .", "is_rejected": True},
            f"{'n' * 300}.jpg": b"9",
            f"{'n' * 300}.txt": "A long name .",
        },
    )
    collection = read_webdataset(path, folder)
    assert collection.captions() == ["A dog ."]
    assert problems_of(collection) == [
        ("duplicate image", "a.tar:fine.png"),
        ("malformed entry", "a.tar:broken.json"),
        ("image without captions", "a/silent.jpg"),
        ("caption without image", "a.tar:only"),
        ("image without captions", "a/broken.jpg"),
        ("empty caption", "a.tar:void"),
        ("not UTF-8", "a.tar:bad"),
        ("not UTF-8", "a/caf?.jpg"),
        ("another file of that name", "a.tar:mine"),
        ("rejected caption", "a.tar:no"),
        ("malformed entry", f"a.tar:{'n' * 300}"),
        *(("image without captions", f"a/{x}.jpg") for x in ("void", "bad", "no")),
    ]
    assert (folder / "a" / "mine.jpg").read_bytes() == b"mine"
    kept = read_webdataset(path, folder, keep_rejected=True)
    assert kept.captions() == ["A dog .", "Spam ."]


def test_nothing_is_written_outside_the_folder(shard, tmp_path):
    members = {"fine.jpg": b"1", "fine.txt": "A dog ."}
    for name in ("../out", "/tmp/out", "x/../../out"):
        members |= {f"{name}.jpg": b"2", f"{name}.txt": "A cat ."}
    path = shard("a.tar", members)
    with tarfile.open(path, "a") as tar:
        for name in ("link.jpg", "link.txt"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, str(path)
            tar.addfile(link)
    before = {p for p in tmp_path.rglob("*")}
    collection = read_webdataset(path, tmp_path / "in" / "side")
    assert collection.captions() == ["A dog ."]
    assert collection.problem_counts() == {"malformed entry": 8}
    new = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")}
    new -= {p.relative_to(tmp_path).as_posix() for p in before}
    assert new == {"in", "in/side", "in/side/a", "in/side/a/fine.jpg"}


def test_what_follows_damage_is_read(shard, tmp_path):
    path = shard("a.tar", {f"{x}.{s}": x for x in "xyz" for s in ("jpg", "txt")})
    whole = path.read_bytes()
    # The header of y.jpg: each member is a header and a block.
    path.write_bytes(whole[:2048] + b"damaged" + whole[2055:])
    collection = read_webdataset(path, tmp_path / "one")
    assert collection.captions() == ["x", "z"]
    assert [str(problem) for problem in collection.problems] == [
        "malformed entry: a.tar (damaged at byte 2048)",
        "caption without image: a.tar:y (no image of that name)",
    ]
    path.write_bytes(whole[: 4 * 1024 + 512])  # in z.jpg
    cut = read_webdataset(path, tmp_path / "two")
    assert cut.captions() == ["x", "y"]
    assert "cut off" in str(cut.problems[0])
    other = path.with_name("b.tar")
    other.write_bytes(b"")
    with pytest.raises(InputError, match=r"b\.tar"):
        read_webdataset(other, tmp_path / "three")
    path.write_bytes(whole)
    both = read_webdataset(tmp_path, tmp_path / "four")
    assert both.captions() == ["x", "y", "z"]
    assert both.problems[0].name == "b.tar"


def test_a_folder_that_cannot_be_written_to(shard, tmp_path):
    path = shard("a.tar", {"x.jpg": b"1", "x.txt": "A dog ."})
    with pytest.raises(InputError, match=r"cannot be written.*a\.tar"):
        read_webdataset(path, path / "inside")
    with pytest.raises(InputError, match=r"tar file.*nothing"):
        read_webdataset(tmp_path / "nothing", tmp_path)


def test_a_name_that_is_used_again_does_not_change_the_caption(tmp_path):
    path = tmp_path / "0.tar"
    with tarfile.open(path, "w") as tar:
        for level, text in ((10, b"A dog ."), (20, b"A cat .")):
            for name, content in (("a.png", photo(level)), ("a.txt", text)):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    collection = read_captions(path, tmp_path / "unpacked")
    assert collection[0].captions == ("A dog .",)
    assert load_image(collection[0].path)[0, 0, 0] == 10
    assert [str(p) for p in collection.problems] == [
        "duplicate image: 0.tar:a.png",
        "malformed entry: 0.tar:a.txt (another text has that name)",
    ]
