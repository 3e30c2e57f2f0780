"""Train a captioner from scratch: the idea of the package on one page.

    python examples/train_captioner.py

Draws scenes of coloured shapes, trains an image encoder and an LSTM decoder on them
together, and captions new scenes by beam search. It takes 118 seconds on two cores of
an AMD EPYC with avx512_bf16. Expect 68 % of the captions to be exactly right, every
object with its size, colour, shape and place; slower or busier machines, which add in
another order, ended between 56 and 68 %.
`recipes/scenes_lstm.json` trains the same model at full size.
"""

import time

import keras
import numpy as np
from keras import ops

from keras_imgdesc import (
    CaptionTokenizer,
    ImageCaptioner,
    LSTMDecoder,
    VGG16Encoder,
    Vocabulary,
)
from keras_imgdesc.backend import choose_precision
from keras_imgdesc.data.scenes import caption_scene, graph_matches, make_scene
from keras_imgdesc.training.optimizers.conv_muon import ConvMuon


def masked_cross_entropy(token_ids, outputs, weights):
    """Return the mean of -log P(word | image, words before it), without padding."""
    log_probs = ops.log_softmax(outputs["logits"])  # (captions, words, vocabulary)
    chosen = ops.take_along_axis(log_probs, ops.expand_dims(token_ids, -1), axis=-1)
    return -ops.sum(chosen[..., 0] * weights) / ops.sum(weights)


def train(
    num_scenes=6000,  # drawn to train on, with 5 captions each
    num_test_scenes=200,  # drawn to test on
    image_size=64,  # pixels
    encoder_width=0.25,  # channels of VGG16's layers, as a share of the original
    embedding_dim=64,  # width of word vectors
    hidden_dim=128,  # width of the LSTM's state
    feature_dim=64,  # width of attention keys and values
    num_heads=4,  # of the attention
    dropout=0.1,  # rate
    sequence_length=24,  # tokens of a caption, start and end included
    batch_size=64,  # images per step
    captions_per_image=2,  # per step; they share the image's feature map
    steps=600,  # of training
    warm_up_steps=50,  # before the learning rate is highest; then half a cosine
    learning_rate=3e-3,  # highest
    weight_decay=0.02,  # per unit of learning rate
    num_beams=3,  # captions that the search keeps
    log_every=100,  # steps
    seed=0,  # of weights and batches
):
    """Train a captioner; return it with the share of captions exactly right."""
    start = time.perf_counter()
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(choose_precision("auto"))

    def log(message):
        print(f"{time.perf_counter() - start:4.0f} s  {message}", flush=True)

    # Data: images, uint8 (scenes, image_size, image_size, 3), and token ids of their
    # captions, int32 (scenes, 5, sequence_length).
    scenes = [make_scene("train", i, image_size) for i in range(num_scenes)]
    images = np.stack([image for _, image in scenes])
    captions = [caption for graph, _ in scenes for caption in caption_scene(graph)]
    vocabulary = Vocabulary.build(captions)
    tokenizer = CaptionTokenizer(vocabulary, sequence_length)
    token_ids = np.reshape(tokenizer(captions), (num_scenes, -1, sequence_length))
    log(f"drew {num_scenes} scenes; the captions have {len(vocabulary)} words")

    # Model: the encoder computes a map of features, one vector per location. At each
    # word, the decoder attends to the locations and predicts the next word.
    encoder = VGG16Encoder(image_size=image_size, width=encoder_width)
    decoder = LSTMDecoder(
        len(vocabulary),
        encoder.feature_map_shape,
        embedding_dim=embedding_dim,
        hidden_dim=hidden_dim,
        feature_dim=feature_dim,
        num_heads=num_heads,
        dropout=dropout,
    )
    captioner = ImageCaptioner(encoder, decoder, tokenizer)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        steps - warm_up_steps,
        warmup_target=learning_rate,
        warmup_steps=warm_up_steps,
    )
    optimizer = ConvMuon(schedule, weight_decay=weight_decay, clipnorm=5.0)
    captioner.compile(optimizer, masked_cross_entropy)

    # Training: the words so far are the input, the words one place ahead the target.
    generator = np.random.default_rng(seed)
    for step in range(1, steps + 1):
        batch = generator.integers(num_scenes, size=batch_size)
        chosen = generator.permuted(np.tile(np.arange(5), (batch_size, 1)), axis=1)
        words = token_ids[batch[:, None], chosen[:, :captions_per_image]]
        words = words.reshape(-1, sequence_length)  # those of an image are adjacent
        inputs = {"image": images[batch], "token_ids": words[:, :-1]}
        weights = (words[:, 1:] != vocabulary.pad_id).astype("float32")
        logs = captioner.train_on_batch(inputs, words[:, 1:], weights, return_dict=True)
        if step % log_every == 0 or step == steps:
            log(f"step {step}: cross-entropy {logs['cross_entropy']:.3f}")
            captioner.reset_metrics()

    # Test: caption new scenes by beam search, and compare with what was drawn.
    tests = [make_scene("test", i, image_size) for i in range(num_test_scenes)]
    texts = captioner.generate([image for _, image in tests], num_beams=num_beams)
    graphs = [graph for graph, _ in tests]
    for text, graph in list(zip(texts, graphs, strict=True))[:5]:
        print(f"        {'right' if graph_matches(text, graph) else 'wrong'}: {text}")
    right = [graph_matches(*pair) for pair in zip(texts, graphs, strict=True)]
    log(f"{np.mean(right):.1%} of {num_test_scenes} captions are exactly right")
    return captioner, float(np.mean(right))


if __name__ == "__main__":
    train()
