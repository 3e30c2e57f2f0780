"""Images described per second, against VGG16 alone and the loop of tutorials.

    python benchmarks/describe_speed.py --preset flickr8k_vgg16_lstm --images FOLDER

Rows (a) and (b) are the baselines: (a) `predict` of the encoder on the same images,
already decoded; (b) the loop of most captioning tutorials, one `model.predict` of the
whole model per word and beam. Row (b) is timed on a few images, as each takes seconds.
All three use the same model in the same precision.
"""

import time
from pathlib import Path

import click
import numpy as np


def tutorial_loop(captioner, feature_map, num_beams: int, max_length: int) -> list[int]:
    """Search as tutorials do: predict the complete prefix, sort, repeat."""
    vocabulary = captioner.tokenizer.vocabulary
    length = captioner.tokenizer.sequence_length - 1
    beams = [([vocabulary.start_id], 0.0)]
    for _ in range(max_length):
        candidates = []
        for tokens, score in beams:
            if tokens[-1] == vocabulary.end_id:
                candidates.append((tokens, score))
                continue
            padded = np.zeros((1, length), "int32")
            padded[0, : len(tokens)] = tokens
            logits = captioner.feature_model.predict(
                {"feature_map": feature_map, "token_ids": padded}, verbose=0
            )["logits"][0, len(tokens) - 1]
            log_probs = logits - np.log(np.sum(np.exp(logits)))
            for token in np.argsort(log_probs)[-num_beams:]:
                candidates.append(([*tokens, int(token)], score + log_probs[token]))
        beams = sorted(candidates, key=lambda b: -b[1])[:num_beams]
        if all(tokens[-1] == vocabulary.end_id for tokens, _ in beams):
            break
    return beams[0][0]


def timed(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@click.command()
@click.option("--preset", default="flickr8k_vgg16_lstm", show_default=True)
@click.option("--images", "folder", required=True, type=click.Path(exists=True))
@click.option("--count", default=500, show_default=True)
@click.option("--num-beams", default=3, show_default=True)
@click.option("--batch-size", default=32, show_default=True)
@click.option("--precision", default="auto", show_default=True)
@click.option("--loop-count", default=3, show_default=True)
def main(preset, folder, count, num_beams, batch_size, precision, loop_count) -> None:
    from keras_imgdesc import ImageCaptioner
    from keras_imgdesc.backend import choose_precision
    from keras_imgdesc.images import list_images, load_image, resize_image

    precision = choose_precision(precision)
    captioner = ImageCaptioner.from_preset(preset, dtype=precision)
    paths = list_images([Path(folder)])[:count]
    side = captioner.image_encoder.image_size
    pixels = np.stack(
        [np.asarray(resize_image(load_image(p), (side, side))) for p in paths]
    )

    def describe(images):
        return captioner.generate(images, num_beams=num_beams, batch_size=batch_size)

    def predict():
        captioner.image_encoder.predict(pixels, batch_size=batch_size, verbose=0)

    def loop():
        for image in pixels[:loop_count]:
            features = captioner.image_encoder.predict(image[None], verbose=0)
            tutorial_loop(
                captioner, features, num_beams, captioner.tokenizer.sequence_length - 2
            )

    describe(paths[:batch_size])
    captioner.image_encoder.predict(
        pixels[:batch_size], batch_size=batch_size, verbose=0
    )
    loop()
    ours = len(paths) / timed(lambda: describe(paths))
    alone = len(paths) / timed(predict)
    words = loop_count / timed(loop)
    print(f"{preset}, {precision}, {len(paths)} images, {num_beams} beams")
    print("| | images/s | ours over it |")
    print("|---|---|---|")
    print(f"| ours: decode, encode, beam search | {ours:.2f} | |")
    print(f"| (a) encoder `predict` alone | {alone:.2f} | {ours / alone:.2f} |")
    print(f"| (b) one `predict` per word and beam | {words:.3f} | {ours / words:.1f} |")


if __name__ == "__main__":
    main()
