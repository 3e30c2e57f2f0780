"""Search among 100,000 and a million vectors, against scikit-learn.

    python benchmarks/search_speed.py

Random unit vectors of width 256 in an index with shards of 4,096, as `keras-imgdesc
index` writes them, against `NearestNeighbors(algorithm="brute")` with all vectors in
memory (Euclidean distance, which gives the same order for unit vectors and is
scikit-learn's fastest). Both must find the same images. The last row is `matcher.score`
of 1,000 images with 5,000 texts that are already embedded.
"""

import tempfile
import time
from pathlib import Path

import click
import numpy as np

WIDTH, SHARD, REPEATS = 256, 4096, 5


def median_seconds(function) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def unit_vectors(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, WIDTH), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def write_index(path: Path, vectors: np.ndarray) -> None:
    from keras_imgdesc.matching.index import files as index_files

    manifest = index_files.new_manifest("benchmark", WIDTH, None)
    for number, start in enumerate(range(0, len(vectors), SHARD)):
        some = vectors[start : start + SHARD]
        names = {f"/images/{start + row}.jpg": (0, 0) for row in range(len(some))}
        images = index_files.ShardImages(names)
        manifest["shards"].append(index_files.write_shard(path, number, some, images))
    index_files.write_manifest(path, manifest)


def compare_search(count: int, k: int) -> None:
    from sklearn.neighbors import NearestNeighbors

    from keras_imgdesc.matching import SearchIndex

    vectors = unit_vectors(count, 0)
    with tempfile.TemporaryDirectory() as folder:
        write_index(Path(folder), vectors)
        start = time.perf_counter()
        index = SearchIndex(folder)
        opening = time.perf_counter() - start
        neighbours = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(vectors)
        index.search_vectors(vectors[:1], k)  # Map the files.
        for queries in (unit_vectors(1, 1), unit_vectors(64, 2)):
            ours = median_seconds(lambda: index.search_vectors(queries, k))  # noqa: B023
            theirs = median_seconds(lambda: neighbours.kneighbors(queries))  # noqa: B023
            found = index.search_vectors(queries, k)
            for hits, rows in zip(
                found, neighbours.kneighbors(queries)[1], strict=True
            ):
                expected = [f"/images/{row}.jpg" for row in rows]
                assert [hit.path for hit in hits] == expected
            print(
                f"| {count:,} vectors, {len(queries)} at a time | {1000 * ours:.0f} ms "
                f"| {1000 * theirs:.0f} ms | {ours / theirs:.2f} |"
            )
        print(f"| {count:,} vectors, opened with checksums | {opening:.2f} s | | |")


def score_embedded() -> float:
    from keras_imgdesc import (
        CaptionTokenizer,
        CompactTextEncoder,
        ImageTextMatcher,
        VGG16Encoder,
        Vocabulary,
    )
    from keras_imgdesc.matching import ImageEmbeddings, MatchedTexts

    tokenizer = CaptionTokenizer(Vocabulary(["a", "dog"]), 4)
    matcher = ImageTextMatcher.build_parts(
        VGG16Encoder(image_size=32, width=0.0625),
        CompactTextEncoder(tokenizer, embedding_dim=8, num_layers=1),
        embedding_dim=WIDTH,
        use_local=False,
    )
    vectors, texts = unit_vectors(1000, 3), unit_vectors(5000, 4)
    images = ImageEmbeddings(vectors, vectors[:, None])
    matched = MatchedTexts(texts, texts[:, None], np.ones((5000, 1), np.bool_))
    return median_seconds(lambda: matcher.score(images, matched))


def measure(counts: str, k: int) -> None:
    print("| | ours: `SearchIndex` | `NearestNeighbors` | ratio |\n|---|---|---|---|")
    for count in counts.split(","):
        compare_search(int(count), k)
    seconds = score_embedded()
    print(f"| `score`, 1,000 x 5,000, global term | {1000 * seconds:.0f} ms | | |")


@click.command()
@click.option("--counts", default="100000,1000000", show_default=True)
@click.option("-k", default=12, show_default=True)
@click.option(
    "--threads", type=int, help="Number of threads of both. [default: one per core]"
)
def main(counts: str, k: int, threads: int | None) -> None:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        measure(counts, k)


if __name__ == "__main__":
    main()
