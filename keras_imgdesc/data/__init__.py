"""Captioned images from disk, from TensorFlow Datasets and drawn on the spot."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_imgdesc.data.caption_collection import (
        CaptionCollection as CaptionCollection,
    )
    from keras_imgdesc.data.captioned_image import CaptionedImage as CaptionedImage
    from keras_imgdesc.data.problem import Problem as Problem
    from keras_imgdesc.data.readers.any_format import read_captions as read_captions
    from keras_imgdesc.data.readers.caption_folder import (
        read_caption_folder as read_caption_folder,
    )
    from keras_imgdesc.data.readers.captions_csv import (
        read_captions_csv as read_captions_csv,
    )
    from keras_imgdesc.data.readers.captions_jsonl import (
        read_captions_jsonl as read_captions_jsonl,
    )
    from keras_imgdesc.data.readers.coco_json import (
        read_coco_captions as read_coco_captions,
    )
    from keras_imgdesc.data.readers.coco_tfds import (
        load_coco_captions as load_coco_captions,
    )
    from keras_imgdesc.data.readers.flickr_tokens import (
        read_flickr_tokens as read_flickr_tokens,
    )
    from keras_imgdesc.data.readers.image_folders import (
        read_labelled_folders as read_labelled_folders,
    )
    from keras_imgdesc.data.readers.karpathy_json import (
        read_karpathy_json as read_karpathy_json,
    )
    from keras_imgdesc.data.readers.webdataset import read_webdataset as read_webdataset
    from keras_imgdesc.data.scenes.loading import load_scenes as load_scenes
    from keras_imgdesc.data.splitting import hold_out as hold_out

_HOMES = {
    "CaptionCollection": "caption_collection",
    "CaptionedImage": "captioned_image",
    "Problem": "problem",
    "hold_out": "splitting",
    "load_coco_captions": "readers.coco_tfds",
    "load_scenes": "scenes.loading",
    "read_caption_folder": "readers.caption_folder",
    "read_captions": "readers.any_format",
    "read_captions_csv": "readers.captions_csv",
    "read_captions_jsonl": "readers.captions_jsonl",
    "read_coco_captions": "readers.coco_json",
    "read_flickr_tokens": "readers.flickr_tokens",
    "read_karpathy_json": "readers.karpathy_json",
    "read_labelled_folders": "readers.image_folders",
    "read_webdataset": "readers.webdataset",
}

__all__ = [
    "CaptionCollection",
    "CaptionedImage",
    "Problem",
    "hold_out",
    "load_coco_captions",
    "load_scenes",
    "read_caption_folder",
    "read_captions",
    "read_captions_csv",
    "read_captions_jsonl",
    "read_coco_captions",
    "read_flickr_tokens",
    "read_karpathy_json",
    "read_labelled_folders",
    "read_webdataset",
]


def __getattr__(name: str) -> Any:
    # Imported on first use: reading a caption of Scenes does not need TensorFlow.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
