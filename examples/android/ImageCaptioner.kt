package imgdesc

import android.content.Context
import android.graphics.Bitmap
import java.io.Closeable
import java.io.FileInputStream
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.nio.IntBuffer
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter

/**
 * Describes pictures in words, on the phone alone.
 *
 * Not thread-safe: use it from one thread, and not from the main one, since a caption takes
 * a fraction of a second. [close] it in the end.
 *
 * @param model a `.tflite` file of `keras-imgdesc export tflite`, in memory or mapped.
 * @param vocabulary the file's tokens; the place of a token is its id.
 * @param numThreads of the interpreter.
 * @param separator between words; "" if the file's metadata has `"split": "characters"`.
 * @throws IllegalArgumentException the two files do not belong together, or the first is
 *     another model.
 */
class ImageCaptioner(
    model: ByteBuffer,
    private val vocabulary: List<String>,
    numThreads: Int = 2,
    private val separator: String = " ",
) : Closeable {
    private val interpreter =
        Interpreter(model, Interpreter.Options().setNumThreads(numThreads))
    private val encode: SignatureSpec
    private val step: SignatureSpec
    private val sizes: Map<Size, Int>

    init {
        try {
            val signatures = CaptionerTensors.signaturesOf(interpreter)
            encode = signatures[1]
            step = signatures[2]
            sizes = CaptionerTensors.sizesOf(interpreter, signatures)
            checkVocabulary()
        } catch (error: RuntimeException) {
            interpreter.close()
            throw error
        }
    }

    /** Side of the square that pictures are stretched to, in pixels. */
    val imageSize get() = sizes.getValue(Size.IMAGE)

    /** Most words that a caption may have. */
    val maxLength get() = sizes.getValue(Size.WORDS)

    /**
     * Describes a picture, by the file's own beam search.
     *
     * @param bitmap of any size and configuration. It must be upright, as [readUpright]
     *     gives it: a bitmap has no EXIF orientation.
     */
    fun describe(bitmap: Bitmap): Caption {
        val found = run(CaptionerTensors.DESCRIBE, imageOf(bitmap))
        val tokenIds = found.ints(CaptionerTensors.TOKEN_IDS)
        val logProbs = found.floats(CaptionerTensors.LOG_PROBS)
        val attention = found.floats(CaptionerTensors.ATTENTION)
        val locations = attention.size / tokenIds.size
        val places = tokenIds.indices.filter {
            tokenIds[it] != CaptionerTensors.PAD_ID && tokenIds[it] != CaptionerTensors.END_ID
        }
        return captionOf(
            places.map { tokenIds[it] },
            logProbs.sum(),
            places.map {
                attention.copyOfRange(it * locations, (it + 1) * locations)
            },
        )
    }

    /**
     * Describes a picture word by word, each given as soon as it is found.
     *
     * The likeliest word is taken at each place, without a search: the caption may be worse
     * than that of [describe].
     *
     * @param bitmap as for [describe].
     * @param onWord is called on this thread. What it throws ends the caption and comes out
     *     of here: in a coroutine, `ensureActive()` in it makes the caption cancellable.
     */
    fun describeStreaming(bitmap: Bitmap, onWord: (String) -> Unit): Caption {
        val state = run(encode, imageOf(bitmap)).toMutableMap()
        val tokenIds = mutableListOf<Int>()
        val attention = mutableListOf<FloatArray>()
        var logProb = 0f
        var tokenId = CaptionerTensors.START_ID
        repeat(maxLength) {
            state[CaptionerTensors.TOKEN_ID] = intArrayOf(tokenId)
            val found = run(step, state)
            val logProbs = found.floats(CaptionerTensors.LOG_PROBS)
            tokenId = likeliest(logProbs)
            logProb += logProbs[tokenId]
            if (tokenId == CaptionerTensors.END_ID) {
                return captionOf(tokenIds, logProb, attention)
            }
            tokenIds += tokenId
            attention += found.floats(CaptionerTensors.ATTENTION)
            onWord(vocabulary[tokenId])
            for ((next, current) in CaptionerTensors.CHANGES) {
                if (next in found) state[current] = found.floats(next)
            }
        }
        return captionOf(tokenIds, logProb, attention)
    }

    override fun close() = interpreter.close()

    private fun checkVocabulary() {
        val size = sizes.getValue(Size.VOCABULARY)
        require(vocabulary.size == size && vocabulary.take(SPECIAL.size) == SPECIAL) {
            "The vocabulary must have the model's $size tokens, $SPECIAL first. " +
                "Received: ${vocabulary.size} tokens, ${vocabulary.take(SPECIAL.size)} " +
                "first. Take the two files of one export."
        }
    }

    private fun imageOf(bitmap: Bitmap): Map<String, Any> =
        mapOf(CaptionerTensors.IMAGE to SquareImage.of(bitmap, imageSize))

    /** Arrays in, arrays out, all flat, by the names of the tensors. */
    private fun run(signature: SignatureSpec, inputs: Map<String, Any>): Map<String, Any> {
        val outputs = signature.outputs.associate { spec ->
            val count = spec.shape.fold(1) { product, size -> product * sizes.getValue(size) }
            spec.name to
                if (spec.type == DataType.INT32) IntArray(count) else FloatArray(count)
        }
        interpreter.runSignature(
            inputs.mapValues { buffer(it.value) },
            outputs.mapValues { buffer(it.value) },
            signature.name,
        )
        return outputs
    }

    // Not direct ones: those the interpreter does not copy but goes on pointing to.
    private fun buffer(array: Any): Buffer = when (array) {
        is ByteArray -> ByteBuffer.wrap(array)
        is IntArray -> IntBuffer.wrap(array)
        else -> FloatBuffer.wrap(array as FloatArray)
    }

    private fun Map<String, Any>.floats(name: String) = getValue(name) as FloatArray

    private fun Map<String, Any>.ints(name: String) = getValue(name) as IntArray

    private fun likeliest(logProbs: FloatArray): Int {
        var best = CaptionerTensors.END_ID
        for (id in logProbs.indices) {
            if (id !in NEVER && logProbs[id] > logProbs[best]) best = id
        }
        return best
    }

    private fun captionOf(
        tokenIds: List<Int>,
        logProb: Float,
        attention: List<FloatArray>,
    ): Caption {
        val words = tokenIds.map { vocabulary[it] }
        val columns = sizes.getValue(Size.COLUMNS)
        val maps = attention.map { flat ->
            Array(flat.size / columns) { row ->
                flat.copyOfRange(row * columns, (row + 1) * columns)
            }
        }
        return Caption(words.joinToString(separator), logProb, words, maps)
    }

    companion object {
        private val SPECIAL = listOf("", "[UNK]", "[START]", "[END]")
        private val NEVER = setOf(
            CaptionerTensors.PAD_ID,
            CaptionerTensors.UNK_ID,
            CaptionerTensors.START_ID,
        )

        /**
         * Loads a captioner from the app's assets.
         *
         * @param modelAsset must lie in the APK uncompressed (`noCompress`), to be mapped.
         * @throws java.io.IOException an asset is missing, or the first is compressed.
         */
        fun fromAssets(
            context: Context,
            modelAsset: String = "captioner.tflite",
            vocabularyAsset: String = "vocabulary.txt",
            numThreads: Int = 2,
        ): ImageCaptioner {
            val text = context.assets.open(vocabularyAsset).use {
                it.readBytes().toString(Charsets.UTF_8)
            }
            // Not `lines()`, for which a lone carriage return ends a line too.
            val vocabulary = text.removeSuffix("\n").split("\n")
            return ImageCaptioner(map(context, modelAsset), vocabulary, numThreads)
        }

        private fun map(context: Context, asset: String): MappedByteBuffer =
            context.assets.openFd(asset).use { file ->
                FileInputStream(file.fileDescriptor).use {
                    it.channel.map(
                        FileChannel.MapMode.READ_ONLY,
                        file.startOffset,
                        file.declaredLength,
                    )
                }
            }
    }
}
