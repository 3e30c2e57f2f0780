"""What every task has in LiteRT: its file, and how a preset's own is found."""

from __future__ import annotations

from os import PathLike
from typing import Any, ClassVar, Self

from keras_imgdesc.errors import MissingInLiteError
from keras_imgdesc.lite.model_file import PRESET_FILES, ModelFile, preset_file


class LiteTask:
    """A task that runs a file of `export_tflite` in LiteRT.

    A subclass sets `file` and `_interpreter` in its constructor, which takes the path
    of a file or what `read_model_file` returned for it, and the number of threads.

    Attributes:
        TASK: name of the class of the task in TensorFlow.
    """

    TASK: ClassVar[str]
    file: ModelFile
    _interpreter: Any

    def __getattr__(self, name: str) -> Any:
        # Called only for what the class lacks, such as the training of its task.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        raise MissingInLiteError(
            f"{type(self).__name__}, which runs in LiteRT, has no such attribute",
            f"If {self.TASK} has it, load that: keras_imgdesc.{self.TASK}.from_preset, "
            "or keras_imgdesc.load with runtime='tensorflow'",
            attribute=name,
        )

    @classmethod
    def from_preset(
        cls, name: str | PathLike[str], num_threads: int | None = None
    ) -> Self:
        """Load the `.tflite` file that some presets ship with.

        Args:
            name: name or folder of the preset.
            num_threads: number of threads; None lets LiteRT choose.

        Raises:
            InputError: there is no such preset, or it ships without the file.
            LiteFileError: the file is damaged or belongs to another version of the
                preset.
        """
        file = preset_file(name, PRESET_FILES[cls.TASK])
        return cls(file, num_threads)  # type: ignore[call-arg]
