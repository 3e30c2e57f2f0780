"""Lists of the pictures of a split."""

from __future__ import annotations

import os

from keras_imgdesc.data.readers.caption_collector import NO_IMAGE, CaptionCollector
from keras_imgdesc.data.readers.text_files import read_text, split_lines
from keras_imgdesc.images.file_formats import IMAGE_SUFFIXES


class ImageChoice:
    """Decides which pictures of a caption file are wanted.

    Without a list all are. With one, those in it: captions of a picture that is in
    the folder though not in the list belong to another split and are passed over;
    those of a picture in neither are a problem.

    Args:
        collector: takes the pictures in.
        image_list: a file with a picture's name a line, with its suffix or without
            (as in the splits of Flickr30k Entities).

    Raises:
        InputError: the list cannot be read.
    """

    def __init__(
        self,
        collector: CaptionCollector,
        image_list: str | os.PathLike[str] | None = None,
    ) -> None:
        self.collector = collector
        self.has_list = image_list is not None
        self._strangers: set[str] = set()
        if image_list is None:
            return
        for line in split_lines(read_text(image_list)):
            if name := line.strip():
                name = self._with_suffix(name)
                collector.add_image(name, name)

    def take(self, name: str) -> bool:
        """Whether captions of the picture are wanted; takes it in when new."""
        if name in self.collector:
            return True
        if name in self._strangers:
            return False
        if not self.has_list and self.collector.add_image(name, name):
            return True
        self._strangers.add(name)
        if self.has_list and not self.collector.has_file(name):
            self.collector.add_problem(NO_IMAGE, name, "neither in list nor folder")
        return False

    def finish(self) -> None:
        """Notes pictures of the folder without captions, where it is the list."""
        if not self.has_list:
            self.collector.add_folder()

    def _with_suffix(self, name: str) -> str:
        if name in self.collector.file_names or name.lower().endswith(IMAGE_SUFFIXES):
            return name
        for suffix in IMAGE_SUFFIXES:
            if name + suffix in self.collector.file_names:
                return name + suffix
        return name
