from pathlib import Path

import numpy as np
import pytest

from keras_imgdesc.errors import ImageError
from keras_imgdesc.lite import LiteCaptioner
from keras_imgdesc.lite.image_runner import ImageRunner
from keras_imgdesc.lite.messages import encode_source
from keras_imgdesc.lite.worker_process import WorkerProcess

PHOTOS = sorted((Path(__file__).parents[2] / "examples/photos").glob("*.jpg"))


@pytest.fixture(scope="module")
def file(scenes_forms) -> Path:
    return scenes_forms["tflite float32"].path


def test_another_process_computes_the_same(file, tmp_path):
    size = LiteCaptioner(file).image_size
    runner = ImageRunner(file, "describe", size, num_threads=1)
    worker = WorkerProcess(ImageRunner.target, runner.settings)
    try:
        worker.wait_until_ready()
        for source in (PHOTOS[0], PHOTOS[1].read_bytes()):
            worker.send(encode_source(source))
            found, expected = worker.receive(), runner(source)
            assert found.keys() == expected.keys()
            for name, values in expected.items():
                np.testing.assert_array_equal(found[name], values)
        worker.send(encode_source(tmp_path / "missing.jpg"))
        error = worker.receive()
    finally:
        worker.close()
    with pytest.raises(ImageError) as caught:
        runner(tmp_path / "missing.jpg")
    assert str(error) == str(caught.value)


def test_a_stream_of_several_processes_is_that_of_one(file, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_imgdesc.lite.parallel.PATIENCE", 0.0)
    captioner = LiteCaptioner(file, num_threads=1)
    sources = [*PHOTOS, tmp_path / "missing.jpg", *PHOTOS] * 10
    one, two = (
        list(captioner.generate_stream(sources, num_workers=number))
        for number in (1, 2)
    )
    assert [source for source, _ in two] == sources
    assert [str(found) for _, found in two] == [str(found) for _, found in one]
