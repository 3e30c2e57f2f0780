"""Commands that need TensorFlow, where it may be missing."""

from functools import wraps
from typing import Any

import click

from keras_imgdesc.errors import check_tensorflow


def needs_tensorflow(command: click.Command) -> click.Command:
    """Refuse a command, or all commands of a group, where TensorFlow is not installed.

    Nothing else is checked or read before. Their help is still shown.

    Args:
        command: the command or group; it is changed.

    Returns:
        The same command.
    """
    if isinstance(command, click.Group):
        for member in command.commands.values():
            needs_tensorflow(member)
        return command
    callback = command.callback
    assert callback is not None

    @wraps(callback)
    def checked(*args: Any, **kwargs: Any) -> Any:
        check_tensorflow(f"`{click.get_current_context().command_path}`")
        return callback(*args, **kwargs)

    command.callback = checked
    return command
