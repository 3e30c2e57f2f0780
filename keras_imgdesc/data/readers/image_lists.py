"""Lists of the images of a split."""

from __future__ import annotations

import os
from typing import Any

from keras_imgdesc.data.readers.caption_checks import NO_IMAGE
from keras_imgdesc.data.readers.caption_collector import CaptionCollector
from keras_imgdesc.data.readers.paths import relative_name
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.errors import InputError
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES


class ImageChoice:
    """The choice of the images that are read from a file of captions.

    Without a list, all images are read. With a list, captions of an image that is in
    the folder but not in the list belong to another split and are ignored; captions of
    an image that is in neither are a problem.

    Args:
        collector: collector to which the images are added.
        image_list: path of a file with one name per line, with or without suffix (as
            in the splits of Flickr30k Entities); None for no list.
        is_unpacked: whether the images are in their folder already.

    Raises:
        InputError: the list cannot be read, is empty, or names no image of the folder.
    """

    def __init__(
        self,
        collector: CaptionCollector,
        image_list: str | os.PathLike[str] | None = None,
        *,
        is_unpacked: bool = True,
    ) -> None:
        self.collector = collector
        self.has_list = image_list is not None
        self._others: set[str] = set()
        if image_list is None:
            return
        lines = [line.strip() for line in split_lines(read_text(image_list))]
        if not any(lines):
            raise InputError(
                "The list must name an image",
                "Write the name of an image in each line",
                image_list=image_list,
            )
        is_of_folder = False
        for name in filter(None, lines):
            name = self._with_suffix(relative_name(name, collector.images_dir))
            collector.add_image(name, name)
            is_of_folder = is_of_folder or collector.has_file(name)
        if is_unpacked and not is_of_folder:
            raise InputError(
                "The image list must name an image of the folder",
                "Write the name of an image in each line; a file of captions is for "
                "`annotations`",
                image_list=image_list,
                images_dir=collector.images_dir,
                first_line=next(filter(None, lines)),
            )

    def take(self, name: str, extra: dict[str, Any] | None = None) -> bool:
        """Return whether to read the captions of an image, adding it if it is new.

        Args:
            name: path of the image, relative to the folder of the images.
            extra: further facts about the image, kept with it.
        """
        if name in self.collector:
            if self.has_list:
                self.collector.add_extra(name, extra)
            return True
        if name in self._others:
            return False
        if not self.has_list and self.collector.add_image(name, name, extra):
            return True
        self._others.add(name)
        if self.has_list and not self.collector.has_file(name):
            self.collector.add_problem(
                NO_IMAGE, name, "neither in the image list nor in the folder"
            )
        return False

    def skip(self, name: str) -> None:
        """Note that an image has captions, which are of another split."""
        self._others.add(name)

    def finish(self) -> None:
        """Record images without captions as problems if all images are read."""
        if not self.has_list:
            self.collector.add_folder(self._others)

    def _with_suffix(self, name: str) -> str:
        if name in self.collector.file_names or name.lower().endswith(IMAGE_SUFFIXES):
            return name
        for suffix in IMAGE_SUFFIXES:
            if name + suffix in self.collector.file_names:
                return name + suffix
        return name
