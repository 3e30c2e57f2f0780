"""Oxford-102 flowers, with captions derived from names and measured colours."""

from keras_imgdesc.data.flowers.derived_text import derive_captions
from keras_imgdesc.data.flowers.petal_colours import petal_colours
from keras_imgdesc.data.flowers.reading import read_flowers

__all__ = ["derive_captions", "petal_colours", "read_flowers"]
