"""Runs the tests of this folder and ends with one line that says how many passed."""

import logging
import sys
import time
import unittest
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    sys.path.insert(0, str(FOLDER))
    # The loop tells of every slow step in its debug mode.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    loader = unittest.TestLoader()
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(FOLDER), pattern="*_test.py")
    began = time.monotonic()
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    word = "passed" if result.wasSuccessful() else "failed"
    print(f"Test run with {result.testsRun} tests in Python {word} after {time.monotonic() - began:.1f} seconds.")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
