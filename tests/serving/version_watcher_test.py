"""New versions are found while the server runs."""

import logging
import shutil
import time

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.serving.model_source import find_models
from keras_imgdesc.serving.version_watcher import VersionWatcher


class Table:
    """Keeps the models that it was given, or refuses a version."""

    def __init__(self, sources, refused=()):
        self.sources, self.refused, self.calls = sources, refused, 0

    def exchange_saved_models(self, sources):
        self.calls += 1
        if any(v in self.refused for s in sources for v in s.versions):
            raise InputError("A model could not be loaded", "See the reason")
        self.sources = sources


@pytest.fixture
def folder(tmp_path):
    add(tmp_path / "bird", "1")
    return tmp_path / "bird"


def add(folder, name):
    (folder / name).mkdir(parents=True)
    (folder / name / "saved_model.pb").touch()


def test_a_new_version_is_served_beside_the_one_before(folder):
    table = Table(find_models([str(folder), "scenes_lstm"]))
    watcher = VersionWatcher(table)
    watcher.look()
    assert table.calls == 0
    add(folder, "2")
    add(folder, "3")
    watcher.look()
    watcher.look()
    assert table.calls == 1
    assert [sorted(s.versions) for s in table.sources] == [[2, 3], [1]]


def test_a_version_that_cannot_be_loaded_is_named_once(folder, caplog):
    table = Table(find_models([str(folder)]), refused=(2,))
    watcher = VersionWatcher(table)
    add(folder, "2")
    with caplog.at_level(logging.WARNING):
        watcher.look()
        watcher.look()
    assert table.calls == 1 and len(caplog.records) == 1
    assert "'bird': [1, 2]" in caplog.text and "could not be loaded" in caplog.text
    shutil.rmtree(folder / "2")
    add(folder, "4")
    watcher.look()
    assert [sorted(s.versions) for s in table.sources] == [[1, 4]]


def test_it_looks_by_itself(folder):
    table = Table(find_models([str(folder)]))
    with VersionWatcher(table, interval=0.01):
        add(folder, "2")
        while sorted(table.sources[0].versions) != [1, 2]:
            time.sleep(0.01)


@pytest.mark.slow
def test_a_server_takes_a_new_version(
    start_server, scenes_forms, tmp_path, picture, b64
):
    path = scenes_forms["SavedModel"].path
    version = path / "1" if (path / "1").is_dir() else path
    folder = tmp_path / "captioner"
    shutil.copytree(version, folder / "1")
    server = start_server(str(folder))
    body = {"instances": [b64(picture)]}
    first = server.predict("captioner", body)
    assert first.status == 200
    shutil.copytree(version, tmp_path / "new")
    (tmp_path / "new").rename(folder / "2")
    statuses = set()
    while server.request("GET", "/v1/models/captioner/versions/2").status != 200:
        statuses.add(server.predict("captioner", body).status)
    assert statuses <= {200}
    for number in (1, 2):
        place = f"/v1/models/captioner/versions/{number}"
        reply = server.request("POST", f"{place}:predict", body)
        assert reply.json == first.json
        found = server.request("GET", f"{place}/metadata").json
        assert found["model_spec"]["version"] == str(number)
    assert server.stop() == 0
