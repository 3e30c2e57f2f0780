"""Whether a model says the same in every form it is exported to."""

from keras_imgdesc.verification.form_result import FormResult, PaintedForm
from keras_imgdesc.verification.matcher_parity import MatcherParity, verify_matcher
from keras_imgdesc.verification.painter_parity import PainterParity, verify_painter
from keras_imgdesc.verification.parity import Parity, verify_exports

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
