"""The commands that measure: `evaluate`."""

from collections.abc import Callable
from typing import Any

import click

from keras_imgdesc.cli.captioned_images import annotation_options, read_captions
from keras_imgdesc.cli.classifying import evaluate_classifier
from keras_imgdesc.cli.damaged_images import damaged_images_option
from keras_imgdesc.cli.evaluating_captions import evaluate_captioner, evaluate_results
from keras_imgdesc.cli.options import (
    DIRECTORY,
    FILE,
    OrderedGroup,
    add_hidden_alias,
    batch_size_option,
    check_presets,
    chosen_temperature,
    load_captioner,
    load_matcher,
    load_painter,
    load_task,
    make_folder,
    resamples_option,
    show_result,
    temperature_option,
)
from keras_imgdesc.cli.output import say, say_json, say_lines
from keras_imgdesc.cli.starting import start_quietly


@click.group(cls=OrderedGroup)
def evaluate() -> None:
    """Measure presets of all tasks, and written captions."""


evaluate.add_command(evaluate_captioner)
evaluate.add_command(evaluate_results)
evaluate.add_command(evaluate_classifier)


@evaluate.command("matcher")
@click.option("--preset", required=True, help="Name or folder of a matcher.")
@annotation_options
@batch_size_option
@click.option(
    "--limit", type=click.IntRange(1), help="Use only the first N images.", metavar="N"
)
@click.option(
    "--choices",
    type=click.IntRange(2),
    metavar="N",
    help="With --scenes: choose the right caption among N that differ by a swap.",
)
@damaged_images_option
def evaluate_matcher(preset, batch_size, limit, choices, **source) -> int:
    """Score retrieval in both directions, or the choice among similar captions."""
    check_presets(preset)
    if choices and not source["scenes"]:
        raise click.UsageError(
            "--choices needs --scenes, whose captions follow a grammar."
        )
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
    return show_result({"preset": preset}, result)


@evaluate.command("judgements")
@click.option("--preset", required=True, help="Name or folder of a matcher.")
@click.option(
    "--judgements",
    type=FILE,
    required=True,
    help="People's scores, as in Flickr8k's ExpertAnnotations.txt: image, caption id "
    "and scores, separated by tabs.",
)
@click.option(
    "--annotations",
    type=FILE,
    required=True,
    help="Token file of the captions that the ids name, as in Flickr8k.token.txt.",
)
@click.option(
    "--images", type=DIRECTORY, required=True, help="Folder of the judged images."
)
@click.option(
    "--keep-own",
    is_flag=True,
    help="Also use judgements of an image's own captions, which are usually omitted.",
)
@batch_size_option
@resamples_option
@damaged_images_option
def evaluate_judgements(
    preset, judgements, annotations, images, keep_own, batch_size, resamples
) -> int:
    """Compare a matcher's scores with people's, by Kendall's tau-c."""
    check_presets(preset)
    start_quietly()
    from keras_imgdesc.data.readers.judgements import read_judgements

    judged = read_judgements(judgements, annotations, images)
    say_lines(judged.report(), err=True)
    matcher = load_matcher(preset)
    from keras_imgdesc.evaluation.matching import judgements as judging

    result = judging.evaluate_judgements(
        matcher,
        judged,
        keep_own=keep_own,
        batch_size=batch_size,
        num_resamples=resamples,
    )
    return show_result({"preset": preset}, result)


@evaluate.command("painter")
@click.option(
    "--preset",
    "presets",
    required=True,
    multiple=True,
    help="Name or folder of a painter; repeat the option to compare several.",
)
@annotation_options
@click.option(
    "--matcher",
    help="Preset of a matcher, for R-precision and the Fréchet distance.",
)
@click.option("--captioner", help="Preset of a captioner, for the closed loop.")
@click.option(
    "--classifier",
    help="With --flowers: preset whose encoder feeds a classifier of the species.",
)
@click.option(
    "--classifier-photos",
    default="train",
    show_default=True,
    metavar="SPLIT",
    help="Split of --flowers that the classifier is trained on.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="Use only N images, spread evenly over the data.",
)
@click.option(
    "--best-of",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="Images to paint per text; the one with the highest P(I|D) is evaluated.",
)
@temperature_option
@click.option(
    "--report", type=DIRECTORY, help="Folder for an HTML page and a contact sheet."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one line of JSON per preset and nothing else.",
)
@damaged_images_option
def evaluate_painter(
    presets,
    matcher,
    captioner,
    classifier,
    classifier_photos,
    limit,
    best_of,
    temperature,
    truncation,
    report,
    as_json,
    **source,
) -> int:
    """Paint held-out texts and score the images."""
    if best_of > 1 and not matcher:
        raise click.UsageError("--best-of needs --matcher to compute P(I|D).")
    if classifier and not source["flowers"]:
        raise click.UsageError(
            "--classifier needs --flowers, whose images have classes."
        )
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
    from keras_imgdesc.evaluation.paintings.default_metrics import default_metrics
    from keras_imgdesc.evaluation.paintings.evaluate_paintings import evaluate_paintings
    from keras_imgdesc.evaluation.paintings.feature_extractor import FeatureExtractor
    from keras_imgdesc.evaluation.paintings.held_out_texts import sample_evenly
    from keras_imgdesc.evaluation.paintings.report import write_painting_report

    chosen = sample_evenly(collection, limit)
    describe = load_captioner(captioner).generate if captioner else None
    judge = load_matcher(matcher) if matcher else None
    kinds = (
        FeatureExtractor.of_task(load_task(classifier), classifier)
        if classifier
        else None
    )
    metrics = default_metrics(
        chosen,
        matcher=judge,
        matcher_name=matcher or "",
        describe=describe,
        captioner_name=captioner or "",
        classifier=kinds,
        photos=photos,
    )
    rerank = judge if best_of > 1 else None
    compared = len(painters) > 1
    results = {}
    for preset, painter in painters.items():
        scale = chosen_temperature(painter, temperature, truncation)
        results[preset] = evaluate_paintings(
            _best_painted(painter, best_of, scale, rerank),
            chosen,
            metrics,
            describe=describe,
            progress=not as_json,
        )
        results[preset].settings.update(best_of=best_of, temperature=scale)
        found = {"preset": preset} | results[preset].summary()
        # Printed at once: an interrupt during the next painter must not lose it.
        indent = None if as_json or compared else 2
        say_json(found, indent=indent, err=compared and not as_json)
    if compared and not as_json:
        say_lines(comparison_table(results))
    if report:
        if compared:
            page = write_comparison(results, report)
        else:
            page = write_painting_report(results[presets[0]], report)
        if not as_json:
            say(f"Report: {page}")
    if not matcher and not as_json:
        say("Add --matcher for R-precision and the Fréchet distance.", err=True)
    failed = {k: v for result in results.values() for k, v in result.failed.items()}
    for name, message in failed.items():
        say(f"{name}: {message}", err=True)
    return 1 if failed else 0


add_hidden_alias(evaluate, evaluate_painter, "generator")


def _best_painted(
    painter: Any, number: int, temperature: float | None, rerank: Any
) -> Callable:
    """Return a function that paints `number` images per text and keeps the best."""

    from keras_imgdesc.text.checks import accepted_unknown_words

    def paint(texts: list[str], seed: int) -> Any:
        with accepted_unknown_words():
            painted = painter.generate(
                texts, number, seed=seed, temperature=temperature, rerank=rerank
            )
        return painted[:, 0]

    return paint
