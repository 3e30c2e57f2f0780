"""A Transformer caption decoder as Keras' and TensorFlow's tutorials write it.

Embeddings of words and of positions, then layers of `MultiHeadAttention` over the words
so far, `MultiHeadAttention` over the image, and a feed-forward network, each with a
residual connection and a normalization after it; a dense layer of logits; a loss and an
accuracy that mask the padding.
"""

from typing import Any

import keras
from keras import ops

PAD = 0


@keras.saving.register_keras_serializable("peers")
class TutorialBlock(keras.layers.Layer):
    """One layer of the decoder.

    Args:
        width: width of the layer.
        num_heads: number of heads of both attentions.
        feed_forward_dim: hidden width of the feed-forward network.
        dropout: dropout rate.

    Call arguments:
        inputs: `(words, locations)`, float (batch, length, width) and (batch,
            locations, width).
    """

    def __init__(
        self, width: int, num_heads: int, feed_forward_dim: int, dropout: float
    ) -> None:
        super().__init__()

        def attention() -> keras.layers.Layer:
            return keras.layers.MultiHeadAttention(
                num_heads, width // num_heads, dropout=dropout
            )

        self.to_words, self.to_image = attention(), attention()
        self.feed_forward = keras.Sequential(
            [
                keras.layers.Dense(feed_forward_dim, activation="relu"),
                keras.layers.Dense(width),
                keras.layers.Dropout(dropout),
            ]
        )
        self.norms = [keras.layers.LayerNormalization() for _ in range(3)]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x, locations = inputs
        seen = self.to_words(x, x, use_causal_mask=True, training=training)
        x = self.norms[0](x + seen)
        x = self.norms[1](x + self.to_image(x, locations, training=training))
        return self.norms[2](x + self.feed_forward(x, training=training))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]


def build_tutorial_decoder(
    vocabulary_size: int,
    length: int,
    feature_map_shape: tuple[int, int, int],
    *,
    width: int,
    num_heads: int,
    num_layers: int,
    feed_forward_dim: int,
    dropout: float,
) -> keras.Model:
    """Build and compile the decoder.

    Args:
        vocabulary_size: number of token ids.
        length: tokens of every caption, padding included.
        feature_map_shape: `(rows, columns, channels)` of the cached features.
        width, num_heads, num_layers, feed_forward_dim, dropout: sizes of the layers.

    Returns:
        A model from features, float (batch, rows, columns, channels), and token ids,
        int32 (batch, length), to logits.
    """
    rows, columns, channels = feature_map_shape
    features = keras.Input(feature_map_shape, name="feature_map")
    token_ids = keras.Input((length,), dtype="int32", name="token_ids")
    locations = keras.layers.Reshape((rows * columns, channels))(features)
    locations = keras.layers.Dense(width, activation="relu")(locations)
    x = keras.layers.Embedding(vocabulary_size, width)(token_ids)
    positions = keras.layers.Embedding(length, width)
    x = keras.layers.Dropout(dropout)(x + positions(ops.arange(length)))
    for _ in range(num_layers):
        x = TutorialBlock(width, num_heads, feed_forward_dim, dropout)((x, locations))
    logits = keras.layers.Dense(vocabulary_size, dtype="float32")(x)
    model = keras.Model({"feature_map": features, "token_ids": token_ids}, logits)
    model.compile(
        keras.optimizers.AdamW(1e-4), loss=masked_loss, metrics=[masked_accuracy]
    )
    return model


def masked_loss(token_ids: Any, logits: Any) -> Any:
    """Return the mean cross-entropy of the words that are no padding."""
    losses = keras.losses.sparse_categorical_crossentropy(
        token_ids, logits, from_logits=True
    )
    mask = ops.cast(token_ids != PAD, losses.dtype)
    return ops.sum(losses * mask) / ops.sum(mask)


def masked_accuracy(token_ids: Any, logits: Any) -> Any:
    """Return the share of the words that are no padding whose logit is the largest."""
    found = ops.cast(ops.argmax(logits, axis=-1), token_ids.dtype)
    mask = ops.cast(token_ids != PAD, "float32")
    return ops.sum(ops.cast(found == token_ids, "float32") * mask) / ops.sum(mask)
