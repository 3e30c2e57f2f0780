"""The commands that measure captions: `evaluate captioner`, `evaluate captions`."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from keras_imgdesc.cli.captioned_images import annotation_options, read_captions
from keras_imgdesc.cli.damaged_images import damaged_images_option
from keras_imgdesc.cli.options import (
    FILE,
    check_presets,
    generation_options,
    list_failed,
    load_captioner,
    load_matcher,
    make_folder,
    resamples_option,
)
from keras_imgdesc.cli.output import say, say_json, say_lines
from keras_imgdesc.cli.starting import start_quietly


def _scoring_options(command: Callable) -> Callable:
    """Add the options of every command that scores captions."""

    @click.option(
        "--metrics",
        metavar="NAMES",
        help="What to measure, separated by commas: bleu_4, scene_graph, meteor, "
        "rouge_l, cider_d, spice, named_things; or all that can run here. meteor and "
        "spice need Java. [default: bleu_4,rouge_l,cider_d; scene_graph for Scenes]",
    )
    @click.option(
        "--tokenizer",
        type=click.Choice(["words", "ptb"]),
        default="words",
        show_default=True,
        help="How captions are split into words: words is the captioner's own way; ptb "
        "that of COCO's evaluation, which needs Java.",
    )
    @click.option(
        "--matcher", help="Preset of a matcher, for its score without references."
    )
    @resamples_option
    @click.option(
        "--report",
        type=FILE,
        help="File that ends in .html, or folder, for a page of scores, images and "
        "captions.",
    )
    @click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print one line of JSON per model and nothing else.",
    )
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


@click.command("captioner")
@click.option(
    "--preset",
    "presets",
    required=True,
    multiple=True,
    help="Name or folder of a captioner; repeat the option to compare several.",
)
@annotation_options
@generation_options
@click.option(
    "--limit", type=click.IntRange(1), help="Use only the first N images.", metavar="N"
)
@_scoring_options
@click.option(
    "--save-results",
    type=FILE,
    help="File for the captions in COCO's results format; with one --preset.",
)
@damaged_images_option
def evaluate_captioner(
    presets, num_beams, batch_size, precision, limit, save_results, matcher, **options
) -> int:
    """Score generated captions against reference captions."""
    options, source = _split_options(options)
    if save_results and len(presets) > 1:
        raise click.UsageError("--save-results takes the captions of one --preset.")
    if len(set(presets)) < len(presets):
        raise click.UsageError("Name each --preset once.")
    check_presets(*presets, matcher)  # report a wrong name before reading the images
    start_quietly()
    scoring = _Scoring(matcher=matcher, batch_size=batch_size, **options)
    if save_results:
        make_folder(save_results.parent)
    collection = read_captions(**source, default_split="test")
    from keras_imgdesc.evaluation.captions.caption_evaluation import score_captions
    from keras_imgdesc.evaluation.captions.evaluate_captions import generate_captions
    from keras_imgdesc.evaluation.captions.results_file import write_results

    metrics = scoring.metrics(collection)
    results = {}
    for preset in presets:
        found = generate_captions(
            load_captioner(preset, precision),
            collection,
            num_beams=num_beams,
            batch_size=batch_size,
            limit=limit,
            progress=not options["as_json"],
        )
        if save_results:
            write_results(save_results, found.collection.examples, found.captions)
        results[preset] = score_captions(
            found.captions,
            found.collection,
            metrics,
            settings=found.settings,
            failed=found.failed,
            **scoring.settings,
        )
        scoring.show("preset", preset, results[preset], is_alone=len(presets) == 1)
    return scoring.finish(results)


@click.command("captions")
@click.option(
    "--results",
    "files",
    type=FILE,
    required=True,
    multiple=True,
    help="Captions in COCO's results format, of any model; repeat the option to "
    "compare several.",
)
@annotation_options
@click.option(
    "--partial",
    is_flag=True,
    help="Score only the images that have both a caption and references.",
)
@_scoring_options
@damaged_images_option
def evaluate_results(files, partial, matcher, **options) -> int:
    """Score captions that any model wrote; the images are optional."""
    options, source = _split_options(options)
    needs_images = bool(matcher or options["report"])
    if needs_images and source["annotations"] and not source["images"]:
        raise click.UsageError("--report and --matcher need --images.")
    if len(set(files)) < len(files):
        raise click.UsageError("Name each file of --results once.")
    check_presets(matcher)
    start_quietly()
    from keras_imgdesc.evaluation.captions.results_file import (
        match_results,
        read_results,
    )

    written = {str(path): read_results(path) for path in files}
    scoring = _Scoring(matcher=matcher, batch_size=32, **options)
    collection = read_captions(
        **source, default_split="test", needs_images=needs_images
    )
    from keras_imgdesc.evaluation.captions.caption_evaluation import score_captions

    kept, captions, left_out = match_results(written, collection, partial)
    metrics = scoring.metrics(kept)
    results = {}
    for name, texts in captions.items():
        results[name] = score_captions(
            texts, kept, metrics, settings=left_out, **scoring.settings
        )
        scoring.show("results", name, results[name], is_alone=len(files) == 1)
    return scoring.finish(results)


class _Scoring:
    """What both commands do before captions are available, and afterwards.

    Requirements of the metrics are checked on construction, before images are read.
    """

    def __init__(
        self,
        metrics: str | None,
        tokenizer: str,
        matcher: str | None,
        batch_size: int,
        resamples: int,
        report: Path | None,
        as_json: bool,
    ) -> None:
        from keras_imgdesc.evaluation.captions.caption_metrics import (
            USUAL_METRICS,
            build_metrics,
        )
        from keras_imgdesc.evaluation.captions.cider import CiderD
        from keras_imgdesc.evaluation.captions.tokenizers import TOKENIZERS

        self.tokenizer = TOKENIZERS[tokenizer]()
        self.named: list[Any] | None = None
        names = [name.strip() for name in (metrics or "").split(",") if name.strip()]
        self.takes_all = names == ["all"]
        if not self.takes_all:
            usual = ("bleu_4", *USUAL_METRICS)
            checked = build_metrics(*(names or usual), tokenizer=self.tokenizer)
            self.named = checked if names else None
        if report:
            CiderD().check()
            is_page = report.suffix.lower() in (".html", ".htm")
            make_folder(report.parent if is_page else report)
        self.matcher, self.batch_size = matcher, batch_size
        self.report, self.as_json = report, as_json
        self.settings: dict[str, Any] = {
            "tokenizer": self.tokenizer,
            "num_resamples": resamples,
        }

    def metrics(self, collection: Any) -> list[Any]:
        """Return the metrics of a collection, and report what they start."""
        from keras_imgdesc.evaluation.captions.caption_metrics import (
            USUAL_METRICS,
            available_metrics,
            default_metrics,
        )
        from keras_imgdesc.evaluation.captions.matcher_score import MatcherScore

        found: list[Any]
        if self.takes_all:
            found, left_out = available_metrics(collection, self.tokenizer)
            for name, reason in left_out.items():
                say(f"{name} is left out: {reason}", err=True)
        elif self.named is not None:
            found = self.named
        else:
            found = default_metrics(
                collection, *USUAL_METRICS, tokenizer=self.tokenizer
            )
        for part in (*found, self.tokenizer):
            if hasattr(part, "needs"):
                say(f"{part.name} {part.needs}.", err=True)
        if self.matcher:
            judge = load_matcher(self.matcher)
            found = [*found, MatcherScore(judge, self.matcher, self.batch_size)]
        return found

    def show(self, kind: str, name: str, result: Any, is_alone: bool) -> None:
        """Print a result at once: an interrupt during the next must not lose it."""
        indent = 2 if is_alone and not self.as_json else None
        found = {kind: name} | result.summary()
        say_json(found, indent=indent, err=not is_alone and not self.as_json)

    def finish(self, results: dict[str, Any]) -> int:
        """Print the table, write the report, and return the exit code."""
        from keras_imgdesc.evaluation.captions.caption_comparison import (
            score_table,
            table_text,
        )
        from keras_imgdesc.evaluation.captions.caption_report import (
            write_caption_report,
        )

        if not self.as_json:
            # Alone, the JSON is on standard output, and the table is for people.
            say_lines(table_text(*score_table(results)), err=len(results) == 1)
        if self.report:
            page = write_caption_report(results, self.report)
            if not self.as_json:
                say(f"Report: {page}")
        first = next(iter(results.values()))
        messages = [f"{name}: {message}" for name, message in first.failed.items()]
        total = len(messages) + len(first.examples)
        list_failed(messages, "images", total)
        return 1 if messages else 0


def _split_options(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of scoring, and those that name the data."""
    scoring = ("metrics", "tokenizer", "resamples", "report", "as_json")
    source = {name: value for name, value in options.items() if name not in scoring}
    return {name: options[name] for name in scoring}, source
