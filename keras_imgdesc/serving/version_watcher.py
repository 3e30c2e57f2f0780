"""New versions of SavedModels, found while the server runs."""

from __future__ import annotations

import logging
import threading

from keras_imgdesc.errors import InputError
from keras_imgdesc.serving.model_source import ModelSource
from keras_imgdesc.serving.model_table import ModelTable

LOGGER = logging.getLogger("keras_imgdesc.serving")
# Seconds between two looks into the folders.
INTERVAL = 10.0


class VersionWatcher:
    """Within it, new versions of SavedModels are served once they are there.

    A version that cannot be loaded is left out until the folder changes again.

    Args:
        models: the models.
        interval: seconds between two looks into their folders.
    """

    def __init__(self, models: ModelTable, interval: float = INTERVAL) -> None:
        self._models, self._interval = models, interval
        self._refused: list[ModelSource] | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        if any(source.folder is not None for source in self._models.sources):
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        # Workers that are being started end with the process.
        self._closing.set()

    def look(self) -> None:
        """Look into the folders once."""
        now = self._models.sources
        found = [source.looked_at_again() for source in now]
        if found in (now, self._refused):
            return
        versions = {s.name: sorted(s.versions) for s in found if s.folder is not None}
        try:
            self._models.exchange_saved_models(found)
        except InputError as error:
            self._refused = found
            LOGGER.warning("Versions %s are not served: %s", versions, error)
            return
        LOGGER.info("Serving the versions %s", versions)

    def _watch(self) -> None:
        while not self._closing.wait(self._interval):
            try:
                self.look()
            except Exception:  # the models that are served stay
                LOGGER.exception("The folders could not be looked at")
