"""The classification task: from images to class probabilities."""

from keras_imgdesc.classification.image_classifier import ImageClassifier
from keras_imgdesc.classification.labels import Labels

__all__ = ["ImageClassifier", "Labels"]
