"""What depends on Keras' backend and on the machine: compiled functions, precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from keras_imgdesc.errors import InputError

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def compile_function(
    model: Any, function: Callable[..., Any], reduce_retracing: bool = False
) -> Callable[..., Any]:
    """Compile a function of tensors that reads the weights of a model.

    TensorFlow traces a graph, JAX compiles with XLA. Weights may change between calls.
    On any other backend the function is returned as it is.

    Args:
        model: `keras.Model` or layer whose variables the function reads.
        function: takes positional arguments, each a tensor or a nesting of tensors;
            returns any nesting of tensors. It must not change variables.
        reduce_retracing: whether TensorFlow generalizes a dimension that differs
            between calls, instead of tracing every shape. JAX compiles every shape.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False, reduce_retracing=reduce_retracing)
    if backend == "jax":
        import jax

        # Weights are arguments: as constants they would keep the values of the first
        # call.
        @jax.jit
        def stateless(values: list[Any], *inputs: Any) -> Any:
            mapping = list(zip(model.variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return function(*inputs)

        def call(*inputs: Any) -> Any:
            return stateless([v.value for v in model.variables], *inputs)

        return call
    return function


def choose_precision(requested: str = "auto", cpu_info: str | None = None) -> str:
    """Choose a Keras dtype policy.

    Args:
        requested: name of a policy, returned unchanged, or `"auto"`:
            `"mixed_bfloat16"` where a GPU is present or the CPU multiplies bfloat16 in
            hardware (AMX or AVX512-BF16), else `"float32"`.
        cpu_info: text of `/proc/cpuinfo`; `None` reads it.

    Raises:
        InputError: the policy is unknown, or keeps variables in 16 bits.
    """
    _refuse_16_bit_variables(requested)
    if requested != "auto":
        if requested not in POLICIES:
            raise InputError(
                "precision must be 'auto' or a Keras dtype policy",
                f"Use one of {['auto', *POLICIES]}",
                precision=requested,
            )
        return requested
    if cpu_info is None:
        path = Path("/proc/cpuinfo")
        cpu_info = path.read_text() if path.exists() else ""
    flags = set(cpu_info.split())
    if flags & {"amx_bf16", "avx512_bf16"} or _has_gpu():
        return "mixed_bfloat16"
    return "float32"


@contextmanager
def dtype_policy(policy: Any) -> Iterator[None]:
    """Set Keras' global dtype policy within the block.

    Args:
        policy: name of a policy, a `keras.DTypePolicy`, or `None` to leave the global
            one.

    Raises:
        InputError: the policy, or the global one where `policy` is `None`, keeps
            variables in 16 bits.
    """
    import keras

    before = keras.config.dtype_policy()
    chosen = before if policy is None else policy
    _refuse_16_bit_variables(getattr(chosen, "name", chosen))
    keras.config.set_dtype_policy(chosen)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def ordered_sums() -> Iterator[None]:
    """Let TensorFlow add three or more tensors in a fixed order within the block.

    `AddN` begins with the first tensor whose memory nothing else needs any more, so
    which tensors are added first, and how a sum is rounded, is a matter of timing.
    Gradients are such sums, and so is `a + b + c` once TensorFlow has optimized a
    graph. `tf.config.experimental.enable_op_determinism` does not change that; see
    `findings/tensorflow_sum_of_three_depends_on_readers.sh`. Within the block sums are
    traced as sums of two, and stay so.

    TensorFlow has these settings once per process. They are restored at the end.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf
    from tensorflow.python.ops import gen_math_ops

    # Gradients of tapes and of loops call this function; there is no public setting.
    add_n = gen_math_ops.add_n

    def add_two_by_two(inputs: Any, name: str | None = None) -> Any:
        total = inputs[0]
        for value in inputs[1:]:
            total = add_n([total, value])  # of lists of tensors, too
        return total if name is None else tf.identity(total, name)

    setting = "arithmetic_optimization"
    before = tf.config.optimizer.get_experimental_options().get(setting, True)
    gen_math_ops.add_n = add_two_by_two
    tf.config.optimizer.set_experimental_options({setting: False})
    try:
        yield
    finally:
        gen_math_ops.add_n = add_n
        tf.config.optimizer.set_experimental_options({setting: before})


@contextmanager
def training_operations(precision: str) -> Iterator[None]:
    """Compute in a precision and add in a fixed order within the block.

    Every training runs in it.

    Args:
        precision: see `choose_precision`.

    Raises:
        InputError: see `choose_precision`.
    """
    with dtype_policy(choose_precision(precision)), ordered_sums():
        yield


def global_policy() -> str:
    """Return the name of Keras' global dtype policy."""
    import keras

    return str(keras.config.dtype_policy().name)


@contextmanager
def deferred_variables() -> Iterator[Callable[[Any, Callable[[], np.ndarray]], None]]:
    """Give variables that are created within the block their values at its end.

    Until then a variable has a shape but no value; a model can be built of such
    variables, not run. Variables cannot be assigned to within the block.

    If the block fails, or a value cannot be read, no variable gets a value.

    Yields:
        A function of a `keras.Variable` created within the block and of a function that
        returns its value, an array of its shape and dtype. The variable is created with
        that value at the end of the block, and its initializer never runs; the others
        get what their initializer computes.
    """
    import keras
    from keras.src.backend.common import global_state

    frozen: list[Any] = []
    # Keras' list of the variables that are due. It would keep those of a failed block,
    # and create them after the next one.
    due = "uninitialized_variables"
    before = list(global_state.get_global_attribute(due) or [])

    def set_first_value(variable: Any, read: Callable[[], np.ndarray]) -> None:
        # Keras offers no public way to it. The initializer is what the variable keeps
        # until its value is due.
        variable._initializer = lambda shape, dtype: read()
        # TensorFlow never computes gradients of a variable that was frozen when it was
        # created, even if it is trained later.
        if not variable.trainable:
            variable.trainable = True
            frozen.append(variable)

    scope = keras.StatelessScope()
    try:
        with scope:
            try:
                yield set_first_value
            except BaseException:
                scope.initialize_variables = False
                raise
    except BaseException:
        global_state.set_global_attribute(due, before)
        raise
    finally:
        for variable in frozen:
            variable.trainable = False


def _refuse_16_bit_variables(policy: str) -> None:
    if policy in ("bfloat16", "float16"):
        raise InputError(
            f"The policy {policy!r} keeps variables in 16 bits, where moving averages "
            "stall and small updates of weights are rounded away",
            f"Use 'mixed_{policy}', which computes in {policy} and keeps variables in "
            "float32",
            precision=policy,
        )


def _has_gpu() -> bool:
    import keras

    return any("gpu" in d.lower() for d in keras.distribution.list_devices())
