"""The documentation is true: commands parse, quick examples run, links and paths exist.

Every fenced block names its language. In README.md and docs/ a block of commands or of
Python says after the language how it is tested:

- `run`: the block runs here;
- `run=slow`: the block runs in `make test-all`;
- `needs=...`: the block needs data, time or a network; its commands are only parsed.
"""

import ast
import functools
import importlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

import keras_imgdesc
from keras_imgdesc import cli
from keras_imgdesc.cli import options

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
PAGES = [
    *GUIDES,
    *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "CHANGELOG", "SECURITY")),
    *(
        ROOT / folder / "README.md"
        for folder in (
            *("benchmarks", "deploy", "recipes"),
            *("packaging/lite", "packaging/presets"),
        )
    ),
    *sorted(ROOT.glob("examples/README.md")),
    *sorted(ROOT.glob("examples/*/README.md")),
    *sorted(ROOT.glob("saved_models/*/README.md")),
]
LANGUAGES = {"bash", "python", "text", "kotlin", "json"}
NEEDS = {"flickr8k", "hours", "minutes", "network", "photos", "a_run"}
# Names that stand for a preset of the reader.
PLACEHOLDERS = {"NAME", "A", "B", "FOLDER"}

# Every command of the README before it was split into pages, in today's names.
OLD_COMMANDS = """
make demo
make test
keras-imgdesc describe holiday/ 'more/*.png'
keras-imgdesc describe holiday/ --json
keras-imgdesc describe photo.jpg --attention-dir maps
keras-imgdesc describe holiday/ --precision auto
keras-imgdesc presets
keras-imgdesc index holiday/ --output holiday.index
keras-imgdesc search holiday.index "a dog in the water" -k 12 --sheet hits.png
keras-imgdesc search holiday.index --image photo.jpg
keras-imgdesc paint "a large red circle" -n 16 --rerank scenes_matcher \
    --sheet painted.png
keras-imgdesc interpolate "a large red circle" "a large blue square" --sheet way.png
keras-imgdesc roundtrip "a large red circle" --sheet trip.png
keras-imgdesc paint "a photo of a daffodil" "a white moon orchid" -n 8 \
    --preset flowers_dcgan --rerank flowers_painting_matcher --sheet flowers.png
keras-imgdesc evaluate captioner --preset NAME --annotations Flickr8k.token.txt \
    --images images/ --image-list Flickr_8k.devImages.txt
keras-imgdesc train captioner --recipe recipes/frozen.json --run-dir runs/mine \
    --annotations captions.csv --images photos/ \
    --image-list train.txt --validation-image-list dev.txt
keras-imgdesc train captioner --recipe recipes/frozen.json --run-dir runs/mine \
    --set start_from=flickr8k_efficientnet_lstm \
    --set learning_rate=0.0001 --set epochs=2 \
    --annotations captions.csv --images photos/ \
    --image-list train.txt --validation-image-list dev.txt
keras-imgdesc train captioner --recipe recipes/scenes_lstm.json --run-dir runs/scenes \
    --scenes
keras-imgdesc train matcher --recipe recipes/scenes_matcher.json \
    --run-dir runs/matcher --scenes
keras-imgdesc train painter --recipe recipes/scenes_cvae.json --run-dir runs/painter \
    --scenes --scenes-config large
keras-imgdesc curves runs/painter
keras-imgdesc train encoder --recipe recipes/distilled_vgg16.json \
    --run-dir runs/vgg16 --images photos/ --teacher-weights imagenet \
    --set folder_weights=[]
keras-imgdesc evaluate captioner --preset runs/mine/preset --annotations captions.csv \
    --images photos/ --image-list dev.txt --report report/
keras-imgdesc evaluate matcher --preset scenes_matcher --scenes
keras-imgdesc evaluate painter --preset scenes_cvae --scenes --matcher scenes_matcher \
    --captioner scenes_lstm
pip install '.[plots]'
pip install '.[serving]'
pip install '.[int8]'
pip install ./packaging/lite
keras-imgdesc export saved-model --preset flickr8k_efficientnet_lstm \
    --output models/captioner
keras-imgdesc export tflite --preset flickr8k_efficientnet_lstm --quantize dynamic \
    -o captioner.tflite
keras-imgdesc export saved-model --preset flickr8k_matcher -o models/matcher
keras-imgdesc export tflite --preset flickr8k_matcher --quantize dynamic \
    -o matcher/matcher.tflite
keras-imgdesc export saved-model --preset scenes_cvae -o models/painter \
    --rerank scenes_matcher
keras-imgdesc export tflite --preset scenes_cvae --quantize int8 \
    -o painter/painter.tflite
keras-imgdesc verify flickr8k_vgg16_lstm --annotations Flickr8k.token.txt \
    --images images/ --image-list Flickr_8k.devImages.txt --limit 200 \
    --representative-images TRAIN_PHOTOS
"""

