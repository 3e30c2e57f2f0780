"""Run a `.tflite` file in LiteRT, in a process without TensorFlow.

    python -m keras_imgdesc.verification.runners.tflite exported < order
    python -m keras_imgdesc.verification.runners.tflite shipped < order

See `protocol` for what is read and written.
"""

import os
import sys

from keras_imgdesc.verification.runners.protocol import answer_requests, read_order
from keras_imgdesc.verification.tasks import check_of


def main() -> None:
    (form,) = sys.argv[1:]
    order = read_order()
    check, path, threads = check_of(order["task"]), order["path"], order["num_threads"]
    if form == "shipped":
        # By the preset, whose file it is.
        ask = check.litert(os.path.dirname(path), threads)
    else:
        ask = check.lite(path, threads)
    answer_requests(ask, order["requests"])
    assert not {"tensorflow", "keras"} & set(sys.modules)


if __name__ == "__main__":
    main()
