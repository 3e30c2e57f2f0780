"""Export to other runtimes than Python."""

from keras_imgdesc.export.saved_model.export import export_saved_model
from keras_imgdesc.export.signature import Signature
from keras_imgdesc.export.tasks import signatures_of
from keras_imgdesc.export.tflite.export import export_tflite

__all__ = ["Signature", "export_saved_model", "export_tflite", "signatures_of"]
