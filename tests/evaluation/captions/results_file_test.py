import json

import pytest

from keras_imgdesc.data import CaptionCollection, CaptionedImage
from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.results_file import (
    match_results,
    read_results,
    write_results,
)


def images(*ids):
    return CaptionCollection([CaptionedImage(i, None, ("a dog",), b"") for i in ids])


def test_what_is_written_is_coco_and_is_read_again(tmp_path):
    path = tmp_path / "deep/results.json"
    ids = ["139", "000285", "a.jpg", "\u0663"]
    captions = ["a dog", 'a "café"', "line\u2028end", ""]
    write_results(path, images(*ids).examples, captions)
    content = json.loads(path.read_text("utf-8"))
    # Leading zeros would be lost in a number, and other digits are text.
    assert [entry["image_id"] for entry in content] == [
        139,
        "000285",
        "a.jpg",
        "\u0663",
    ]
    assert list(read_results(path).items()) == list(zip(ids, captions))


def test_coco_itself_reads_what_is_written(tmp_path, capsys):
    from pycocotools.coco import COCO

    references = tmp_path / "captions.json"
    content = {
        "info": {},
        "images": [{"id": 7, "file_name": "7.jpg"}],
        "annotations": [{"id": 1, "image_id": 7, "caption": "a cat"}],
    }
    references.write_text(json.dumps(content))
    write_results(tmp_path / "results.json", images("7").examples, ["a dog"])
    found = COCO(str(references)).loadRes(str(tmp_path / "results.json"))
    assert found.imgToAnns[7][0]["caption"] == "a dog"
    capsys.readouterr()


def test_a_missing_file_is_not_called_invalid_json(tmp_path):
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_results(tmp_path / "nowhere.json")
    assert "JSON" not in str(caught.value)
    assert str(caught.value).count("Received") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[{", "valid JSON"),
        ("[]", "must be a list"),
        ('{"image_id": 1, "caption": "a"}', "must be a list"),
        ('[{"image_id": 1, "caption": "a"}, {"image_id": 2}]', "entry=1"),
        ('[{"caption": "a"}]', "entry=0"),
        ('[{"image_id": true, "caption": "a"}]', "entry=0"),
        ('[{"image_id": 1.5, "caption": "a"}]', "entry=0"),
        ('[{"image_id": 1, "caption": ["a"]}]', "entry=0"),
        ('[{"image_id": 1, "caption": "\\ud800"}]', "entry=0"),
        ('["a dog"]', "entry=0"),
        (
            '[{"image_id": 1, "caption": "a"}, {"image_id": "1", "caption": "b"}]',
            r"repeated=1, images=\['1'\]",
        ),
    ],
)
def test_bad_files_are_refused(tmp_path, content, message):
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        read_results(path)
    assert "results.json" in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="gone.json"):
        read_results(tmp_path / "gone.json")


def test_captions_follow_the_order_of_the_references():
    written = {"x": {"2": "b", "1": "a"}, "y": {"1": "c", "2": "d"}}
    kept, captions, left_out = match_results(written, images("1", "2"))
    assert [e.image_id for e in kept] == ["1", "2"]
    assert captions == {"x": ["a", "b"], "y": ["c", "d"]} and left_out == {}


def test_references_for_other_images_are_counted_and_named():
    foreign = {str(number): "a" for number in range(10, 15)}
    with pytest.raises(InputError, match="none in common") as error:
        match_results({"mine.json": foreign}, images("1", "2"), partial=True)
    assert error.value.received == {
        "files": ["mine.json"],
        "captions": [5],
        "references": 2,
        "in_both": 0,
        "without_references": "5 (10, 11, 12, ...)",
        "without_caption": "2 (1, 2)",
    }


@pytest.mark.parametrize(
    ("written", "without_references", "without_caption"),
    [
        ({"1": "a"}, 0, 1),
        ({"1": "a", "2": "b", "7": "c"}, 1, 0),
        ({"1": "", "7": ""}, 1, 1),
    ],
)
def test_missing_images_are_left_out_on_request_only(
    written, without_references, without_caption
):
    with pytest.raises(InputError, match="--partial"):
        match_results({"x": written}, images("1", "2"))
    kept, captions, left_out = match_results({"x": written}, images("1", "2"), True)
    assert captions["x"] == [written[e.image_id] for e in kept]
    assert left_out == {
        "without_references": without_references,
        "without_caption": without_caption,
    }


def test_several_files_are_compared_on_the_images_of_all():
    written = {"x": {"1": "a", "2": "b"}, "y": {"2": "c", "3": "d"}}
    kept, captions, left_out = match_results(written, images("1", "2", "3"), True)
    assert [e.image_id for e in kept] == ["2"]
    assert captions == {"x": ["b"], "y": ["c"]}
    assert left_out == {"without_references": 0, "without_caption": 2}
