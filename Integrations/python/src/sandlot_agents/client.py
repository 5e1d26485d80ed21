"""A small client of Sandlot's HTTP API: one session, its commands and its files."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

_LARGEST_ANSWER = 4 << 20
_LARGEST_INPUT = 1 << 20


class SandlotError(Exception):
    """A failure as the server tells it. `code` decides; `file` is the kind of a refusal of the sandbox's file system."""

    def __init__(self, status: int, code: str, message: str, file: str | None = None, start: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.file = file
        #: The shell's status of a command that could not be started.
        self.start = start


@dataclass(frozen=True)
class CommandResult:
    """A finished command. `outcome` is `exited`, `signaled`, `timed_out`, `cancelled` or `lost`; `code` is what a shell would report."""

    outcome: str
    code: int
    stdout: bytes
    stderr: bytes
    #: Bytes that were beyond the limit.
    omitted: int


class Sandbox:
    """One session of a Sandlot server, ended by `close`. May be used by several tasks at once.

    The address and the token are those of `SANDLOT_SERVER` and `SANDLOT_TOKEN` where they are not given.
    """

    def __init__(self, http: httpx.AsyncClient, session: str) -> None:
        self._http = http
        self.id = session

    @classmethod
    async def open(
        cls,
        *,
        server: str | None = None,
        token: str | None = None,
        backend: str | None = None,
        image: str | None = None,
        network: str | None = None,
        environment: Mapping[str, str] | None = None,
        workspace_path: str | None = None,
        max_life_seconds: float | None = None,
    ) -> Sandbox:
        """Opens a session with a sandbox of its own."""
        address = server or os.environ.get("SANDLOT_SERVER", "http://127.0.0.1:7263")
        key = token or os.environ.get("SANDLOT_TOKEN")
        if not key:
            raise SandlotError(401, "denied", "there is no token: pass one, or set SANDLOT_TOKEN")
        http = httpx.AsyncClient(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=httpx.Timeout(None, connect=30),
            limits=httpx.Limits(max_keepalive_connections=8, keepalive_expiry=20))
        body: dict[str, Any] = {"sandbox": True}
        if backend:
            body["backend"] = backend
        if image:
            body["image"] = {"kind": "reference", "name": image}
        if network:
            body["network"] = network
        if environment:
            body["environment"] = dict(environment)
        if workspace_path:
            body["workspacePath"] = workspace_path
        if max_life_seconds is not None:
            body["maxLifeMs"] = max_life_seconds * 1000
        try:
            made = (await _checked(http.post("/v1/sessions", json=body))).json()
        except BaseException:
            await http.aclose()
            raise
        return cls(http, made["id"])

    async def close(self) -> None:
        """Ends the session and what it runs."""
        try:
            await _checked(self._http.delete(f"/v1/sessions/{self.id}", params={"force": "true"}))
        finally:
            await self._http.aclose()

    async def __aenter__(self) -> Sandbox:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def run(
        self,
        command: Sequence[str] | str,
        *,
        stdin: bytes | None = None,
        directory: str | None = None,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        timeout: float | None = None,
        limit: int = _LARGEST_ANSWER,
    ) -> CommandResult:
        """Runs a command to its end: arguments as they are, or one shell line. A timeout kills its whole tree."""
        body: dict[str, Any] = {"shell": command} if isinstance(command, str) else {"arguments": list(command)}
        if directory is not None:
            body["directory"] = directory
        if environment:
            body["environment"] = dict(environment)
        if user is not None:
            body["user"] = user
        if timeout is not None:
            body["timeoutMs"] = timeout * 1000
            body["killGraceMs"] = 0
        execs = f"/v1/sessions/{self.id}/execs"
        if stdin is not None and len(stdin) > _LARGEST_INPUT:
            body |= {"mode": "background", "input": True}
            started = (await _checked(self._http.post(execs, json=body))).json()
            place = f"{execs}/{started['id']}"
            await self._feed(place, stdin)
            ended = started
            while not ended.get("ending"):
                ended = (await _checked(self._http.get(f"{place}/wait", params={"timeoutMs": 600_000}))).json()
            return await self._result(place, ended, {}, limit)
        if stdin is not None:
            body["stdin"] = {"base64": base64.b64encode(stdin).decode()}
        body["outputLimit"] = min(limit, _LARGEST_ANSWER)
        done = (await _checked(self._http.post(execs, json=body))).json()
        held = {name: _bytes(done[name]) for name in ("stdout", "stderr")}
        return await self._result(f"{execs}/{done['exec']['id']}", done["exec"], held, limit)

    async def read(self, path: str) -> bytes:
        """A whole file."""
        return (await _checked(self._http.get(f"/v1/sessions/{self.id}/files/content", params={"path": path}))).content

    async def write(self, path: str, content: bytes) -> None:
        """Writes a whole file; missing directories are made."""
        await _checked(
            self._http.put(f"/v1/sessions/{self.id}/files/content", params={"path": path, "parents": "true"}, content=content))

    async def stat(self, path: str) -> dict[str, Any]:
        """What a path names."""
        found: dict[str, Any] = (
            await _checked(self._http.get(f"/v1/sessions/{self.id}/files/stat", params={"path": path}))).json()
        return found

    async def _feed(self, place: str, stdin: bytes) -> None:
        try:
            await _checked(self._http.post(f"{place}/stdin", params={"close": "true"}, content=stdin))
        except SandlotError as error:
            # A command need not read what it is given.
            if error.code != "conflict":
                raise

    async def _result(self, place: str, ended: dict[str, Any], held: dict[str, bytes], limit: int) -> CommandResult:
        ending = ended["ending"]
        outcome = ending["outcome"]
        if outcome["kind"] == "lost":
            raise SandlotError(503, "unavailable", f"what became of the command is not known: {outcome.get('reason')}")
        whole: dict[str, bytes] = {}
        omitted = 0
        for name in ("stdout", "stderr"):
            size = ending[name]
            content = held.get(name, b"")
            wanted = min(size, limit)
            if len(content) < wanted:
                content = (await _checked(self._http.get(f"{place}/output/{name}", params={"limit": wanted}))).content
            whole[name] = content[:limit]
            omitted += max(0, size - len(whole[name]))
        return CommandResult(outcome["kind"], ending["exitStatus"], whole["stdout"], whole["stderr"], omitted)


def _bytes(value: dict[str, str]) -> bytes:
    return value["text"].encode() if "text" in value else base64.b64decode(value["base64"])


async def _checked(call: Any) -> httpx.Response:
    response: httpx.Response = await call
    if response.is_success:
        return response
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        raise SandlotError(response.status_code, "protocol_violation", response.text[:200]) from None
    raise SandlotError(
        response.status_code, error["code"], error["message"], error.get("file", {}).get("reason"),
        error.get("start", {}).get("exitStatus"))
