"""BERT as a text encoder."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_imgdesc import (
    BertTextEncoder,
    ImageTextMatcher,
    InputError,
    VGG16Encoder,
)
from keras_imgdesc.text import TextEncoder

TEXTS = ["a red bird", "Birds", "a blue bird a red bird a tree a blue tree"]


@pytest.fixture
def encoder(bert_folder) -> BertTextEncoder:
    return BertTextEncoder(bert_folder, sequence_length=12)


@pytest.mark.pretrained
def test_sentences_are_those_of_the_published_pipeline(minilm_folder):
    published = json.loads(
        (Path(__file__).parent / "minilm_sentences.json").read_text()
    )["texts"]
    encoder = BertTextEncoder(minilm_folder, sequence_length=256)
    texts = [example["text"] for example in published]
    ids = encoder.tokenize(texts)
    for row, example in zip(ids, published, strict=True):
        assert row[row != 0].tolist() == example["token_ids"], example["text"]
    found = encoder.encode(texts).sentences
    expected = np.array([example["sentence"] for example in published])
    assert (found * expected).sum(axis=1).min() > 0.9999


def test_words_are_those_of_a_plain_forward_pass(encoder, bert_weights):
    found = encoder.encode(TEXTS)
    for index, ids in enumerate(encoder.tokenize(TEXTS)):
        ids = ids[ids != 0]
        expected = _plain_bert(bert_weights, ids)
        np.testing.assert_allclose(
            found.words[index, : len(ids)], expected, atol=1e-4, rtol=0
        )
        mean = expected.mean(axis=0)
        cosine = found.sentences[index] @ mean / np.linalg.norm(mean)
        assert cosine > 0.99999


def test_padding_changes_nothing(encoder):
    # `encode` leaves padding out; the model itself is given it.
    expected = TextEncoder.encode(encoder, TEXTS)
    found = encoder.encode(TEXTS, batch_size=2)
    np.testing.assert_array_equal(found.padding_mask, expected.padding_mask)
    np.testing.assert_allclose(found.sentences, expected.sentences, atol=1e-5)
    mask = found.padding_mask
    np.testing.assert_allclose(found.words[mask], expected.words[mask], atol=1e-4)
    assert mask.sum(axis=1).tolist() == [3, 2, 10]
    assert not mask[:, 0].any()  # the start token


def test_rows_of_padding_are_finite(encoder):
    outputs = encoder({"token_ids": np.zeros((1, 12), "int32")})
    assert np.isfinite(keras.ops.convert_to_numpy(outputs["sentence"])).all()


def test_a_folder_is_read_offline(bert_folder, monkeypatch):
    def refuse(*args: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert len(BertTextEncoder(bert_folder, 6).encode(TEXTS)) == 3


def test_config_builds_the_same_model_without_the_files(encoder, bert_folder):
    config = json.loads(json.dumps(encoder.get_config()))
    for file in bert_folder.iterdir():
        file.unlink()
    again = BertTextEncoder.from_config(config)
    assert again.fingerprint() != encoder.fingerprint()
    again.set_weights(encoder.get_weights())
    assert again.fingerprint() == encoder.fingerprint()
    np.testing.assert_allclose(
        again.encode(TEXTS).sentences, encoder.encode(TEXTS).sentences, atol=1e-6
    )


def test_a_keras_file_is_loaded(encoder, tmp_path):
    encoder.save(tmp_path / "encoder.keras")
    again = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(
        again.encode(TEXTS).sentences, encoder.encode(TEXTS).sentences, atol=1e-6
    )


def test_a_folder_of_kerashub_is_loaded(encoder, tmp_path):
    import keras_nlp

    hub = keras_nlp.models.BertBackbone(**encoder.backbone_config)
    hub.save_to_preset(str(tmp_path / "hub"))
    pieces = list(encoder.tokenizer.vocabulary.tokens) + ["[MASK]"]
    tokenizer = keras_nlp.models.BertTokenizer(pieces[:9] + ["[MASK]"], lowercase=True)
    tokenizer.save_to_preset(str(tmp_path / "hub"))
    found = BertTextEncoder(tmp_path / "hub", sequence_length=8)
    assert found.tokenizer.vocabulary.tokens[-1] == "[MASK]"
    token_ids = found.tokenize(TEXTS)
    expected = hub(
        {
            "token_ids": token_ids,
            "segment_ids": np.zeros_like(token_ids),
            "padding_mask": token_ids != 0,
        }
    )["sequence_output"]
    mask = token_ids != 0
    words = keras.ops.convert_to_numpy(found({"token_ids": token_ids})["words"])
    expected = keras.ops.convert_to_numpy(expected)
    np.testing.assert_allclose(words[mask], expected[mask], atol=1e-5)


@pytest.mark.slow
def test_another_process_loads_a_preset(encoder, tmp_path):
    matcher = ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=32, width=0.0625), encoder, embedding_dim=4
    )
    matcher.save_to_preset(tmp_path / "preset")
    program = (
        "from keras_imgdesc import ImageTextMatcher\n"
        f"matcher = ImageTextMatcher.from_preset({str(tmp_path / 'preset')!r})\n"
        f"found = matcher.embed_texts({TEXTS})\n"
        "print(matcher.fingerprint(), found.vectors[1].tolist())"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split(maxsplit=1)
    assert said[0] == matcher.fingerprint()
    # Not `matcher` itself, whose weights were rounded on their way to the file.
    again = ImageTextMatcher.from_preset(tmp_path / "preset")
    vector = again.embed_texts(TEXTS).vectors[1]
    np.testing.assert_allclose(json.loads(said[1]), vector, atol=1e-5)


@pytest.mark.parametrize(
    ("trainable_from", "trained", "frozen"),
    [
        ("transformer_layer_1", ["transformer_layer_1"], ["transformer_layer_0"]),
        ("all", ["token_embedding", "transformer_layer_0"], []),
    ],
)
def test_training_starts_at_the_named_layer(encoder, trainable_from, trained, frozen):
    encoder.set_trainable_from(trainable_from)
    encoder.compile("sgd", {"sentence": "mse"})
    before = {w.path: keras.ops.convert_to_numpy(w) for w in encoder.weights}
    target = {"sentence": np.ones((3, 8), "float32")}
    encoder.fit({"token_ids": encoder.tokenize(TEXTS)}, target, verbose=0)
    changed = {
        w.path
        for w in encoder.weights
        if (keras.ops.convert_to_numpy(w) != before[w.path]).any()
    }
    for layer in trained:
        assert any(layer in path for path in changed)
    for layer in frozen:
        assert not any(layer in path for path in changed)
    assert BertTextEncoder.from_config(encoder.get_config()).trainable_from == (
        trainable_from
    )


def test_it_is_frozen_by_default(encoder):
    assert not encoder.trainable_variables
    assert encoder.trainable_from == "none"


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "model.safetensors"])
def test_a_missing_file_is_named(bert_folder, name):
    (bert_folder / name).unlink()
    with pytest.raises(InputError, match=f"all its files.*{name}"):
        BertTextEncoder(bert_folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b'{"model_type": "gpt2"}'),
        ("vocab.txt", b"no\nBERT\n"),
        ("vocab.txt", b"\xff\xfe"),
        ("model.safetensors", b"broken"),
    ],
)
def test_a_broken_file_is_refused(bert_folder, name, content):
    (bert_folder / name).write_bytes(content)
    with pytest.raises(InputError, match="reason="):
        BertTextEncoder(bert_folder)


def test_missing_weights_are_refused(bert_folder, bert_weights):
    from safetensors.numpy import save_file

    fewer = dict(bert_weights)
    del fewer["encoder.layer.1.output.dense.bias"]
    save_file(fewer, bert_folder / "model.safetensors")
    with pytest.raises(InputError, match="reason="):
        BertTextEncoder(bert_folder)


def test_a_vocabulary_of_another_model_is_refused(bert_folder):
    with open(bert_folder / "vocab.txt", "a") as file:
        file.write("another\n")
    with pytest.raises(InputError, match="pieces=11"):
        BertTextEncoder(bert_folder)


def test_a_missing_library_is_named(bert_folder, monkeypatch):
    from keras_hub.src.utils.transformers import safetensor_utils

    monkeypatch.setattr(safetensor_utils, "safetensors", None)
    with pytest.raises(InputError, match=r"keras-imgdesc\[bert\]"):
        BertTextEncoder(bert_folder)


@pytest.mark.parametrize("source", ["no_such_preset", "/no/such/folder", ""])
def test_an_unknown_source_is_refused(source):
    with pytest.raises(InputError, match="bert_tiny_en_uncased"):
        BertTextEncoder(source)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sequence_length": 13}, "at most 12"),
        ({"sequence_length": 2}, "at least 3"),
        ({"trainable_from": "layer_9"}, "transformer_layer_1"),
        ({"layers": 3}, "no such option"),
    ],
)
def test_wrong_options_are_refused(bert_folder, options, message):
    with pytest.raises(InputError, match=message):
        BertTextEncoder(bert_folder, **({"sequence_length": 12} | options))


def test_it_needs_a_source():
    with pytest.raises(InputError, match="source=None"):
        BertTextEncoder()


def _plain_bert(weights: dict[str, np.ndarray], ids: np.ndarray) -> np.ndarray:
    """The last layer of a BERT for one text, (tokens, width), written out."""

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        x = (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(
        "embeddings.LayerNorm",
        x + weights["embeddings.token_type_embeddings.weight"][0],
    )
    for index in range(2):
        layer = f"encoder.layer.{index}"
        parts = [
            dense(f"{layer}.attention.self.{n}", x).reshape(len(ids), 2, 4)
            for n in ("query", "key", "value")
        ]
        powers = np.exp(np.einsum("qhd,khd->hqk", *parts[:2]) / 2.0)
        powers /= powers.sum(axis=-1, keepdims=True)
        read = np.einsum("hqk,khd->qhd", powers, parts[2]).reshape(len(ids), 8)
        x = norm(
            f"{layer}.attention.output.LayerNorm",
            x + dense(f"{layer}.attention.output.dense", read),
        )
        hidden = dense(f"{layer}.intermediate.dense", x)
        hidden = (
            hidden * (1 + np.tanh(0.7978845608 * (hidden + 0.044715 * hidden**3))) / 2
        )
        x = norm(
            f"{layer}.output.LayerNorm", x + dense(f"{layer}.output.dense", hidden)
        )
    return x
