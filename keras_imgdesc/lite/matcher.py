"""A matcher without TensorFlow."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from typing import Any

import numpy as np

from keras_imgdesc.embeddings import ImageEmbeddings, MatchedTexts, collect_embeddings
from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images.damage import report_damage
from keras_imgdesc.images.inputs import iterate_images
from keras_imgdesc.lite.image_runner import ImageRunner, damage_in
from keras_imgdesc.lite.matcher_file import stated_in, vectors_fingerprint
from keras_imgdesc.lite.model_file import ModelFile
from keras_imgdesc.lite.parallel import map_images
from keras_imgdesc.lite.text_file import TextFile


class LiteMatcher(TextFile):
    """Score images with texts by a file of `export_tflite`, in LiteRT.

    Needs `ai-edge-litert`, NumPy and Pillow. A float32 file computes the f(I, D) of
    `ImageTextMatcher`. Not thread-safe.

    Methods that take images also take `ImageEmbeddings`, and those that take texts
    also take `MatchedTexts`, so that each is embedded only once.

    Args:
        path: the `.tflite` file, or what `read_model_file` returned for it.
        num_threads: number of threads of the interpreter; None lets LiteRT choose.

    Attributes:
        file: the file, as `read_model_file` returns it.
        metadata: the metadata of the file.
        tokens: the vocabulary; the index of a token is its id.
        image_size: side of the square that images are stretched to, in pixels.
        embedding_dim: width of the vectors that are compared.

    Raises:
        InputError: the file does not exist, `export_tflite` did not write it from a
            matcher with a `CompactTextEncoder`, or `ai-edge-litert` is not installed.

    Example:

        matcher = LiteMatcher("matcher.tflite")
        matcher.score(["photo.jpg"], ["a red bird", "a dog"])
    """

    TASK = "ImageTextMatcher"
    KIND = "a matcher"

    def __init__(self, path: Any, num_threads: int | None = None) -> None:
        super().__init__(path, num_threads)
        self.image_size: int = self.file.image_size("embed_image")
        self.embedding_dim: int = self.file.width("embed_image", "outputs", "vector")

    @staticmethod
    def check_options(
        file: ModelFile, config: Mapping[str, Any], *, index: str | None = None
    ) -> None:
        """Check that a file can be used with an index of images.

        Args:
            file: the file.
            config: the contents of the preset's `config.json`.
            index: fingerprint of the matcher that built the index; None means that
                there is none yet.

        Raises:
            InputError: the vectors of the file differ from those of the index.
        """
        if index is not None and index != vectors_fingerprint(file):
            raise InputError(
                f"The index was not built with {file.path.name}",
                "Use the runtime that built it, or remove the folder of the index and "
                "index the images again",
                index=index,
                file=vectors_fingerprint(file),
            )

    @property
    def global_scale(self) -> float:
        """Factor of the cosine of image and text in f; 0 without a global term."""
        return float(stated_in(self.file, "global_scale"))

    @property
    def use_local(self) -> bool:
        """Whether f has a local term."""
        return bool(stated_in(self.file, "use_local"))

    def fingerprint(self) -> str:
        """Return a digest of architecture and weights.

        That of a float32 or float16 file is the digest of `ImageTextMatcher`: an index
        of one serves the other. That of an int8 file, whose vectors differ, is longer.
        """
        stated_in(self.file, "fingerprint")
        return str(vectors_fingerprint(self.file))

    def embed_image(self, image: Any) -> dict[str, np.ndarray]:
        """Embed an image.

        Args:
            image: a path, the bytes of a file, a file object, a Pillow image, or a
                uint8 array or tensor (height, width, 3). See `load_image`.

        Returns:
            `vector` float32 (1, dim) and `regions` float32 (1, regions, dim).

        Raises:
            ImageError: the image cannot be read.
        """
        outputs = self._embed(image)
        report_damage(image, damage_in(outputs), "warn")
        return {name: outputs[name] for name in ("vector", "regions")}

    def embed_images(
        self, images: Any, *, batch_size: int = 32, on_damaged: str = "warn"
    ) -> ImageEmbeddings:
        """Embed images.

        Args:
            images: an image as `embed_image` takes it, or several.
            batch_size: as in `ImageTextMatcher`; it changes nothing here.
            on_damaged: `"warn"` of an image some of whose data are missing, or
                `"refuse"` it; see `load_image`.

        Raises:
            ImageError: an image cannot be read.
            InputError: there is no image.

        Warns:
            DamagedImageWarning: data of an image are missing.
        """
        if isinstance(images, ImageEmbeddings):
            return images
        sources = iterate_images(images)
        with closing(
            self.embed_images_stream(sources, on_damaged=on_damaged)
        ) as stream:
            return collect_embeddings(stream)

    def embed_images_stream(
        self,
        sources: Iterable[Any],
        *,
        batch_size: int = 32,
        num_workers: int | None = None,
        on_damaged: str = "warn",
    ) -> Generator[tuple[Any, tuple[np.ndarray, np.ndarray] | ImageError]]:
        """Embed any number of images, in order, on all cores.

        Closing the stream ends the processes that it started.

        Args:
            sources: images, as `embed_image` takes them.
            batch_size: as in `ImageTextMatcher`; it changes nothing here.
            num_workers: number of processes, this one included; None means the number
                of usable cores, divided by the threads of the interpreter. A few images
                start none; see `parallel.map_images`.
            on_damaged: as in `embed_images`.

        Yields:
            Each source with its vector, float32 (embedding_dim,), and its regions,
            float32 (regions, embedding_dim); or with the `ImageError` of an image that
            cannot be read.

        Raises:
            InputError: `num_workers` is below 1.
        """

        def embedded(outputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
            return outputs["vector"][0].copy(), outputs["regions"][0].copy()

        return map_images(
            self._embed, sources, num_workers, embedded, on_damaged=on_damaged
        )

    def embed_text(self, text: str) -> dict[str, np.ndarray]:
        """Embed a text.

        Returns:
            `vector` float32 (1, dim), `words` float32 (1, words, dim) and
            `padding_mask` float32 (1, words), 1 at words and 0 at padding.

        Raises:
            InputError: the text is empty or has no known word.

        Warns:
            UnknownWordsWarning: the text has unknown words beside known ones.
        """
        return dict(self._runner("embed_text")(token_ids=self.read_texts(text)))

    def embed_texts(
        self,
        texts: str | Sequence[str] | MatchedTexts,
        *,
        allow_unknown: bool = False,
    ) -> MatchedTexts:
        """Embed texts.

        Args:
            texts: text or sequence of texts.
            allow_unknown: whether unknown words may be all that a text has, and are
                not reported.

        Raises:
            InputError: there is no text, or one is empty or has no known word.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        if isinstance(texts, MatchedTexts):
            return texts
        embed = self._runner("embed_text")
        found = [
            dict(embed(token_ids=row[None]))
            for row in self.read_texts(texts, allow_unknown=allow_unknown)
        ]

        def joined(name: str) -> np.ndarray:
            return np.concatenate([each[name] for each in found])

        return MatchedTexts(
            joined("vector"), joined("words"), joined("padding_mask") > 0.5
        )

    def score(self, images: Any, texts: Any, *, on_damaged: str = "warn") -> np.ndarray:
        """Return f(I, D), float32 (images, texts).

        Args:
            images: images as `embed_image` takes them, or `ImageEmbeddings`.
            texts: one text or several, or `MatchedTexts`.
            on_damaged: as in `embed_images`.

        Raises:
            ImageError: an image cannot be read.
            InputError: there is no image or text, or a text is empty or has no known
                word.

        Warns:
            UnknownWordsWarning: a text has unknown words beside known ones.
        """
        matched = self.embed_texts(texts)  # an invalid text is refused first
        embedded = self.embed_images(images, on_damaged=on_damaged)
        masks = matched.padding_mask.astype(np.float32)
        score = self._runner("score")
        out = np.empty((len(embedded), len(matched)), np.float32)
        for row in range(len(embedded)):
            for column in range(len(matched)):
                outputs = score(
                    image_vector=embedded.vectors[row : row + 1],
                    regions=embedded.regions[row : row + 1],
                    text_vector=matched.vectors[column : column + 1],
                    words=matched.words[column : column + 1],
                    padding_mask=masks[column : column + 1],
                )
                out[row, column] = outputs["score"][0]
        return out

    def probabilities(self, images: Any, text: str) -> np.ndarray:
        """Compute P(I|D), the probability of each image given a text.

        Args:
            images: images to choose from.
            text: one text.

        Returns:
            float32 (images,), with sum 1.
        """
        scores = self.score(images, [text])[:, 0]
        powers = np.exp(scores - scores.max())
        found: np.ndarray = powers / powers.sum()
        return found

    def rank(self, images: Any, text: str) -> list[tuple[int, float]]:
        """Sort images by P(I|D), the likeliest first.

        Args:
            images: images to sort.
            text: one text.

        Returns:
            Pairs of an index into `images` and its probability.
        """
        probabilities = self.probabilities(images, text)
        order = np.argsort(-probabilities, kind="stable")
        return [(int(index), float(probabilities[index])) for index in order]

    @cached_property
    def _embed(self) -> ImageRunner:
        return ImageRunner(
            self.file.path,
            "embed_image",
            self.image_size,
            self._num_threads,
            self._runner("embed_image"),
        )
