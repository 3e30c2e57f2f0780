"""Reading images as upright RGB uint8, and resizing them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_imgdesc.images.inputs import fitting_batch_size as fitting_batch_size
    from keras_imgdesc.images.inputs import is_single as is_single
    from keras_imgdesc.images.inputs import iterate_images as iterate_images
    from keras_imgdesc.images.labelled import (
        find_labelled_images as find_labelled_images,
    )
    from keras_imgdesc.images.labelled import (
        list_labelled_images as list_labelled_images,
    )
    from keras_imgdesc.images.listing import find_images as find_images
    from keras_imgdesc.images.listing import list_images as list_images
    from keras_imgdesc.images.listing import say_passed_over as say_passed_over
    from keras_imgdesc.images.loading import load_image as load_image
    from keras_imgdesc.images.reading import batches_ahead as batches_ahead
    from keras_imgdesc.images.reading import image_array as image_array
    from keras_imgdesc.images.reading import read_images as read_images
    from keras_imgdesc.images.reading import stack_images as stack_images
    from keras_imgdesc.images.resizing import resize_image as resize_image

_HOMES = {
    "batches_ahead": "reading",
    "find_images": "listing",
    "find_labelled_images": "labelled",
    "fitting_batch_size": "inputs",
    "image_array": "reading",
    "is_single": "inputs",
    "iterate_images": "inputs",
    "list_images": "listing",
    "list_labelled_images": "labelled",
    "load_image": "loading",
    "read_images": "reading",
    "resize_image": "resizing",
    "say_passed_over": "listing",
    "stack_images": "reading",
}

__all__ = [
    "batches_ahead",
    "find_images",
    "find_labelled_images",
    "fitting_batch_size",
    "image_array",
    "is_single",
    "iterate_images",
    "list_images",
    "list_labelled_images",
    "load_image",
    "read_images",
    "resize_image",
    "say_passed_over",
    "stack_images",
]


def __getattr__(name: str) -> Any:
    # Imported late: finding and loading images does not need TensorFlow.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
