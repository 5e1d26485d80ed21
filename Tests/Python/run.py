"""Runs the tests of this folder, or of the one that TEST_FOLDER names, and ends with one line that says how many passed."""

import logging
import os
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("TEST_FOLDER", HERE))


def main() -> int:
    sys.path[:0] = [str(FOLDER), str(HERE)]
    # The loop tells of every slow step in its debug mode.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    loader = unittest.TestLoader()
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(FOLDER), pattern="*_test.py")
    began = time.monotonic()
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    word = "passed" if result.wasSuccessful() else "failed"
    print(f"Test run with {result.testsRun} tests in {FOLDER.name} {word} after {time.monotonic() - began:.1f} seconds.")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
