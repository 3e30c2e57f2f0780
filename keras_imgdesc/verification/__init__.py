"""Verification: whether a task answers alike in every exported form."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_imgdesc.verification.parity import FormResult as FormResult
    from keras_imgdesc.verification.parity import PaintedForm as PaintedForm
    from keras_imgdesc.verification.tasks.captioner import Parity as Parity
    from keras_imgdesc.verification.tasks.captioner import (
        verify_exports as verify_exports,
    )
    from keras_imgdesc.verification.tasks.matcher import MatcherParity as MatcherParity
    from keras_imgdesc.verification.tasks.matcher import (
        verify_matcher as verify_matcher,
    )
    from keras_imgdesc.verification.tasks.painter import PainterParity as PainterParity
    from keras_imgdesc.verification.tasks.painter import (
        verify_painter as verify_painter,
    )

_HOMES = {
    "FormResult": "parity",
    "MatcherParity": "tasks.matcher",
    "PaintedForm": "parity",
    "PainterParity": "tasks.painter",
    "Parity": "tasks.captioner",
    "verify_exports": "tasks.captioner",
    "verify_matcher": "tasks.matcher",
    "verify_painter": "tasks.painter",
}

__all__ = [
    "FormResult",
    "MatcherParity",
    "PaintedForm",
    "PainterParity",
    "Parity",
    "verify_exports",
    "verify_matcher",
    "verify_painter",
]


def __getattr__(name: str) -> Any:
    # Late: the processes of `verification.runners` load no more than their form needs.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
