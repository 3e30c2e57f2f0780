"""The command that lists presets: `presets`."""

from __future__ import annotations

from typing import Any

import click

from keras_imgdesc.cli.output import say, say_json
from keras_imgdesc.errors import InputError
from keras_imgdesc.printable import printable

# What the tasks do, by their classes.
TASKS = {
    "ImageCaptioner": "caption",
    "ImageClassifier": "classify",
    "ImageTextMatcher": "match",
    "TextToImage": "paint",
}
# The options that name a preset.
_PRESET_OPTIONS = {"preset", "matcher", "captioner"}
_HEADER = ("preset", "task", "MB", "default", "score", "what")


@click.command()
@click.option(
    "--task",
    type=click.Choice(list(TASKS.values())),
    help="List the presets of one task only.  [default: all]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per preset."
)
@click.pass_context
def presets(context: click.Context, task: str | None, as_json: bool) -> None:
    """List the available presets, and what each can do.

    The table has the task, the size on disk, whether a command uses the preset if none
    is named, a result measured as its model card says, and what it knows. With --json,
    each object names these commands.
    """
    rows = [row for row in _rows(_defaults(context)) if task in (None, row["task"])]
    if as_json:
        for row in rows:
            say_json(row)
        return
    if not rows:
        say("No preset found.", err=True)
        return
    table = [_HEADER, *map(_cells, rows)]
    widths = [max(len(row[column]) for row in table) for column in range(5)]
    for name, kind, size, *others in table:
        cells = (name, kind, size.rjust(widths[2]), *others)
        say("  ".join(c.ljust(w) for c, w in zip(cells, (*widths, 0))).rstrip())


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        printable(row["preset"]),
        row["task"] or "",
        f"{row['bytes'] / 1e6:.1f}",
        "yes" if row["default_of"] else "",
        printable(row["score"] or ""),
        printable(row["summary"]),
    )


def _rows(defaults: dict[str, list[str]]) -> list[dict[str, Any]]:
    from keras_imgdesc.presets.folders import find_preset, list_presets, read_config

    rows = []
    for name, summary in list_presets().items():
        folder = find_preset(name)
        try:
            config = read_config(folder)
        except InputError:  # the summary says what is broken
            kind = score = None
        else:
            kind, score = config.get("task"), config.get("score")
        files = (path.lstat() for path in folder.iterdir() if path.is_file())
        rows.append(
            {
                "preset": name,
                "task": TASKS.get(str(kind)),
                "summary": summary,
                "score": score,
                "bytes": sum(found.st_size for found in files),
                "default_of": defaults.get(name, []),
            }
        )
    return rows


def _defaults(context: click.Context) -> dict[str, list[str]]:
    """Return the commands that use a preset if none is named, by the preset."""
    group = context.parent.command if context.parent else context.command
    found: dict[str, list[str]] = {}
    if not isinstance(group, click.Group):
        return found
    for verb in group.list_commands(context):
        if verb == context.info_name:
            continue
        command = group.get_command(context, verb)
        for option in command.params if command else ():
            if option.name in _PRESET_OPTIONS and isinstance(option.default, str):
                found.setdefault(option.default, []).append(verb)
    return found
