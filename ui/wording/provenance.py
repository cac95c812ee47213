"""Where data came from, in words."""

from ui.language import N_, _

ORIGINS = {
    "uci": N_("encounters from 130 US hospitals, 1999 to 2008 (UCI)"),
    "file": N_("encounters from a local file"),
    "synthetic": N_("synthetic encounters"),
}


def is_synthetic(data_source: str | None) -> bool:
    """Whether synthetic encounters are among the data."""
    return "synthetic" in (data_source or "").split("+")


def origin_in_words(data_source: str) -> str:
    """Return where encounters came from; several origins are joined by ``+``."""
    origins = [_(ORIGINS.get(origin, origin)) for origin in data_source.split("+")]
    return _(" and ").join(origins)
