"""The clinicians' pages: `streamlit run ui/app.py`."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:  # Streamlit puts this file's folder on the path, not the one above it
    sys.path.insert(0, ROOT)

from ui import shell  # noqa: E402

shell.show()
