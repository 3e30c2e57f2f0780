package imgdesc

import org.tensorflow.lite.DataType
import org.tensorflow.lite.DataType.FLOAT32
import org.tensorflow.lite.DataType.INT32
import org.tensorflow.lite.DataType.UINT8
import org.tensorflow.lite.Interpreter

/**
 * A size that has one value wherever it occurs in a file.
 *
 * @property shipped its value in `flickr8k_efficientnet_lstm`. Another model has others, which
 *     are read from its file; [ONE] and [CHANNELS] are the same in all.
 */
enum class Size(val shipped: Int) {
    ONE(1),
    CHANNELS(3),
    IMAGE(224),
    WORDS(23),
    ROWS(7),
    COLUMNS(7),
    LOCATIONS(49),
    HEADS(8),
    HEAD(32),
    INPUT(2240),
    HIDDEN(448),
    VOCABULARY(4075),
    NOUNS(5),
    CONCEPT(384),
}

/** A tensor of a signature: its name, its type and the sizes of its axes. */
class TensorSpec(val name: String, val type: DataType, vararg val shape: Size)

/** A function of the file. */
class SignatureSpec(
    val name: String,
    val inputs: List<TensorSpec>,
    val outputs: List<TensorSpec>,
)

/**
 * The tensors of a file of `keras-imgdesc export tflite`, in all signatures that the app calls.
 *
 * The decoder of some captioners is guided by concepts, nouns for what a classifier sees. The
 * state between their words has four more tensors: [ENCODE] and [STEP] are those of the other
 * captioners, [GUIDED_ENCODE] and [GUIDED_STEP] theirs.
 */
object CaptionerTensors {
    const val IMAGE = "image"
    const val TOKEN_IDS = "token_ids"
    const val LOG_PROBS = "log_probs"
    const val ATTENTION = "attention"
    const val TOKEN_ID = "token_id"
    const val KEYS = "keys"
    const val VALUES = "values"
    const val INPUT = "input"
    const val HIDDEN = "hidden"
    const val CELL = "cell"
    const val NEXT_HIDDEN = "next_hidden"
    const val NEXT_CELL = "next_cell"
    const val CONCEPTS = "concepts"
    const val CONCEPT_IDS = "concept_ids"
    const val CONCEPT_WEIGHTS = "concept_weights"
    const val USED_CONCEPTS = "used_concepts"
    const val NEXT_USED_CONCEPTS = "next_used_concepts"

    /** What changes with each word: the output of a step, and the next step's input. */
    val CHANGES = mapOf(
        NEXT_HIDDEN to HIDDEN,
        NEXT_CELL to CELL,
        NEXT_USED_CONCEPTS to USED_CONCEPTS,
    )

    /** Tokens that every vocabulary starts with: the padding's is an empty line. */
    const val PAD_ID = 0
    const val UNK_ID = 1
    const val START_ID = 2
    const val END_ID = 3

    /** A picture whole: beam search inside. What is behind the end token is padding. */
    val DESCRIBE = SignatureSpec(
        "describe",
        inputs = listOf(
            TensorSpec(IMAGE, UINT8, Size.ONE, Size.IMAGE, Size.IMAGE, Size.CHANNELS),
        ),
        outputs = listOf(
            TensorSpec(TOKEN_IDS, INT32, Size.ONE, Size.WORDS),
            TensorSpec(LOG_PROBS, FLOAT32, Size.ONE, Size.WORDS),
            TensorSpec(ATTENTION, FLOAT32, Size.ONE, Size.WORDS, Size.ROWS, Size.COLUMNS),
        ),
    )

    /** What a picture is to [STEP], before its first word. */
    val ENCODE = SignatureSpec(
        "encode",
        inputs = listOf(
            TensorSpec(IMAGE, UINT8, Size.ONE, Size.IMAGE, Size.IMAGE, Size.CHANNELS),
        ),
        outputs = listOf(
            TensorSpec(KEYS, FLOAT32, Size.ONE, Size.HEADS, Size.HEAD, Size.LOCATIONS),
            TensorSpec(VALUES, FLOAT32, Size.ONE, Size.HEADS, Size.HEAD, Size.LOCATIONS),
            TensorSpec(INPUT, FLOAT32, Size.ONE, Size.INPUT),
            TensorSpec(HIDDEN, FLOAT32, Size.ONE, Size.HIDDEN),
            TensorSpec(CELL, FLOAT32, Size.ONE, Size.HIDDEN),
        ),
    )

