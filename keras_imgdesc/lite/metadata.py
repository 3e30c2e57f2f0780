"""What `keras_imgdesc.json` in a `.tflite` file says, whoever wrote it."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from keras_imgdesc.json_files import Bounds
from keras_imgdesc.sizes import ImageSize, Length, Width

_Text = Annotated[str, Bounds(0, 1000)]
_Words = Annotated[list[_Text], Bounds(0, 100)]


class Tensor(TypedDict):
    """The dtype and shape of an input or output."""

    dtype: _Text
    shape: Annotated[list[Annotated[int, Bounds(0, 1 << 20)]], Bounds(0, 8)]


class Signature(TypedDict):
    """The inputs and outputs of a function of the model, by name."""

    inputs: NotRequired[dict[str, Tensor]]
    outputs: NotRequired[dict[str, Tensor]]


class Flatbuffer(TypedDict):
    """The size and the SHA-256 of the model, which the file begins with."""

    size: Annotated[int, Bounds(1, 1 << 31)]
    sha256: _Text


class Metadata(TypedDict):
    """What every file says, as far as it is read. Later versions may say more."""

    signatures: NotRequired[dict[str, Signature]]
    vocabulary: NotRequired[dict[str, int | _Text]]
    name: NotRequired[_Text]
    task: NotRequired[_Text]
    quantize: NotRequired[_Text | None]
    flatbuffer: NotRequired[Flatbuffer]
    preset_sha256: NotRequired[dict[str, _Text]]
    tokenizer: NotRequired[_Text]
    split: NotRequired[Literal["words", "characters"]]
    temperature: NotRequired[Annotated[float, Bounds(0, 1000)]]
    fingerprint: NotRequired[_Text]
    global_scale: NotRequired[float]
    use_local: NotRequired[bool]


class SpecialTokens(TypedDict):
    """The ids of the special tokens of a vocabulary of words."""

    pad_id: int
    unk_id: int
    start_id: int
    end_id: int


class Search(TypedDict):
    """The settings of the search of a captioner."""

    num_beams: int
    length_penalty: float
    max_length: Length
    prefix: NotRequired[_Text]
    require: NotRequired[_Words]
    avoid: NotRequired[_Words]
    use_concepts: NotRequired[bool]


class CaptionerMetadata(TypedDict):
    """What the file of a captioner says besides."""

    search: Search


class TextMetadata(TypedDict):
    """What a file that takes texts says besides."""

    sequence_length: Length


class Vector(TypedDict):
    """An input or output of one vector."""

    shape: tuple[Literal[1], Width]


class Square(TypedDict):
    """An input or output of one square image."""

    shape: tuple[Literal[1], ImageSize, ImageSize, Literal[3]]
