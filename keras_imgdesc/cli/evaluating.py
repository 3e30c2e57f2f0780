"""The verbs that measure."""

import json

import click

from keras_imgdesc.cli.options import (
    DIRECTORY,
    annotation_options,
    generation_options,
    load_captioner,
    load_matcher,
    make_folder,
    read_captions,
)


@click.group()
def evaluate() -> None:
    """Measure a captioner or a matcher."""


@evaluate.command("captioner")
@click.option("--preset", required=True)
@annotation_options
@generation_options
@click.option("--limit", type=click.IntRange(1), help="Only the first so many.")
@click.option("--report", type=DIRECTORY, help="Write a page with pictures here.")
def evaluate_captioner(
    preset, num_beams, batch_size, precision, limit, report, **source
) -> int:
    """Score free-running captions against references."""
    from keras_imgdesc.preset_folders import find_preset

    find_preset(preset)  # a wrong name is told before the pictures are looked up
    make_folder(report)
    collection = read_captions(**source, default_split="test")
    captioner = load_captioner(preset, precision)
    from keras_imgdesc.evaluation.evaluate_captions import evaluate_captions

    result = evaluate_captions(
        captioner,
        collection,
        num_beams=num_beams,
        batch_size=batch_size,
        limit=limit,
    )
    click.echo(json.dumps({"preset": preset} | result.summary(), indent=2))
    if report:
        from keras_imgdesc.evaluation.caption_report import write_caption_report

        click.echo(f"Report: {write_caption_report(result, report)}")
    for name, message in result.failed.items():
        click.echo(f"{name}: {message}", err=True)
    return 1 if result.failed else 0


@evaluate.command("matcher")
@click.option("--preset", required=True)
@annotation_options
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True)
@click.option("--limit", type=click.IntRange(1), help="Only the first so many.")
@click.option(
    "--choices",
    type=click.IntRange(2),
    help="With --scenes: choose the right caption of so many that differ by a swap.",
)
def evaluate_matcher(preset, batch_size, limit, choices, **source) -> int:
    """Score retrieval in both directions, or the choice among wrong captions."""
    from keras_imgdesc.preset_folders import find_preset

    find_preset(preset)
    if choices and not source["scenes"]:
        raise click.UsageError("--choices is for --scenes, whose captions are regular.")
    collection = read_captions(**source, default_split="test")
    matcher = load_matcher(preset)
    from keras_imgdesc.data.scenes import EXCHANGEABLE
    from keras_imgdesc.evaluation.evaluate_matching import evaluate_matching
    from keras_imgdesc.text.word_swaps import WordSwaps

    result = evaluate_matching(
        matcher,
        collection,
        swaps=WordSwaps(EXCHANGEABLE) if choices else None,
        choices=choices or 0,
        limit=limit,
        batch_size=batch_size,
    )
    click.echo(json.dumps({"preset": preset} | result.summary(), indent=2))
    for name, message in result.failed.items():
        click.echo(f"{name}: {message}", err=True)
    return 1 if result.failed else 0
