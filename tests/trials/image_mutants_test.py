import pytest
from image_mutants import mutants, seeds
from image_readers import readings

from keras_imgdesc.images import load_image
from keras_imgdesc.images.damage import damage_of


def test_a_mutant_is_a_function_of_its_number():
    several = list(mutants(40, 100))
    assert [m.content for m in mutants(20, 120)] == [m.content for m in several[20:]]
    assert sum(m.content != m.original for m in several) > 35


@pytest.mark.parametrize("name", seeds())
def test_intact_files_are_intact(name):
    assert not damage_of(load_image(seeds()[name]))


# A GIF with wrong codes among its pixels is repaired by one decoder and not the other.
FORMATS = ("jpeg", "png", "bmp")


def test_python_and_the_graph_agree_on_damage():
    found = list(readings(240, formats=FORMATS))
    assert not [str(reading) for reading in found if not reading.agrees]
    assert not [str(reading) for reading in found if reading.is_silent]
    verdicts = {reading.python for reading in found}
    assert verdicts == {"intact", "damaged", "refused"}


def test_a_gif_that_is_cut_off_is_not_read_in_silence():
    found = list(readings(60, formats=("gif",)))
    assert not [str(reading) for reading in found if reading.is_silent]
