"""Types of the sizes in configurations, with bounds.

The arguments of parts of tasks are annotated with them. A preset with a size out of
these bounds is refused before anything is built.
"""

from typing import Annotated

from keras_imgdesc.json_files import Bounds

# In pixels.
ImageSize = Annotated[int, Bounds(1, 1024)]
# Of vectors and layers: any number of channels or of heads.
Width = Annotated[int, Bounds(0, 16_384)]
NumLayers = Annotated[int, Bounds(0, 32)]
# In tokens.
Length = Annotated[int, Bounds(1, 1024)]
# Number of tokens, or of classes.
VocabularySize = Annotated[int, Bounds(1, 600_000)]
