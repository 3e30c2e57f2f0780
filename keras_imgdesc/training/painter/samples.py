"""The contact sheets of a painter's training."""

from pathlib import Path

import numpy as np

from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.evaluation.paintings.diversity import text_diversity
from keras_imgdesc.evaluation.paintings.held_out_texts import sample_evenly
from keras_imgdesc.painting import TextToImage
from keras_imgdesc.text.checks import accepted_unknown_words
from keras_imgdesc.training.inputs.images import read_pixels
from keras_imgdesc.visualization.sample_grid import write_sample_grid


class SampleSheets:
    """Contact sheets of the same texts, painted from the same noise after each epoch.

    Args:
        painter: painter in training.
        validation: images with captions, from which texts are chosen evenly, each only
            once.
        num_texts: number of texts.
        num_images: number of images per text.
        folder: directory for the sheets.
        seed: seed of the noise.
    """

    def __init__(
        self,
        painter: TextToImage,
        validation: CaptionCollection,
        num_texts: int,
        num_images: int,
        folder: Path,
        seed: int,
    ) -> None:
        self.painter, self.num_images, self.folder = painter, num_images, folder
        different = {e.captions[0]: e for e in reversed(validation.examples)}
        shown = sample_evenly(
            CaptionCollection(list(different.values())[::-1]), num_texts
        )
        self.texts = [example.captions[0] for example in shown]
        self.real, _ = read_pixels(shown, painter.generator.resolution)
        self.noise = np.random.default_rng([seed, 2]).standard_normal(
            (len(shown) * num_images, painter.generator.latent_dim), np.float32
        )

    def path(self, number: int) -> Path:
        """Return the file of an epoch's sheet; epochs count from 1."""
        return self.folder / f"epoch_{number:03d}.png"

    def paint(self, number: int) -> float:
        """Paint and write the sheet of an epoch.

        Args:
            number: number of the epoch, from 1.

        Returns:
            The mean distance of two images of one text; see `text_diversity`.
        """
        with accepted_unknown_words():
            painted = self.painter.generate(
                self.texts, num_images=self.num_images, noise=self.noise
            )
        self.folder.mkdir(exist_ok=True)
        write_sample_grid(self.path(number), self.texts, painted, self.real)
        return text_diversity(painted)
