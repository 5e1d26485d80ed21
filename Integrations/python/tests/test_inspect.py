"""inspect_ai's own checks of a sandbox provider."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from inspect_ai.util import SandboxEnvironment
from inspect_ai.util._sandbox.self_check import *  # noqa: F403
from server import Server

from sandlot_agents.inspect_provider import SandlotEnvironment

#: What cannot pass here, and why.
EXPECTED = {
    "test_exec_as_user": "the check makes a user with `adduser`, which needs root: commands of the default backend have no root",
    "test_exec_as_nonexistent_user": "a sandbox of the default backend has one user; another one's name is refused before anything runs",
}


@pytest.fixture
async def sandbox_env(server: Server, request: pytest.FixtureRequest) -> AsyncIterator[SandboxEnvironment]:
    if reason := EXPECTED.get(request.node.originalname):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    environments = await SandlotEnvironment.sample_init("check", None, {})
    yield environments["default"]
    await SandlotEnvironment.sample_cleanup("check", None, environments, False)
