"""Teacher and student in one Keras model."""

import keras
from keras import ops

from keras_imgdesc.vision import MobileNetEncoder, VGG16Encoder
from keras_imgdesc.vision.mobilenet_encoder import separable_block

# The teacher's block that is the target for the end of each of the student's blocks.
# After pooling, sizes and channels agree (56 x 56 x 128, 28 x 28 x 256,
# 14 x 14 x 512), and the depths correspond.
TEACHER_BLOCK = {2: 3, 3: 5, 4: 8, 5: 11}
TAIL_BLOCK = 12
# The teacher pads only at the end before a stride, while the student pools
# symmetrically, so the teacher's cell is further down and to the right. If its window
# is shifted by this many pixels, the two agree at `conv_pw_5`.
SHIFT = 4


@keras.saving.register_keras_serializable("keras_imgdesc")
class DistillationModel(keras.Model):
    """Trains blocks of a VGG16 to reproduce the maps of a MobileNet, without labels.

    Input: crops, float in [0, 255], `(batch, size + SHIFT, size + SHIFT, 3)`. The
    loss is the squared error of each channel over that channel's variance, summed
    over the block ends (FitNets' hints) and the teacher's next block.

    Args:
        student: VGG16 whose blocks are trained, for images of the crops' size.
        teacher: MobileNet up to `conv_pw_12`, for the same size.
        variances: variance of each channel of the teacher, by teacher block.
        first_block, last_block: range of the student's blocks to train.
        hint_weight, tail_weight: see `DistillationRecipe`.

    Reference:
        Romero et al., "FitNets", https://arxiv.org/abs/1412.6550
    """

    def __init__(
        self,
        student: VGG16Encoder,
        teacher: MobileNetEncoder,
        variances: dict,
        first_block: int = 1,
        last_block: int = 5,
        hint_weight: float = 0.5,
        tail_weight: float = 1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.first_block, self.last_block = first_block, last_block
        self.hint_weight, self.tail_weight = hint_weight, tail_weight
        self.ends = [b for b in TEACHER_BLOCK if max(first_block, 2) <= b <= last_block]
        self.variances = {k: ops.array(v, "float32") for k, v in variances.items()}
        self.maps = teacher_maps(teacher, TEACHER_BLOCK[last_block])
        self.blocks = student_blocks(student, first_block, last_block)
        self.tail = teacher_tail(teacher) if last_block == 5 else None
        self.preprocessing = student.get_layer("preprocessing")
        for frozen in (self.maps, self.tail):
            if frozen is not None:
                frozen.trainable = False
        names = [f"block{b}" for b in self.ends] + (["tail"] if self.tail else [])
        self.trackers = {n: keras.metrics.Mean(name=f"explained_{n}") for n in names}
        self.loss_tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker, *self.trackers.values()]

    def call(self, crops, training=False):
        """Return maps of student and teacher, as `{"block3": (student, teacher)}`."""
        expected = self.maps(crops[:, :-SHIFT, :-SHIFT])
        if self.first_block == 1:
            x = self.preprocessing(crops[:, SHIFT:, SHIFT:])
        else:
            x = expected[f"block{TEACHER_BLOCK[self.first_block - 1]}"]
        pairs = {}
        for block, layers in self.blocks.items():
            for layer in layers:
                x = layer(x)
            if block < 5:
                x = ops.max_pool(x, 2, 2, data_format="channels_last")
            if block in self.ends:
                pairs[f"block{block}"] = (x, expected[f"block{TEACHER_BLOCK[block]}"])
        if self.tail is not None:
            # The teacher's activations are clipped at 6, the student's are not.
            found = self.tail(ops.minimum(x, ops.cast(6, x.dtype)))
            pairs["tail"] = (found, self.tail(expected["block11"]))
        return pairs

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        total = 0.0
        for name, (found, expected) in y_pred.items():
            block = TAIL_BLOCK if name == "tail" else TEACHER_BLOCK[int(name[5:])]
            variance = self.variances[block]
            error = ops.cast(found, "float32") - ops.cast(expected, "float32")
            error = ops.square(error)
            error = ops.mean(error, axis=(0, 1, 2))
            # Otherwise channels that are almost always 0 would dominate the sum.
            floor = 0.05 * ops.mean(variance)
            term = ops.mean(error / (variance + floor))
            weight = self.hint_weight
            if name == "tail":
                weight = self.tail_weight
            elif name == f"block{self.last_block}":
                weight = 1.0
            total = total + weight * term
            explained = 1.0 - ops.sum(error) / ops.sum(variance)
            self.trackers[name].update_state(explained)
        self.loss_tracker.update_state(total)
        return total


def teacher_maps(teacher: MobileNetEncoder, depth: int) -> keras.Model:
    """Return a model of the teacher's target maps, by `block{n}`."""
    blocks = [b for b in TEACHER_BLOCK.values() if b <= depth]
    outputs = {f"block{b}": teacher.get_layer(f"conv_pw_{b}").output for b in blocks}
    return keras.Model(teacher.input, outputs, name="teacher_maps")


def teacher_tail(teacher: MobileNetEncoder) -> keras.Model:
    """Return a copy of the teacher's block after its last target map."""
    shape = teacher.get_layer("conv_pw_11").output.shape[1:]
    x = keras.Input(shape)
    model = keras.Model(x, separable_block(x, TAIL_BLOCK, 1024, 2), name="tail")
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(teacher.get_layer(layer.name).get_weights())
    return model


def student_blocks(student: VGG16Encoder, first: int, last: int) -> dict[int, list]:
    """Return the student's convolutions by block number."""
    return {
        b: [la for la in student.layers if la.name.startswith(f"block{b}_conv")]
        for b in range(first, last + 1)
    }
