package imgdesc

import android.graphics.Bitmap
import android.os.Build
import kotlin.math.abs
import kotlin.math.max
import kotlin.math.min

/**
 * A picture as the model takes it: stretched to a square, RGB.
 *
 * The numbers are those of the resize that the model was trained with (bilinear,
 * anti-aliased, in floating point, rounded once). `Bitmap.createScaledBitmap` reads four
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
     *     as floats.
     */
    internal fun stretch(
        width: Int,
        height: Int,
        size: Int,
        readRow: (row: Int, pixels: IntArray) -> Unit,
    ): ByteArray {
        val across = Triangle(width, size)
        val down = Triangle(height, size)
        val pixels = IntArray(width)
        val narrow = FloatArray(3 * size)
        val sums = DoubleArray(3 * size * size)
        for (row in 0 until height) {
            readRow(row, pixels)
            for (i in pixels.indices) pixels[i] = onWhite(pixels[i])
            across.narrow(pixels, narrow)
            for (target in 0 until size) {
                val weight = down.weight(target, row)
                if (weight == 0.0) continue
                val start = 3 * size * target
                for (i in narrow.indices) sums[start + i] += weight * narrow[i]
            }
        }
        return ByteArray(sums.size) {
            Math.rint(sums[it].toFloat().toDouble()).coerceIn(0.0, 255.0).toInt().toByte()
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

/** The weights of `length` old pixels in `size` new ones, along one axis. */
private class Triangle(length: Int, size: Int) {
    private val first = IntArray(size)
    private val weights: Array<DoubleArray>

    init {
        val scale = length.toDouble() / size
        // As wide as two new pixels, and never narrower than two old ones.
        val support = max(scale, 1.0)
        weights = Array(size) { target ->
            val center = (target + 0.5) * scale
            val from = max((center - support + 0.5).toInt(), 0)
            val until = min((center + support + 0.5).toInt(), length)
            first[target] = from
            val raw = DoubleArray(until - from) {
                max(0.0, 1.0 - abs((from + it - center + 0.5) / support))
            }
            val sum = raw.sum()
            DoubleArray(raw.size) { raw[it] / sum }
        }
    }

    fun weight(target: Int, source: Int): Double =
        weights[target].getOrElse(source - first[target]) { 0.0 }

    fun narrow(pixels: IntArray, result: FloatArray) {
        for (target in first.indices) {
            var red = 0.0
            var green = 0.0
            var blue = 0.0
            val own = weights[target]
            for (i in own.indices) {
                val pixel = pixels[first[target] + i]
                red += own[i] * (pixel shr 16 and 255)
                green += own[i] * (pixel shr 8 and 255)
                blue += own[i] * (pixel and 255)
            }
            result[3 * target] = red.toFloat()
            result[3 * target + 1] = green.toFloat()
            result[3 * target + 2] = blue.toFloat()
        }
    }
}
