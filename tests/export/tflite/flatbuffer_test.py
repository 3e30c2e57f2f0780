import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from keras_imgdesc.export.tflite.flatbuffer import read_model, write_model


def model_with_scales(scales):
    graph = schema.SubGraphT()
    graph.tensors = []
    for values in scales:
        tensor = schema.TensorT()
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = values
        graph.tensors.append(tensor)
    model = schema.ModelT()
    model.version, model.subgraphs, model.buffers = 3, [graph], []
    return model


def test_equal_arrays_are_written_once():
    row = np.linspace(1, 2, 1000, dtype="float32")
    other = row[::-1].copy()
    one = len(write_model(model_with_scales([row])))
    content = write_model(model_with_scales([row, row.copy(), other, row]))
    assert one + 4000 < len(content) < one + 4000 + 500
    tensors = read_model(content).subgraphs[0].tensors
    for tensor, expected in zip(tensors, [row, row, other, row], strict=True):
        np.testing.assert_array_equal(tensor.quantization.scale, expected)
