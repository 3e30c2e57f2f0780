import pickle
from pathlib import Path

import pytest

from keras_imgdesc.errors import (
    ImageError,
    InputError,
    check_on_error,
    check_tensorflow,
    refuse_unknown_options,
)


def test_message_has_rule_received_and_remedy():
    error = InputError("Numbers are positive", "Use 3", num_beams=0, mode="x")
    assert str(error) == (
        "Numbers are positive. Received: num_beams=0, mode='x'. Use 3."
    )
    assert (error.rule, error.remedy) == ("Numbers are positive", "Use 3")
    assert error.received == {"num_beams": 0, "mode": "x"}


def test_parts_may_be_sentences_or_empty():
    assert str(InputError("No!", "Use 3.")) == "No! Use 3."
    assert str(InputError("No", "")) == "No."


def test_paths_are_shown_without_their_class():
    assert "path='a/b.jpg'" in str(InputError("No", "", path=Path("a/b.jpg")))


def test_long_values_are_cut():
    message = str(InputError("No", "", value=b"x" * 10_000))
    assert len(message) < 300
    assert "10003 characters" in message


def test_the_message_is_one_printable_line():
    class Lying:
        def __repr__(self) -> str:
            return "first\n\x1b[2Jsecond\u202e"

    error = InputError(
        "A line\nbreak\x1b[1m", "Use\r\u2028this", **{"na\nme": Lying(), "other": "\n"}
    )
    message = str(error)
    assert message.isprintable()
    assert message == (
        "A line\\nbreak\\x1b[1m. Received: na\\nme=first \\x1b[2Jsecond\\u202e, "
        "other='\\n'. Use\\r\\u2028this."
    )
    assert error.rule == "A line\nbreak\x1b[1m"


def test_undecodable_names_can_be_printed():
    str(InputError("No \udcff", "Use \udcff", name="\udcff")).encode("utf-8")


def test_the_message_is_bounded_whatever_was_received():
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    many = {f"{number}{'x' * 1000}": "y" * 1000 for number in range(1000)}
    error = InputError("r" * 10**6, "d" * 10**6, **many)
    assert len(str(error)) < 2 * 2100 + 20 * 400
    assert "... (1000 values)" in str(error)
    assert "value=<list>" in str(InputError("No", "", value=nested))
    assert "value=<int>" in str(InputError("No", "", value=10**5000))


@pytest.mark.parametrize("kind", [InputError, ImageError])
def test_it_can_be_sent_between_processes(kind):
    error = pickle.loads(pickle.dumps(kind("No", "Use 3", image="a.jpg")))
    assert type(error) is kind
    assert str(error) == "No. Received: image='a.jpg'. Use 3."
    assert error.received == {"image": "a.jpg"}


def test_classes():
    assert issubclass(InputError, ValueError)
    assert issubclass(ImageError, InputError)


def test_unknown_options_of_a_constructor_are_refused():
    class Painter:
        def __init__(self, colour: str = "red", **unknown: object) -> None:
            refuse_unknown_options(type(self), unknown)

    Painter(colour="blue")
    with pytest.raises(InputError, match=r"Painter.*color='blue'.*\['colour'\]"):
        Painter(color="blue")


def test_on_error_has_two_values():
    for value in ("raise", "return"):
        check_on_error(value)
    with pytest.raises(InputError, match="'raise' or 'return'.*on_error='skip'"):
        check_on_error("skip")


@pytest.mark.parametrize("missing", [["tensorflow"], ["keras"]])
def test_without_tensorflow_the_message_says_what_to_install(missing, monkeypatch):
    monkeypatch.setattr(
        "keras_imgdesc.errors.find_spec", lambda name: name not in missing or None
    )
    with pytest.raises(InputError) as error:
        check_tensorflow("Training")
    assert str(error.value) == (
        "Training needs TensorFlow and Keras. Received: "
        f"not_installed={missing}. Run `pip uninstall keras-imgdesc-lite`, if that is "
        "installed, then `pip install keras-imgdesc`."
    )


def test_with_tensorflow_nothing_is_refused():
    check_tensorflow("Training")
