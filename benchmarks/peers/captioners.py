"""Our captioner in both engines, and its networks in the loop of most tutorials.

Each function returns one from paths to captions.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

Describe = Callable[[Sequence[str]], list[str]]


def build_ours(preset: str, runtime: str, threads: int) -> Describe:
    """Load our captioner.

    Args:
        preset: name of the preset.
        runtime: `"litert"` or `"tensorflow"`.
        threads: number of threads.
    """
    import keras_imgdesc

    if runtime == "litert":
        captioner = keras_imgdesc.load(preset, runtime, num_threads=threads)
        # The time of further processes would not be seen.
        return partial(captioner.generate, num_workers=1)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    return keras_imgdesc.load(preset, runtime).generate


def build_tutorial(preset: str, threads: int) -> Describe:
    """Load our networks, to be run as most tutorials do, by greedy search.

    Every photograph passes through the encoder's `predict` alone, and every word is one
    `predict` of the whole caption so far.
    """
    import tensorflow as tf

    from keras_imgdesc import ImageCaptioner
    from keras_imgdesc.images import load_image, resize_image

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    captioner = ImageCaptioner.from_preset(preset, dtype="float32")
    vocabulary = captioner.tokenizer.vocabulary
    length = captioner.tokenizer.sequence_length - 1
    side = captioner.image_encoder.image_size

    def caption(path: str) -> str:
        image = np.asarray(resize_image(load_image(path), (side, side)))
        features = captioner.image_encoder.predict(image[None], verbose=0)
        tokens = np.full((1, length), vocabulary.pad_id, "int32")
        tokens[0, 0] = vocabulary.start_id
        words = []
        for place in range(length - 1):
            logits = captioner.feature_model.predict(
                {"feature_map": features, "token_ids": tokens}, verbose=0
            )["logits"]
            token = int(np.argmax(logits[0, place]))
            if token == vocabulary.end_id:
                break
            tokens[0, place + 1] = token
            words.append(vocabulary.tokens[token])
        return " ".join(words)

    return lambda paths: [caption(path) for path in paths]
