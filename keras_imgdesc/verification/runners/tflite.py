"""Run a `.tflite` file in LiteRT, in a process without TensorFlow.

    python -m keras_imgdesc.verification.runners.tflite < order

See `protocol` for what is read and written.
"""

import sys

from keras_imgdesc.verification.runners.protocol import answer_requests, read_order
from keras_imgdesc.verification.tasks import check_of


def main() -> None:
    order = read_order()
    ask = check_of(order["task"]).lite(order["path"], order["num_threads"])
    answer_requests(ask, order["requests"])
    assert not {"tensorflow", "keras"} & set(sys.modules)


if __name__ == "__main__":
    main()
