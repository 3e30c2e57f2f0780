"""Keeping the images to train on and those to validate on apart."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from numbers import Real

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.same_images import same_images
from keras_imgdesc.errors import InputError


def hold_out(
    collection: CaptionCollection, share: float, seed: int = 0
) -> tuple[CaptionCollection, CaptionCollection]:
    """Split images into those to train on and those to validate on.

    The split depends on the ids of the images and the seed only. Images with the same
    content stay together.

    Args:
        collection: images; those of one `extra["name"]`, the name of a class, are split
            in this proportion.
        share: share of the images that is held out, above 0 and below 1. A class of a
            single image keeps it for training, as do classes that share an image.
        seed: another seed holds out other images.

    Returns:
        The images to train on and the images to validate on, each in the order of the
        collection. The problems of the collection stay with the first.

    Raises:
        InputError: `collection` is none, `share` is not a number or out of range, or
            there are too few images to hold one out.

    Example:

    >>> from keras_imgdesc.data import hold_out
    >>> from keras_imgdesc.data.scenes import draw_scenes
    >>> train, validation = hold_out(draw_scenes("test", 10), 0.2)
    >>> len(train), len(validation)
    (8, 2)
    """
    if not isinstance(collection, CaptionCollection):
        raise InputError(
            "Images can be held out of a collection only",
            "Pass a CaptionCollection, as readers such as read_captions return",
            collection=collection,
        )
    if not isinstance(share, Real) or not 0 < share < 1:
        raise InputError(
            "The share of the images to validate on must be above 0 and below 1",
            "Use 0.1, for example",
            share=share,
        )
    classes: dict[str, list[list[int]]] = defaultdict(list)
    for group in _groups(collection):
        names = {collection[i].extra.get("name", "") for i in group}
        if len(names) == 1:
            classes[names.pop()].append(group)
    held: set[int] = set()
    for groups in classes.values():
        groups.sort(key=lambda group: min(_rank(collection, i, seed) for i in group))
        count = min(max(1, round(share * len(groups))), len(groups) - 1)
        held.update(i for group in groups[:count] for i in group)
    if not held:
        raise InputError(
            "There must be enough images to hold some out for validation",
            "Add images, or give validation images",
            images=len(collection),
            validation_share=share,
        )
    kept = [e for i, e in enumerate(collection) if i not in held]
    return (
        CaptionCollection(kept, collection.problems),
        CaptionCollection([collection[i] for i in sorted(held)]),
    )


def without_images(
    collection: CaptionCollection, others: CaptionCollection
) -> CaptionCollection:
    """Return a collection without the images that another one has, too.

    Args:
        collection: images.
        others: images to leave out. Names and ids do not matter: an image is the same
            if it is the same file or has the same content, see `same_images`.
    """
    sources = [example.source for example in [*collection, *others]]
    groups = same_images(sources, among_first=len(collection))
    left_out = {position for group in groups for position in group}
    kept = [e for i, e in enumerate(collection) if i not in left_out]
    return CaptionCollection(kept, collection.problems)


def _groups(collection: CaptionCollection) -> list[list[int]]:
    """Return the positions of the images, the same images together."""
    groups = same_images([example.source for example in collection])
    grouped = {i for group in groups for i in group}
    return groups + [[i] for i in range(len(collection)) if i not in grouped]


def _rank(collection: CaptionCollection, position: int, seed: int) -> bytes:
    # Names of files may have bytes that are not UTF-8.
    name = collection[position].image_id.encode("utf-8", "surrogateescape")
    # Seed 0 holds out the images of earlier versions, which had no seed.
    salt = f"{seed}:".encode() if seed else b""
    return hashlib.sha256(salt + name).digest()
