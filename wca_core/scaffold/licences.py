"""The licences that a new package may have: their texts, and what pyproject.toml and README say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Licence:
    """One choice."""

    name: str
    expression: str
    """SPDX; empty without a licence."""
    file: str
    """Below `templates/licences`; empty without a licence."""

    @property
    def words(self) -> Mapping[str, str]:
        """What templates say of it."""
        if not self.expression:
            return {
                "licence_fields": "",
                "licence_words": "No licence is granted: all rights reserved.",
                "licence_name": "none",
            }
        return {
            "licence_fields": f'license = "{self.expression}"\nlicense-files = ["LICENSE"]\n',
            "licence_words": f"{self.name}: see [LICENSE](LICENSE).",
            "licence_name": self.expression,
        }


LICENCES: Mapping[str, Licence] = {
    "apache-2.0": Licence("Apache License 2.0", "Apache-2.0", "apache-2.0.txt"),
    "mit": Licence("MIT License", "MIT", "mit.txt.template"),
    "bsd-3-clause": Licence("BSD 3-Clause License", "BSD-3-Clause", "bsd-3-clause.txt.template"),
    "gpl-3.0": Licence("GNU General Public License, version 3 or later", "GPL-3.0-or-later", "gpl-3.0.txt"),
    "none": Licence("", "", ""),
}
"""By the word of `--licence`."""
