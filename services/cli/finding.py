"""What a check of `switchyard doctor` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked, how it stands, what was seen, and what mends it ("" where nothing need)."""

    check: str
    status: Status
    detail: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"check": self.check, "status": self.status, "detail": self.detail, "mend": self.mend}


def ok(check: str, detail: str) -> Finding:
    return Finding(check, "ok", detail)


def warn(check: str, detail: str, mend: str) -> Finding:
    return Finding(check, "warn", detail, mend)


def fail(check: str, detail: str, mend: str) -> Finding:
    return Finding(check, "fail", detail, mend)
