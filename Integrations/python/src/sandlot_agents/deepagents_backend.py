"""A deepagents backend whose commands and files are those of a Sandlot session."""

from __future__ import annotations

from typing import Any

from deepagents.backends.protocol import ExecuteResponse, FileDownloadResponse, FileOperationError, FileUploadResponse
from deepagents.backends.sandbox import BaseSandbox

from .blocking import BlockingSandbox
from .client import SandlotError

_LARGEST_OUTPUT = 16 << 20
_REASONS: dict[str, FileOperationError] = {
    "not_found": "file_not_found",
    "permission_denied": "permission_denied",
    "is_directory": "is_directory",
}


class SandlotBackend(BaseSandbox):
    """Runs a deep agent's commands and files in a Sandlot session. `close` ends the session.

    The options are those of `sandlot_agents.Sandbox.open`.
    """

    def __init__(self, *, default_timeout: int | None = None, **options: Any) -> None:
        self._sandbox = BlockingSandbox(**options)
        self._timeout = default_timeout

    @property
    def id(self) -> str:
        return self._sandbox.id

    def execute(self, command: str, *, timeout: int | None = None) -> ExecuteResponse:
        """Both streams in one, in their order."""
        done = self._sandbox.run(
            ["/bin/sh", "-c", 'exec 2>&1; exec /bin/sh -c "$1"', "sh", command], timeout=timeout or self._timeout,
            limit=_LARGEST_OUTPUT)
        output = done.stdout.decode(errors="replace")
        if done.outcome == "timed_out":
            output += f"\n[the command took longer than {timeout or self._timeout} s and was killed]"
        return ExecuteResponse(output=output, exit_code=done.code, truncated=done.omitted > 0)

    def upload_files(self, files: list[tuple[str, bytes]]) -> list[FileUploadResponse]:
        return [FileUploadResponse(path=path, error=self._upload(path, content)) for path, content in files]

    def download_files(self, paths: list[str]) -> list[FileDownloadResponse]:
        return [self._download(path) for path in paths]

    def close(self) -> None:
        """Ends the session and what it runs."""
        self._sandbox.close()

    def _upload(self, path: str, content: bytes) -> FileOperationError | None:
        if not path.startswith("/"):
            return "invalid_path"
        try:
            self._sandbox.write(path, content)
        except SandlotError as error:
            return _reason(error)
        return None

    def _download(self, path: str) -> FileDownloadResponse:
        if not path.startswith("/"):
            return FileDownloadResponse(path=path, error="invalid_path")
        try:
            return FileDownloadResponse(path=path, content=self._sandbox.read(path))
        except SandlotError as error:
            return FileDownloadResponse(path=path, error=_reason(error))


def _reason(error: SandlotError) -> FileOperationError:
    if error.file is None:
        raise error
    return _REASONS.get(error.file, "invalid_path")
