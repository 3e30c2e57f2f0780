"""Run a task in Python, or its SavedModel in TensorFlow's Python.

    python -m keras_imgdesc.verification.runners.tensorflow python < order
    python -m keras_imgdesc.verification.runners.tensorflow saved_model < order

See `protocol` for what is read and written.
"""

import sys

from keras_imgdesc.verification.runners.protocol import answer_requests, read_order
from keras_imgdesc.verification.tasks import check_of
from keras_imgdesc.verification.tasks.task_check import Answer, Ask, Request, TaskCheck


def saved_model(check: TaskCheck, path: str) -> Ask:
    """Load a SavedModel, without the models of this package."""
    import tensorflow as tf

    loaded = tf.saved_model.load(path)

    def ask(request: Request) -> Answer:
        inputs = {k: tf.constant(v) for k, v in check.inputs(request).items()}
        # Through `loaded`, which would be freed otherwise.
        outputs = loaded.signatures[check.signature](**inputs)
        return check.answer({name: outputs[name].numpy() for name in check.outputs})

    return ask


def main() -> None:
    (form,) = sys.argv[1:]
    order = read_order()
    check = check_of(order["task"])
    load = check.python if form == "python" else lambda path: saved_model(check, path)
    answer_requests(load(order["path"]), order["requests"])


if __name__ == "__main__":
    main()
