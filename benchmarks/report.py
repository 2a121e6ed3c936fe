"""The form of a result: figures, each beside its reference and its goal."""

import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any, Literal

Direction = Literal["at least", "at most"]
# What the figures of all benchmarks depend on; a package that is not installed is left out.
PACKAGES = ("django", "wagtail", "uvicorn", "uvloop", "gunicorn", "psycopg", "redis", "django-q2")


@dataclass(frozen=True)
class Figure:
    """``value`` in ``unit``; ``ratio`` is value to ``reference``, the median of pairs between ``lowest`` and ``highest``.

    ``goal`` is compared with the ratio where there is a reference, else with the value; without one the figure only
    informs. A figure that was not measured has no value and says why in ``not_run``.
    """

    name: str
    value: float | None = None
    unit: str = ""
    reference: float | None = None
    reference_name: str = ""
    ratio: float | None = None
    lowest: float | None = None
    highest: float | None = None
    goal: float | None = None
    direction: Direction | None = None
    not_run: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the goal was reached; ``None`` when nothing was measured."""
        if self.not_run:
            return None
        judged = self.value if self.ratio is None else self.ratio
        if self.goal is None or judged is None:
            return True
        return judged >= self.goal if self.direction == "at least" else judged <= self.goal


@dataclass
class Report:
    """All figures of one run. ``faults`` say why the run as a whole proves nothing, for instance that answers were lost."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Every goal was reached, and nothing was left out."""
        return not self.faults and bool(self.figures) and all(figure.ok for figure in self.figures)

    @property
    def missed(self) -> bool:
        """A goal was missed, or the run proves nothing."""
        return bool(self.faults) or any(figure.ok is False for figure in self.figures)

    def compare(
        self,
        name: str,
        unit: str,
        values: list[float],
        to: str,
        reference: list[float],
        *,
        least: float | None = None,
        most: float | None = None,
    ) -> None:
        """Add a figure with its reference: the ratio is the median of the ratios of neighbouring windows."""
        ratios = [value / other for value, other in zip(values, reference, strict=True)]
        self.figures.append(
            Figure(
                name,
                _rounded(median(values)),
                unit,
                _rounded(median(reference)),
                to,
                _rounded(median(ratios)),
                _rounded(min(ratios)),
                _rounded(max(ratios)),
                *_goal(least, most),
            )
        )

    def measure(
        self,
        name: str,
        unit: str,
        values: float | list[float],
        *,
        least: float | None = None,
        most: float | None = None,
        to: str = "",
        reference: float | None = None,
    ) -> None:
        """Add a figure whose goal is absolute: the median of the values. A reference only informs."""
        each = values if isinstance(values, list) else [values]
        lowest, highest = (min(each), max(each)) if len(each) > 1 else (None, None)
        goal, direction = _goal(least, most)
        self.figures.append(
            Figure(
                name,
                _rounded(median(each)),
                unit,
                _rounded(reference),
                to,
                lowest=_rounded(lowest),
                highest=_rounded(highest),
                goal=goal,
                direction=direction,
            )
        )

    def not_run(self, name: str, reason: str) -> None:
        """Say that a figure could not be measured here. It is never ok."""
        self.figures.append(Figure(name, not_run=reason))

    def fault(self, reason: str) -> None:
        """Say that the run as a whole is not to be believed."""
        self.faults.append(reason)

    def as_dict(self) -> dict[str, Any]:
        figures = [{**asdict(figure), "ok": figure.ok} for figure in self.figures]
        return {"name": self.name, "machine": machine(), "ok": self.ok, "faults": self.faults, "figures": figures}

    def as_text(self) -> str:
        lines = [f"{self.name} on {machine()}"]
        lines += [f"  {line(asdict(figure) | {'ok': figure.ok})}" for figure in self.figures]
        lines += [f"  NOT TO BE BELIEVED: {reason}" for reason in self.faults]
        return "\n".join(lines)


def line(figure: dict[str, Any]) -> str:
    """One figure of :meth:`Report.as_dict` as a line of text."""
    if figure["not_run"]:
        return f"{figure['name']}: not run, {figure['not_run']}"
    parts = [f"{figure['name']}: {_number(figure['value'])} {figure['unit']}"]
    if figure["lowest"] is not None and figure["ratio"] is None:
        parts.append(f" ({_number(figure['lowest'])} to {_number(figure['highest'])})")
    if figure["reference"] is not None:
        parts.append(f", {figure['reference_name']} {_number(figure['reference'])}")
    if figure["ratio"] is not None:
        between = f"{_number(figure['lowest'])} to {_number(figure['highest'])}"
        parts.append(f"; ratio {_number(figure['ratio'])} ({between})")
    if figure["goal"] is not None:
        verdict = "reached" if figure["ok"] else "MISSED"
        parts.append(f"; goal {figure['direction']} {_number(figure['goal'])}: {verdict}")
    return "".join(parts)


def machine() -> str:
    """What the figures depend on, without the machine's name."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def versions() -> str:
    """The packages that were measured with."""
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES if _version(name))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _goal(least: float | None, most: float | None) -> tuple[float | None, Direction | None]:
    if least is not None:
        return least, "at least"
    return most, None if most is None else "at most"


def _rounded(value: float | None) -> float | None:
    """Three digits after the point, more where the value is smaller than that shows."""
    if value is None:
        return None
    return round(value, 3) if abs(value) >= 0.1 else float(f"{value:.3g}")


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
