import numpy as np

from keras_imgdesc.matching.similarity_distillation import similarity_distillation


def unit(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 5)).astype("float32")
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_an_equal_text_is_no_target():
    student, teacher = unit(4, 0), unit(4, 1)
    alone = similarity_distillation(student, teacher)
    # Each text twice: the same targets, of which each counts twice.
    twice = [np.concatenate([vectors, vectors]) for vectors in (student, teacher)]
    found = similarity_distillation(*twice, np.tile(np.arange(4), 2))
    np.testing.assert_allclose(found, alone, rtol=1e-4)
    assert abs(float(similarity_distillation(*twice)) - float(alone)) > 0.01