# Every statement of Python in it.
OLD_PYTHON = """
captioner = keras_imgdesc.ImageCaptioner.from_preset("flickr8k_efficientnet_lstm")
captioner.generate(photo)
captioner.generate([photo, "examples/photos/cat.jpg"], num_beams=5)
captioner.generate(photo, return_attention=True)
captioner.score(photo, "a woman is smiling").log_prob
matcher = keras_imgdesc.ImageTextMatcher.from_preset("flickr8k_matcher")
matcher.score([photo], ["a woman smiles", "a dog runs"])
matcher.probabilities([photo, "examples/photos/cat.jpg"], "a cat")
matcher.text_probabilities(photo, ["a woman smiles", "a dog runs"])
matcher.explain(photo, "a woman smiles").attention
captioner.generate(photo, num_beams=5, rerank=matcher)
painter = keras_imgdesc.TextToImage.from_preset("scenes_cvae")
painter.generate("a large red circle", num_images=8, seed=1)
painter.generate("a large red circle", temperature=0.3)
matcher = keras_imgdesc.ImageTextMatcher.from_preset("scenes_matcher")
painter.generate("a large red circle", num_images=16, rerank=matcher)
painter.interpolate("a large red circle", "a large blue square", steps=8)
model = tf.saved_model.load("models/captioner/1")
answer = model.signatures["serving_default"](image_bytes=tf.constant(photos))
(answer["caption"], answer["log_prob"], answer["attention"], answer["error"],
 answer["damaged"])
captioner = LiteCaptioner.from_preset("flickr8k_efficientnet_lstm")
captioner.generate("examples/photos/astronaut.jpg")
matcher = LiteMatcher("matcher/matcher.tflite")
matcher.score(["examples/photos/astronaut.jpg"], ["a woman smiles"])
painter = LitePainter("saved_models/scenes_cvae/painter.tflite")
painter.generate("a large red circle", num_images=4, seed=1)
"""


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: the file it stands in.
        line: number of its first line.
        language: first word after the fence.
        test: the rest, such as `run` or `needs=flickr8k`.
        text: the lines between the fences.
    """

    page: Path
    line: int
    language: str
    test: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@functools.cache
def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    found, start, head = [], 0, ""
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if not start:
            start, head = number, line[3:]
            continue
        language, _, test = head.partition(" ")
        text = "\n".join(lines[start : number - 1])
        found.append(Block(page, start + 1, language, test, text))
        start = 0
    assert not start, f"{page}: a block is not closed"
    return found


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)


@functools.cache
def commands(page: Path) -> list[tuple[Block, list[str]]]:
    """Return the commands of a page, each with its block."""
    shell = [block for block in blocks(page) if block.language == "bash"]
    script = []
    for number, block in enumerate(shell):
        script += [f"BLOCK {number}", block.text]
    found: list[tuple[Block, list[str]]] = []
    for words in split_commands("\n".join(script)):
        if words[0] == "BLOCK":
            block = shell[int(words[1])]
        else:
            found.append((block, words))
    return found


def split_commands(script: str) -> list[list[str]]:
    """Return the commands of a script, each as its words.

    Bash runs the script with an empty PATH, so that no command is found and each one
    reaches the handler, which records it. Variables, quotes and line continuations are
    thus interpreted by bash itself.
    """
    bash = shutil.which("bash")
    assert bash
    with tempfile.TemporaryDirectory() as folder:
        record = "command_not_found_handle() { printf '%s\\0' $# \"$@\" >> $RECORD; }"
        subprocess.run(
            [bash, "-c", f"{record}\n{script}"],
            env={"PATH": "/nowhere", "RECORD": f"{folder}/record"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            check=False,
        )
        recorded = Path(folder, "record")
        words = recorded.read_text("utf-8").split("\0") if recorded.exists() else []
    found = []
    while len(words) > 1:
        count = int(words[0])
        found.append(words[1 : count + 1])
        words = words[count + 1 :]
    return found


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)
every_guide = pytest.mark.parametrize("page", GUIDES, ids=name_of)


def test_the_readme_is_short_and_starts_with_a_result():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 250
    assert any("scene_1.png: we see" in line for line in lines[:30])


@every_page
def test_every_block_names_its_language(page):
    for block in blocks(page):
        assert block.language in LANGUAGES, block


@every_guide
def test_every_example_says_how_it_is_tested(page):
    for block in blocks(page):
        if block.language in ("bash", "python"):
            kind, _, needed = block.test.partition("=")
            is_known = block.test in ("run", "run=slow") or (
                kind == "needs"
                and needed.split(",")
                and set(needed.split(",")) <= NEEDS
            )
            assert is_known, f"{block}: {block.test!r}"


@every_page
def test_every_command_parses(page):
    for block, words in commands(page):
        if words[0] != "keras-imgdesc":
            continue
        command: click.Command = cli.cli
        arguments = words[1:]
        while isinstance(command, click.Group) and arguments[0] in command.commands:
            command = command.commands[arguments.pop(0)]
        try:
            context = command.make_context(" ".join(words[:3]), arguments)
        except click.exceptions.Exit:
            continue  # --help
        except click.ClickException as error:
            pytest.fail(f"{block}: {words}: {error.format_message()}")
        assert not command.hidden, f"{block}: {words[1:3]} is an old name"
        given = context.params
        if recipe := given.get("recipe"):
            assert (ROOT / recipe).is_file(), f"{block}: {recipe}"
        for option in (
            *("preset", "presets", "matcher", "captioner", "rerank", "teacher"),
        ):
            value = given.get(option)
            names = value if isinstance(value, tuple) else [value]
            for name in names:
                if not isinstance(name, str) or "/" in name or name in PLACEHOLDERS:
                    continue
                assert (ROOT / "saved_models" / name).is_dir(), f"{block}: {name}"


@every_page
def test_the_settings_of_every_recipe_exist(page):
    for block, words in commands(page):
        if words[:2] != ["keras-imgdesc", "train"] or "--set" not in words:
            continue
        command = cli.cli.commands["train"].commands[words[2]]
        given = command.make_context(words[2], words[3:]).params
        kind = recipe_class(words[2])
        settings = kind.from_json(ROOT / given["recipe"])
        values = json.loads(settings.to_json())
        values |= options.parse_changes(given["changes"])
        kind.from_dict(values, str(block))


def recipe_class(task: str):
    module = importlib.import_module(f"keras_imgdesc.training.{task}.recipe")
    names = {
        "captioner": "CaptionRecipe",
        "matcher": "MatchingRecipe",
        "painter": "PainterRecipe",
        "encoder": "DistillationRecipe",
        "classifier": "ClassifierRecipe",
    }
    return getattr(module, names[task])


@every_page
def test_every_link_exists(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    for target in targets:
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.M)
            slugs = {
                re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings
            }
            assert anchor in slugs, target


@every_page
def test_every_path_exists(page):
    """A path in backticks, or in a drawing, that begins in this repository exists."""
    drawn = [block.text for block in blocks(page) if block.language == "text"]
    rooms = {path.name for path in (ROOT / "keras_imgdesc").iterdir() if path.is_dir()}
    top = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"build"}
    mentioned = re.findall(r"`([\w.*{},-]+(?:/[\w.*{},-]*)+)`", prose(page))
    mentioned += re.findall(
        r"(?<![\w/])((?:[a-z_]+/)+(?:[a-z_]+\.py)?)", "\n".join(drawn)
    )
    for path in mentioned:
        first = path.split("/")[0]
        is_placeholder = re.search(r"(?<![A-Za-z])(?!README)[A-Z]{3,}", path)
        if is_placeholder or first not in top | rooms:
            continue
        bases = [ROOT, ROOT / "keras_imgdesc", page.parent]
        found = [match for base in bases for match in base.glob(path.rstrip("/"))]
        assert found, f"{name_of(page)}: {path}"


@every_page
def test_every_python_name_exists(page):
    text = page.read_text("utf-8")
    for name in set(re.findall(r"\bkeras_imgdesc(?:\.[A-Za-z_]\w*)+", text)):
        value, names = keras_imgdesc, name.split(".")[1:]
        if f"{names[-1]}" == "py":
            continue
        for number, part in enumerate(names):
            try:
                value = getattr(value, part)
            except AttributeError:
                module = ".".join(["keras_imgdesc", *names[: number + 1]])
                value = importlib.import_module(module)


def test_every_contract_exists():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    tests = "".join(path.read_text("utf-8") for path in ROOT.glob("tests/**/*.py"))
    contracts = set(re.findall(r"run_\w+_contract", text))
    assert contracts and all(f"def {name}(" in tests for name in contracts)


def test_every_command_of_the_old_readme_is_documented():
    documented = [words for page in GUIDES for _, words in commands(page)]
    missing = [
        words for words in split_commands(OLD_COMMANDS) if words not in documented
    ]
    assert not missing


def test_every_example_of_the_old_readme_is_documented():
    documented = {
        ast.dump(statement)
        for page in GUIDES
        for block in blocks(page)
        if block.language == "python"
        for statement in ast.parse(block.text).body
    }
    missing = [
        ast.unparse(statement)
        for statement in ast.parse(OLD_PYTHON).body
        if ast.dump(statement) not in documented
    ]
    assert not missing


@every_page
def test_every_block_of_python_compiles(page):
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, str(block), "exec")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Iterator[Path]:
    """A folder with the files that the guides name; models are loaded once for all."""
    folder = tmp_path_factory.mktemp("workspace")
    for name in ("examples", "saved_models", "recipes"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("holiday", "more"):
        (folder / name).mkdir()
    shutil.copy(ROOT / "examples/photos/cat.jpg", folder / "holiday")
    shutil.copy(ROOT / "examples/photos/rocket.jpg", folder / "holiday")
    shutil.copy(ROOT / "examples/photos/astronaut.jpg", folder / "photo.jpg")
    shutil.copy(ROOT / "examples/pictures/scene_1.png", folder / "more")

    @functools.cache
    def load(kind, preset):
        return originals[kind](preset)

    kinds = ("ImageCaptioner", "ImageTextMatcher", "TextToImage", "ImageClassifier")
    originals = {kind: getattr(keras_imgdesc, kind).from_preset for kind in kinds}
    original = options._load

    def load_float32(kind, preset, precision):
        if kind is None or precision != "float32":
            return original(kind, preset, precision)
        return load(kind, preset)

    def from_preset(kind, preset, dtype=None):
        if dtype not in (None, "float32"):
            return originals[kind](preset, dtype)
        return load(kind, preset)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(options, "_load", load_float32)
        for kind in kinds:
            task = getattr(keras_imgdesc, kind)
            patch.setattr(task, "from_preset", functools.partial(from_preset, kind))
        yield folder


@pytest.fixture
def photos_alone(workspace) -> Iterator[None]:
    """Remove the captions that a page writes, so that it can run again."""

    def files() -> set[Path]:
        return {*workspace.glob("holiday/*"), *workspace.glob("*.csv")}

    before = files()
    yield
    for path in files() - before:
        path.unlink()


def run_blocks(page: Path, tests: set[str], capsys) -> None:
    """Run the blocks of a page in order; its Python shares one namespace."""
    namespace: dict[str, object] = {}
    for block in blocks(page):
        if block.test not in tests:
            continue
        if block.language == "python":
            exec(compile(block.text, str(block), "exec"), namespace)
            continue
        for words in [words for where, words in commands(page) if where is block]:
            if words[0] != "keras-imgdesc":
                continue
            with pytest.raises(SystemExit) as stop:
                cli.main(words[1:])
            assert stop.value.code == 0, f"{block}: {words}: {capsys.readouterr().err}"


def pages_with(test: str) -> list[Path]:
    return [page for page in GUIDES if any(b.test == test for b in blocks(page))]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            id=name_of(page),
            marks=[pytest.mark.slow] * (page.name != "README.md"),
        )
        for page in pages_with("run")
    ],
)
def test_the_quick_examples_run(page, photos_alone, capsys):
    run_blocks(page, {"run"}, capsys)


def test_the_first_result_is_what_the_readme_shows(workspace, capsys):
    shown = next(b for b in blocks(ROOT / "README.md") if b.language == "text")
    command = next(
        words for b, words in commands(ROOT / "README.md") if b.test == "run"
    )
    with pytest.raises(SystemExit):
        cli.main(command[1:])
    assert capsys.readouterr().out.strip() == shown.text


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with("run=slow"), ids=name_of)
def test_the_slow_examples_run(page, photos_alone, capsys):
    run_blocks(page, {"run", "run=slow"}, capsys)
