"""Training of a matcher."""

import json

import numpy as np
import pytest

from keras_imgdesc import ImageTextMatcher, InputError
from keras_imgdesc.backend import dtype_policy
from keras_imgdesc.data.caption_collection import CaptionCollection
from keras_imgdesc.data.captioned_image import CaptionedImage
from keras_imgdesc.evaluation.matching.evaluate_matching import evaluate_matching
from keras_imgdesc.evaluation.matching.retrieval_metrics import RetrievalRecall
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.text.word_swaps import WordSwaps
from keras_imgdesc.training.matcher.batches import MatchingBatches
from keras_imgdesc.training.matcher.recipe import MatchingRecipe
from keras_imgdesc.training.matcher.train import MatcherRun, train_matcher
from keras_imgdesc.training.run_directory import RunDirectory

PLACES = ("top", "bottom", "left", "right")


def halves(count: int, offset: int = 0) -> CaptionCollection:
    """Return images with one light half, named in their captions."""
    examples = []
    for number in range(count):
        place = PLACES[(number + offset) % 4]
        image = np.random.default_rng(number).integers(0, 40, (32, 32, 3))
        rows, columns = np.mgrid[:32, :32]
        light = {
            "top": rows < 16,
            "bottom": rows >= 16,
            "left": columns < 16,
            "right": columns >= 16,
        }[place]
        image[light] += 200
        captions = (f"the {place} half is light", f"light at the {place}")
        image = image.astype("uint8")
        image[0, 0] = number, count, 0  # images of two collections are not the same
        examples.append(CaptionedImage(f"{number}", None, captions, image))
    return CaptionCollection(examples)


def recipe(**changes) -> MatchingRecipe:
    values = {
        "encoder_options": {
            "image_size": 32,
            "width": 0.125,
            "trainable_from": "none",
        },
        "text_options": {"embedding_dim": 16, "num_layers": 1, "num_heads": 2},
        "min_count": 1,
        "sequence_length": 8,
        "embedding_dim": 16,
        "num_heads": 2,
        "dropout": 0.1,
        "epochs": 2,
        "batch_size": 4,
        "learning_rate": 0.003,
        "hard_negatives": 2,
        "exchangeable": [list(PLACES)],
        "average_decay": 0.9,
        "metric": "hard_choice",
        "validation_images": 8,
        "precision": "float32",
    }
    values |= changes
    if values["metric"] == "recall" and not values["hard_negatives"]:
        del values["exchangeable"]
    return MatchingRecipe(**values)


@pytest.mark.slow
def test_it_learns_to_choose_and_saves_the_best(tmp_path):
    matcher = train_matcher(
        recipe(epochs=12, dropout=0.0), tmp_path, halves(48), halves(8), progress=False
    )
    found = evaluate_matching(
        matcher, halves(12), swaps=WordSwaps([PLACES]), choices=4, progress=False
    )
    assert found.metrics["hard_choice"] > 75  # a guess is right in 25 %
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(rows) == 13 and "hard_choice" in rows[0]
    assert json.loads((tmp_path / "preset/recipe.json").read_text())["epochs"] == 12
    assert list((tmp_path / "logs").glob("events.*"))


@pytest.mark.slow
def test_a_run_fulfils_the_contract(run_recipe_contract):
    def train(chosen, run_dir, progress):
        return train_matcher(chosen, run_dir, halves(16), halves(8), progress=progress)

    # Threads add the gradients of words in any order, and Adam scales up what remains
    # where they should cancel: a few weights may differ by several steps.
    run_recipe_contract(
        recipe(patience=2, metric="recall"), train, share=0.98, largest=0.02
    )


def test_equal_recalls_are_told_apart_by_the_ranks(tmp_path, record_saves, monkeypatch):
    saves = record_saves(MatcherRun)
    ranks = iter([40.0, 20.0, 30.0])

    def compute(self, score, collection):
        return {"recall": 0.0, "text_to_image_median_rank": next(ranks)}

    monkeypatch.setattr(RetrievalRecall, "compute", compute)
    chosen = recipe(metric="recall", hard_negatives=0, epochs=3, patience=1)
    MatcherRun(chosen, tmp_path, halves(8), halves(4), progress=False).train()
    assert saves == [("preset", 1), ("preset", 2)]


def test_a_run_is_resumed_with_its_data_alone(tmp_path):
    data = halves(8), halves(4)
    first = MatcherRun(recipe(), tmp_path, *data, progress=False)
    first.directory.save_checkpoint({}, {"epochs_done": 1})
    with pytest.raises(InputError, match="train_captions_changed='8 images: 0, 1"):
        MatcherRun(recipe(), tmp_path, halves(8, offset=1), data[1])
    with pytest.raises(InputError, match="validation_images_removed='1 image: 3'"):
        MatcherRun(recipe(), tmp_path, data[0], halves(3))


