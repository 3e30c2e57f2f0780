"""The dtype policy that suits the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_imgdesc.errors import InputError

POLICIES = ("float32", "mixed_bfloat16", "bfloat16", "mixed_float16", "float16")


def choose_precision(requested: str = "auto", cpu_info: str | None = None) -> str:
    """Choose a Keras dtype policy.

    Args:
        requested: a policy's name, taken as it is, or `"auto"`: `"mixed_bfloat16"`
            where a GPU is seen or the CPU multiplies bfloat16 in hardware (AMX or
            AVX512-BF16), else `"float32"`.
        cpu_info: text of `/proc/cpuinfo`; `None` reads it.

    Raises:
        InputError: the name is no policy.
    """
    if requested != "auto":
        if requested not in POLICIES:
            raise InputError(
                "precision must be 'auto' or a dtype policy",
                f"Choose one of {['auto', *POLICIES]}",
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
def running_in(requested: str) -> Iterator[None]:
    """Keras' global dtype policy, as `choose_precision` has it, while it is entered."""
    import keras

    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy(choose_precision(requested))
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)


def _has_gpu() -> bool:
    import keras

    return any("gpu" in d.lower() for d in keras.distribution.list_devices())
