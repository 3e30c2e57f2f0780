"""A captioner without TensorFlow."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np

from keras_imgdesc.caption import Caption
from keras_imgdesc.errors import ImageError, InputError, check_on_error
from keras_imgdesc.images.damage import report_damage
from keras_imgdesc.images.inputs import is_single, iterate_images
from keras_imgdesc.lite.image_runner import ImageRunner, damage_in
from keras_imgdesc.lite.lite_task import LiteTask
from keras_imgdesc.lite.metadata import CaptionerMetadata
from keras_imgdesc.lite.model_file import (
    PRESET_FILES,
    ModelFile,
    read_model_file,
)
from keras_imgdesc.lite.parallel import map_images
from keras_imgdesc.lite.resizing import read_stretched
from keras_imgdesc.lite.search_options import check_search
from keras_imgdesc.prediction import Prediction
from keras_imgdesc.splitting import join_words

LITE_FILE = PRESET_FILES["ImageCaptioner"]


class LiteCaptioner(LiteTask):
    """Describe images with a file of `export_tflite`, in LiteRT.

    Needs `ai-edge-litert`, NumPy and Pillow. A float32 file gives the captions of
    `ImageCaptioner`, token for token. Not thread-safe.

    Args:
        path: the `.tflite` file, or what `read_model_file` returned for it.
        num_threads: number of threads of the interpreter; None lets LiteRT choose.

    Attributes:
        file: the file, as `read_model_file` returns it.
        metadata: the metadata of the file: `name`, `quantize`, `search`, `signatures`
            with the shapes and dtypes of all tensors.
        tokens: the vocabulary; the index of a token is its id.
        image_size: side of the square that images are stretched to, in pixels.

    Raises:
        InputError: the file does not exist, `export_tflite` did not write it from a
            captioner, or `ai-edge-litert` is not installed.

    Example:

        captioner = LiteCaptioner.from_preset("flickr8k_efficientnet_lstm")
        captioner.generate("photo.jpg")
        captioner.detect_concepts("photo.jpg")
        list(captioner.stream_words("photo.jpg"))
    """

    TASK = "ImageCaptioner"

    def __init__(
        self, path: str | PathLike[str] | ModelFile, num_threads: int | None = None
    ) -> None:
        self.file = read_model_file(path)
        self.metadata, self.tokens = self.file.metadata, self.file.tokens
        if "describe" not in self.file.signatures:
            raise InputError(
                "The file must be that of a captioner",
                "Export an ImageCaptioner with `keras-imgdesc export tflite`",
                path=self.file.path,
                task=self.metadata.get("task"),
            )
        self._num_threads = num_threads
        self.file.require(CaptionerMetadata)
        self.file.check_special_tokens()
        self.image_size: int = self.file.image_size("describe")
        self._interpreter = self.file.open(num_threads)

    @staticmethod
    def check_options(
        file: ModelFile, config: Mapping[str, Any], **settings: Any
    ) -> None:
        """Check that a file captions as a preset does with these settings.

        Args:
            file: the file.
            config: the contents of the preset's `config.json`.
            **settings: fields of `GenerationSettings` that differ from the preset's;
                None keeps its own.

        Raises:
            InputError: the file searches with other settings.
        """
        none = {"prefix": "", "require": (), "avoid": (), "use_concepts": True}
        given = {name: value for name, value in settings.items() if value is not None}
        check_search(file, none | config.get("generation", {}) | given)

    def generate(
        self,
        inputs: Any,
        *,
        return_details: bool = False,
        return_attention: bool = False,
        on_error: str = "raise",
        on_damaged: str = "warn",
        **settings: Any,
    ) -> Any:
        """Describe one image or several, by the file's own beam search.

        Args:
            inputs: a path, the bytes of a file, a file object, a Pillow image, or a
                uint8 array or tensor (height, width, 3); a list of those; or an array
                or tensor of images or of paths. See `load_image`.
            return_details: whether to return a `Caption` with log-probabilities
                instead of its text.
            return_attention: whether to return a `Caption` with attention maps too.
            on_error: what to do with an image that cannot be read: `"raise"` the
                ImageError, or `"return"` it instead of the caption.
            on_damaged: what to do with an image some of whose data are missing:
                `"warn"` of it, or `"refuse"` it; see `load_image`.
            **settings: see `generate_stream`.

        Returns:
            A caption for one image, a list of captions for several.

        Raises:
            ImageError: an image cannot be read.
            InputError: `on_error` is something else, or the file searches with other
                settings.

        Warns:
            DamagedImageWarning: data of an image are missing; its `Caption` is
                `damaged`.
        """
        check_on_error(on_error)
        results: list[Any] = []
        stream = self.generate_stream(
            iterate_images(inputs),
            return_attention=return_attention,
            on_damaged=on_damaged,
            **settings,
        )
        is_plain = not (return_details or return_attention)
        with closing(stream):
            for _, caption in stream:
                if isinstance(caption, ImageError) and on_error == "raise":
                    raise caption
                if is_plain and isinstance(caption, Caption):
                    results.append(caption.text)
                else:
                    results.append(caption)
        return results[0] if is_single(inputs) else results

    def generate_stream(
        self,
        sources: Iterable[Any],
        *,
        return_attention: bool = False,
        batch_size: int = 32,
        num_workers: int | None = None,
        on_damaged: str = "warn",
        **settings: Any,
    ) -> Generator[tuple[Any, Caption | ImageError]]:
        """Describe any number of images, in order, on all cores.

        Closing the stream ends the processes that it started.

        Args:
            sources: images as `generate` takes them.
            return_attention: whether captions have attention maps.
            batch_size: as in `ImageCaptioner`; it changes nothing here.
            num_workers: number of processes, this one included; None means the number
                of usable cores, divided by the threads of the interpreter. A few images
                start none; see `parallel.map_images`.
            on_damaged: as in `generate`.
            **settings: fields of `GenerationSettings`. They are fixed in the file, so
                another value than the file's is refused. None means the file's.

        Yields:
            Each source with its `Caption`, or with the `ImageError` if it cannot be
            read.

        Raises:
            InputError: the file searches with other settings, or `num_workers` is
                below 1.
        """
        check_search(self.file, settings)
        has_fast = "caption" in self.file.signatures and not return_attention
        signature = "caption" if has_fast else "describe"
        run = ImageRunner(
            self.file.path,
            signature,
            self.image_size,
            self._num_threads,
            self._runner(signature),
        )
        return map_images(
            run,
            sources,
            num_workers,
            lambda outputs: self._caption(outputs, return_attention),
            on_damaged=on_damaged,
        )

    def detect_concepts(self, source: Any) -> list[Prediction]:
        """Return the nouns that guide the caption of an image.

        Args:
            source: an image as `generate` takes it.

        Returns:
            The nouns with their probabilities, the most probable first and none below
            the detector's threshold.

        Raises:
            ImageError: the image cannot be read.
            InputError: the captions of the file are not guided by concepts.
        """
        if "concept_ids" not in self._tensors("encode")["outputs"]:
            raise InputError(
                "The captioner must be guided by concepts",
                "Export a preset whose decoder has concepts",
                name=self.metadata["name"],
            )
        found = self._encode(image=self._pixels(source))
        self.file.check_ids(*found["concept_ids"][0].tolist())
        pairs = zip(found["concept_ids"][0], found["concept_weights"][0], strict=True)
        return [
            Prediction(self.tokens[int(token_id)], float(weight))
            for token_id, weight in pairs
            if weight > 0
        ]

    def stream_words(self, source: Any) -> Iterator[str]:
        """Describe an image word by word, by greedy search.

        The caption may be worse than that of `generate`, which uses beam search. A file
        whose captions begin with, contain or lack given words cannot be streamed.

        Args:
            source: an image as `generate` takes it.

        Yields:
            Each word as soon as it is decoded.

        Raises:
            ImageError: the image cannot be read.
            InputError: the file was exported with `prefix`, `require` or `avoid`.
        """
        words = {"prefix", "require", "avoid"} & set(self.metadata["search"])
        if words:
            raise InputError(
                "A greedy caption word by word does not obey the words of the file",
                "Use `generate`, or export without them",
                settings=sorted(words),
            )
        ids = self.metadata["vocabulary"]
        never = [ids["pad_id"], ids["unk_id"], ids["start_id"]]
        state = dict(self._encode(image=self._pixels(source)))
        token_id = ids["start_id"]
        for _ in range(self.metadata["search"]["max_length"]):
            outputs = self._step(token_id=np.array([token_id], np.int32), **state)
            outputs["log_probs"][0, never] = -np.inf
            token_id = int(np.argmax(outputs["log_probs"][0]))
            if token_id == ids["end_id"]:
                return
            self.file.check_ids(token_id)
            yield self.tokens[token_id]
            state |= {
                name: outputs[f"next_{name}"]
                for name in state
                if f"next_{name}" in outputs
            }

    @cached_property
    def _encode(self) -> Any:
        return self._runner("encode")

    @cached_property
    def _step(self) -> Any:
        return self._runner("step")

    def _runner(self, signature: str) -> Any:
        return self._interpreter.get_signature_runner(signature)

    def _tensors(self, signature: str) -> dict[str, Any]:
        tensors: dict[str, Any] = self.metadata["signatures"][signature]
        return tensors

    def _pixels(self, source: Any) -> np.ndarray:
        pixels, damage = read_stretched(source, (self.image_size, self.image_size))
        report_damage(source, damage, "warn")
        return pixels[None]

    def _caption(
        self, outputs: dict[str, np.ndarray], return_attention: bool
    ) -> Caption:
        ids = self.metadata["vocabulary"]
        token_ids = outputs["token_ids"][0]
        self.file.check_ids(*token_ids.tolist())
        length = int(np.count_nonzero(token_ids != ids["pad_id"]))
        words = [self.tokens[i] for i in token_ids[:length] if i != ids["end_id"]]
        log_probs = outputs["log_probs"][0, :length].copy()
        split = self.metadata.get("split", "words")
        return Caption(
            join_words(words, split),
            float(log_probs.sum()),
            token_ids[:length].copy(),
            log_probs,
            outputs["attention"][0, :length].copy() if return_attention else None,
            split,
            bool(damage_in(outputs)),
        )
