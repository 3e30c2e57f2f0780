"""Captions trained on per second from cached features, against images through VGG16.

    python benchmarks/cached_training.py --images FOLDER

Same decoder, same batches, same frozen encoder at 224 pixels. The baseline sends the
images of every batch through the encoder, as plain `model.fit` on images does. Weights
and captions are random: they do not affect the time of a step. Extraction, which is
paid once, is printed separately.
"""

import tempfile
import time
from pathlib import Path

import click
import numpy as np

WORDS, LENGTH, VOCABULARY = 12, 24, 3000


def seconds_per_step(model, batches) -> float:
    for inputs in batches[:2]:
        model.train_on_batch(*inputs)
    start = time.perf_counter()
    for inputs in batches[2:]:
        model.train_on_batch(*inputs)
    return (time.perf_counter() - start) / len(batches[2:])


@click.command()
@click.option("--images", "folder", required=True, type=click.Path(exists=True))
@click.option("--count", default=300, show_default=True, help="Number of images.")
@click.option("--steps", default=10, show_default=True)
@click.option("--batch-size", default=64, show_default=True)
def main(folder, count, steps, batch_size) -> None:
    import keras

    from keras_imgdesc.backend import choose_precision
    from keras_imgdesc.captioning import CaptionLoss, LSTMDecoder, joint_model
    from keras_imgdesc.data.feature_cache import extract_features
    from keras_imgdesc.images import list_images, read_images
    from keras_imgdesc.vision import VGG16Encoder

    keras.mixed_precision.set_global_policy(choose_precision("auto"))
    encoder = VGG16Encoder(trainable_from="none")
    paths = list_images([Path(folder)])[:count]
    pixels = np.stack([image for _, image in read_images(paths, (224, 224))])
    generator = np.random.default_rng(0)
    words = generator.integers(4, VOCABULARY, (steps + 2, batch_size, LENGTH), np.int32)
    words[:, :, WORDS:] = 0
    chosen = generator.integers(0, len(pixels), (steps + 2, batch_size))

    def measure(name, gather, wrap) -> float:
        decoder = LSTMDecoder(VOCABULARY, encoder.feature_map_shape)
        model = wrap(decoder)
        model.compile(keras.optimizers.AdamW(1e-3), CaptionLoss(0.1))
        batches = [
            (
                {name: gather(index), "token_ids": tokens[:, :-1]},
                tokens[:, 1:],
                (tokens[:, 1:] > 0).astype("float32"),
            )
            for index, tokens in zip(chosen, words, strict=True)
        ]
        return batch_size / seconds_per_step(model, batches)

    with tempfile.TemporaryDirectory() as cache_folder:
        names = [str(p) for p in paths]
        start = time.perf_counter()
        cache = extract_features(encoder, paths, names, cache_folder, progress=False)
        extraction = len(paths) / (time.perf_counter() - start)
        cached = measure("feature_map", cache.gather, lambda decoder: decoder)
    through = measure(
        "image", lambda index: pixels[index], lambda d: joint_model(encoder, d)
    )
    print(f"batches of {batch_size} captions, {steps} steps each")
    print("| | captions/s |")
    print("|---|---|")
    print(f"| ours: from cached features | {cached:.1f} |")
    print(f"| through VGG16 in each step | {through:.1f} |")
    print(f"| ratio | {cached / through:.1f} |")
    print(f"\nExtraction, once: {extraction:.1f} images/s.")


if __name__ == "__main__":
    main()
