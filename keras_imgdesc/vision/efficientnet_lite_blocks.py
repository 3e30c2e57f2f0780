"""The blocks of each EfficientNet-Lite."""

import math
from dataclasses import dataclass
from typing import NamedTuple


class Variant(NamedTuple):
    """Multipliers of channels and of blocks, and the published image size."""

    width: float
    depth: float
    image_size: int


class Stage(NamedTuple):
    """Blocks of one shape, before scaling."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


VARIANTS = {
    "lite0": Variant(1.0, 1.0, 224),
    "lite2": Variant(1.1, 1.2, 260),
}

STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class Block:
    """A mobile inverted bottleneck.

    Attributes:
        name: `"block1"` and so on.
        inputs, expanded, outputs: channels before, inside and after the block.
        kernel, stride: of the depthwise convolution.
    """

    name: str
    inputs: int
    expanded: int
    outputs: int
    kernel: int
    stride: int

    @property
    def has_residual(self) -> bool:
        """Whether the input of the block is added to its output."""
        return self.stride == 1 and self.inputs == self.outputs


def blocks_of(variant: str) -> list[Block]:
    """Return the blocks of a variant, from first to last.

    Args:
        variant: key of `VARIANTS`.

    Example:

    >>> from keras_imgdesc.vision.efficientnet_lite_blocks import blocks_of
    >>> len(blocks_of("lite2")), blocks_of("lite2")[-1].outputs
    (21, 352)
    """
    width, depth, _ = VARIANTS[variant]
    blocks: list[Block] = []
    inputs = 32
    for index, stage in enumerate(STAGES):
        outputs = _round_channels(stage.channels * width)
        repeats = stage.repeats
        # The Lite variants keep the length of the first and of the last stage.
        if 0 < index < len(STAGES) - 1:
            repeats = math.ceil(repeats * depth)
        for repeat in range(repeats):
            blocks.append(
                Block(
                    name=f"block{len(blocks) + 1}",
                    inputs=inputs,
                    expanded=inputs * stage.expansion,
                    outputs=outputs,
                    kernel=stage.kernel,
                    stride=stage.stride if repeat == 0 else 1,
                )
            )
            inputs = outputs
    return blocks


def _round_channels(channels: float) -> int:
    """Round to a multiple of 8 that is not more than 10 % below."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
