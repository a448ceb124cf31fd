"""A new plugin package, written from templates: complete, typed, with tests, README and continuous integration.

| folder below `templates` | |
|---|---|
| `common` | what every package has |
| `detector`, `allocator`, ... | what one kind has beside it, and `kind.toml`: its words |
| `licences` | the texts of licences |

Names of files lose the suffix `.template`, so that no tool takes a template for code; `MODULE` in a path is the
package's module. In the text `$word` stands for a word of `Names`, of the kind or of the licence; `$$` for a dollar.
"""

from __future__ import annotations

from wca_core.scaffold.licences import LICENCES
from wca_core.scaffold.names import Names
from wca_core.scaffold.package import KINDS, Order, next_steps, written

__all__ = ["KINDS", "LICENCES", "Names", "Order", "next_steps", "written"]
