"""`keras-imgdesc evaluate captioner`, `evaluate captions`, `evaluate judgements`."""

import functools
import json

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.cli import options
from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.presets.folders import find_preset


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch):
    """Load each preset once for all tests: compiling the search takes seconds."""

    def load(task, preset, precision):
        return load_once(task, str(find_preset(str(preset)).resolve()), precision)

    monkeypatch.setattr(options, "_load", load)


load_once = functools.cache(options._load)


@pytest.fixture
def few_scenes(monkeypatch):
    monkeypatch.setattr(
        "keras_imgdesc.data.scenes.load_scenes",
        lambda split, config, data_dir=None: draw_scenes(split, 6),
    )


@pytest.fixture
def photos(tmp_path):
    """Four images with three captions each, and a token file that names them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    lines = []
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        lines += [f"{number}.png#{n}\tA star {number} ." for n in range(3)]
    (tmp_path / "tokens.txt").write_text("\n".join(lines))
    return folder


@pytest.fixture
def references(photos):
    return ["--annotations", photos.parent / "tokens.txt", "--images", photos]


def write_results(path, captions):
    entries = [{"image_id": k, "caption": v} for k, v in captions.items()]
    path.write_text(json.dumps(entries))
    return path


def test_a_captioner_is_evaluated(run, presets, few_scenes, tmp_path):
    arguments = ["evaluate", "captioner", "--preset", presets["captioner"], "--scenes"]
    code, out, err = run(*arguments, "--limit", 4, "--resamples", 20)
    assert code == 0
    found = json.loads(out)
    assert found["preset"] == str(presets["captioner"]) and found["pictures"] == 4
    assert found["resamples"] == 20 and found["confidence"] == 95
    names = {"bleu_4", "scene_graph", "rouge_l", "cider_d"}
    assert names <= set(found) and names <= set(found["intervals"])
    # The table for people shows the same numbers.
    row = next(line for line in err.splitlines() if line.startswith("| rouge_l"))
    low, high = found["intervals"]["rouge_l"]
    assert f"{found['rouge_l']:.2f} ({low:.2f} to {high:.2f})" in row


def test_saved_results_are_scored_alike_without_a_model(
    run, presets, references, tmp_path
):
    results = tmp_path / "new/results.json"
    metrics = ["--metrics", "rouge_l, named_things", "--json", "--resamples", 10]
    code, out, err = run(
        "evaluate", "captioner", "--preset", presets["captioner"], *references,
        *metrics, "--save-results", results,
    )  # fmt: skip
    assert code == 0, err
    by_model = json.loads(out)
    code, out, err = run(
        "evaluate", "captions", "--results", results, *references[:2], *metrics
    )
    assert code == 0, err
    by_file = json.loads(out)
    assert set(by_model) - set(by_file) == {"preset", "num_beams", "length_penalty"}
    assert by_file == {"results": str(results)} | {
        name: value for name, value in by_model.items() if name in by_file
    }
    assert [e["image_id"] for e in json.loads(results.read_text())] == [
        f"{number}.png" for number in range(4)
    ]


def test_captioners_are_compared_in_one_file(run, presets, references, tmp_path):
    other, page = tmp_path / "other", tmp_path / "out/it.html"
    other.symlink_to(presets["captioner"])
    code, out, err = run(
        "evaluate", "captioner", "--preset", presets["captioner"], "--preset", other,
        *references, "--matcher", presets["matcher"], "--report", page,
    )  # fmt: skip
    assert code == 0, err
    table, _, last = out.rpartition("Report: ")
    assert last.strip() == str(page) and list(page.parent.iterdir()) == [page]
    early = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [one["preset"] for one in early] == [str(presets["captioner"]), str(other)]
    assert early[0]["matcher"] == str(presets["matcher"])
    assert early[0]["matcher_score"] == 0 and early[0]["empty_captions"] == 4
    row = next(line for line in table.splitlines() if "| rouge_l" in line)
    first, second, change = (cell.strip() for cell in row.split("|")[2:5])
    # The same captioner twice: no difference.
    assert first == second and change == "0.00 (0.00 to 0.00)"
    assert f"{other} - {presets['captioner']}" in page.read_text()


def test_results_of_several_models_are_compared(run, references, tmp_path):
    right = {f"{number}.png": f"a star {number}" for number in range(4)}
    good = write_results(tmp_path / "good.json", right)
    poor = write_results(tmp_path / "poor.json", right | {"3.png": "a dog"})
    code, out, err = run(
        "evaluate", "captions", "--results", good, "--results", poor, *references,
        "--metrics", "rouge_l", "--report", tmp_path / "it.html", "--json",
    )  # fmt: skip
    assert code == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    expected = [100, round(75 + 25 * lcs_score(1 / 2, 1 / 3), 2)]
    assert [line["rouge_l"] for line in lines] == expected
    assert "Most different" in (tmp_path / "it.html").read_text()


def lcs_score(precision, recall):
    weight = 1.2**2
    return (1 + weight) * precision * recall / (recall + weight * precision)


def test_references_for_other_images_are_refused(run, references, tmp_path):
    results = write_results(tmp_path / "it.json", {"0.png": "a star", "9": "a dog"})
    arguments = ["evaluate", "captions", "--results", results, *references[:2]]
    code, out, err = run(*arguments)
    assert code == 2 and out == ""
    last = err.splitlines()[-1]
    assert last.startswith("Error: Captions and references must be of the same images")
    assert "without_references='1 (9)'" in last
    assert "without_caption='3 (1.png, 2.png, 3.png)'" in last
    code, out, err = run(*arguments, "--partial", "--resamples", 0)
    found = json.loads(out)
    assert (found["pictures"], found["without_caption"]) == (1, 3)
    assert found["without_references"] == 1 and "intervals" not in found


def test_what_needs_java_is_said_before_images_are_read(
    run, presets, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    arguments = ["evaluate", "captioner", "--preset", presets["captioner"]]
    nowhere = ["--annotations", tmp_path / "gone.txt", "--images", tmp_path]
    for chosen in (["--metrics", "bleu_4,meteor"], ["--tokenizer", "ptb"]):
        code, out, err = run(*arguments, *nowhere, *chosen)
        assert code == 2 and out == "" and len(err.splitlines()) == 1
        assert "runs in Java, and no Java runtime was found" in err


def test_all_is_what_can_run_here(run, references, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    captions = {f"{number}.png": f"a star {number}" for number in range(4)}
    results = write_results(tmp_path / "it.json", captions)
    code, out, err = run(
        "evaluate", "captions", "--results", results, *references[:2],
        "--metrics", "all", "--resamples", 0,
    )  # fmt: skip
    assert code == 0
    assert {"bleu_4", "rouge_l", "cider_d", "named_things"} <= set(json.loads(out))
    for name in ("meteor", "spice", "scene_graph"):
        assert (
            sum(line.startswith(f"{name} is left out: ") for line in err.splitlines())
            == 1
        )


def test_a_broken_image_is_named_and_the_others_are_scored(run, presets, references):
    (references[3] / "2.png").write_bytes(b"not an image")
    code, out, err = run(
        "evaluate", "captioner", "--preset", presets["captioner"], *references
    )
    assert code == 1
    found = json.loads(out)
    assert (found["pictures"], found["failed"]) == (3, 1)
    assert "1 of 4 images failed:" in err and "2.png" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "arguments", "named"),
    [
        ("captioner", ["--preset", "CAPTIONER", "--preset", "CAPTIONER"], "once"),
        ("captioner", ["--preset", "none"], "none"),
        ("captioner", ["--preset", "MATCHER"], "ImageTextMatcher"),
        (
            "captioner",
            ["--preset", "CAPTIONER", "--matcher", "CAPTIONER"],
            "task='ImageC",
        ),
        ("captioner", ["--preset", "CAPTIONER", "--metrics", "rouge"], "rouge_l"),
        ("captioner", ["--preset", "CAPTIONER", "--report", "FILE"], "FILE"),
        (
            "captioner",
            ["--preset", "CAPTIONER", "--preset", "x", "--save-results", "FILE"],
            "--save-results",
        ),
        ("captions", ["--results", "gone.json"], "gone.json"),
        ("captions", ["--results", "FILE"], "FILE"),
        ("captions", ["--results", "FILE", "--results", "FILE"], "once"),
    ],
)
def test_errors_are_one_line(
    run, presets, few_scenes, tmp_path, command, arguments, named
):
    (tmp_path / "FILE").touch()
    places = {name.upper(): path for name, path in presets.items()}
    places["FILE"] = tmp_path / "FILE"
    code, out, err = run(
        "evaluate", command, "--scenes", *[places.get(a, a) for a in arguments]
    )
    assert code == 2 and out == ""
    assert len(err.splitlines()) == 1 and err.startswith("Error: ") and named in err


def test_a_page_of_results_needs_the_images(run, references, tmp_path):
    results = write_results(tmp_path / "it.json", {"0.png": "a star"})
    for option in (["--report", "it.html"], ["--matcher", "x"]):
        arguments = ["evaluate", "captions", "--results", results, *references[:2]]
        code, _, err = run(*arguments, *option)
        assert code == 2 and "need --images" in err


def test_judgements_are_correlated(run, presets, photos, tmp_path):
    lines = [
        f"{image}.png\t{caption}.png#0\t{1 + (image + caption) % 4}\t{1 + caption}\t2"
        for image in range(4)
        for caption in range(4)
    ]
    judged = tmp_path / "judged.txt"
    judged.write_text("\n".join([*lines, "gone.png\t0.png#0\t1\t1\t1"]))
    code, out, err = run(
        "evaluate", "judgements", "--preset", presets["matcher"],
        "--judgements", judged, "--annotations", tmp_path / "tokens.txt",
        "--images", photos, "--resamples", 10,
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(out)
    assert (found["pictures"], found["captions"], found["ratings"]) == (4, 12, 36)
    assert found["own_captions_omitted"] == 4 and -100 <= found["tau_c"] <= 100
    low, high = found["intervals"]["tau_c"]
    assert low <= high
    assert "16 captions of 4 images, 48 ratings" in err
    assert "1 x missing image: gone.png" in err
