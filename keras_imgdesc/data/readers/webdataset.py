"""A reader of WebDataset: tar files with an image and its caption under one name."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_checks import (
    DUPLICATE_IMAGE,
    MALFORMED,
    NO_CAPTIONS,
    NO_IMAGE,
    NOT_UTF8,
    is_inside,
    is_utf8,
)
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.caption_folder import TEXT_SUFFIXES
from keras_imgdesc.data.readers.image_lists import ImageChoice
from keras_imgdesc.data.readers.image_writer import ImageWriter
from keras_imgdesc.data.readers.json_files import parse_entry
from keras_imgdesc.data.readers.record_fields import caption_names, rejection_mark
from keras_imgdesc.data.readers.tar_shards import (
    TarEntry,
    TarShard,
    find_shards,
    shard_name,
)
from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES

OTHER_FILE = "another file of that name"
_MAX_TEXT = 1 << 24
_MAX_IMAGE = 1 << 30
_SUFFIXES = (*IMAGE_SUFFIXES, *TEXT_SUFFIXES, ".json")


@dataclass
class _Sample:
    image: TarEntry | None = None
    suffix: str = ""
    captions: list[object] = field(default_factory=list)
    mark: str | None = None
    read_from: str = ""


def read_webdataset(
    shards: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    image_list: str | os.PathLike[str] | None = None,
    on_problem: str = "skip",
    *,
    keep_rejected: bool = False,
) -> CaptionCollection:
    """Read tar files of WebDataset, as img2dataset writes them.

    A sample is a few files of one name: `000.jpg` with `000.txt`, which holds one
    caption, or with `000.json`, an object with a `caption`, `text` or a list
    `captions`. If there are both, the text counts. Other files are ignored.

    Args:
        shards: path of a tar file, of a folder of tar files, or a pattern such as
            `"shards/*.tar"`. They may be compressed with gzip, bzip2 or xz.
        images_dir: folder into which the images are unpacked, a subfolder for each tar
            file; it is made if it does not exist. What is there already is not written
            again, and never replaced. None to read the captions alone.
        image_list: path of a file with the names of the images to read, one per line,
            such as `shard-000/000.jpg`; None reads all.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.
        keep_rejected: whether to keep captions of objects whose `is_rejected` or
            `is_precanned` is true.

    Returns:
        The images in the order of the list, or of the tar files if there is no list.
        The id is the name of the tar file and of the image: names may be repeated in
        other tar files.

    Raises:
        InputError: there is no tar file, `images_dir` cannot be written to, no image
            remains, or there is a problem and `on_problem` is `"error"`.

    Example:

    >>> import io, tarfile
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data import read_webdataset
    >>> with TemporaryDirectory() as folder:
    ...     with tarfile.open(Path(folder, "a.tar"), "w") as tar:
    ...         for name, content in (("0.jpg", b"a JPEG file"), ("0.txt", b"A dog .")):
    ...             entry = tarfile.TarInfo(name)
    ...             entry.size = len(content)
    ...             tar.addfile(entry, io.BytesIO(content))
    ...     collection = read_webdataset(Path(folder, "a.tar"), Path(folder, "images"))
    ...     print(collection[0].image_id, collection[0].captions)
    a/0.jpg ('A dog .',)
    """
    paths = find_shards(shards)
    if not paths:
        raise InputError(
            "There must be a tar file",
            "Name a .tar file or a folder of them",
            path=shards,
        )
    with ExitStack() as stack:
        writer = None
        if images_dir is not None:
            writer = stack.enter_context(ImageWriter(images_dir))
        collector = CaptionCollector(shards, images_dir, on_problem, keep_rejected)
        choice = ImageChoice(collector, image_list, is_unpacked=False)
        counts = Counter(shard_name(path) for path in paths)
        for path in paths:
            folder = shard_name(path)
            if counts[folder] > 1:  # train/0.tar and val/0.tar, or 0.tar and 0.tgz
                folder = f"{path.parent.name}/{path.name}"
            try:
                shard = TarShard(path)
            except InputError as error:
                if len(paths) == 1:
                    raise
                collector.add_problem(MALFORMED, path.name, error.rule)
                continue
            with shard:
                _read_shard(shard, folder, collector, choice, writer)
        return collector.finish()


def _read_shard(
    shard: TarShard,
    folder: str,
    collector: CaptionCollector,
    choice: ImageChoice,
    writer: ImageWriter | None,
) -> None:
    """Add the samples of a tar file, after unpacking their images."""
    samples = _samples(shard, collector)
    for damage in shard.damage:
        collector.add_problem(MALFORMED, shard.path.name, damage)
    for key, sample in samples.items():
        place = f"{shard.path.name}:{key}"
        if sample.image is None:
            if sample.captions:
                collector.add_problem(NO_IMAGE, place, "no image of that name")
            continue
        name = f"{folder}/{key}{sample.suffix}"
        if choice.has_list and name not in collector:
            continue
        if not sample.captions:
            collector.add_problem(NO_CAPTIONS, name)
            continue
        if not is_utf8(name):
            collector.add_problem(NOT_UTF8, name, "the name of an image")
            continue
        problem = writer and _unpack(shard, sample.image, name, writer)
        if problem:
            collector.add_problem(problem[0], place, problem[1])
        elif choice.take(name):
            collector.add_captions(name, sample.captions, place, mark=sample.mark)


def _samples(shard: TarShard, collector: CaptionCollector) -> dict[str, _Sample]:
    """Return what belongs together in a tar file, with the texts but not the images."""
    samples: dict[str, _Sample] = {}
    for entry in shard.entries():
        path = PurePosixPath(entry.name)
        suffix = path.suffix.lower()
        if path.name.startswith(".") or suffix not in _SUFFIXES:
            continue
        place = f"{shard.path.name}:{path}"
        if not entry.is_file or not is_inside(entry.name):
            detail = "not a file name inside the folder" if entry.is_file else "a link"
            collector.add_problem(MALFORMED, place, detail)
            continue
        sample = samples.setdefault(str(path.with_suffix("")), _Sample())
        if suffix in IMAGE_SUFFIXES:
            if sample.image is None:
                sample.image, sample.suffix = entry, path.suffix
            else:
                collector.add_problem(DUPLICATE_IMAGE, place)
            continue
        content = shard.read(entry, _MAX_TEXT)
        if content is None:
            collector.add_problem(MALFORMED, place, "cut off or too large")
            continue
        text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        if sample.read_from not in ("", ".json") and suffix == ".json":
            continue
        if sample.read_from == suffix or sample.read_from in TEXT_SUFFIXES:
            # It would belong to another image of that name, which is left out.
            collector.add_problem(MALFORMED, place, "another text has that name")
            continue
        sample.read_from = suffix
        if suffix == ".json":
            _add_json(sample, text, place, collector)
        else:
            sample.captions, sample.mark = [text], None
    return samples


def _add_json(
    sample: _Sample, text: str, place: str, collector: CaptionCollector
) -> None:
    record = parse_entry(text)
    if not isinstance(record, dict):
        collector.add_problem(MALFORMED, place, "not a JSON object")
        return
    sample.captions = [record[name] for name in caption_names(tuple(record))]
    sample.mark = rejection_mark(record)


def _unpack(
    shard: TarShard, entry: TarEntry, name: str, writer: ImageWriter
) -> tuple[str, str] | None:
    """Write an image into the folder unless it is there; return a problem, if any."""
    content = shard.read(entry, _MAX_IMAGE)
    if content is None:
        return MALFORMED, "the image is cut off or too large"
    is_there = writer.holds(name, content)
    if is_there is None and not writer.write(name, content):
        return MALFORMED, f"not a file name here: {name!r}"
    if is_there is False:
        return OTHER_FILE, f"in the folder, {name} has other content"
    return None
