"""LangChain's standard tests of a deepagents backend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from deepagents.backends.protocol import SandboxBackendProtocol
from langchain_tests.integration_tests import SandboxIntegrationTests
from server import Server

from sandlot_agents.deepagents_backend import SandlotBackend


class TestSandlot(SandboxIntegrationTests):
    @pytest.fixture(scope="class")
    def sandbox(self, server: Server) -> Iterator[SandboxBackendProtocol]:
        # The tests run `python`, which the host's directories call `python3`.
        backend = SandlotBackend(network="none", environment={"PATH": "/tmp/bin:/usr/local/bin:/usr/bin:/bin"})
        backend.execute("mkdir -p /tmp/bin && ln -s $(command -v python3) /tmp/bin/python")
        yield backend
        backend.close()
