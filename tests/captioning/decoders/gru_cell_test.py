import keras
import numpy as np
from keras import ops

from keras_imgdesc.captioning.decoders.gru_cell import ProjectedGRUCell

UNITS = 5


def test_it_computes_what_the_gru_of_keras_computes():
    random = np.random.default_rng(0)
    kernel = random.normal(size=(3, 3 * UNITS)).astype("float32")
    recurrent = random.normal(size=(UNITS, 3 * UNITS)).astype("float32")
    x = random.normal(size=(2, 3)).astype("float32")
    hidden = random.normal(size=(2, UNITS)).astype("float32")

    ours = ProjectedGRUCell(UNITS)
    ours.build((None, 3 * UNITS))
    ours.set_weights([recurrent])
    # Keras has the update gate first.
    order = np.r_[UNITS : 2 * UNITS, :UNITS, 2 * UNITS : 3 * UNITS]
    theirs = keras.layers.GRUCell(UNITS, use_bias=False, reset_after=True)
    theirs.build((None, 3))
    theirs.set_weights([kernel[:, order], recurrent[:, order]])

    output, states = ours(x @ kernel, [hidden])
    expected, _ = theirs(x, [hidden])
    np.testing.assert_allclose(
        ops.convert_to_numpy(output), ops.convert_to_numpy(expected), atol=1e-5
    )
    np.testing.assert_array_equal(
        ops.convert_to_numpy(states[0]), ops.convert_to_numpy(output)
    )
