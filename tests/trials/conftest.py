"""The tests of this folder import its modules, which are no tests themselves."""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))
collect_ignore = [
    path.name for path in FOLDER.glob("*.py") if not path.name.endswith("_test.py")
]
