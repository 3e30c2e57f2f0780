"""The text encoders by their short names, as recipes give them."""

from __future__ import annotations

from keras_imgdesc.text.bert_text_encoder import BertTextEncoder
from keras_imgdesc.text.compact_text_encoder import CompactTextEncoder
from keras_imgdesc.text.text_encoder import TextEncoder

TEXT_ENCODERS: dict[str, type[TextEncoder]] = {
    "compact": CompactTextEncoder,
    "bert": BertTextEncoder,
}
