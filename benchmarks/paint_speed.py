"""Seconds to paint 64 images of one text, once the painter is loaded.

    python benchmarks/paint_speed.py

A generator of width 32 at 64 x 64 with random weights, which do not affect the time.
The baselines are a loop that calls `generator.predict` once per image, and one
`predict` of all images with the sentences already embedded. All take turns, so that any
other load of the machine affects them alike.
"""

import statistics
import time

import click


def taken(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@click.command()
@click.option("--count", default=64, show_default=True)
@click.option("--width", default=32, show_default=True)
@click.option("--resolution", default=64, show_default=True)
@click.option("--repeats", default=5, show_default=True)
@click.option("--preset", help="Preset of a painter to load instead of a new one.")
def main(count, width, resolution, repeats, preset) -> None:
    import numpy as np

    from keras_imgdesc import (
        CaptionTokenizer,
        CompactTextEncoder,
        TextToImage,
        Vocabulary,
    )
    from keras_imgdesc.painting import Generator, to_uint8

    text = "a small red star above a large blue heart"
    if preset:
        painter = TextToImage.from_preset(preset)
    else:
        tokenizer = CaptionTokenizer(Vocabulary.build([text]), 16)
        encoder = CompactTextEncoder(tokenizer, embedding_dim=256)
        generator = Generator(256, resolution=resolution, width=width)
        painter = TextToImage(encoder, generator)
    generator = painter.generator
    noise = painter.draw_noise(count, seed=0)
    features = painter.encode([text])
    painted = {}

    def ours() -> None:
        painted["ours"] = painter.generate(text, count, seed=0)

    def one_predict() -> None:
        inputs = {k: np.repeat(v, count, axis=0) for k, v in features.items()}
        inputs["noise"] = noise
        pixels = generator.predict(inputs, batch_size=count, verbose=0)["image"]
        painted["one predict"] = np.asarray(to_uint8(pixels))

    def loop() -> None:
        pixels = [
            generator.predict(features | {"noise": row[None]}, verbose=0)
            for row in noise
        ]
        images = np.concatenate([outputs["image"] for outputs in pixels])
        painted["loop"] = np.asarray(to_uint8(images))

    forms = {
        "ours: `generate`": ours,
        "(a) one `predict` of all": one_predict,
        "(b) one `predict` per image": loop,
    }
    first = {title: taken(function) for title, function in forms.items()}
    for other in ("one predict", "loop"):
        difference = np.abs(painted["ours"].astype(int) - painted[other])
        assert difference.max() <= 1, f"{other} paints other images"
    times: dict[str, list[float]] = {title: [] for title in forms}
    for _ in range(repeats):
        for title, function in forms.items():
            times[title].append(taken(function))
    medians = {title: statistics.median(row) for title, row in times.items()}
    base = medians["ours: `generate`"]
    print(
        f"{count} images of {generator.resolution} x {generator.resolution}, width "
        f"{generator.width}, median of {repeats}"
    )
    print("| | s | first call | over ours |")
    print("|---|---|---|---|")
    for title, value in medians.items():
        print(f"| {title} | {value:.3f} | {first[title]:.2f} | {value / base:.1f} |")


if __name__ == "__main__":
    main()
