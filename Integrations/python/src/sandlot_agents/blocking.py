"""The client for programs that do not await."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from anyio.from_thread import start_blocking_portal

from .client import CommandResult, Sandbox


class BlockingSandbox:
    """One session of a Sandlot server. May be used by several threads at once; `close` ends it."""

    def __init__(self, **options: Any) -> None:
        """Opens a session; the options are those of `Sandbox.open`."""
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())
        try:
            self._sandbox = self._portal.call(lambda: Sandbox.open(**options))
        except BaseException:
            self._stack.close()
            raise

    @property
    def id(self) -> str:
        return self._sandbox.id

    def run(self, command: Sequence[str] | str, **options: Any) -> CommandResult:
        """Runs a command to its end; the options are those of `Sandbox.run`."""
        return self._portal.call(lambda: self._sandbox.run(command, **options))

    def read(self, path: str) -> bytes:
        """A whole file."""
        return self._portal.call(self._sandbox.read, path)

    def write(self, path: str, content: bytes) -> None:
        """Writes a whole file; missing directories are made."""
        self._portal.call(self._sandbox.write, path, content)

    def stat(self, path: str) -> dict[str, Any]:
        """What a path names."""
        return self._portal.call(self._sandbox.stat, path)

    def close(self) -> None:
        """Ends the session and what it runs."""
        try:
            self._portal.call(self._sandbox.close)
        finally:
            self._stack.close()

    def __enter__(self) -> BlockingSandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