@pytest.mark.slow
def test_it_computes_in_bfloat16_and_keeps_weights_in_float32(tmp_path):
    chosen = recipe(epochs=1, precision="mixed_bfloat16")
    with dtype_policy("mixed_bfloat16"):
        run = MatcherRun(chosen, tmp_path, halves(16), halves(8), progress=False)
        before = [w.numpy() for w in run.model.trainable_variables]
        run.train()
    assert run.matcher.text_encoder.compute_dtype == "bfloat16"
    assert {w.dtype for w in run.model.trainable_variables} == {"float32"}
    after = run.model.trainable_variables
    changed = [(a != b.numpy()).any() for a, b in zip(before, after, strict=True)]
    assert np.mean(changed) > 0.9
    row = run.directory.metrics()[0]
    assert np.isfinite(row["loss"]) and 0 <= row["score"] <= 100


@pytest.mark.slow
def test_retrieval_is_scored_and_images_have_versions(tmp_path):
    chosen = recipe(
        epochs=1,
        metric="recall",
        hard_negatives=0,
        captions_per_image=2,
        views=2,
        colour=0.5,
        shrink=8,
    )
    matcher = train_matcher(chosen, tmp_path, halves(16), halves(8), progress=False)
    assert isinstance(matcher, ImageTextMatcher)
    manifest = json.loads((tmp_path / "features/train/manifest.json").read_text())
    assert sum(len(shard["image_ids"]) for shard in manifest["shards"]) == 32
    broken = CaptionedImage("broken", None, ("light",), b"no picture")
    collection = CaptionCollection([*halves(8), broken])
    found = evaluate_matching(matcher, collection, progress=False)
    assert list(found.failed) == ["broken"]
    assert found.summary()["pictures"] == 8 and found.summary()["captions"] == 16
    assert 0 <= found.metrics["recall"] <= 100


@pytest.mark.slow
def test_a_frozen_text_encoder_gets_another_image_encoder(tmp_path):
    plain = {"metric": "recall", "hard_negatives": 0, "epochs": 1}
    train, validation = halves(16), halves(8)
    first = train_matcher(
        recipe(**plain), tmp_path / "first", train, validation, progress=False
    )
    preset = str(tmp_path / "first/preset")
    chosen = recipe(
        **plain,
        image_encoder_from=preset,
        encoder_options={"image_size": 64},
        text_encoder_from=preset,
        text_options={},
    )
    second = train_matcher(
        chosen, tmp_path / "second", train, validation, progress=False
    )
    assert second.image_encoder.image_size == 64
    text = ["the top half is light"]
    for found in ("sentences", "words"):
        np.testing.assert_array_equal(
            getattr(second.text_encoder.encode(text), found),
            getattr(first.text_encoder.encode(text), found),
        )
    assert (second.embed_texts(text).vectors != first.embed_texts(text).vectors).any()


def test_a_text_encoder_comes_from_a_task_that_has_one(tmp_path):
    chosen = recipe(hard_negatives=0, text_encoder_from="scenes_lstm", text_options={})
    with pytest.raises(InputError, match="matcher.*text_encoder_from.*ImageCaptioner"):
        train_matcher(chosen, tmp_path, halves(16), halves(8), progress=False)


def batches(chosen: MatchingRecipe) -> MatchingBatches:
    collection = halves(16)
    tokenizer = CaptionTokenizer(Vocabulary.build(collection.captions(), 1), 8)
    return MatchingBatches(
        chosen, collection, lambda rows: rows, "feature_map", tokenizer
    )


def test_an_epoch_is_a_function_of_the_seed():
    one, two = (list(batches(recipe()).epoch(3)) for _ in range(2))
    other = list(batches(recipe(seed=1)).epoch(3))
    for (inputs, targets), (again, same) in zip(one, two, strict=True):
        for name, value in inputs.items():
            np.testing.assert_array_equal(value, again[name])
        np.testing.assert_array_equal(targets["owner"], same["owner"])
    assert any(
        (a[0]["feature_map"] != b[0]["feature_map"]).any()
        for a, b in zip(one, other, strict=True)
    )
    rows = np.concatenate([inputs["feature_map"] for inputs, _ in one])
    assert sorted(rows) == list(range(16))


def test_hard_negatives_differ_by_the_place_alone():
    made = batches(recipe())
    tokens = made.tokenizer.vocabulary.tokens
    places = {tokens.index(place) for place in PLACES}
    inputs, _ = next(made.epoch(0))
    for right, wrong in zip(inputs["token_ids"], inputs["negative_ids"], strict=True):
        for row in wrong:
            changed = right != row
            assert changed.sum() == 1
            assert {int(right[changed][0]), int(row[changed][0])} <= places


