package imgdesc

import android.graphics.Bitmap
import android.os.Build
import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.max

/**
 * A picture as the model takes it: stretched to a square, RGB.
 *
 * The bytes are those of the resize that the model was trained with (bilinear,
 * anti-aliased, first along the columns, in 32-bit floats). `Bitmap.createScaledBitmap` reads four
 * pixels for each new one, however much smaller the picture becomes: a photograph of a
 * phone's camera would turn into other pixels, and into another caption.
 */
object SquareImage {
    /**
     * @param bitmap of any size and configuration, upright. Where it is transparent it is
     *     laid on white.
     * @param size side of the square, in pixels.
     * @return `(size, size, 3)`, row by row: unsigned bytes, red, green, blue.
     */
    fun of(bitmap: Bitmap, size: Int): ByteArray {
        // Pixels in the memory of the graphics chip cannot be read.
        val isHardware = Build.VERSION.SDK_INT >= Build.VERSION_CODES.O &&
            bitmap.config == Bitmap.Config.HARDWARE
        val readable =
            if (isHardware) bitmap.copy(Bitmap.Config.ARGB_8888, false) else bitmap
        return stretch(readable.width, readable.height, size) { row, pixels ->
            readable.getPixels(pixels, 0, readable.width, 0, row, readable.width, 1)
        }
    }

    /**
     * @param readRow writes a row's pixels, `0xAARRGGBB`, colours not multiplied by alpha.
     *     Rows are asked for one after another, each once: a large picture is never held
     *     as floats. Each is added to the sums that it belongs to, two or three where the
     *     picture shrinks.
     */
    internal fun stretch(
        width: Int,
        height: Int,
        size: Int,
        readRow: (row: Int, pixels: IntArray) -> Unit,
    ): ByteArray {
        val down = Spans(height, size)
        val across = Spans(width, size)
        val pixels = IntArray(width)
        val result = ByteArray(3 * size * size)
        // The sums of row `done` of the result and of those after it.
        val open = ArrayDeque<FloatArray>()
        var done = 0
        for (row in 0 until height) {
            readRow(row, pixels)
            for (i in pixels.indices) pixels[i] = onWhite(pixels[i])
            while (done + open.size < size && down.start(done + open.size) <= row) {
                open.addLast(FloatArray(3 * width))
            }
            open.forEachIndexed { i, sums ->
                addRow(pixels, down.weight(done + i, row), sums)
            }
            while (open.isNotEmpty() && down.end(done) <= row + 1) {
                across.sum(open.removeFirst(), result, 3 * size * done)
                done++
            }
        }
        return result
    }

    private fun addRow(pixels: IntArray, weight: Float, sums: FloatArray) {
        for (i in pixels.indices) {
            sums[3 * i] += weight * (pixels[i] shr 16 and 255)
            sums[3 * i + 1] += weight * (pixels[i] shr 8 and 255)
            sums[3 * i + 2] += weight * (pixels[i] and 255)
        }
    }

    private fun onWhite(pixel: Int): Int {
        val alpha = pixel ushr 24
        if (alpha == 255) return pixel
        var mixed = 0
        for (shift in intArrayOf(16, 8, 0)) {
            val sum = (pixel ushr shift and 255) * alpha + 255 * (255 - alpha) + 128
            mixed = mixed or ((sum + (sum shr 8) shr 8) shl shift)
        }
        return mixed
    }
}

/**
 * Which of `given` lines each of `count` sums is made of.
 *
 * All in `Float`, one operation after another: another order, or `Double`, would change
 * the last bit of a few pixels, after which a word may be another.
 */
private class Spans(given: Int, count: Int) {
    private val starts = IntArray(count)
    private val weights: Array<FloatArray>

    init {
        val distance = 1f / (count.toFloat() / given.toFloat())
        // As wide as two new pixels, and never narrower than two old ones.
        val radius = max(distance, 1f)
        weights = Array(count) { target ->
            val center = (target + 0.5f) * distance
            val first = ceil(center - radius - 0.5f).toInt().coerceIn(0, given - 1)
            val last = floor(center + radius - 0.5f).toInt().coerceIn(0, given - 1)
            starts[target] = first
            val raw = FloatArray(last - first + 1) {
                max(0f, 1f - abs(first + it + 0.5f - center) * (1f / radius))
            }
            var total = 0f
            for (weight in raw) total += weight
            FloatArray(raw.size) { raw[it] * (1f / total) }
        }
    }

    fun start(target: Int): Int = starts[target]

    fun end(target: Int): Int = starts[target] + weights[target].size

    fun weight(target: Int, line: Int): Float = weights[target][line - starts[target]]

    /** Writes the sums of `(given, 3)` values to `result`, from `offset` on. */
    fun sum(values: FloatArray, result: ByteArray, offset: Int) {
        for (target in starts.indices) {
            val own = weights[target]
            for (channel in 0 until 3) {
                var sum = 0f
                for (i in own.indices) {
                    sum += own[i] * values[3 * (starts[target] + i) + channel]
                }
                val rounded = Math.rint(sum.toDouble()).toInt().coerceIn(0, 255)
                result[offset + 3 * target + channel] = rounded.toByte()
            }
        }
    }
}
