"""The round trip: paint a text, choose the best image and describe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from keras_imgdesc.data.scenes import caption_agreement
from keras_imgdesc.data.scenes.caption_reading import parse_caption
from keras_imgdesc.visualization.contact_sheets import draw_sheet


@dataclass(frozen=True, eq=False)
class RoundTrip:
    """A text, its painted images and their captions.

    Attributes:
        text_in: the text that was painted.
        images: uint8 RGB `(images, size, size, 3)`, in decreasing order of P(I|D).
        probabilities: P(I|D) of each image, float32 `(images,)`, with sum 1.
        captions: the captioner's caption of each image.
        similarity: cosine of the matcher's embeddings of `text_in` and `text_out`, in
            [-1, 1]; 0 if the caption is empty.
    """

    text_in: str
    images: np.ndarray
    probabilities: np.ndarray
    captions: list[str]
    similarity: float

    @property
    def text_out(self) -> str:
        """The caption of the most probable image."""
        return self.captions[0]

    @property
    def same_objects(self) -> bool | None:
        """See `caption_agreement.same_objects`; None if `text_in` is not of Scenes."""
        if parse_caption(self.text_in) is None:
            return None
        return caption_agreement.same_objects(self.text_in, self.text_out)

    @property
    def same_scene(self) -> bool | None:
        """See `caption_agreement.same_scene`; None if `text_in` is not of Scenes."""
        if parse_caption(self.text_in) is None:
            return None
        return caption_agreement.same_scene(self.text_in, self.text_out)

    def summary(self) -> dict[str, Any]:
        """Return texts and numbers as JSON values."""
        found: dict[str, Any] = {
            "text_in": self.text_in,
            "text_out": self.text_out,
            "similarity": round(self.similarity, 4),
        }
        if self.same_objects is not None:
            found |= {"same_objects": self.same_objects, "same_scene": self.same_scene}
        return found | {
            "probabilities": [round(float(p), 4) for p in self.probabilities],
            "captions": self.captions,
        }

    def sheet(self, columns: int = 4) -> Image.Image:
        """Return a contact sheet of all images with their probabilities and captions.

        Args:
            columns: images per row.
        """
        notes = [
            f"{probability:.3f} {caption}"
            for probability, caption in zip(
                self.probabilities, self.captions, strict=True
            )
        ]
        return draw_sheet(
            list(self.images),
            notes,
            columns=columns,
            tile=192,
            lines=5,
            title=f"P(I|D) of {len(self.images)}: {self.text_in}",
        )


def round_trip(
    painter: Any,
    matcher: Any,
    captioner: Any,
    text: str,
    num_images: int = 16,
    seed: int = 0,
    temperature: float | None = None,
) -> RoundTrip:
    """Paint a text, rank the images by P(I|D) and describe them.

    Args:
        painter: a `TextToImage`.
        matcher: an `ImageTextMatcher`, which ranks the images and compares the texts.
        captioner: an `ImageCaptioner`.
        text: the text to paint.
        num_images, seed, temperature: see `TextToImage.generate`.

    Raises:
        InputError: the text is empty or has no word that the painter or the
            matcher knows, or a number is out of range.

    Example:

    >>> from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, ImageCaptioner
    >>> from keras_imgdesc import ImageTextMatcher, LSTMDecoder, TextToImage
    >>> from keras_imgdesc import VGG16Encoder, Vocabulary
    >>> from keras_imgdesc.evaluation.paintings.round_trip import round_trip
    >>> from keras_imgdesc.painting import Generator
    >>> tokenizer = CaptionTokenizer(Vocabulary(["a", "red", "bird"]), 6)
    >>> words = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    >>> painter = TextToImage(words, Generator(16, resolution=32, width=4))
    >>> encoder = VGG16Encoder(image_size=32, width=0.0625)
    >>> matcher = ImageTextMatcher.build_parts(encoder, words, embedding_dim=8)
    >>> decoder = LSTMDecoder(7, encoder.feature_map_shape, 16, 16, 2, feature_dim=16)
    >>> captioner = ImageCaptioner(encoder, decoder, tokenizer)
    >>> trip = round_trip(painter, matcher, captioner, "a red bird", num_images=3)
    >>> trip.images.shape, len(trip.captions), -1 <= trip.similarity <= 1
    ((3, 32, 32, 3), 3, True)
    """
    painted = painter.generate(
        text, num_images=num_images, seed=seed, temperature=temperature
    )
    ranked = matcher.rank(painted, text)
    images = painted[[index for index, _ in ranked]]
    captions = [str(caption) for caption in captioner.generate(list(images))]
    similarity = 0.0
    if captions[0].strip():
        both = matcher.embed_texts([text, captions[0]], allow_unknown=True)
        first, second = both.vectors
        similarity = float(np.clip(first @ second, -1, 1))
    probabilities = np.array([probability for _, probability in ranked], np.float32)
    return RoundTrip(text, images, probabilities, captions, similarity)
