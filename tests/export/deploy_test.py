"""The files for TensorFlow Serving are consistent."""

import re
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

FOLDER = Path(__file__).parents[2] / "deploy"


def test_the_model_config_can_be_parsed():
    models = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((FOLDER / "models.config").read_text(), models)
    (model,) = models.model_config_list.config
    assert model.base_path == f"/models/{model.name}"


def test_the_compose_file_mounts_every_configuration():
    compose = (FOLDER / "compose.yaml").read_text()
    for path in FOLDER.glob("*.config"):
        assert f"./{path.name}:/config/{path.name}:ro" in compose
        assert f"=/config/{path.name}" in compose


def test_the_examples_use_the_configured_model():
    text = (FOLDER / "README.md").read_text()
    assert "--output models/captioner" in text and "/models/captioner:predict" in text


def test_the_largest_allowed_batch_size_is_the_maximum():
    """Otherwise the server refuses to start. No wheel has the format of the file."""
    text = (FOLDER / "batching.config").read_text()
    (largest,) = re.findall(r"max_batch_size \{ value: (\d+) \}", text)
    allowed = [int(n) for n in re.findall(r"allowed_batch_sizes: (\d+)", text)]
    assert allowed == sorted(set(allowed)) and allowed[-1] == int(largest)
