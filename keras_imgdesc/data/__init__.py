"""Captioned pictures from disk and from TensorFlow Datasets."""

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.data.problem import Problem

__all__ = ["CaptionCollection", "CaptionedImage", "Problem"]
