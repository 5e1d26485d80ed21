"""An inspect_ai sandbox provider: every sample's sandbox is a session of a Sandlot server."""

from __future__ import annotations

from typing import Any, Literal, overload

from inspect_ai.util import ExecResult, OutputLimitExceededError, SandboxEnvironment, SandboxEnvironmentLimits, sandboxenv
from pydantic import BaseModel

from .client import Sandbox, SandlotError


class SandlotConfig(BaseModel, frozen=True):
    """What `sandbox=SandboxEnvironmentSpec("sandlot", SandlotConfig(...))` takes."""

    server: str | None = None
    backend: str | None = None
    image: str | None = None
    network: Literal["none", "open"] = "none"
    #: Ends a sandbox that nobody cleaned up.
    max_life_seconds: float = 6 * 3600


@sandboxenv(name="sandlot")
class SandlotEnvironment(SandboxEnvironment):
    """One session. The address and the token are those of `SANDLOT_SERVER` and `SANDLOT_TOKEN`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        return SandlotConfig(**config)

    @classmethod
    async def sample_init(cls, task_name: str, config: Any, metadata: dict[str, str]) -> dict[str, SandboxEnvironment]:
        wish = config if isinstance(config, SandlotConfig) else SandlotConfig()
        sandbox = await Sandbox.open(
            server=wish.server, backend=wish.backend, image=wish.image, network=wish.network, max_life_seconds=wish.max_life_seconds)
        return {"default": cls(sandbox)}

    @classmethod
    async def sample_cleanup(
        cls, task_name: str, config: Any, environments: dict[str, SandboxEnvironment], interrupted: bool
    ) -> None:
        for environment in environments.values():
            if isinstance(environment, cls):
                await environment.sandbox.close()

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        limit = SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE
        try:
            done = await self.sandbox.run(
                cmd, stdin=input.encode() if isinstance(input, str) else input, directory=cwd, environment=env, user=user,
                timeout=timeout, limit=limit)
        except SandlotError as error:
            if error.start == 126:
                raise PermissionError(f"{cmd[0]}: {error}") from None
            if error.start is not None:
                return ExecResult(False, error.start, "", f"{cmd[0]}: {error}")
            raise
        if done.outcome == "timed_out":
            raise TimeoutError(f"the command took longer than {timeout} s and was killed")
        if done.omitted:
            raise OutputLimitExceededError(
                limit_str=SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE_STR, truncated_output=done.stdout.decode(errors="replace"))
        return ExecResult(done.code == 0, done.code, done.stdout.decode(), done.stderr.decode())

    async def write_file(self, file: str, contents: str | bytes) -> None:
        # Sandlot replaces files whole, which a file's own mode does not forbid.
        try:
            if not (await self.sandbox.stat(file)).get("mode", 0o200) & 0o222:
                raise PermissionError(f"{file}: the file is read-only")
        except SandlotError as error:
            if error.file != "not_found":
                raise _file_error(error, file) from None
        try:
            await self.sandbox.write(file, contents.encode() if isinstance(contents, str) else contents)
        except SandlotError as error:
            raise _file_error(error, file) from None

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        try:
            found = await self.sandbox.stat(file)
            if found.get("kind") == "file" and found.get("size", 0) > SandboxEnvironmentLimits.MAX_READ_FILE_SIZE:
                raise OutputLimitExceededError(
                    limit_str=SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, truncated_output=None)
            content = await self.sandbox.read(file)
        except SandlotError as error:
            raise _file_error(error, file) from None
        return content.decode() if text else content


def _file_error(error: SandlotError, file: str) -> Exception:
    kinds: dict[str, type[OSError]] = {
        "not_found": FileNotFoundError,
        "permission_denied": PermissionError,
        "is_directory": IsADirectoryError,
        "not_directory": NotADirectoryError,
    }
    kind = kinds.get(error.file or "")
    return kind(f"{file}: {error}") if kind else error
