"""German with umlauts and Chinese by characters, from a file of captions to exports.

Nothing here depends on how well a model learns: every form must give the same texts.
"""

import csv
import random
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw

from keras_imgdesc import CompactTextEncoder, ImageCaptioner, ImageTextMatcher
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.readers.any_format import read_captions
from keras_imgdesc.export import export_saved_model, export_tflite
from keras_imgdesc.lite import LiteCaptioner, LiteMatcher
from keras_imgdesc.splitting import join_words
from keras_imgdesc.training.captioner.recipe import CaptionRecipe
from keras_imgdesc.training.captioner.train import train_captioner


@dataclass(frozen=True)
class Language:
    """Captions of drawings of a shape in a colour, in one language."""

    split: str
    colours: dict[str, str]  # words to colours
    shapes: dict[str, str]  # words to methods of ImageDraw
    caption: str
    words: frozenset[str]


GERMAN = Language(
    "words",
    {"grüner": "green", "rötlicher": "salmon", "blauer": "blue", "weißer": "white"},
    {"Kreis": "ellipse", "Würfel": "rectangle", "Bogen": "arc"},
    "Ein schöner {colour} {shape}, für Jörg.",
    frozenset({"ein", "schöner", "grüner", "rötlicher", "blauer", "weißer"})
    | {"kreis", "würfel", "bogen", "für", "jörg"},
)
CHINESE = Language(
    "characters",
    {"绿色": "green", "红色": "red", "蓝色": "blue", "白色": "white"},
    {"圆形": "ellipse", "方块": "rectangle", "弧线": "arc"},
    "画里有一个{colour}的{shape}，用Gouache画的。",
    frozenset([*"画里有一个绿红蓝白色的圆形方块弧线用", "gouache"]),
)
LANGUAGES = {"German": GERMAN, "Chinese": CHINESE}


def draw(folder: Path, language: Language) -> Path:
    """Draw twelve images, and write a file with a caption of each."""
    folder.mkdir()
    rows = []
    for colour_word, colour in language.colours.items():
        for shape_word, shape in language.shapes.items():
            image = Image.new("RGB", (40, 36), "gray")
            pen = ImageDraw.Draw(image)
            place = {"xy": (8, 6, 30, 28), "fill": colour}
            getattr(pen, shape)(
                **place, **({"start": 0, "end": 200} if shape == "arc" else {})
            )
            name = f"{len(rows):02}.png"
            image.save(folder / name)
            text = language.caption.format(colour=colour_word, shape=shape_word)
            # Some systems write umlauts as two characters.
            rows.append((name, normalize("NFD" if len(rows) % 2 else "NFC", text)))
    path = folder.parent / "captions.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("image", "caption"), *rows])
    return path


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_form_captions_in_the_language(name, tmp_path):
    language = LANGUAGES[name]
    annotations = draw(tmp_path / "images", language)
    collection = read_captions(annotations, tmp_path / "images")
    recipe = CaptionRecipe(
        encoder_options={"image_size": 32, "width": 0.0625},
        decoder_options={"embedding_dim": 8, "hidden_dim": 8, "feature_dim": 8}
        | {"num_heads": 2},
        min_count=1,
        sequence_length=24,
        split=language.split,
        epochs=1,
        batch_size=6,
        captions_per_image=1,
        validation_images=3,
        num_beams=1,
        precision="float32",
    )
    validation = collection.examples[::4]
    training = [one for one in collection if one not in validation]
    trained = train_captioner(
        recipe,
        tmp_path / "run",
        CaptionCollection(training),
        CaptionCollection(validation),
        progress=False,
    )
    # Captions of a model that has hardly learned might end at once.
    size, end_id = len(trained.vocabulary), trained.vocabulary.end_id
    (bias,) = [w for w in trained.decoder.weights if w.shape == (size,)]
    bias.assign(np.where(np.arange(size) == end_id, -50, bias))
    trained.save_to_preset(tmp_path / "preset")
    captioner = ImageCaptioner.from_preset(tmp_path / "preset")
    tokenizer, vocabulary = captioner.tokenizer, captioner.vocabulary
    assert set(vocabulary.tokens[4:]) == language.words

    # === Every word survives as a part of a caption ===
    words = list(vocabulary.tokens[4:])
    random.Random(0).shuffle(words)
    ids = [vocabulary.id_of(word) for word in words]
    (text,) = tokenizer.detokenize([[*ids, vocabulary.end_id]])
    assert text == join_words(words, language.split)
    assert (" " in text) == (name == "German")
    for form in ("NFC", "NFD"):
        uncut = tokenizer.tokenize_uncut([normalize(form, text)]).numpy()
        assert uncut.tolist() == [[2, *ids, 3]]

    # === The same captions in every form ===
    paths = [example.path for example in collection]
    details = captioner.generate(paths, return_details=True)
    expected = [caption.text for caption in details]
    for caption in details:
        tokens = [vocabulary.tokens[i] for i in caption.token_ids]
        assert caption.words == tokens and len(tokens) == 23
    served = tf.saved_model.load(
        str(export_saved_model(captioner, tmp_path / "served"))
    )
    content = tf.constant([Path(path).read_bytes() for path in paths])
    outputs = served.signatures["serving_default"](image_bytes=content)
    assert [text.decode() for text in outputs["caption"].numpy()] == expected
    lite = LiteCaptioner(export_tflite(captioner, tmp_path / "lite.tflite"))
    found = lite.generate(paths, return_details=True)
    assert [caption.text for caption in found] == expected
    assert [caption.words for caption in found] == [c.words for c in details]

    # === The same score of a caption in both of its spellings ===
    texts = [example.captions[0] for example in collection]
    log_probs = [caption.log_prob for caption in captioner.score(paths, texts)]
    for form in ("NFC", "NFD"):
        outputs = served.signatures["score"](
            image_bytes=content,
            caption=tf.constant([normalize(form, text) for text in texts]),
        )
        assert not any(outputs["unknown_words"].numpy())
        np.testing.assert_allclose(outputs["log_prob"], log_probs, rtol=1e-3)


def test_lite_reads_texts_by_characters_as_python(tmp_path):
    from keras_imgdesc import CaptionTokenizer, VGG16Encoder, Vocabulary

    vocabulary = Vocabulary(sorted(CHINESE.words))
    tokenizer = CaptionTokenizer(vocabulary, 12, "characters")
    matcher = ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=32, width=0.0625),
        CompactTextEncoder(tokenizer, embedding_dim=8, num_layers=1, num_heads=1),
        embedding_dim=8,
        num_heads=2,
    )
    matcher.save_to_preset(tmp_path / "preset")
    loaded = ImageTextMatcher.from_preset(tmp_path / "preset")
    assert loaded.fingerprint() == matcher.fingerprint()
    lite = LiteMatcher(export_tflite(loaded, tmp_path / "matcher.tflite"))
    texts = ["蓝色的方块", "一个Gouache画，蓝色", "白" * 20]
    for text in texts:
        expected = loaded.text_encoder.tokenize(text)
        np.testing.assert_array_equal(lite.tokenize(text), expected)
        assert vocabulary.unk_id not in expected
    assert lite.find_unknown(["蓝天"]) == loaded.find_unknown(["蓝天"]) == ["天"]
    image = np.zeros((32, 32, 3), np.uint8)
    maps = loaded.explain(image, texts[0])
    assert maps.words == list(texts[0]) and len(maps.attention) == 5
