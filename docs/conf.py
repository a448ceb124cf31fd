"""The site of these pages, made by Sphinx from the repository's Markdown: `make site`.

Its navigation is the lists of links in index.md, heading by heading. A page that none of them names, or a link
that leads nowhere, breaks the build.
"""

import re
from itertools import pairwise

from sphinx.application import Sphinx

from wca_core import __version__

project = "WCA"
extensions = ["myst_parser"]
myst_heading_anchors = 3
include_patterns = ["docs/**.md", "*.md", "*/README.md", "plugins/*/README.md", "tests/vm/README.md"]
exclude_patterns = [".*", "build", "dist", "docs/generate"]
root_doc = "docs/index"
nitpicky = True
html_theme = "furo"
html_title = f"{project} {__version__}"
html_copy_source = False
html_show_copyright = False
html_extra_path = ["front"]
html_static_path = ["static"]
html_css_files = ["site.css"]
html_use_index = False


def with_navigation(_app: Sphinx, page: str, text: list[str]) -> None:
    """Adds to the source of index.md the tables of contents that its own lists are."""
    if page != root_doc:
        return
    parts = re.split(r"^## (.*)$", text[0], flags=re.MULTILINE)[1:]
    for title, links in list(pairwise(parts))[::2]:
        pages = "\n".join(re.findall(r"^\* .*?\]\((.*?)\.md\)", links, flags=re.MULTILINE))
        text[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"


def setup(app: Sphinx) -> None:
    app.connect("source-read", with_navigation)
