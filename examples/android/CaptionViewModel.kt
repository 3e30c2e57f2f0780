package imgdesc

import android.app.Application
import android.net.Uri
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import java.io.IOException
import java.util.concurrent.Executors
import kotlinx.coroutines.Job
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch

/** An example: the caption of the photograph that was chosen last. */
class CaptionViewModel(application: Application) : AndroidViewModel(application) {
    private val shown = MutableStateFlow("")
    private val thread = Executors.newSingleThreadExecutor().asCoroutineDispatcher()
    private val captioner = lazy { ImageCaptioner.fromAssets(application) }
    private var job: Job? = null

    /** Grows word by word, and becomes the better sentence of the search in the end. */
    val caption: StateFlow<String> = shown.asStateFlow()

    fun describe(photo: Uri) {
        job?.cancel()
        job = viewModelScope.launch(thread) {
            try {
                shown.value = ""
                val resolver = getApplication<Application>().contentResolver
                val bitmap = readUpright(resolver, photo)
                captioner.value.describeStreaming(bitmap) { word ->
                    ensureActive()
                    shown.value = "${shown.value} $word".trim()
                }
                shown.value = captioner.value.describe(bitmap).text
            } catch (error: IOException) {
                shown.value = error.message.orEmpty()
            }
        }
    }

    override fun onCleared() {
        // Behind the caption that may be running: the captioner is that thread's alone.
        thread.executor.execute { if (captioner.isInitialized()) captioner.value.close() }
        thread.close()
    }
}
