import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

import keras_imgdesc
import keras_imgdesc.export.saved_model.export as module
from keras_imgdesc.errors import InputError
from keras_imgdesc.export.graph import image_bytes
from keras_imgdesc.export.saved_model.export import export_saved_model
from keras_imgdesc.export.signature import Signature
from keras_imgdesc.verification.runners.running import run_c_library


@pytest.fixture(scope="module")
def signatures(exported):
    return tf.saved_model.load(str(exported)).signatures


@pytest.fixture
def one_signature(monkeypatch):
    """Export one small signature, in tests of files: all four take long to trace."""
    signature = Signature(
        lambda image_bytes: {"error": tf.identity(image_bytes)},
        (tf.TensorSpec((None,), tf.string, name="image_bytes"),),
        {"image_bytes": np.array([b""], object)},
    )
    signatures = {"serving_default": signature}
    monkeypatch.setattr(module, "signatures_of", lambda task, **_: signatures)


def meta_graph(folder: Path):
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    model.ParseFromString((folder / "saved_model.pb").read_bytes())
    return model.meta_graphs[0]


def check_captions(captions, log_probs, attention, expected):
    assert [c.decode() for c in captions] == [e.text for e in expected]
    totals = [e.log_prob for e in expected]
    np.testing.assert_allclose(log_probs, totals, rtol=1e-4, atol=1e-4)
    for maps, e in zip(attention, expected, strict=True):
        n = len(e.token_ids)
        np.testing.assert_allclose(maps[:n], e.attention, atol=1e-4)
        assert not maps[n:].any()


def test_image_files_give_the_captions_of_python(signatures, image_files, expected):
    outputs = signatures["serving_default"](image_bytes=tf.constant(image_files))
    outputs = {k: v.numpy() for k, v in outputs.items()}
    assert (outputs["error"] == b"").all()
    check_captions(
        outputs["caption"], outputs["log_prob"], outputs["attention"], expected
    )


def test_a_broken_image_fills_its_error_alone(signatures, image_files, expected):
    given = [b"no image", *image_files[:2], b""]
    outputs = signatures["serving_default"](image_bytes=tf.constant(given))
    outputs = {k: v.numpy() for k, v in outputs.items()}
    errors = [e.decode() for e in outputs["error"]]
    assert errors == [image_bytes.UNKNOWN, "", "", image_bytes.EMPTY]
    assert outputs["caption"][0] == outputs["caption"][3] == b""
    assert not outputs["attention"][[0, 3]].any() and outputs["log_prob"][3] == 0
    check_captions(
        outputs["caption"][1:3],
        outputs["log_prob"][1:3],
        outputs["attention"][1:3],
        expected[:2],
    )


@pytest.mark.parametrize(
    "name, inputs",
    [
        ("serving_default", {"image_bytes": tf.zeros((0,), tf.string)}),
        ("encode", {"image_bytes": tf.zeros((0,), tf.string)}),
        ("pixels", {"image": tf.zeros((0, 96, 96, 3), tf.uint8)}),
    ],
)
def test_an_empty_batch_is_an_error(signatures, name, inputs):
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least one image"):
        signatures[name](**inputs)


def test_pixels_of_any_size_are_described(signatures, captioner):
    image = np.random.default_rng(0).integers(0, 256, (2, 50, 70, 3), np.uint8)
    outputs = signatures["pixels"](image=tf.constant(image))
    expected = captioner.generate(list(image))
    assert [c.decode() for c in outputs["caption"].numpy()] == expected


def test_scores_are_those_of_python(signatures, captioner, image_files):
    texts = ["A large red circle!", " ".join(["small"] * 40), ""]
    outputs = signatures["score"](
        image_bytes=tf.constant(image_files[:3]), caption=tf.constant(texts)
    )
    expected = [s.log_prob for s in captioner.score(image_files[:3], texts)]
    np.testing.assert_allclose(outputs["log_prob"], expected, rtol=1e-4)
    np.testing.assert_allclose(
        np.sum(outputs["token_log_probs"], axis=1), expected, rtol=1e-4
    )


@pytest.mark.parametrize("texts", [["a"], ["a", "b", "c"]])
def test_each_image_is_scored_with_a_caption_of_its_own(signatures, image_files, texts):
    with pytest.raises(tf.errors.InvalidArgumentError, match="one caption per image"):
        signatures["score"](
            image_bytes=tf.constant(image_files[:2]), caption=tf.constant(texts)
        )


def test_feature_maps_are_those_of_the_encoder(signatures, captioner, image_files):
    outputs = signatures["encode"](image_bytes=tf.constant([*image_files[:1], b"x"]))
    image = keras_imgdesc.load_image(image_files[0])
    expected = captioner.image_encoder(image[None])
    np.testing.assert_allclose(
        outputs["feature_map"][:1], expected, rtol=1e-4, atol=1e-5
    )
    assert not outputs["feature_map"].numpy()[1].any()


def test_c_library_gives_the_captions_of_python(exported, image_files, expected):
    outputs = ("caption", "log_prob", "attention")
    given = np.array([*image_files, b"none"], object)
    reply = run_c_library(
        exported, "serving_default", [{"image_bytes": given}], outputs
    )
    captions, log_probs, attention = (reply["answers"][0][name] for name in outputs)
    assert captions[-1] == b""
    check_captions(captions[:-1], log_probs[:-1], attention[:-1], expected)


