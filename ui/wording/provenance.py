"""Where data came from and when something happened, in words."""

ORIGINS = {
    "uci": "encounters from 130 US hospitals, 1999 to 2008 (UCI)",
    "file": "encounters from a local file",
    "synthetic": "synthetic encounters",
}


def is_synthetic(data_source: str | None) -> bool:
    """Whether synthetic encounters are among the data."""
    return "synthetic" in (data_source or "").split("+")


def origin_in_words(data_source: str) -> str:
    """Return where encounters came from; several origins are joined by ``+``."""
    return " and ".join(ORIGINS.get(origin, origin) for origin in data_source.split("+"))


def format_time(iso: str | None) -> str:
    """Return an ISO 8601 time to the minute."""
    return f"{iso[:16].replace('T', ' ')} UTC" if iso else "not recorded"
