"""The decoders side by side: size, speed in training, time of a caption, scores.

    python benchmarks/decoder_report.py --images FOLDER runs/gru runs/lstm \
        runs/transformer

Each argument is a run directory of `keras-imgdesc train captioner`, or a preset. All
must have the same kind of image encoder and the same vocabulary.

Parameters are the decoder's. Training is that of the decoder on feature maps, with
random words, which do not affect the time of a step; it computes in `--precision`. A
caption is one image, decoded from its file, with 3 beams and 2 threads in float32:
`generate` in Python, and `LiteCaptioner` with the float32 file. What the decoder takes
of it is the file's signature `describe` less its `encode`. All take turns, so that any
other load of the machine affects them alike; times are medians. BLEU-4 and CIDEr-D are
those of the run's best epoch: CIDEr-D is there if the recipe's metric is `cider_d`.
"""

import csv
import statistics
import tempfile
import time
from pathlib import Path

import click
import numpy as np

WORDS, LENGTH, WARM_UP = 12, 24, 2


def taken(function, *args, **kwargs) -> float:
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


def preset_of(source: str) -> str:
    preset = Path(source) / "preset"
    return str(preset) if preset.is_dir() else source


def best_row(source: str) -> dict[str, str]:
    """Return the best row of a run's `metrics.csv`, or nothing for a preset."""
    path = Path(source) / "metrics.csv"
    if not path.exists():
        return {}
    return max(csv.DictReader(path.open()), key=lambda row: float(row["score"]))


def refuse_different(captioners) -> None:
    seen = {
        name: (
            type(c.image_encoder).__name__,
            c.image_encoder.image_size,
            tuple(c.image_encoder.feature_map_shape),
            len(c.vocabulary),
        )
        for name, c in captioners.items()
    }
    if len(set(seen.values())) > 1:
        raise click.ClickException(f"Encoders or vocabularies differ: {seen}")


def training_steps(captioner, images: int, captions: int):
    """Return a function that trains on one batch and returns its seconds."""
    import keras

    from keras_imgdesc.captioning import CaptionLoss

    decoder, size = captioner.decoder, len(captioner.vocabulary)
    generator = np.random.default_rng(0)
    words = generator.integers(4, size, (images * captions, LENGTH), np.int32)
    words[:, WORDS:] = 0
    inputs = {
        "feature_map": generator.normal(
            size=(images, *decoder.feature_map_shape)
        ).astype("float32"),
        "token_ids": words[:, : WORDS - 1],
    }
    following = words[:, 1:WORDS]
    decoder.compile(keras.optimizers.AdamW(1e-4), CaptionLoss(0.1))
    return lambda: taken(
        decoder.train_on_batch, inputs, following, np.ones_like(following, "float32")
    )


def time_training(captioners, images, captions, steps) -> dict[str, float]:
    """Return captions per second."""
    trained = {
        name: training_steps(captioner, images, captions)
        for name, captioner in captioners.items()
    }
    times: dict[str, list[float]] = {name: [] for name in trained}
    for _ in range(steps + WARM_UP):
        for name, step in trained.items():
            times[name].append(step())
    return {
        name: images * captions / statistics.median(seconds[WARM_UP:])
        for name, seconds in times.items()
    }


def time_captions(captioners, paths, threads) -> dict[str, list[float]]:
    """Return milliseconds in Python, in LiteRT, and of the decoder in LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    from keras_imgdesc.export import export_tflite
    from keras_imgdesc.images import load_image, resize_image
    from keras_imgdesc.lite import LiteCaptioner

    times = {name: ([], [], [], []) for name in captioners}
    with tempfile.TemporaryDirectory() as folder:
        forms = {}
        for index, (name, captioner) in enumerate(captioners.items()):
            file = export_tflite(captioner, Path(folder) / str(index) / "c.tflite")
            lite = Interpreter(str(file), num_threads=threads)
            forms[name] = (
                captioner.generate,
                LiteCaptioner(file, threads).generate,
                lite.get_signature_runner("describe"),
                lite.get_signature_runner("encode"),
            )
        for path in paths:
            content = path.read_bytes()
            for name, (python, lite, describe, encode) in forms.items():
                size = captioners[name].image_encoder.image_size
                pixels = resize_image(load_image(path), size)[None]
                for values, seconds in zip(
                    times[name],
                    (
                        taken(python, content, num_beams=3),
                        taken(lite, content),
                        taken(describe, image=pixels),
                        taken(encode, image=pixels),
                    ),
                    strict=True,
                ):
                    values.append(1e3 * seconds)
    # The first image pays for what is compiled once.
    medians = {
        name: [statistics.median(values[1:]) for values in parts]
        for name, parts in times.items()
    }
    return {
        name: [python, lite, describe - encode]
        for name, (python, lite, describe, encode) in medians.items()
    }


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--images", "folder", required=True, type=click.Path(exists=True))
@click.option("--count", default=30, show_default=True, help="Images to caption.")
@click.option("--batch-images", default=12, show_default=True)
@click.option("--captions-per-image", default=5, show_default=True)
@click.option("--steps", default=20, show_default=True, help="Training steps.")
@click.option("--threads", default=2, show_default=True)
@click.option("--precision", default="auto", show_default=True, help="Of the training.")
def main(
    sources, folder, count, batch_images, captions_per_image, steps, threads, precision
) -> None:
    import tensorflow as tf

    from keras_imgdesc import ImageCaptioner
    from keras_imgdesc.backend import choose_precision
    from keras_imgdesc.images import list_images

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    paths = list_images([Path(folder)])[: count + 1]
    precision = choose_precision(precision)

    def load(dtype):
        return {s: ImageCaptioner.from_preset(preset_of(s), dtype) for s in sources}

    captioners = load("float32")
    refuse_different(captioners)
    milliseconds = time_captions(captioners, paths, threads)
    rates = time_training(load(precision), batch_images, captions_per_image, steps)
    print(
        f"{next(iter(captioners.values())).description.split(' on ')[1]}; trained in "
        f"{precision}, {batch_images} images with {captions_per_image} captions a "
        f"step, {steps} steps; {len(paths) - 1} images captioned\n"
    )
    print(
        "| | decoder | parameters | captions/s in training | ms, Python | ms, LiteRT "
        "| of it decoder | BLEU-4 | CIDEr-D |\n|---|---|---|---|---|---|---|---|---|"
    )
    for source, captioner in captioners.items():
        row = best_row(source)
        scores = (
            f"{float(row[key]):.{digits}f}" if row.get(key) else ""
            for key, digits in (("bleu_4", 2), ("cider_d", 3))
        )
        cells = (
            source,
            type(captioner.decoder).__name__,
            f"{captioner.decoder.count_params() / 1e6:.2f} M",
            f"{rates[source]:.0f}",
            *(f"{value:.1f}" for value in milliseconds[source]),
            *scores,
        )
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
