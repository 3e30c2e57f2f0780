"""Captioned images from disk, from TensorFlow Datasets and drawn on the spot."""

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.problem import Problem
from keras_imgdesc.data.readers.any_format import read_captions
from keras_imgdesc.data.readers.captions_csv import read_captions_csv
from keras_imgdesc.data.readers.coco_json import read_coco_captions
from keras_imgdesc.data.readers.coco_tfds import load_coco_captions
from keras_imgdesc.data.readers.flickr_tokens import read_flickr_tokens
from keras_imgdesc.data.readers.image_folders import read_labelled_folders
from keras_imgdesc.data.readers.karpathy_json import read_karpathy_json
from keras_imgdesc.data.scenes.loading import load_scenes

__all__ = [
    "CaptionCollection",
    "CaptionedImage",
    "Problem",
    "load_coco_captions",
    "load_scenes",
    "read_captions",
    "read_captions_csv",
    "read_coco_captions",
    "read_flickr_tokens",
    "read_karpathy_json",
    "read_labelled_folders",
]
