"""The script that Streamlit runs: `streamlit run ui/app.py`."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:  # Streamlit adds the folder of this file; `import ui` needs its parent
    sys.path.insert(0, ROOT)

from ui.components import shell  # noqa: E402

shell.show()
