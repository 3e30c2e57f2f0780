"""COCO's caption annotations."""

from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.gathering import Gatherer, read_image_list, read_json
from keras_imgdesc.errors import InputError


def read_coco_captions(
    json_file: str | Path,
    images_dir: str | Path,
    image_list: str | Path | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read `{"images": [{"id", "file_name"}], "annotations": [{"image_id", ...}]}`.

    Args:
        json_file: as `captions_train2017.json`.
        images_dir: folder of the pictures.
        image_list: file naming the pictures to use; `None` takes all.
        on_problem: `"skip"` or `"error"`.

    Raises:
        InputError: another form of file, a file cannot be read, nothing is left, or
            there is a problem that is not to be skipped.

    Reference:
        Chen et al., "Microsoft COCO Captions", https://arxiv.org/abs/1504.00325
    """
    gatherer = Gatherer(json_file, on_problem)
    content = read_json(json_file)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("images", "annotations")
    ):
        raise InputError(
            "The file must hold an object with lists of images and annotations",
            "Give a file in the form of captions_train2017.json",
            file=str(json_file),
        )
    names = {}
    for number, row in enumerate(content["images"]):
        try:
            identity, name = row["id"], row["file_name"]
        except (KeyError, TypeError) as error:
            gatherer.problem("malformed entry", f"images[{number}]", repr(error))
            continue
        if identity in names:
            gatherer.problem("duplicate id", str(identity))
            continue
        names[identity] = name
        gatherer.add_image(name)
    for number, row in enumerate(content["annotations"]):
        try:
            identity, caption = row["image_id"], row["caption"]
        except (KeyError, TypeError) as error:
            gatherer.problem("malformed entry", f"annotations[{number}]", repr(error))
            continue
        if identity not in names:
            gatherer.problem("caption without image", str(identity), str(caption)[:80])
            continue
        gatherer.add_caption(names[identity], str(caption), f"annotations[{number}]")
    wanted = None if image_list is None else read_image_list(image_list)
    return gatherer.collect(images_dir, wanted)
