"""The table of all settings in docs/configuration.md, from the settings class itself.

`python -m docs.settings_table` writes it again after a setting has changed.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from readmission.settings import CHECKOUT, PREFIX, Settings

PAGE = CHECKOUT / "docs" / "configuration.md"
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"


def table() -> str:
    """Return the table as Markdown: one row a setting, in the order of the class."""
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *_rows()])


def with_table(page: str) -> str:
    """Return a page with the current table between its two markers.

    Raises
    ------
    ValueError
        If the page does not have both markers.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _rows() -> Iterator[str]:
    # The inherited fields come last.
    own = Settings.__annotations__
    for name, field in sorted(Settings.model_fields.items(), key=lambda item: item[0] not in own):
        yield f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value == ():
        return ""
    if isinstance(value, Path):
        return f"`{_portable(value)}`"
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _portable(path: Path) -> str:
    """Return a path that is right on every machine."""
    if path.is_relative_to(CHECKOUT):
        return str(path.relative_to(CHECKOUT))
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
