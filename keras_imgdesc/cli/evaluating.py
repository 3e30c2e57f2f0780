"""The verbs that measure."""

import json
from collections.abc import Callable
from typing import Any

import click

from keras_imgdesc.cli.options import (
    DIRECTORY,
    annotation_options,
    check_presets,
    generation_options,
    load_captioner,
    load_matcher,
    load_painter,
    make_folder,
    read_captions,
    truncation_option,
)


@click.group()
def evaluate() -> None:
    """Measure a captioner, a matcher or a generator."""


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
    from keras_imgdesc.presets.folders import find_preset

    find_preset(preset)  # a wrong name is told before the pictures are looked up
    make_folder(report)
    collection = read_captions(**source, default_split="test")
    captioner = load_captioner(preset, precision)
    from keras_imgdesc.evaluation.captions.evaluate_captions import evaluate_captions

    result = evaluate_captions(
        captioner,
        collection,
        num_beams=num_beams,
        batch_size=batch_size,
        limit=limit,
    )
    click.echo(json.dumps({"preset": preset} | result.summary(), indent=2))
    if report:
        from keras_imgdesc.evaluation.captions.caption_report import (
            write_caption_report,
        )

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
    from keras_imgdesc.presets.folders import find_preset

    find_preset(preset)
    if choices and not source["scenes"]:
        raise click.UsageError("--choices is for --scenes, whose captions are regular.")
    collection = read_captions(**source, default_split="test")
    matcher = load_matcher(preset)
    from keras_imgdesc.data.scenes import EXCHANGEABLE
    from keras_imgdesc.evaluation.matching.evaluate_matching import evaluate_matching
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


@evaluate.command("generator")
@click.option(
    "--preset",
    "presets",
    required=True,
    multiple=True,
    help="Name or folder; given several times, they are compared.",
)
@annotation_options
@click.option("--matcher", help="Preset, for R-precision and the Fréchet distance.")
@click.option("--captioner", help="Preset that describes what is painted.")
@click.option("--classifier", help="With --flowers: preset whose encoder it sees with.")
@click.option(
    "--classifier-photos",
    default="train",
    show_default=True,
    metavar="SPLIT",
    help="Of --flowers, that the classifier learns from.",
)
@click.option(
    "--limit", type=click.IntRange(1), help="Only so many, from all over the data."
)
@click.option(
    "--best-of",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="Paint so many of each text and judge the one of the highest P(I|D).",
)
@truncation_option
@click.option("--report", type=DIRECTORY, help="Write a page and a sheet here.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON, no more.")
def evaluate_generator(
    presets,
    matcher,
    captioner,
    classifier,
    classifier_photos,
    limit,
    best_of,
    truncation,
    report,
    as_json,
    **source,
) -> int:
    """Let a generator paint held-out texts and measure what comes out."""
    if best_of > 1 and not matcher:
        raise click.UsageError("--best-of needs a --matcher, which gives P(I|D).")
    if classifier and not source["flowers"]:
        raise click.UsageError("--classifier is for --flowers, which have classes.")
    check_presets(*presets, matcher, captioner, classifier)
    collection = read_captions(**source, default_split="test")
    photos = None
    if classifier:
        of_photos = source | {"split": classifier_photos}
        photos = read_captions(**of_photos, default_split="train")
    make_folder(report)
    painters = {preset: load_painter(preset) for preset in presets}
    from keras_imgdesc.evaluation.paintings.comparison import (
        comparison_table,
        write_comparison,
    )
    from keras_imgdesc.evaluation.paintings.default_metrics import fitting_metrics
    from keras_imgdesc.evaluation.paintings.evaluate_paintings import (
        evaluate_generator as run,
    )
    from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
    from keras_imgdesc.evaluation.paintings.held_out_texts import some_pictures
    from keras_imgdesc.evaluation.paintings.report import write_generator_report

    chosen = some_pictures(collection, limit)
    describe = load_captioner(captioner).generate if captioner else None
    judge = load_matcher(matcher) if matcher else None
    metrics = fitting_metrics(
        chosen,
        matcher=judge,
        matcher_name=matcher or "",
        describe=describe,
        captioner_name=captioner or "",
        classifier=FeatureExtractor.from_preset(classifier) if classifier else None,
        photos=photos,
    )
    rerank = judge if best_of > 1 else None
    compared = len(painters) > 1
    results = {}
    for preset, painter in painters.items():
        results[preset] = run(
            _best_painted(painter, best_of, truncation, rerank),
            chosen,
            metrics,
            describe=describe,
            progress=not as_json,
        )
        results[preset].settings.update(best_of=best_of, truncation=truncation)
        found = {"preset": preset} | results[preset].summary()
        # One may take long: what it found is not lost if the next is interrupted.
        indent = None if as_json or compared else 2
        click.echo(json.dumps(found, indent=indent), err=compared and not as_json)
    if compared and not as_json:
        click.echo(comparison_table(results))
    if report:
        if compared:
            page = write_comparison(results, report)
        else:
            page = write_generator_report(results[presets[0]], report)
        if not as_json:
            click.echo(f"Report: {page}")
    if not matcher and not as_json:
        click.echo("Give --matcher for R-precision and Fréchet distance.", err=True)
    failed = {k: v for result in results.values() for k, v in result.failed.items()}
    for name, message in failed.items():
        click.echo(f"{name}: {message}", err=True)
    return 1 if failed else 0


def _best_painted(
    painter: Any, number: int, truncation: float, rerank: Any
) -> Callable:
    """Texts and a seed to the best of so many pictures of each."""

    def paint(texts: list[str], seed: int) -> Any:
        painted = painter.generate(
            texts, num_images=number, seed=seed, truncation=truncation, rerank=rerank
        )
        return painted[:, 0]

    return paint
