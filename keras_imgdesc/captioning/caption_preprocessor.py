"""Images and captions to training data of a captioner."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_imgdesc.errors import InputError
from keras_imgdesc.images import resize_image
from keras_imgdesc.text import CaptionTokenizer


class CaptionPreprocessor:
    """Convert images and their captions to `(inputs, token_ids, sample_weight)`.

    It consists of TensorFlow operations, for `tf.data.Dataset.map`.

    Args:
        tokenizer: converts captions to token ids.
        image_size: side of the image encoder's square input, in pixels.

    Call arguments:
        example: dict, batched or not, with two entries:
            `"image"`: uint8 (..., height, width, 3), or
            `"feature_map"`: float (..., rows, columns, channels) of the encoder;
            `"caption"`: string (...), or
            `"token_ids"`: int (..., sequence_length) of the tokenizer.

    Returns:
        The model's inputs, `{"image" or "feature_map", "token_ids": int32 (...,
        sequence_length - 1)}`; the words to predict, int32 of the same shape, shifted
        by one; and their weights, float32, 0 at padding. A caption that is cut to the
        tokenizer's length has no end token.

    Raises:
        InputError: an entry is missing.

    Example:

    >>> import numpy as np
    >>> from keras_imgdesc.captioning import CaptionPreprocessor
    >>> from keras_imgdesc.text import CaptionTokenizer, Vocabulary
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "dog"]), sequence_length=5)
    >>> preprocess = CaptionPreprocessor(tokenizer, image_size=32)
    >>> inputs, token_ids, weights = preprocess(
    ...     {"image": np.zeros((40, 60, 3), "uint8"), "caption": "A dog."})
    >>> inputs["image"].shape, inputs["token_ids"].numpy().tolist()
    (TensorShape([32, 32, 3]), [2, 4, 5, 3])
    >>> token_ids.numpy().tolist(), weights.numpy().tolist()
    ([4, 5, 3, 0], [1.0, 1.0, 1.0, 0.0])
    """

    def __init__(self, tokenizer: CaptionTokenizer, image_size: int) -> None:
        self.tokenizer = tokenizer
        self.image_size = image_size

    def __call__(self, example: dict[str, Any]) -> tuple[dict[str, Any], Any, Any]:
        keys = set(example)
        if not keys & {"image", "feature_map"} or not keys & {"caption", "token_ids"}:
            raise InputError(
                "An example must have 'image' or 'feature_map', and 'caption' or "
                "'token_ids'",
                "Rename the entries of the dict",
                entries=sorted(keys),
            )
        inputs = {}
        if "feature_map" in example:
            inputs["feature_map"] = tf.convert_to_tensor(example["feature_map"])
        else:
            inputs["image"] = resize_image(
                tf.convert_to_tensor(example["image"]), self.image_size
            )
        if "token_ids" in example:
            token_ids = tf.cast(example["token_ids"], tf.int32)
        else:
            token_ids = self.tokenizer(example["caption"], end_cut=False)
        # The start token is never predicted, and the last token is never an input.
        inputs["token_ids"] = token_ids[..., :-1]
        following = token_ids[..., 1:]
        is_word = tf.not_equal(following, self.tokenizer.vocabulary.pad_id)
        return inputs, following, tf.cast(is_word, tf.float32)
