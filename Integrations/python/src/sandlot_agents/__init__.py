"""Sandlot's sandboxes for agent frameworks."""

from .client import CommandResult, Sandbox, SandlotError

__all__ = ["CommandResult", "Sandbox", "SandlotError"]
