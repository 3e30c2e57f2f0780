"""What models that predict captions have in common when they train."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.captioning.losses import CaptionLoss, token_losses


class CaptioningModel(keras.Model):
    """A functional model whose outputs are logits and attention, and its training.

    Data for `fit` and `evaluate` are `(inputs, token_ids, sample_weight)`: the words
    to predict, int32 (batch, words), and their weights, float (batch, words), 0 at
    padding. Beside the loss, `cross_entropy` (natural logarithm, per word, without
    smoothing) and `token_accuracy` are reported; all of them leave padding out.
    """

    def compile(
        self,
        optimizer: Any = "adamw",
        loss: CaptionLoss | None = None,
        jit_compile: Any = None,
        **kwargs: Any,
    ) -> None:
        """Configures training.

        Args:
            optimizer: a Keras optimizer or its name.
            loss: a `CaptionLoss`; None means its default settings.
            jit_compile: as in Keras; None means "auto", but off on TensorFlow, where
                XLA makes the recurrent loop slower on a CPU.
            **kwargs: the rest of `keras.Model.compile`.
        """
        if jit_compile is None:
            jit_compile = False if keras.backend.backend() == "tensorflow" else "auto"
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        self.caption_loss = loss or CaptionLoss()
        self._cross_entropy = keras.metrics.Mean(name="cross_entropy")
        self._accuracy = keras.metrics.Mean(name="token_accuracy")

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Trains, as `keras.Model.fit`, on the data described above."""
        if hasattr(x, "element_spec"):
            # Keras would shuffle by default and warns that it cannot.
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
