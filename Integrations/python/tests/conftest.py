"""A Sandlot server of the built executable for each run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "Tests" / "Python"))

from server import Server  # noqa: E402


def pytest_terminal_summary(terminalreporter, exitstatus: int) -> None:
    told = sum(len(terminalreporter.getreports(kind)) for kind in ("passed", "failed", "xfailed", "xpassed", "error"))
    word = "failed" if exitstatus else "passed"
    missed = len(terminalreporter.getreports("xfailed"))
    terminalreporter.write_line(f"Test run with {told} tests of inspect_ai and LangChain {word}, {missed} expected misses among them.")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    started = Server()
    os.environ["SANDLOT_SERVER"], os.environ["SANDLOT_TOKEN"] = started.url, started.token
    yield started
    left = started.open_sessions()
    started.close()
    assert left == []
