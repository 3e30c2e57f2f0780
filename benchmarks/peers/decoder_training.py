"""Captions trained on a second: our Transformer decoder, and that of the tutorials.

    python benchmarks/peers/decoder_training.py --annotations CAPTIONS

Same widths, heads, layers, vocabulary, batch, precision and captions; both train with
`fit` and AdamW on cached features, which are random, as they do not affect the time.
Ours pads a batch to its longest caption, and with 5 captions per image computes keys
and values of an image once for all five. The tutorials pad all captions to one length,
and every caption brings the features of its image. Each runs in a process of its own,
in turns of a few steps; times are medians over the turns.
"""

import statistics
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from turns import Contestant, Turn, describe_machine, print_table

SIZES = {"num_heads": 8, "num_layers": 2, "feed_forward_dim": 1024, "dropout": 0.3}
WIDTH = 512
IMAGES, CAPTIONS = 400, 5
# Turns that pay for what is compiled; ours compiles once for every length.
WARM_UP = 2


def build_reader() -> Callable[..., tuple[np.ndarray, int]]:
    """Return `read_token_ids`, for a process of its own."""
    return read_token_ids


def read_token_ids(annotations: str, vocabulary: str) -> tuple[np.ndarray, int]:
    """Read captions: int32 (images, captions, length), and the vocabulary's size."""
    from keras_imgdesc.data.readers import read_captions
    from keras_imgdesc.presets.folders import find_preset
    from keras_imgdesc.text import CaptionTokenizer, Vocabulary
    from keras_imgdesc.training.captioner.tokenized_captions import tokenize_captions

    words = (find_preset(vocabulary) / "vocabulary.txt").read_text().split("\n")[:-1]
    tokenizer = CaptionTokenizer(Vocabulary(words))
    collection = read_captions(annotations, Path(annotations).parent / "images")
    chosen = type(collection)(collection.examples[:IMAGES])
    captions = tokenize_captions(chosen, tokenizer)
    return captions.token_ids.reshape(IMAGES, CAPTIONS, -1), len(words)


def random_features(shape: tuple[int, ...]) -> np.ndarray:
    chance = np.random.default_rng(0)
    return chance.random((IMAGES, *shape), np.float32)


def build_ours(
    token_ids, vocabulary_size, shape, precision, batch_size, captions_per_image, steps
) -> Callable[[int], int]:
    """Return a function that trains our decoder for one turn."""
    import keras

    from keras_imgdesc.captioning import CaptionLoss, TransformerDecoder
    from keras_imgdesc.training.captioner.batches import epoch_batches
    from keras_imgdesc.training.captioner.tokenized_captions import TokenizedCaptions

    keras.mixed_precision.set_global_policy(precision)
    decoder = TransformerDecoder(
        vocabulary_size, shape, WIDTH, WIDTH, feature_dim=WIDTH, **SIZES
    )
    decoder.compile(keras.optimizers.AdamW(1e-4), CaptionLoss(0.1))
    features = random_features(shape)
    captions = TokenizedCaptions(
        token_ids.reshape(-1, token_ids.shape[-1]), np.full(IMAGES, CAPTIONS)
    )

    def train(turn: int) -> int:
        batches = epoch_batches(
            features.__getitem__,
            "feature_map",
            captions,
            batch_size=batch_size,
            captions_per_image=captions_per_image,
            seed=0,
            epoch=turn,
        )
        decoder.fit(batches.take(steps), verbose=0)
        return decoder.count_params()

    return train


def build_tutorial(
    token_ids, vocabulary_size, shape, precision, batch_size, steps
) -> Callable[[int], int]:
    """Return a function that trains the tutorials' decoder for one turn."""
    import keras
    import tensorflow as tf
    from tutorial_decoder import build_tutorial_decoder

    keras.mixed_precision.set_global_policy(precision)
    length = token_ids.shape[-1] - 1
    decoder = build_tutorial_decoder(
        vocabulary_size, length, shape, width=WIDTH, **SIZES
    )
    features = tf.constant(random_features(shape))
    captions = tf.constant(token_ids.reshape(-1, length + 1))

    def example(index):
        inputs = {
            "feature_map": features[index // token_ids.shape[1]],
            "token_ids": captions[index, :-1],
        }
        return inputs, captions[index, 1:]

    batches = (
        tf.data.Dataset.range(len(captions))
        .shuffle(len(captions), seed=0)
        .map(example, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
    )

    def train(_turn: int) -> int:
        decoder.fit(batches.take(steps), verbose=0, shuffle=False)
        return decoder.count_params()

    return train


@click.command()
@click.option("--annotations", required=True, type=click.Path(exists=True))
@click.option("--vocabulary", default="flickr8k_efficientnet_lstm", show_default=True)
@click.option("--shape", default="7x7x1280", show_default=True, help="Of the features.")
@click.option("--batch-size", default=60, show_default=True, help="Captions.")
@click.option("--steps", default=8, show_default=True, help="Steps of a turn.")
@click.option("--turns", default=5, show_default=True)
@click.option("--precision", default="float32", show_default=True)
def main(annotations, vocabulary, shape, batch_size, steps, turns, precision) -> None:
    machine = describe_machine("tensorflow", "keras")
    reader = Contestant(build_reader)
    token_ids, vocabulary_size = reader(annotations, vocabulary).result
    reader.close()
    sizes = tuple(int(side) for side in shape.split("x"))
    common = (token_ids, vocabulary_size, sizes, precision, batch_size)
    contestants = {
        f"ours, {CAPTIONS} captions per image": Contestant(
            build_ours, *common, CAPTIONS, steps
        ),
        "ours, 1 caption per image": Contestant(build_ours, *common, 1, steps),
        "as in the tutorials": Contestant(build_tutorial, *common, steps),
    }
    times: dict[str, list[Turn]] = {name: [] for name in contestants}
    for turn in range(turns + WARM_UP):
        for name, contestant in contestants.items():
            times[name].append(contestant(turn))
    for contestant in contestants.values():
        contestant.close()
    print(
        f"{precision}, features {shape}, batches of {batch_size} captions, {turns} "
        f"turns of {steps} steps, vocabulary of {vocabulary_size}; {machine}\n"
    )
    captions = steps * batch_size
    medians = {
        name: (
            captions / statistics.median(turn.seconds for turn in done[WARM_UP:]),
            captions / statistics.median(turn.cpu_seconds for turn in done[WARM_UP:]),
        )
        for name, done in times.items()
    }
    theirs = medians["as in the tutorials"]
    rows = [
        (
            name,
            f"{times[name][0].result / 1e6:.2f} M",
            f"{rate:.1f}",
            f"{rate / theirs[0]:.2f}",
            f"{per_cpu:.1f}",
            f"{per_cpu / theirs[1]:.2f}",
            f"{max(turn.peak_mib for turn in times[name]):.0f}",
        )
        for name, (rate, per_cpu) in medians.items()
    ]
    header = ("decoder", "parameters", "captions/s", "over the tutorials")
    header += ("captions per CPU second", "over the tutorials", "peak MiB")
    print_table(header, rows)


if __name__ == "__main__":
    main()
