"""A reader of captions in the JSON format of COCO."""

from __future__ import annotations

import os

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.caption_checks import MALFORMED, NO_IMAGE
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.json_files import read_json
from keras_imgdesc.data.readers.paths import relative_name
from keras_imgdesc.data.readers.record_fields import rejection_mark


def read_coco_captions(
    json_file: str | os.PathLike[str],
    images_dir: str | os.PathLike[str] | None,
    on_problem: str = "skip",
    *,
    keep_rejected: bool = False,
) -> CaptionCollection:
    """Read `captions_train2017.json` or a file of the same format.

    The file has `images`, each with `id` and `file_name`, and `annotations`, each
    with `id`, `image_id` and `caption`. An image may be listed again under another id:
    its captions are joined. VizWiz marks captions as `is_rejected` or `is_precanned`.

    Args:
        json_file: path of the file.
        images_dir: folder of the images; None to read the captions alone.
        on_problem: `"skip"` omits entries with a problem and lists them in
            `problems`; `"error"` raises.
        keep_rejected: whether to keep captions whose `is_rejected` or `is_precanned` is
            true.

    Returns:
        The images in the order of the file; `image_id` is COCO's number as a string.

    Raises:
        InputError: the file cannot be read or has another format, no image remains, or
            there is a problem and `on_problem` is `"error"`.

    Example:

    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from keras_imgdesc.data import read_coco_captions
    >>> content = {
    ...     "images": [{"id": 7, "file_name": "a.jpg"}],
    ...     "annotations": [{"id": 1, "image_id": 7, "caption": "A dog."}],
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "a.jpg").touch()
    ...     file = Path(folder, "captions.json")
    ...     written = file.write_text(json.dumps(content))
    ...     print(read_coco_captions(file, folder)[0].image_id)
    7
    """
    collector = CaptionCollector(json_file, images_dir, on_problem, keep_rejected)
    ids: dict[str, str] = {}
    names: dict[str, str] = {}
    first_ids: dict[str, str] = {}
    ambiguous: set[str] = set()
    content = read_json(json_file, "images", "annotations")
    for number, image in enumerate(content["images"]):
        place = collector.place(f"images[{number}]")
        if not isinstance(image, dict) or not _is_id(image.get("id")):
            collector.add_problem(MALFORMED, place, "no 'id'")
        elif not isinstance(image.get("file_name"), str):
            collector.add_problem(MALFORMED, place, "no 'file_name'")
        else:
            image_id = str(image["id"])
            name = relative_name(image["file_name"], collector.images_dir)
            if names.setdefault(image_id, name) != name:
                ambiguous.add(image_id)
            first = first_ids.get(name, image_id)
            if image_id not in ids and first != image_id:
                ids[image_id] = first
            elif collector.add_image(image_id, name):
                ids[image_id] = first_ids[name] = image_id
    for number, annotation in enumerate(content["annotations"]):
        place = collector.place(f"annotations[{number}]")
        if not isinstance(annotation, dict) or not _is_id(annotation.get("image_id")):
            collector.add_problem(MALFORMED, place, "no 'image_id'")
            continue
        image_id = str(annotation["image_id"])
        if image_id not in ids or image_id in ambiguous:
            which = "several images have" if image_id in ambiguous else "no image has"
            collector.add_problem(NO_IMAGE, place, f"{which} the id {image_id}")
            continue
        caption_id = annotation.get("id")
        collector.add_caption(
            ids[image_id],
            annotation.get("caption"),
            place,
            str(caption_id) if _is_id(caption_id) else None,
            rejection_mark(annotation),
        )
    return collector.finish()


def _is_id(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)
