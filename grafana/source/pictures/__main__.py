"""Draw every dashboard: `python -m grafana.source.pictures http://127.0.0.1:9090 docs/images`."""

import argparse
import json
import time
from pathlib import Path

from grafana.source.__main__ import FOLDER
from grafana.source.pictures.figure import picture
from grafana.source.pictures.plots import Span
from grafana.source.pictures.prometheus import Prometheus

DPI = 100
POINTS = 240
SCRAPE_INTERVAL = 15


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of Prometheus")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--minutes", type=int, default=60, help="that are shown")
    arguments = parser.parse_args()
    seconds, end = 60 * arguments.minutes, time.time()
    span = Span(end - seconds, end, max(SCRAPE_INTERVAL, seconds // POINTS))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with Prometheus(arguments.url) as asked:
        for path in sorted(FOLDER.glob("*.json")):
            figure = picture(json.loads(path.read_text()), asked, span)
            figure.savefig(arguments.folder / f"dashboard-{path.stem}.png", dpi=DPI)


if __name__ == "__main__":
    main()
