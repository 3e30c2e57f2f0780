"""Counting the captions of a dataset while a model is trained on them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_imgdesc.text.cut_texts import warn_of_cut
from keras_imgdesc.text.known_words import check_known_words

# Captions kept until the end of the first epoch, about 100 MB.
_MOST_KEPT = 1_000_000


class StreamedCaptions(keras.callbacks.Callback):
    """Keep the captions of the first epoch, and check them at its end.

    A `tf.data.Dataset` shows its captions only while it is read. What can be said of
    arrays before training, how many captions are cut and which words are unknown, is
    said of a dataset once its first epoch has ended.

    Args:
        tokenizer: tokenizer of the task.
        task: what is trained, such as "captioner".

    Raises:
        InputError: at the end of the first epoch, if no caption has a known word.

    Warns:
        UnknownWordsWarning: then, if more than a tenth of the words are unknown.
    """

    def __init__(self, tokenizer: Any, task: str) -> None:
        super().__init__()
        self._tokenizer, self._task = tokenizer, task
        self._captions: list[bytes] = []
        self._is_over = False

    def watch(self, data: Any) -> Any:
        """Return a dataset whose captions are kept when they are read.

        Args:
            data: anything; other than datasets of dicts with strings in `"caption"`, it
                is returned unchanged.
        """
        spec = getattr(data, "element_spec", None)
        caption = spec.get("caption") if isinstance(spec, dict) else None
        if getattr(caption, "dtype", None) != tf.string:
            return data

        def keep(row: dict[str, Any]) -> dict[str, Any]:
            done = tf.numpy_function(self._keep, [row["caption"]], tf.int32)
            with tf.control_dependencies([done]):
                return row | {"caption": tf.identity(row["caption"])}

        return data.map(keep)

    def add_to(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return arguments of `fit` with this callback beside the others."""
        given = options.get("callbacks") or []
        if isinstance(given, keras.callbacks.CallbackList):
            given.callbacks.append(self)
            return options
        several = given if isinstance(given, list | tuple) else [given]
        return options | {"callbacks": [*several, self]}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Check the captions of the first epoch."""
        self._check()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Check the captions of an evaluation."""
        self._check()

    def _check(self) -> None:
        captions, self._captions = self._captions, []
        self._is_over = True
        if captions:
            texts = tf.constant(captions, tf.string)
            warn_of_cut(self._tokenizer, texts, "captions")
            check_known_words(self._tokenizer, texts, self._task)

    def _keep(self, captions: Any) -> Any:
        if not self._is_over and len(self._captions) < _MOST_KEPT:
            self._captions.extend(np.ravel(captions).tolist())
        return np.int32(0)
