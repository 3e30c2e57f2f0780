"""Which reader a file is for."""

from pathlib import Path

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.coco_captions import read_coco_captions
from keras_imgdesc.data.readers.csv_captions import read_captions_csv
from keras_imgdesc.data.readers.flickr_tokens import read_flickr_tokens
from keras_imgdesc.data.readers.gathering import read_json
from keras_imgdesc.data.readers.karpathy_json import read_karpathy_json
from keras_imgdesc.errors import InputError


def read_captions(
    annotations: str | Path,
    images_dir: str | Path,
    *,
    image_list: str | Path | None = None,
    split: str | None = None,
    on_problem: str = "skip",
) -> CaptionCollection:
    """Read captions in any of the known forms, told by the file's content.

    Args:
        annotations: a Flickr token file, a CSV, a Karpathy or a COCO JSON.
        images_dir: folder of the pictures.
        image_list: file naming the pictures to use; `None` takes all.
        split: of a Karpathy JSON.
        on_problem: `"skip"` leaves troubled entries out and counts them, `"error"`
            raises at the first.

    Raises:
        InputError: the file does not exist or has none of these forms.
    """
    path = Path(annotations)
    if not path.is_file():
        raise InputError(
            "The file of captions must exist", "Check the path", annotations=str(path)
        )
    if path.suffix.lower() == ".json":
        content = read_json(path)
        if isinstance(content, dict) and "annotations" in content:
            return read_coco_captions(path, images_dir, image_list, on_problem)
        return read_karpathy_json(path, images_dir, split, image_list, on_problem)
    with path.open("rb") as file:
        first = file.readline(4096)
    if b"\t" in first and b"#" in first.split(b"\t")[0]:
        return read_flickr_tokens(path, images_dir, image_list, on_problem)
    if b"," in first or b"|" in first:
        return read_captions_csv(path, images_dir, image_list, on_problem)
    raise InputError(
        "The file must be a token file, a CSV, or a Karpathy or COCO JSON",
        "See the README for the forms that are read",
        annotations=str(path),
        first_line=first[:60],
    )