    /** One word: `log_probs` are natural logarithms, of each word of the vocabulary. */
    val STEP = SignatureSpec(
        "step",
        inputs = listOf(
            TensorSpec(TOKEN_ID, INT32, Size.ONE),
            TensorSpec(KEYS, FLOAT32, Size.ONE, Size.HEADS, Size.HEAD, Size.LOCATIONS),
            TensorSpec(VALUES, FLOAT32, Size.ONE, Size.HEADS, Size.HEAD, Size.LOCATIONS),
            TensorSpec(INPUT, FLOAT32, Size.ONE, Size.INPUT),
            TensorSpec(HIDDEN, FLOAT32, Size.ONE, Size.HIDDEN),
            TensorSpec(CELL, FLOAT32, Size.ONE, Size.HIDDEN),
        ),
        outputs = listOf(
            TensorSpec(LOG_PROBS, FLOAT32, Size.ONE, Size.VOCABULARY),
            TensorSpec(ATTENTION, FLOAT32, Size.ONE, Size.ROWS, Size.COLUMNS),
            TensorSpec(NEXT_HIDDEN, FLOAT32, Size.ONE, Size.HIDDEN),
            TensorSpec(NEXT_CELL, FLOAT32, Size.ONE, Size.HIDDEN),
        ),
    )

    /** The nouns of a picture: their embeddings, ids, probabilities, and which are used. */
    private val NOUNS = listOf(
        TensorSpec(CONCEPTS, FLOAT32, Size.ONE, Size.NOUNS, Size.CONCEPT),
        TensorSpec(CONCEPT_IDS, INT32, Size.ONE, Size.NOUNS),
        TensorSpec(CONCEPT_WEIGHTS, FLOAT32, Size.ONE, Size.NOUNS),
        TensorSpec(USED_CONCEPTS, FLOAT32, Size.ONE, Size.NOUNS),
    )

    /** [ENCODE] of a captioner that is guided by concepts. */
    val GUIDED_ENCODE = SignatureSpec(
        ENCODE.name,
        inputs = ENCODE.inputs,
        outputs = ENCODE.outputs + NOUNS,
    )

    /** [STEP] of a captioner that is guided by concepts. */
    val GUIDED_STEP = SignatureSpec(
        STEP.name,
        inputs = STEP.inputs + NOUNS,
        outputs = STEP.outputs +
            TensorSpec(NEXT_USED_CONCEPTS, FLOAT32, Size.ONE, Size.NOUNS),
    )

    /** The functions that a file must have: [DESCRIBE], and both that suit its outputs. */
    fun signaturesOf(interpreter: Interpreter): List<SignatureSpec> {
        val isGuided = ENCODE.name in interpreter.signatureKeys &&
            CONCEPTS in interpreter.getSignatureOutputs(ENCODE.name)
        return if (isGuided) {
            listOf(DESCRIBE, GUIDED_ENCODE, GUIDED_STEP)
        } else {
            listOf(DESCRIBE, ENCODE, STEP)
        }
    }

    /**
     * The sizes of a file.
     *
     * @param signatures those of [signaturesOf].
     * @throws IllegalArgumentException the file lacks one of these signatures, or one has other
     *     tensors.
     */
    fun sizesOf(interpreter: Interpreter, signatures: List<SignatureSpec>): Map<Size, Int> {
        val sizes = mutableMapOf(Size.ONE to 1, Size.CHANNELS to 3)
        // Others may be there, such as a search without attention.
        val missing = signatures.map { it.name } - interpreter.signatureKeys.toSet()
        require(missing.isEmpty()) {
            "The file must have the signatures $missing. " +
                "Received: ${interpreter.signatureKeys.sorted()}. " +
                "Export it again with `keras-imgdesc export tflite`."
        }
        for (signature in signatures) {
            val key = signature.name
            check(
                "inputs of `$key`",
                signature.inputs.map { it.name },
                interpreter.getSignatureInputs(key),
            )
            check(
                "outputs of `$key`",
                signature.outputs.map { it.name },
                interpreter.getSignatureOutputs(key),
            )
            for (spec in signature.inputs) {
                val tensor = interpreter.getInputTensorFromSignature(spec.name, key)
                match(key, spec, tensor.dataType(), tensor.shape(), sizes)
            }
            for (spec in signature.outputs) {
                val tensor = interpreter.getOutputTensorFromSignature(spec.name, key)
                match(key, spec, tensor.dataType(), tensor.shape(), sizes)
            }
        }
        return sizes
    }

    private fun check(what: String, expected: List<String>, received: Array<String>) {
        require(expected.toSet() == received.toSet()) {
            "The $what must be ${expected.sorted()}. Received: ${received.sorted()}. " +
                "Export the file again with `keras-imgdesc export tflite`."
        }
    }

    private fun match(
        signature: String,
        spec: TensorSpec,
        type: DataType,
        shape: IntArray,
        sizes: MutableMap<Size, Int>,
    ) {
        val fits = type == spec.type &&
            shape.size == spec.shape.size &&
            spec.shape.indices.all { sizes.getOrPut(spec.shape[it]) { shape[it] } == shape[it] }
        require(fits) {
            val known = spec.shape.map { sizes[it] ?: it }
            "`${spec.name}` of `$signature` must be ${spec.type} $known " +
                "(${spec.shape.map { it.shipped }} in the model that ships). " +
                "Received: $type ${shape.toList()}. " +
                "Export the file again with `keras-imgdesc export tflite`."
        }
    }
}
