import itertools
import threading
import time

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.errors import ImageError, InputError
from keras_imgdesc.images import load_image, read_images, reading, resize_image


def test_order_and_values(toy_image, save_image):
    sources = [
        save_image("a.png", toy_image),
        toy_image[:20],
        Image.fromarray(toy_image[:, :10]),
        save_image("b.jpg", toy_image).read_bytes(),
    ] * 5
    results = list(read_images(sources, (16, 12), workers=3))
    assert len(results) == len(sources)
    for given, (source, image) in zip(sources, results):
        assert source is given
        np.testing.assert_array_equal(image, resize_image(load_image(given), (16, 12)))


def test_broken_files_do_not_stop_the_others(toy_image, save_image, broken_images):
    good = save_image("good.png", toy_image)
    sources = [good]
    for path in broken_images.values():
        sources += [path, good]
    results = dict(read_images(sources, 8))
    assert results[good].shape == (8, 8, 3)
    for path in broken_images.values():
        assert isinstance(results[path], ImageError)
        assert str(path) in str(results[path])
        # A traceback would keep the images in memory that were being decoded.
        assert results[path].__traceback__ is None


def test_slow_images_do_not_change_the_order(monkeypatch):
    def slow(source, **options):
        time.sleep(0.02 * (source[0, 0] == 0))
        return np.repeat(source[..., None], 3, axis=-1)

    monkeypatch.setattr(reading, "load_image", slow)
    sources = [np.full((4, 4), index % 4, "uint8") for index in range(16)]
    images = [image[0, 0, 0] for _, image in read_images(sources, 4, workers=4)]
    assert images == [index % 4 for index in range(16)]


@pytest.mark.parametrize("workers", [1, 3])
def test_an_endless_source_is_read_ahead_by_a_bounded_number(workers, monkeypatch):
    taken = itertools.count()
    in_hand, most_in_hand, lock = 0, 0, threading.Lock()

    def count(source, **options):
        nonlocal in_hand, most_in_hand
        with lock:
            in_hand += 1
            most_in_hand = max(most_in_hand, in_hand)
        time.sleep(0.001)
        with lock:
            in_hand -= 1
        return np.full((4, 4, 3), source % 256, "uint8")

    monkeypatch.setattr(reading, "load_image", count)
    images = read_images(taken, 4, workers=workers)
    for index, (source, _) in enumerate(itertools.islice(images, 50)):
        assert source == index
    images.close()
    assert next(taken) <= 50 + 2 * workers
    assert most_in_hand <= workers


def test_several_images_are_decoded_at_once(monkeypatch):
    barrier = threading.Barrier(3, timeout=10)

    def meet(source, **options):
        barrier.wait()
        return source

    monkeypatch.setattr(reading, "load_image", meet)
    sources = [np.zeros((4, 4, 3), "uint8")] * 3
    assert len(list(read_images(sources, 4, workers=3))) == 3


def test_closing_ends_the_threads(toy_image):
    before = threading.active_count()
    images = read_images(itertools.repeat(toy_image), 8, workers=3)
    next(images)
    assert threading.active_count() == before + 3
    images.close()
    assert threading.active_count() == before


def test_an_error_in_the_sources_ends_the_threads(toy_image):
    def sources():
        yield toy_image
        raise RuntimeError("the list broke off")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="broke off"):
        list(read_images(sources(), 8))
    assert threading.active_count() == before


def test_nothing_to_read():
    assert list(read_images([], 8)) == []


def test_max_pixels(toy_image, save_image):
    path = save_image("a.png", toy_image)
    [(_, image)] = read_images([path], 8, max_pixels=100)
    assert isinstance(image, ImageError)


def test_bad_arguments_are_refused_by_the_call():
    with pytest.raises(InputError, match="workers"):
        read_images([], 8, workers=0)
    with pytest.raises(InputError, match="image_size"):
        read_images([], (8, 0))
