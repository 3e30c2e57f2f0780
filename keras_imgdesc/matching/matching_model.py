"""How every model that scores images and texts is trained."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_imgdesc.matching.matching_loss import matching_loss
from keras_imgdesc.matching.pair_score import unit_length
from keras_imgdesc.matching.similarity_distillation import similarity_distillation


class MatchingModel(keras.Model):
    """A functional model that outputs scores and vectors, trained by `matching_loss`.

    `fit` and `evaluate` take complete batches of `(inputs, targets)`, because the
    numbers of images and texts may differ. Targets are `{"owner": int32 (texts,),
    "image_id": int32 (images,)}` and optionally `"is_right"`, bool (images, texts), see
    `matching_loss`; `"teacher"`, float (texts, width), and `"text_id"`, int32 (texts,),
    see `similarity_distillation`. They report the loss, `image_accuracy` and
    `text_accuracy`: how often the right image or text has a probability, P(I|D) or
    P(D|I), above one half.
    """

    def compile(
        self,
        optimizer: Any = "adamw",
        distillation_weight: float = 0.0,
        jit_compile: Any = None,
        **kwargs: Any,
    ) -> None:
        """Configure training.

        Args:
            optimizer: Keras optimizer or its name.
            distillation_weight: weight of `similarity_distillation`, 0 or more.
            jit_compile: as in Keras; None means "auto", except on TensorFlow, where it
                means False.
            **kwargs: other arguments of `keras.Model.compile`.
        """
        if jit_compile is None:
            jit_compile = False if keras.backend.backend() == "tensorflow" else "auto"
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        self.distillation_weight = distillation_weight
        self._accuracies = {
            name: keras.metrics.Mean(name=name)
            for name in ("image_accuracy", "text_accuracy")
        }

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        image_loss, text_loss = self._pair_losses(y, y_pred)
        loss = 0.5 * ops.mean(image_loss + text_loss)
        if self.distillation_weight:
            loss += self.distillation_weight * similarity_distillation(
                y_pred["text_vector"], unit_length(y["teacher"]), y.get("text_id")
            )
        for extra in self.losses:
            loss += ops.sum(ops.cast(extra, "float32"))
        return loss

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        losses = self._pair_losses(y, y_pred)
        for metric, loss in zip(self._accuracies.values(), losses):
            # -log P below log 2: the right one is likelier than all others together.
            metric.update_state(ops.cast(ops.less(loss, 0.6931), "float32"))
        return self.get_metrics_result()

    @staticmethod
    def _pair_losses(y: Any, y_pred: Any) -> tuple[Any, Any]:
        return matching_loss(
            y_pred["scores"],
            y["owner"],
            y["image_id"],
            y_pred.get("negative_scores"),
            y.get("is_right"),
        )
