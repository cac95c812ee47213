"""Numbers and times as the reader of the page writes them."""

from collections.abc import Callable
from datetime import UTC, datetime

from babel import dates, numbers

from ui.language import choice
from ui.language.catalogue import _

NARROW_SPACES = str.maketrans("\u202f", "\u00a0")


def number(value: float, decimals: int = 0) -> str:
    """Return a number with separators and a fixed number of decimals."""
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    return numbers.format_decimal(value, format=pattern, locale=choice.locale())


def signed(value: float, decimals: int) -> str:
    """Return a number that always has a sign."""
    return ("+" if value >= 0 else "") + number(value, decimals)


def percent(share: float, decimals: int = 0) -> str:
    """Return a share, 0 to 1, in per cent."""
    locale = choice.locale()
    places = "." + "0" * decimals if decimals else ""
    pattern = locale.percent_formats[None].pattern.replace("#,##0", f"#,##0{places}")
    return numbers.format_percent(share, format=pattern, locale=locale)


def percent_writer(decimals: int) -> Callable[[float], str]:
    """Return a function that writes many shares quickly, even outside a visit."""
    locale = choice.locale()
    decimal, suffix = locale.number_symbols["latn"]["decimal"], locale.percent_formats[None].suffix
    return lambda share: f"{100 * share:.{decimals}f}".replace(".", decimal) + suffix[0]


def day(iso: str | None) -> str:
    """Return the day of an ISO 8601 time in UTC."""
    if not iso:
        return _("not recorded")
    return dates.format_date(_in_utc(iso).date(), "medium", locale=choice.locale())


def time(iso: str | None) -> str:
    """Return an ISO 8601 time to the minute, in UTC."""
    if not iso:
        return _("not recorded")
    clock = dates.format_skeleton("Hm", _in_utc(iso), locale=choice.locale())
    return f"{day(iso)}, {clock} UTC".translate(NARROW_SPACES)


def _in_utc(iso: str) -> datetime:
    at = datetime.fromisoformat(iso)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
