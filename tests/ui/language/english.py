"""English words that no page in another language may show."""

import re

WORDS = re.compile(
    r"\b(the|of|and|or|is|are|was|with|without|this|that|these|from|for|to|at|by|than|not|you|your"
    r"|patients?|rows?|stays?|readmi\w+|version|predicte?d?|prediction|files?|upload|download"
    r"|model card|quality|data|batch|batches|gates?|drift|risk|outcomes?|weight|entry|effect"
    r"|choose|open|show|table|link|passed|failed|warned|training|clean|field|value|home|years)\b",
    re.IGNORECASE,
)
NAMES = re.compile(
    r"batch-\d{4}|sha-of-\S+|web_app|`[^`]*`|https?://\S+|READMISSION_\w+|\*predict\*|CSV|\w+\.csv"
    r"|readmission promote \d+|:material/\w+:"
)
"""What is called the same in every language: ids, code, addresses, names of icons."""


def found_in(text: str) -> list[str]:
    """Return each English word of a text with what stands around it."""
    text = NAMES.sub("", text)
    return [text[max(0, one.start() - 30) : one.end() + 30] for one in WORDS.finditer(text)]
