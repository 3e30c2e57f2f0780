import errno
import json
import os

import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training import run_directory
from keras_imgdesc.training.run_directory import RunDirectory


def test_the_last_state_is_loaded(tmp_path):
    run = RunDirectory(tmp_path, {"epochs": 3})
    assert run.load_checkpoint() is None
    for epoch in (1, 2):
        state = {"w": np.full(3, epoch, "float32")}
        run.save_checkpoint(
            state, {"epoch": epoch}, {"epoch": epoch, "loss": 1 / epoch}
        )
    again = RunDirectory(tmp_path, {"epochs": 3})
    saved = again.load_checkpoint()
    assert saved.metadata == {"epoch": 2}
    np.testing.assert_array_equal(saved.arrays["w"], np.full(3, 2, "float32"))
    assert (tmp_path / "metrics.csv").read_text() == "epoch,loss\n1,1.0\n2,0.5\n"
    assert len(list(tmp_path.glob("checkpoint-*.npz"))) == 1


@pytest.mark.parametrize("fails_at", ["checkpoint-", "checkpoint.json"])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, fails_at):
    run = RunDirectory(tmp_path, {})
    run.save_checkpoint({"w": np.ones(3)}, {"epoch": 1}, {"epoch": 1})
    real = run_directory.write_atomically

    def full(path, content):
        if path.name.startswith(fails_at):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, content)

    monkeypatch.setattr(run_directory, "write_atomically", full)
    with pytest.raises(OSError, match="No space left"):
        run.save_checkpoint({"w": np.zeros(3)}, {"epoch": 2}, {"epoch": 2})
    monkeypatch.undo()
    saved = RunDirectory(tmp_path, {}).load_checkpoint()
    assert saved.metadata == {"epoch": 1}
    np.testing.assert_array_equal(saved.arrays["w"], np.ones(3))


def test_a_damaged_checkpoint_is_refused_by_name(tmp_path):
    run = RunDirectory(tmp_path, {})
    run.save_checkpoint({"w": np.ones(3)}, {})
    file = next(tmp_path.glob("checkpoint-*.npz"))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match=file.name):
        run.load_checkpoint()


def test_a_run_that_failed_at_its_start_does_not_fix_the_recipe(tmp_path):
    RunDirectory(tmp_path, {"encoder": "misspelt"})
    RunDirectory(tmp_path, {"encoder": "vgg16"})
    assert json.loads((tmp_path / "recipe.json").read_text()) == {"encoder": "vgg16"}


def test_another_recipe_is_refused_but_notes_may_change(tmp_path):
    run = RunDirectory(tmp_path, {"epochs": 3, "notes": {}})
    run.save_checkpoint({"w": np.ones(3)}, {"epoch": 1})
    RunDirectory(tmp_path, {"epochs": 3, "notes": {"score": 1}})
    assert json.loads((tmp_path / "recipe.json").read_text())["notes"] == {"score": 1}
    with pytest.raises(InputError, match="changed=\\['epochs'\\]"):
        RunDirectory(tmp_path, {"epochs": 4})


def test_epochs_may_change_until_a_final_phase_is_done(tmp_path):
    run = RunDirectory(tmp_path, {"epochs": 3})
    run.save_checkpoint({}, {"epochs_done": 2})
    for epochs in (5, 2, 3):
        RunDirectory(tmp_path, {"epochs": epochs})
    run.save_checkpoint({}, {"epochs_done": 4})
    with pytest.raises(InputError, match="changed=\\['epochs'\\], epochs_done=4"):
        RunDirectory(tmp_path, {"epochs": 8})
    assert json.loads((tmp_path / "recipe.json").read_text()) == {"epochs": 3}


def test_a_run_of_a_version_with_fewer_settings_is_resumed(tmp_path):
    RunDirectory(tmp_path, {"epochs": 3}).save_checkpoint({}, {"epoch": 1})
    defaults = {"epochs": 100, "balance": "picture"}
    with pytest.raises(InputError, match="changed=\\['balance'\\]"):
        RunDirectory(tmp_path, {"epochs": 3, "balance": "class"}, defaults)
    run = RunDirectory(tmp_path, {"epochs": 3, "balance": "picture"}, defaults)
    assert run.load_checkpoint().metadata == {"epoch": 1}


def test_a_directory_of_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="empty directory"):
        RunDirectory(tmp_path, {})


