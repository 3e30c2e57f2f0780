"""Readers of captioned images in the common formats."""

from keras_imgdesc.data.readers.any_format import read_captions
from keras_imgdesc.data.readers.caption_folder import read_caption_folder
from keras_imgdesc.data.readers.captions_csv import read_captions_csv
from keras_imgdesc.data.readers.captions_jsonl import read_captions_jsonl
from keras_imgdesc.data.readers.coco_json import read_coco_captions
from keras_imgdesc.data.readers.coco_tfds import load_coco_captions
from keras_imgdesc.data.readers.flickr_tokens import read_flickr_tokens
from keras_imgdesc.data.readers.image_folders import (
    read_labelled_folders,
    read_unlabelled,
)
from keras_imgdesc.data.readers.karpathy_json import read_karpathy_json
from keras_imgdesc.data.readers.webdataset import read_webdataset

__all__ = [
    "load_coco_captions",
    "read_caption_folder",
    "read_captions",
    "read_captions_csv",
    "read_captions_jsonl",
    "read_coco_captions",
    "read_flickr_tokens",
    "read_karpathy_json",
    "read_labelled_folders",
    "read_unlabelled",
    "read_webdataset",
]
