import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from keras_imgdesc.captioning import ImageCaptioner, LSTMDecoder
from keras_imgdesc.export.tflite import dynamic_int8
from keras_imgdesc.export.tflite.conversion import LiteConversion
from keras_imgdesc.export.tflite.export import write_tflite
from keras_imgdesc.export.tflite.flatbuffer import (
    OPERATORS,
    constant,
    operator_kind,
    operators,
    read_model,
    store_as_float16,
    write_model,
)
from keras_imgdesc.export.tflite.rounding import row_scales
from keras_imgdesc.lite import LiteCaptioner
from keras_imgdesc.text import CaptionTokenizer, Vocabulary
from keras_imgdesc.vision import MobileNetEncoder

IMAGE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def small():
    """A captioner with pointwise kernels."""
    keras.utils.set_random_seed(0)
    encoder = MobileNetEncoder(image_size=64, feature_layer="conv_pw_6")
    for layer in (la for la in encoder.layers if la.weights):
        # He initialization: with Glorot's, the features hardly depend on the image.
        rows, columns, inputs, _ = layer.kernel.shape
        fan = rows * columns * (1 if layer.name.startswith("conv_dw") else inputs)
        kernel = layer.kernel.numpy()
        layer.kernel.assign(kernel / kernel.std() * (2 / fan) ** 0.5)
    vocabulary = Vocabulary([f"word{i}" for i in range(96)])
    decoder = LSTMDecoder(
        len(vocabulary),
        encoder.feature_map_shape,
        embedding_dim=32,
        hidden_dim=32,
        num_heads=2,
        feature_dim=32,
    )
    return ImageCaptioner(encoder, decoder, CaptionTokenizer(vocabulary))


@pytest.fixture(scope="module")
def files(small, tmp_path_factory):
    folder, conversion = tmp_path_factory.mktemp("small"), LiteConversion(small)
    return {
        name: write_tflite(
            conversion, folder / f"{name}.tflite", quantize=quantize, **options
        )
        for name, quantize, options in (
            ("float32", None, {}),
            ("drawn", "dynamic", {}),
            ("given", "dynamic", {"representative_images": [IMAGE]}),
        )
    }


def _kernels(path):
    """Return whether a kernel is float, by kind of operation and shape."""
    model = read_model(path.read_bytes())
    graph = model.subgraphs[0]
    found = {}
    for op in operators(model, graph, (OPERATORS.CONV_2D, OPERATORS.DEPTHWISE_CONV_2D)):
        tensor = graph.tensors[op.inputs[1]]
        is_float = constant(model, tensor) is not None
        found[operator_kind(model, op), tuple(tensor.shape)] = is_float
    return found


def test_small_and_depthwise_kernels_stay_float(files):
    for (kind, shape), is_float in _kernels(files["drawn"]).items():
        is_small = np.prod(shape) <= 2**15
        assert is_float == (kind == OPERATORS.DEPTHWISE_CONV_2D or is_small)
    assert not all(_kernels(files["drawn"]).values())


def test_features_change_little_and_less_with_examples(files):
    features = {}
    for name, path in files.items():
        lite = LiteCaptioner(path)
        features[name] = lite._encode(image=lite._pixels(IMAGE))["values"]
    exact = features.pop("float32")
    errors = {
        name: np.abs(values - exact).mean() / np.abs(exact - exact.mean()).mean()
        for name, values in features.items()
    }
    assert 0 < errors["given"] < errors["drawn"] < 0.1


def test_a_shared_embedding_table_is_stored_once(files):
    model = read_model(files["drawn"].read_bytes())
    tables = {
        tensor.buffer
        for graph in model.subgraphs
        for tensor in graph.tensors
        if tuple(tensor.shape if tensor.shape is not None else ()) == (100, 32)
    }
    assert len(tables) == 1


def test_a_matrix_with_another_kind_of_reader_stays_float(files):
    model = read_model(files["float32"].read_bytes())
    graph = model.subgraphs[0]
    op = next(operators(model, graph, (OPERATORS.CONV_2D,)))
    largest = max(
        operators(model, graph, (OPERATORS.CONV_2D,)),
        key=lambda op: np.prod(graph.tensors[op.inputs[1]].shape),
    )
    buffer = graph.tensors[largest.inputs[1]].buffer
    assert buffer in dynamic_int8._matrices(model)
    op.inputs = [*op.inputs[:2], largest.inputs[1]]
    assert buffer not in dynamic_int8._matrices(model)


def test_rounded_kernels_are_multiples_of_their_scale(files):
    content = dynamic_int8.round_kernels(files["float32"].read_bytes(), [])
    model = read_model(content)
    graph = model.subgraphs[0]
    kernels = [
        constant(model, graph.tensors[op.inputs[1]])
        for op in operators(model, graph, (OPERATORS.CONV_2D,))
    ]
    assert len(kernels) == 7
    for kernel in kernels:
        rows = kernel.reshape(len(kernel), -1)
        steps = rows / row_scales(rows)[:, None]
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 1, 2)])
def test_a_table_is_looked_up_by_indices_of_any_shape(shape, tmp_path):
    table = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)

    module = tf.Module()
    module.look_up = tf.function(
        lambda indices: tf.gather(table, indices),
        input_signature=[tf.TensorSpec(shape, tf.int32, name="indices")],
    )
    tf.saved_model.save(module, tmp_path)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    content = dynamic_int8.quantize_to_dynamic(converter.convert(), [])
    assert len(content) < 200 * 8 + 200 * (4 + 8) + 3000
    interpreter = Interpreter(model_content=content)
    run = interpreter.get_signature_runner()
    indices = np.arange(np.prod(shape), dtype=np.int32).reshape(shape) * 7
    (found,) = run(indices=indices).values()
    np.testing.assert_allclose(found, table[indices], atol=0.02)


def test_a_model_that_is_read_and_written_does_not_change(files):
    content = files["float32"].read_bytes()
    again = write_model(read_model(content))
    assert write_model(read_model(again)) == again


@pytest.mark.parametrize(("largest", "shrinks"), [(1.0, True), (1e5, False)])
def test_a_matrix_becomes_float16_where_its_values_fit(tmp_path, largest, shrinks):
    matrix = np.random.default_rng(0).normal(size=(64, 32)).astype(np.float32)
    matrix[0, 0] = largest
    module = tf.Module()
    module.multiply = tf.function(
        lambda x: tf.matmul(x, matrix),
        input_signature=[tf.TensorSpec((1, 64), name="x")],
    )
    tf.saved_model.save(module, tmp_path)
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path)).convert()
    model = read_model(content)
    graph = model.subgraphs[0]
    (op,) = operators(model, graph, (OPERATORS.FULLY_CONNECTED,))
    store_as_float16(model, graph.tensors[op.inputs[1]].buffer)
    smaller = write_model(model)
    assert (len(smaller) < len(content) - 64 * 32) == shrinks
    x = np.ones((1, 64), np.float32)
    run = Interpreter(model_content=smaller).get_signature_runner()
    (found,) = run(x=x).values()
    np.testing.assert_allclose(found, x @ matrix, rtol=1e-4, atol=0.02)