def test_the_graph_has_tensorflows_own_operations_only(exported):
    # KerasHub's text operations may be registered in this process, unlike in the C
    # library of the test above; their names would be found here.
    graph = meta_graph(exported).graph_def
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    operations = {node.op for node in nodes}
    functions = {f.signature.name for f in graph.library.function}
    strange = [
        name
        for name in operations - functions
        if not hasattr(tf.raw_ops, name) and name != "Placeholder"
    ]
    assert not strange
    assert {"PyFunc", "EagerPyFunc"}.isdisjoint(operations)


def test_each_weight_is_saved_once(exported, captioner):
    data = (exported / "variables").glob("variables.data-*")
    size = sum(file.stat().st_size for file in data)
    assert size == pytest.approx(4 * captioner.count_params(), rel=0.01)


@pytest.mark.slow
def test_saved_model_cli_runs_it(exported, image_files, expected, tmp_path):
    inputs = tmp_path / "inputs.npy"
    # The tool reads arrays from .npy files.
    np.save(inputs, np.zeros((1, 96, 96, 3), np.uint8))
    out = tmp_path / "out"
    subprocess.run(
        [
            Path(sys.executable).with_name("saved_model_cli"),
            "run",
            f"--dir={exported}",
            "--tag_set=serve",
            "--signature_def=pixels",
            f"--inputs=image={inputs}",
            f"--outdir={out}",
        ],
        check=True,
        capture_output=True,
    )
    assert np.load(out / "log_prob.npy").shape == (1,)


def test_warm_up_requests_fit_the_signatures(exported, signatures):
    file = exported / "assets.extra" / "tf_serving_warmup_requests"
    names = []
    for record in tf.data.TFRecordDataset(str(file)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        names.append(request.model_spec.signature_name)
        inputs = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
        outputs = signatures[names[-1]](**inputs)
        assert all(not e.numpy() for e in outputs.get("error", []))
        assert request.model_spec.name == exported.parent.name
    assert names == ["serving_default", "pixels", "score", "encode"]


def test_a_rest_request_reaches_the_signature(exported, image_files, signatures):
    """REST accepts {"b64": ...} only for names that end in _bytes."""
    definition = meta_graph(exported).signature_def["serving_default"]
    body = {"instances": [{"image_bytes": {"b64": base64.b64encode(b).decode()}}
                          for b in image_files[:2]]}  # fmt: skip
    columns = [base64.b64decode(i["image_bytes"]["b64"]) for i in body["instances"]]
    request = predict_pb2.PredictRequest()
    for name, info in definition.inputs.items():
        assert name.endswith("_bytes")
        request.inputs[name].CopyFrom(
            tf.make_tensor_proto(columns, dtype=tf.as_dtype(info.dtype))
        )
    parsed = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
    outputs = signatures["serving_default"](
        **{k: tf.constant(v) for k, v in parsed.items()}
    )
    # The batch comes first in every output, so that rows can be separated.
    assert all(v.shape[0] == 2 for v in outputs.values())


def test_versions_go_up_and_are_never_overwritten(captioner, tmp_path, one_signature):
    folder = tmp_path / "model"
    (folder / "7").mkdir(parents=True)
    written = export_saved_model(captioner, folder, warm_up=False)
    assert written == folder / "8" and not (written / "assets.extra").exists()
    with pytest.raises(InputError, match="is not overwritten"):
        export_saved_model(captioner, folder, version=8)
    with pytest.raises(InputError, match="at least 1"):
        export_saved_model(captioner, folder, version=0)
    (folder / "notes.txt").touch()
    with pytest.raises(InputError, match=r"notes\.txt"):
        export_saved_model(captioner, folder)


def test_only_tasks_are_exported(captioner, tmp_path):
    with pytest.raises(InputError, match="Only a task"):
        export_saved_model(captioner.image_encoder, tmp_path / "model")
    with pytest.raises(InputError, match="num_beams"):
        export_saved_model(captioner, tmp_path / "model", num_beams=0)
    assert not (tmp_path / "model").exists()


def test_a_full_disk_leaves_no_files(captioner, tmp_path, monkeypatch, one_signature):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_serving_assets", full)
    with pytest.raises(InputError, match="No space left"):
        export_saved_model(captioner, tmp_path / "models" / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_path_inside_a_file_is_refused(captioner, tmp_path, one_signature):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="could not be written"):
        export_saved_model(captioner, tmp_path / "file" / "model")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


CHILD = """
import sys
from keras_imgdesc import ImageCaptioner
from keras_imgdesc.export.saved_model.export import export_saved_model
from keras_imgdesc.export.signature import Signature
export_saved_model(ImageCaptioner.from_preset("scenes_lstm"), sys.argv[1])
"""


@pytest.mark.slow
def test_a_killed_export_leaves_no_version(captioner, tmp_path, one_signature):
    folder = tmp_path / "model"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while child.poll() is None and not [*folder.glob(".partial-*-1")]:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (folder / "1").exists()
    written = export_saved_model(captioner, folder, warm_up=False)
    assert [p.name for p in folder.iterdir()] == ["1"] == [written.name]