def test_equal_texts_are_right_for_every_image_that_has_them():
    captions = [
        ("light at the top", "light at the left"),
        ("Light at the top!",),
        ("light at the left",),
        ("light at the right",),
    ]
    collection = CaptionCollection(
        [
            CaptionedImage(str(number), None, several, b"")
            for number, several in enumerate(captions)
        ]
    )
    tokenizer = CaptionTokenizer(Vocabulary.build(collection.captions(), 1), 8)
    made = MatchingBatches(
        recipe(), collection, lambda rows: rows, "feature_map", tokenizer
    )
    ids = np.asarray(tokenizer([several[0] for several in captions]))
    for epoch in range(4):
        inputs, targets = next(made.epoch(epoch))
        rows = inputs["feature_map"].tolist()
        place = {row: number for number, row in enumerate(rows)}
        is_right = targets["is_right"]
        assert is_right[place[0]].tolist() == [row != 3 for row in rows]
        assert is_right[place[3]].tolist() == [row == 3 for row in rows]
        assert is_right[place[2], place[2]] and not is_right[place[2], place[1]]
        # The first image has the texts with "top" and with "left".
        wrong = inputs["negative_ids"][place[0]]
        assert not (wrong[:, None] == ids[[0, 2]]).all(axis=-1).any()


def test_dropped_words_are_unknown():
    made = batches(recipe(word_dropout=0.5, hard_negatives=0))
    ids = np.concatenate([inputs["token_ids"] for inputs, _ in made.epoch(0)])
    vocabulary = made.tokenizer.vocabulary
    edges = (vocabulary.pad_id, vocabulary.start_id, vocabulary.end_id)
    words = ids[~np.isin(ids, edges)]
    assert 0.3 < (words == vocabulary.unk_id).mean() < 0.7
    assert (ids[:, 0] == vocabulary.start_id).all()


@pytest.mark.parametrize(
    "changes, rule",
    [
        ({"exchangeable": []}, "phrases to exchange"),
        ({"metric": "bleu_4"}, "metric"),
        ({"text_encoder": "bert"}, "compact"),
        ({"text_encoder_from": "flowers_matcher", "text_options": {}}, "compact"),
        ({"text_encoder_from": "flowers_matcher"}, "text_options"),
        ({"shrink": -1}, "shrink"),
        ({"batch_size": 1}, "batch_size"),
        ({"word_dropout": 1.0}, "word_dropout"),
    ],
)
def test_contradictions_are_refused(changes, rule):
    with pytest.raises(InputError, match=rule):
        recipe(**changes)


def test_cut_texts_are_counted_before_training(tmp_path, caplog):
    chosen = recipe(sequence_length=6)
    MatcherRun(chosen, tmp_path, halves(8), halves(4), progress=False)
    # "the top half is light" is cut, "light at the top" is not.
    assert "8 of 16 training texts (50.00 %) are longer than 6" in caplog.text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"image_encoder_from": "scenes_lstm", "encoder": "mobilenet"}
            | {"encoder_options": {"width": 0.5, "image_size": 32}},
            r"encoder='mobilenet', encoder_options={'width': 0\.5}",
        ),
        (
            {"text_encoder_from": "scenes_matcher", "text_options": {}}
            | {"hard_negatives": 0, "min_count": 4},
            "min_count=4, sequence_length=8.*set min_count=1, sequence_length=24",
        ),
        ({"distillation_weight": 2.0}, "no teacher.*distillation_weight"),
        (
            {"encoder_options": {"trainable_from": "none"}}
            | {"encoder_learning_rate": 0.5},
            "frozen.*encoder_learning_rate=0.5",
        ),
        (
            {"hard_negatives": 0, "metric": "recall", "exchangeable": [["a", "b"]]},
            "exchangeable=",
        ),
    ],
)
def test_settings_without_effect_are_refused(tmp_path, changes, named):
    chosen = MatchingRecipe(**recipe().as_dict() | changes)
    with pytest.raises(InputError, match=f"must have an effect.*{named}"):
        MatcherRun(chosen, tmp_path, halves(8), halves(4))
    # A run that was begun with them by an earlier version is resumed.
    run = RunDirectory(tmp_path, chosen.as_dict())
    run.save_checkpoint({}, {"epochs_done": 1})
    MatcherRun(chosen, tmp_path, halves(8), halves(4), progress=False)


def test_too_few_images_are_refused(tmp_path):
    with pytest.raises(InputError, match="batch"):
        train_matcher(recipe(), tmp_path, halves(3), halves(2), progress=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": 0.5},
        {"shrink": 8},
        {"views": 2},
        {
            "colour": 0.5,
            "views": 2,
            "encoder_options": {"image_size": 32, "width": 0.125},
        },
    ],
)
def test_augmentation_without_versions_is_refused(tmp_path, changes):
    with pytest.raises(InputError, match="versions"):
        train_matcher(recipe(**changes), tmp_path, halves(16), halves(8))
