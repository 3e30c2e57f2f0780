"""Fixtures for the tests of the command line."""

import keras
import pytest

from keras_imgdesc import (
    CaptionTokenizer,
    CompactTextEncoder,
    ImageCaptioner,
    ImageTextMatcher,
    LSTMDecoder,
    TextToImage,
    VGG16Encoder,
    Vocabulary,
    cli,
)
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.painting import Generator


@pytest.fixture
def run(capsys):
    def call(*arguments) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return call


@pytest.fixture(scope="session")
def presets(tmp_path_factory):
    """Folders of toy presets with the vocabulary of Scenes: task name to folder."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("presets")
    tokenizer = CaptionTokenizer(
        Vocabulary.build(draw_scenes("train", 200).captions()), 20
    )
    words = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1, num_heads=2)
    encoder = VGG16Encoder(image_size=32, width=0.0625)
    generator = Generator(16, resolution=32, width=4, noise_dim=6, condition_dim=8)
    decoder = LSTMDecoder(
        len(tokenizer.vocabulary), encoder.feature_map_shape, 8, 8, 2, feature_dim=8
    )
    tasks = {
        "painter": TextToImage(words, generator),
        "matcher": ImageTextMatcher.build_parts(encoder, words, embedding_dim=8),
        "captioner": ImageCaptioner(encoder, decoder, tokenizer),
    }
    for name, task in tasks.items():
        task.save_to_preset(folder / name)
    return {name: folder / name for name in tasks}
