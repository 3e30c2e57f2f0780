import keras
import numpy as np
import pytest

from keras_imgdesc import (
    CaptionTokenizer,
    CompactTextEncoder,
    ImageCaptioner,
    ImageClassifier,
    ImageTextMatcher,
    LSTMDecoder,
    TextToImage,
    VGG16Encoder,
    Vocabulary,
)
from keras_imgdesc.painting import Generator
from keras_imgdesc.presets.task import Task
from keras_imgdesc.tasks import TASKS, load_preset

TEXTS = ["a red bird", "a blue dog", "a bird"]
PHOTOS = np.random.default_rng(0).integers(0, 256, (3, 36, 32, 3)).astype("uint8")


def tokenizer() -> CaptionTokenizer:
    return CaptionTokenizer(Vocabulary(["a", "red", "blue", "bird", "dog"]), 6)


def text_encoder() -> CompactTextEncoder:
    return CompactTextEncoder(
        tokenizer(), embedding_dim=16, num_layers=1, num_heads=2, dropout=0.0
    )


def build_captioner() -> ImageCaptioner:
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    decoder = LSTMDecoder(9, encoder.feature_map_shape, 8, 8, 2, feature_dim=8)
    return ImageCaptioner(encoder, decoder, tokenizer())


def build_matcher() -> ImageTextMatcher:
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    return ImageTextMatcher.build_parts(encoder, text_encoder(), embedding_dim=8)


def build_painter() -> TextToImage:
    generator = Generator(16, resolution=32, width=4, noise_dim=6, condition_dim=8)
    return TextToImage(text_encoder(), generator)


def build_classifier() -> ImageClassifier:
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    return ImageClassifier.build_parts(encoder, ["tabby, tabby cat", "dog"])


def log_probabilities(captioner):
    return [caption.log_prob for caption in captioner.score(PHOTOS, TEXTS)]


def scores(matcher):
    return matcher.score(PHOTOS, TEXTS)


def pixels(painter):
    return painter.generate(TEXTS, seed=3)


def probabilities(classifier):
    return classifier.probabilities(PHOTOS)


def fit_classifier(classifier):
    classifier.compile("sgd", run_eagerly=True)
    classifier.fit({"image": PHOTOS, "label": ["dog", "tabby", 1]}, verbose=0)


def fit(task):
    task.compile("sgd", run_eagerly=True)
    task.fit({"image": PHOTOS, "caption": TEXTS}, batch_size=3, verbose=0)


def fit_painter(painter):
    data = {"image": PHOTOS, "caption": TEXTS}
    painter.compile(run_eagerly=True)
    painter.fit(data, batch_size=3, verbose=0)


TOYS = {
    "ImageCaptioner": (build_captioner, log_probabilities, fit),
    "ImageTextMatcher": (build_matcher, scores, fit),
    "TextToImage": (build_painter, pixels, fit_painter),
    "ImageClassifier": (build_classifier, probabilities, fit_classifier),
}


# One task runs in make test, all of them in make test-all.
@pytest.mark.parametrize(
    "name",
    [
        name if name == "ImageCaptioner" else pytest.param(name, marks=pytest.mark.slow)
        for name in TASKS
    ],
)
def test_every_task_keeps_the_contract(run_task_contract, tmp_path, name):
    keras.utils.set_random_seed(0)
    build, answer, train = TOYS[name]
    run_task_contract(build(), answer, train)
    assert type(load_preset(tmp_path / "preset")) is TASKS[name]


@keras.saving.register_keras_serializable("tests")
class Head(keras.layers.Dense):
    """The probabilities of two classes."""

    def __init__(self):
        super().__init__(2, "softmax", name="head")

    @classmethod
    def from_config(cls, config):
        return cls()


class TextClassifier(Task):
    """A task outside the package: texts to the probabilities of two classes."""

    PARTS = {"text_encoder": (CompactTextEncoder,), "head": (Head,)}

    def __init__(self, text_encoder, head):
        self.text_encoder, self.head = text_encoder, head
        outputs = head(text_encoder.output["sentence"])
        self.model = keras.Model(text_encoder.input, outputs)

    description = "two classes"

    @property
    def vocabulary(self):
        return self.text_encoder.tokenizer.vocabulary

    def probabilities(self, texts):
        token_ids = self.text_encoder.tokenize(texts)
        return keras.ops.convert_to_numpy(self.model({"token_ids": token_ids}))

    def fit(self, texts, labels):
        self.model.compile("sgd", "sparse_categorical_crossentropy")
        token_ids = self.text_encoder.tokenize(texts)
        self.model.fit({"token_ids": token_ids}, labels, verbose=0)


def test_a_task_outside_the_package_keeps_the_contract(run_task_contract):
    keras.utils.set_random_seed(0)
    run_task_contract(
        TextClassifier(text_encoder(), Head()),
        lambda task: task.probabilities(TEXTS),
        lambda task: task.fit(TEXTS, np.array([0, 1, 0])),
    )
