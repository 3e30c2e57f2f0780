"""Caption decoders: from a feature map and the words so far to the next word."""

from typing import Any

from keras_imgdesc.captioning.decoders.decoder import Decoder
from keras_imgdesc.captioning.decoders.gru_decoder import GRUDecoder
from keras_imgdesc.captioning.decoders.lstm_decoder import LSTMDecoder
from keras_imgdesc.captioning.decoders.transformer_decoder import TransformerDecoder
from keras_imgdesc.errors import InputError

DECODERS: dict[str, type[Decoder]] = {
    "gru": GRUDecoder,
    "lstm": LSTMDecoder,
    "transformer": TransformerDecoder,
}


def build_decoder(
    name: str,
    vocabulary_size: int,
    feature_map_shape: tuple[int, int, int],
    **options: Any,
) -> Decoder:
    """Build a decoder by its short name.

    Args:
        name: key of `DECODERS`, such as `"lstm"`.
        vocabulary_size: number of token ids.
        feature_map_shape: `(rows, columns, channels)`, the encoder's attribute.
        **options: other arguments of the decoder's constructor.

    Raises:
        InputError: the name or an option is unknown.

    Example:

    >>> from keras_imgdesc.captioning.decoders import build_decoder
    >>> build_decoder("lstm", 12, (4, 4, 8), hidden_dim=16).hidden_dim
    16
    """
    if name not in DECODERS:
        raise InputError(
            "There is no decoder of this name",
            f"Use one of {sorted(DECODERS)}",
            name=name,
        )
    return DECODERS[name](vocabulary_size, feature_map_shape, **options)


__all__ = [
    "DECODERS",
    "Decoder",
    "GRUDecoder",
    "LSTMDecoder",
    "TransformerDecoder",
    "build_decoder",
]
