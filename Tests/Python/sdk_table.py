"""Holds the tables of `docs/compat.md` to what the tests saw an SDK do."""

import functools
import inspect
import re
from pathlib import Path

from server import Server

DOCUMENT = Path(__file__).parents[2] / "docs" / "compat.md"


class _Noting:
    """A call of a class, whichever way it is bound, that notes when it succeeds."""

    def __init__(self, raw, call: str, seen: set[str]) -> None:
        self._raw = raw
        self._call = call
        self._seen = seen

    def __get__(self, instance, owner=None):
        bound = self._raw.__get__(instance, owner)

        @functools.wraps(bound)
        def noting(*arguments, **options):
            answer = bound(*arguments, **options)
            self._seen.add(self._call)
            return answer

        return noting


class Table:
    """Notes which public calls of some classes of an SDK succeed, and compares them to the table of a service.

    A row is `| call | served | remark |`. Every public call must have a row; one whose second column is `yes` must have succeeded.
    """

    def __init__(self, heading: str, **classes: type) -> None:
        self.heading = heading
        self.seen: set[str] = set()
        self.calls: set[str] = set()
        self._undo = []
        for prefix, owner in classes.items():
            for name, found in inspect.getmembers(owner, callable):
                if not name.startswith("_") and self._is_own(owner, name) and not isinstance(found, type):
                    self._watch(owner, name, f"{prefix}.{name}")

    @staticmethod
    def _is_own(owner: type, name: str) -> bool:
        """Not what comes with a library's base class."""
        where = next(base for base in owner.__mro__ if name in base.__dict__)
        return where.__module__.split(".")[0] == owner.__module__.split(".")[0]

    def _watch(self, owner: type, name: str, call: str) -> None:
        self.calls.add(call)
        raw = inspect.getattr_static(owner, name)
        is_own = name in owner.__dict__
        setattr(owner, name, _Noting(raw, call, self.seen))
        self._undo.append(lambda: setattr(owner, name, raw) if is_own else delattr(owner, name))

    def close(self) -> list[str]:
        """Takes the watch off, and says where the table and the tests differ."""
        for undo in self._undo:
            undo()
        rows = self._rows()
        wrong = [f"`{call}` has no row" for call in sorted(self.calls - rows.keys())]
        wrong += [f"`{call}` is no call of the SDK" for call in sorted(rows.keys() - self.calls)]
        for call, served in sorted(rows.items()):
            if served == "yes" and call not in self.seen:
                wrong.append(f"`{call}` is said to be served, and no test saw it succeed")
        return wrong

    def _rows(self) -> dict[str, str]:
        section = re.split(r"^## ", DOCUMENT.read_text(), flags=re.MULTILINE)
        mine = next(part for part in section if part.startswith(self.heading))
        rows: dict[str, str] = {}
        for line in mine.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("|") and len(cells) >= 2:
                for call in re.findall(r"`([a-z_]+\.[a-z_]+)`", cells[0]):
                    rows[call] = cells[1]
        return rows


class OnServer:
    """For a test case of one service: its server, and with `classes` of the SDK the promise that the service's table holds."""

    heading = ""
    classes: dict[str, type] = {}
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server("--compat", cls.heading.lower())
        cls.table = Table(cls.heading + "\n", **cls.classes) if cls.classes else None

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.close()
        wrong = cls.table.close() if cls.table else []
        if wrong:
            raise AssertionError("docs/compat.md: " + "; ".join(wrong))
