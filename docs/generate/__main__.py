"""`python -m docs.generate [FOLDER]`: writes the generated pages of docs/reference."""

from __future__ import annotations

import sys
from pathlib import Path

from docs.generate.pages import REFERENCE, pages


def main() -> None:
    folder = Path(sys.argv[1]) if sys.argv[1:] else REFERENCE
    for name, text in pages().items():
        (folder / name).write_text(text)


main()