@pytest.fixture
def begun(tmp_path):
    run = RunDirectory(tmp_path / "run", {"epochs": 3})
    run.save_checkpoint({"w": np.ones(3, "f4")}, {"epochs_done": 1}, {"epoch": 1})
    return tmp_path / "run"


def reopen(path):
    run = RunDirectory(path, {"epochs": 3})
    return run.load_checkpoint(), run.metrics()


@pytest.mark.parametrize("way", ["parent", "absolute", "link"])
def test_the_checkpoint_lies_in_the_directory(begun, way):
    (file,) = begun.glob("checkpoint-*.npz")
    outside = begun.parent / "outside.npz"
    file.rename(outside)
    if way == "link":
        file.symlink_to(outside)
    else:
        pointer = json.loads((begun / "checkpoint.json").read_text())
        name = "../outside.npz" if way == "parent" else str(outside)
        (begun / "checkpoint.json").write_text(json.dumps(pointer | {"file": name}))
    with pytest.raises(InputError, match="checkpoint must be unchanged"):
        reopen(begun)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"file": 3}', '{"file": "a", "sha256": "b"}']
)
def test_a_damaged_pointer_is_named(begun, content):
    (begun / "checkpoint.json").write_text(content)
    with pytest.raises(InputError, match=r"checkpoint\.json"):
        reopen(begun)


@pytest.mark.parametrize("name", ["recipe.json", "checkpoint.json"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "nowhere"])
def test_what_is_no_file_is_refused(begun, name, kind):
    (begun / name).unlink()
    if kind == "folder":
        (begun / name).mkdir()
    elif kind == "pipe":
        os.mkfifo(begun / name)
    else:
        (begun / name).symlink_to("../missing")
    with pytest.raises(InputError, match=name.replace(".", r"\.") + "|link"):
        reopen(begun)


def test_a_run_that_lost_its_pointer_is_not_begun_anew(begun):
    """Its first epoch would remove the checkpoint."""
    (begun / "checkpoint.json").unlink()
    with pytest.raises(InputError, match=r"must have its checkpoint\.json.*metrics"):
        reopen(begun)
    assert list(begun.glob("checkpoint-*.npz"))
    (begun / "metrics.csv").unlink()
    assert reopen(begun) == (None, [])


def test_numbers_that_are_not_finite_are_kept_as_null(begun):
    run = RunDirectory(begun, {"epochs": 3})
    row = {"epoch": 2, "score": float("nan"), "loss": float("inf")}
    run.save_checkpoint({"w": np.ones(3, "f4")}, {"epochs_done": 2}, row)
    assert reopen(begun)[1][1] == {"epoch": 2, "score": None, "loss": None}
    json.loads(
        (begun / "checkpoint.json").read_text(), parse_constant=lambda name: 1 / 0
    )
    # Earlier versions wrote what is no JSON.
    text = (begun / "checkpoint.json").read_text().replace("null", "NaN")
    (begun / "checkpoint.json").write_text(text)
    assert reopen(begun)[1][1]["score"] is None


@pytest.mark.parametrize(
    "left", [".partial-host-1-2-recipe.json", ".recipe.json.partial"]
)
def test_what_a_killed_first_write_left_is_no_other_file(tmp_path, left):
    (tmp_path / left).write_text("{")
    RunDirectory(tmp_path, {"epochs": 3}).save_checkpoint({"w": np.ones(3)}, {})
    assert reopen(tmp_path)[0] is not None


def test_epochs_of_another_type_are_a_changed_recipe(begun):
    (begun / "recipe.json").write_text('{"epochs": "3"}')
    with pytest.raises(InputError, match="one recipe"):
        RunDirectory(begun, {"epochs": 4})


@pytest.mark.parametrize("name", ["preset", "best", "features", "logs"])
def test_a_folder_that_is_a_link_to_another_place_is_refused(begun, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    (begun / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=f"must lie in its folder.*{name}"):
        RunDirectory(begun, {"epochs": 3})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_checkpoint_that_is_no_archive_is_refused_before_it_is_read(
    begun, monkeypatch
):
    def read(*arguments):
        raise AssertionError("a huge file would take long")

    monkeypatch.setattr(run_directory, "file_digest", read)
    os.truncate(next(begun.glob("checkpoint-*.npz")), 8 << 30)
    with pytest.raises(InputError, match="must be unchanged"):
        RunDirectory(begun, {"epochs": 3}).load_checkpoint()
