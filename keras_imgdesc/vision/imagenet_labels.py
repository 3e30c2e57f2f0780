"""The names of ImageNet's 1,000 classes."""

from importlib.resources import files


def imagenet_labels() -> tuple[str, ...]:
    """Return the names of ImageNet's classes, in the order of every ImageNet head.

    A name lists synonyms, as `"tench, Tinca tinca"`. Each occurs once.

    Example:

    >>> from keras_imgdesc.vision.imagenet_labels import imagenet_labels
    >>> imagenet_labels()[285]
    'Egyptian cat'
    """
    text = files(__package__).joinpath("imagenet_labels.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))
