"""The training loop, with a model of one weight."""

import json
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.training.best import Best
from keras_imgdesc.training.recipe import Recipe
from keras_imgdesc.training.run import TrainingRun, check_finite
from keras_imgdesc.training.run_directory import RunDirectory


@dataclass(frozen=True)
class ToyRecipe(Recipe):
    epochs: int = 4
    seed: int = 7
    patience: int = 0
    precision: str = "auto"


class ToyRun(TrainingRun):
    """Adds 1 to its weight in each epoch."""

    def __init__(self, path, scores=(1, 3, 2, 2), recipe=None, **options):
        super().__init__(recipe or ToyRecipe(), path, **options)
        self.scores, self.saved = scores, []
        self.model = keras.Sequential([keras.Input((1,)), keras.layers.Dropout(0.5)])
        self.weight = keras.Variable(0.0)

    def variables(self):
        return {"weight": self.weight}

    def fit_epoch(self, epoch):
        for step, _ in enumerate(self.steps(range(2), epoch, 2)):
            check_finite({"loss": self.scores[epoch]}, epoch, step)
        self.weight.assign_add(1.0)
        return {"loss": 1 / (epoch + 1), "phase": "toy"}

    @contextmanager
    def evaluated_weights(self):
        self.weight.assign_add(100.0)
        try:
            yield
        finally:
            self.weight.assign_add(-100.0)

    def validate(self, epoch):
        return {"score": self.scores[epoch], "weight": float(self.weight)}

    def bests(self):
        return (
            Best("score"),
            Best("score", "lowest", higher_is_better=False),
            Best("missing", "never"),
            Best(None, "latest"),
        )

    def save(self, place):
        self.saved.append((place, float(self.weight)))


def test_a_run_trains_scores_keeps_and_commits(tmp_path, capsys):
    run = ToyRun(tmp_path, progress=False)
    run.train()
    # Of equal scores the first is kept.
    assert run.saved == [
        ("preset", 101.0),
        ("lowest", 101.0),
        ("latest", 101.0),
        ("preset", 102.0),
        ("latest", 102.0),
        ("latest", 103.0),
        ("latest", 104.0),
    ]
    saved = run.directory.load_checkpoint()
    assert saved.metadata == {"epochs_done": 4} and saved.arrays == {"weight": 4.0}
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,phase,score,weight" and rows[1] == "1,1.0,toy,1,101.0"
    assert len(rows) == 5
    assert capsys.readouterr() == ("", "")


def test_it_resumes_after_the_last_committed_epoch(tmp_path, monkeypatch):
    killed = ToyRun(tmp_path, progress=False)
    fit = killed.fit_epoch

    def fit_or_die(epoch):
        if epoch == 2:
            raise KeyboardInterrupt
        return fit(epoch)

    monkeypatch.setattr(killed, "fit_epoch", fit_or_die)
    with pytest.raises(KeyboardInterrupt):
        killed.train()
    resumed = ToyRun(tmp_path, progress=False)
    resumed.train()
    assert [place for place, _ in resumed.saved] == ["latest", "latest"]
    assert float(resumed.weight) == 4.0 and len(resumed.directory.metrics()) == 4
    again = ToyRun(tmp_path, progress=False)
    again.train()
    assert float(again.weight) == 4.0 and again.saved == []


def test_an_epoch_that_is_refused_is_not_committed(tmp_path):
    class Refusing(ToyRun):
        def keep(self, row):
            if row["epoch"] == 2:
                raise InputError("It has collapsed", "Begin again")
            super().keep(row)

    run = Refusing(tmp_path, progress=False)
    with pytest.raises(InputError, match="collapsed"):
        run.train()
    assert run.directory.load_checkpoint().metadata == {"epochs_done": 1}
    assert float(run.weight) == 2.0  # the weights to train, not those to score


@pytest.mark.parametrize(("patience", "epochs"), [(0, 4), (1, 3), (2, 4), (3, 4)])
def test_it_stops_when_the_score_no_longer_rises(tmp_path, patience, epochs):
    run = ToyRun(tmp_path, recipe=ToyRecipe(patience=patience), progress=False)
    run.train()
    assert len(run.directory.metrics()) == epochs


def test_losses_must_be_finite(tmp_path):
    run = ToyRun(tmp_path, (1, float("nan")), progress=False)
    with pytest.raises(InputError, match=r"finite.*loss='loss'.*epoch=2, step=1\."):
        run.train()
    assert run.directory.load_checkpoint().metadata == {"epochs_done": 1}
    check_finite({"loss": np.float32(1), "phase": "front"}, 0)
    with pytest.raises(InputError, match=r"value=inf, epoch=1\."):
        check_finite({"loss": np.inf}, 0)


def test_progress_is_a_bar_and_a_line_per_epoch(tmp_path, capsys):
    ToyRun(tmp_path).train()
    printed, bars = capsys.readouterr()
    lines = printed.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("epoch 2/4 (")
    assert lines[1].endswith(": loss=0.5, phase=toy, score=3, weight=102")
    assert "epoch 2/4: 100%" in bars


def test_a_finished_run_goes_on_with_more_epochs(tmp_path, capsys):
    ToyRun(tmp_path, progress=False).train()
    longer = ToyRun(tmp_path, (1, 3, 2, 2, 5, 4), ToyRecipe(epochs=6), progress=False)
    longer.train()
    assert float(longer.weight) == 6.0 and ("preset", 105.0) in longer.saved
    assert [row["epoch"] for row in longer.directory.metrics()] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(InputError, match=r"changed=\['epochs'\], epochs_done=6"):
        ToyRun(tmp_path, recipe=ToyRecipe(epochs=5))
    with pytest.raises(InputError, match=r"changed=\['seed'\]\."):
        ToyRun(tmp_path, recipe=ToyRecipe(epochs=7, seed=8))
    assert ToyRecipe(**json.loads((tmp_path / "recipe.json").read_text())).epochs == 6


def test_a_run_that_patience_has_ended_says_so(tmp_path, capsys):
    ToyRun(tmp_path, recipe=ToyRecipe(patience=2), progress=False).train()
    longer = ToyRecipe(patience=2, epochs=9)
    ToyRun(tmp_path, recipe=longer).train()
    assert "not improved for 2 epochs: the run is over" in capsys.readouterr().out


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    directory = RunDirectory(tmp_path, ToyRecipe().as_dict())
    directory.save_checkpoint({"other": np.ones(1)}, {"epochs_done": 1})
    with pytest.raises(InputError, match=r"every variable.*missing=\['weight'\]"):
        ToyRun(tmp_path, progress=False).train()


def test_a_recipe_of_an_earlier_version_is_read(tmp_path):
    @dataclass(frozen=True)
    class Renamed(ToyRecipe):
        RENAMED = {"rounds": "epochs"}

    old = {"rounds": 4, "seed": 7, "patience": 0}  # and no precision yet
    RunDirectory(tmp_path, old).save_checkpoint(
        {"weight": np.float32(3)}, {"epochs_done": 3}, {"epoch": 3, "score": 0.0}
    )
    run = ToyRun(tmp_path, recipe=Renamed(), progress=False)
    run.train()
    assert float(run.weight) == 4.0
    assert json.loads((tmp_path / "recipe.json").read_text()) == Renamed().as_dict()
