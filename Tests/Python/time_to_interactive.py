"""Time to interactive through the official SDKs: from the create call to the end of a first command, one after the other and all at once,
beside bare bubblewrap in the same run. Run by `Scripts/bench-sdks`; prints a Markdown table of milliseconds."""

import asyncio
import os
import statistics
import subprocess
import sys
import time

from daytona import AsyncDaytona, CreateSandboxFromSnapshotParams, DaytonaConfig
from e2b import AsyncSandbox
from vercel.sandbox import SandboxClient, SandboxServiceOptions

from server import Server

# What our backend asks of it at least: its own processes, network and root.
BARE = [
    "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "--proc", "/proc",
    "--dev", "/dev", "true"]


class E2B:
    name = "e2b"

    def __init__(self, server: Server) -> None:
        url = server.url + "/e2b"
        self.options = {"api_key": server.token, "api_url": url, "sandbox_url": url}

    async def start(self) -> AsyncSandbox:
        sandbox = await AsyncSandbox.create(timeout=300, allow_internet_access=False, **self.options)
        await sandbox.commands.run("true")
        return sandbox

    async def end(self, sandbox: AsyncSandbox) -> None:
        await sandbox.kill()

    async def close(self) -> None:
        pass


class OfDaytona:
    name = "daytona"

    def __init__(self, server: Server) -> None:
        self.client = AsyncDaytona(DaytonaConfig(api_key=server.token, api_url=server.url + "/daytona/api", target="local"))

    async def start(self):
        sandbox = await self.client.create(CreateSandboxFromSnapshotParams(network_block_all=True))
        if (await sandbox.process.exec("true")).exit_code != 0:
            raise AssertionError("the command failed")
        return sandbox

    async def end(self, sandbox) -> None:
        await sandbox.delete()

    async def close(self) -> None:
        await self.client.close()


class Vercel:
    name = "vercel"

    def __init__(self, server: Server) -> None:
        os.environ.update(VERCEL_TOKEN=server.token, VERCEL_TEAM_ID="t", VERCEL_PROJECT_ID="p")
        self.client = SandboxClient.create(options=SandboxServiceOptions(base_url=server.url + "/vercel/api"))

    async def start(self):
        sandbox = await self.client.create_sandbox(persistent=False)
        if (await sandbox.run_process("true", capture_output=True)).returncode != 0:
            raise AssertionError("the command failed")
        return sandbox

    async def end(self, sandbox) -> None:
        await sandbox.stop()
        await sandbox.destroy()

    async def close(self) -> None:
        await self.client.aclose()


class Bare:
    name = "bare bwrap"

    async def start(self) -> None:
        process = await asyncio.create_subprocess_exec(*BARE, stdin=subprocess.DEVNULL)
        if await process.wait() != 0:
            raise AssertionError("bwrap failed")

    async def end(self, _) -> None:
        pass

    async def close(self) -> None:
        pass


async def timed(subject) -> tuple[float, object]:
    began = time.monotonic()
    made = await subject.start()
    return (time.monotonic() - began) * 1000, made


async def measure(subjects: list, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    found: dict[str, tuple[list[float], list[float]]] = {subject.name: ([], []) for subject in subjects}
    for number in range(rounds + 2):
        # Alternating, so that all meet the same load; the first rounds only warm up.
        for subject in subjects:
            took, made = await timed(subject)
            await subject.end(made)
            if number >= 2:
                found[subject.name][0].append(took)
    for subject in subjects:
        results = await asyncio.gather(*(timed(subject) for _ in range(rounds)))
        found[subject.name][1].extend(took for took, _ in results)
        await asyncio.gather(*(subject.end(made) for _, made in results))
    return found


def row(name: str, found: tuple[list[float], list[float]]) -> str:
    cells = []
    for times in found:
        cells += [f"{statistics.median(times):.1f}", f"{sorted(times)[int(len(times) * 0.95)]:.1f}"]
    return f"| {name} | " + " | ".join(cells) + " |"


async def main() -> None:
    rounds = 20 if "--quick" in sys.argv else 100
    named = [word for word in sys.argv[1:] if not word.startswith("--")]
    services = [service for service in (E2B, OfDaytona, Vercel) if not named or service.name in named]
    server = Server("--compat", ",".join(service.name for service in services))
    try:
        subjects = [Bare(), *(service(server) for service in services)]
        found = await measure(subjects, rounds)
        for subject in subjects:
            await subject.close()
    finally:
        server.close()
    print(f"Time to interactive, {rounds} one after the other and {rounds} at once, in ms\n")
    print("| Through | median | p95 | at once: median | at once: p95 |\n|---|---|---|---|---|")
    for name, times in found.items():
        print(row(name, times))


if __name__ == "__main__":
    asyncio.run(main())
