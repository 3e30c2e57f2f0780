"""Caption metrics by the weight of a matcher that reranks the beams.

    python benchmarks/rerank_report.py --annotations FILE --images FOLDER \
        --image-list FILE [--num-beams 5]

The beams of each image are searched once. For each weight a matcher chooses among them,
and the chosen captions are scored.
"""

import click
import numpy as np

from keras_imgdesc import ImageCaptioner, ImageTextMatcher
from keras_imgdesc.captioning.search.reranking import Reranker
from keras_imgdesc.data.readers import read_captions
from keras_imgdesc.evaluation.captions.caption_metrics import default_metrics
from keras_imgdesc.evaluation.metric import compute_metrics

WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)


class Recorder(Reranker):
    """Record the beams and their scores, and choose the first."""

    def choose(self, images, captions, scores):
        texts = self.matcher.embed_texts(
            [t or "a" for row in captions for t in row], allow_unknown=True
        )
        embedded = self.matcher.embed_images(list(images))
        beams = len(captions[0])
        for row, several in enumerate(captions):
            few = texts[row * beams : (row + 1) * beams]
            found = self.matcher.score(embedded[row : row + 1], few)[0]
            log_sum = np.log(np.exp(found - found.max()).sum()) + found.max()
            RECORDED.append((several, scores[row], found - log_sum))
        return np.zeros(len(captions), int)


RECORDED: list = []


@click.command()
@click.option("--annotations", required=True)
@click.option("--images", required=True)
@click.option("--image-list")
@click.option("--captioner", default="flickr8k_efficientnet_lstm")
@click.option("--matcher", default="flickr8k_matcher")
@click.option("--num-beams", default=5)
def main(annotations, images, image_list, captioner, matcher, num_beams):
    collection = read_captions(annotations, images, image_list=image_list)
    describe = ImageCaptioner.from_preset(captioner)
    settings = describe.generation.changed(num_beams=num_beams)
    recorder = Recorder(ImageTextMatcher.from_preset(matcher), 0.0)
    sources = [e.source for e in collection]
    for _ in describe._generator.stream(sources, settings, False, 32, recorder):
        pass
    print("weight    BLEU-4   CIDEr-D   changed")
    metrics = default_metrics(collection, "cider_d")
    for weight in WEIGHTS:
        picked = [int(np.argmax(s + weight * f)) for _, s, f in RECORDED]
        texts = [row[p] for (row, _, _), p in zip(RECORDED, picked, strict=True)]
        found = compute_metrics(metrics, texts, collection)
        changed = np.mean([p > 0 for p in picked])
        print(
            f"{weight:6.2f} {found['bleu_4']:9.2f} {found['cider_d']:9.4f} "
            f"{changed:8.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
