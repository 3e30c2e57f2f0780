import json
from pathlib import Path

from keras_imgdesc.tasks import load_preset

PHOTO = Path(__file__).parents[2] / "examples/photos/cat.jpg"


def test_describe_shows_the_nouns_that_guide_a_caption(run):
    captioner = load_preset("flickr8k_efficientnet_lstm")
    expected = captioner.detect_concepts(PHOTO)
    options = ("--show-concepts", "--runtime", "tensorflow")
    code, out, _ = run("describe", PHOTO, *options)
    assert code == 0 and expected[0].label == "cat"
    nouns = ", ".join(map(str, expected))
    assert out == f"{PHOTO}: {captioner.generate(PHOTO)} [guided by {nouns}]\n"
    code, out, _ = run("describe", PHOTO, *options, "--json")
    assert code == 0 and json.loads(out)["concepts"] == [
        {"noun": noun, "probability": round(probability, 4)}
        for noun, probability in expected
    ]


def test_litert_shows_the_same_nouns(run):
    code, out, _ = run("describe", PHOTO, "--show-concepts", "--runtime", "litert")
    assert code == 0 and "[guided by cat 0.9" in out


def test_a_captioner_without_concepts_has_none_to_show(run, presets):
    code, out, err = run(
        "describe", PHOTO, "--preset", presets["captioner"], "--show-concepts"
    )
    assert code == 2 and not out and "guided by concepts" in err
