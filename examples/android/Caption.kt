package imgdesc

/**
 * A sentence about a picture.
 *
 * @property text the words with spaces between them, lower case.
 * @property logProb natural logarithm of P(caption | picture), the end of the sentence
 *     included; at most 0.
 * @property words the words of [text].
 * @property attention `(rows, columns)` for each word: where the model looked for it, row 0
 *     at the top of the picture. Values are from 0 to 1 and sum to at most 1; what is
 *     missing went to the words before.
 */
class Caption(
    val text: String,
    val logProb: Float,
    val words: List<String>,
    val attention: List<Array<FloatArray>>,
) {
    override fun toString() = text
}
