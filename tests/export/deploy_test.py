"""The files for TensorFlow Serving fit together."""

import re
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

FOLDER = Path(__file__).parents[2] / "deploy"


def test_the_models_are_in_the_servers_format():
    models = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((FOLDER / "models.config").read_text(), models)
    (model,) = models.model_config_list.config
    assert model.base_path == f"/models/{model.name}"


def test_the_compose_file_mounts_every_configuration():
    compose = (FOLDER / "compose.yaml").read_text()
    for path in FOLDER.glob("*.config"):
        assert f"./{path.name}:/config/{path.name}:ro" in compose
        assert f"=/config/{path.name}" in compose


def test_the_examples_name_the_model_that_is_configured():
    text = (FOLDER / "README.md").read_text()
    assert "--output models/captioner" in text and "/models/captioner:predict" in text


def test_batches_are_filled_up_to_the_largest_that_is_allowed():
    """The rule by which the server refuses to start; its format is in no wheel."""
    text = (FOLDER / "batching.config").read_text()
    (largest,) = re.findall(r"max_batch_size \{ value: (\d+) \}", text)
    allowed = [int(n) for n in re.findall(r"allowed_batch_sizes: (\d+)", text)]
    assert allowed == sorted(set(allowed)) and allowed[-1] == int(largest)
