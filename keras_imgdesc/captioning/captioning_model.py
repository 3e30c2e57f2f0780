"""How every model that predicts captions is trained."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.captioning.losses import CaptionLoss, token_losses


class CaptioningModel(keras.Model):
    """A functional model that outputs logits and attention, trained with `CaptionLoss`.

    Outputs are `{"logits": (batch, words, vocabulary_size), "attention": (batch, words,
    locations)}`. `fit` and `evaluate` take `(inputs, token_ids, sample_weight)`: the
    words to predict, int32 (batch, words), and their weights, float (batch, words), 0
    at padding. They report the loss, `cross_entropy` (natural logarithm, per word,
    without label smoothing) and `token_accuracy`, all without padding.

    It is built like any functional Keras model, `CaptioningModel(inputs, outputs)`.
    """

    def compile(
        self,
        optimizer: Any = "adamw",
        loss: CaptionLoss | None = None,
        jit_compile: Any = None,
        **kwargs: Any,
    ) -> None:
        """Configure training.

        Args:
            optimizer: Keras optimizer or its name.
            loss: loss function; None means `CaptionLoss()`.
            jit_compile: as in Keras; None means "auto", except on TensorFlow, where it
                means False because XLA makes the recurrent loop slower on a CPU.
            **kwargs: other arguments of `keras.Model.compile`.
        """
        if jit_compile is None:
            jit_compile = False if keras.backend.backend() == "tensorflow" else "auto"
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        self.caption_loss = loss or CaptionLoss()
        self._cross_entropy = keras.metrics.Mean(name="cross_entropy")
        self._accuracy = keras.metrics.Mean(name="token_accuracy")

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Train on batches of `(inputs, token_ids, sample_weight)`; see the class."""
        if hasattr(x, "element_spec"):
            # Keras shuffles by default, and warns that it cannot shuffle a dataset.
            kwargs.setdefault("shuffle", False)
        return super().fit(x, y, **kwargs)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        loss = self.caption_loss(y, y_pred, sample_weight)
        for extra in self.losses:
            loss += ops.sum(ops.cast(extra, "float32"))
        return loss

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        logits = y_pred["logits"]
        weights = 1.0 if sample_weight is None else sample_weight
        weights = ops.broadcast_to(ops.cast(weights, "float32"), ops.shape(y))
        self._cross_entropy.update_state(token_losses(y, logits), weights)
        best = ops.argmax(logits, axis=-1)
        correct = ops.equal(ops.cast(best, "int32"), ops.cast(y, "int32"))
        self._accuracy.update_state(ops.cast(correct, "float32"), weights)
        return self.get_metrics_result()
