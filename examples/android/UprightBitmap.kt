package imgdesc

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.net.Uri
import androidx.exifinterface.media.ExifInterface
import java.io.IOException

/**
 * Reads a photograph and turns it as its EXIF orientation says.
 *
 * `BitmapFactory` leaves a photograph as the sensor lay, often on its side, and the model
 * has seen upright ones alone. (`ImageDecoder`, from Android 9 on, turns by itself: do not
 * turn its bitmaps again.)
 *
 * @throws IOException there is no picture, or it is broken.
 */
fun readUpright(resolver: ContentResolver, uri: Uri): Bitmap {
    val bitmap = open(resolver, uri).use { BitmapFactory.decodeStream(it) }
        ?: throw IOException("A picture must be whole. Received: $uri. Choose another one.")
    val exif = open(resolver, uri).use { ExifInterface(it) }
    val turn = Matrix()
    if (exif.isFlipped) turn.postScale(-1f, 1f)
    turn.postRotate(exif.rotationDegrees.toFloat())
    if (turn.isIdentity) return bitmap
    return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, turn, false)
}

private fun open(resolver: ContentResolver, uri: Uri) =
    resolver.openInputStream(uri)
        ?: throw IOException("A picture must exist. Received: $uri. Choose another one.")
