"""A field annotated with an older class takes a plugin of ours too: `node: !StaticNode` for a `wca.nodes.Node`.

The component is then handed an object with the older methods, which asks the plugin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wca_core.plugin_api import hooks_of

if TYPE_CHECKING:
    from pydantic_core import CoreSchema


def accepting(cls: type, hook: str, around: Callable[[object], object | None] | None, others: str = "") -> CoreSchema:
    """What a value for a field of type `cls` is checked by: an instance passes as it is.

    `around` makes one of a plugin with this hook, or gives None for one that it cannot be made of; None: takes none.
    `others`: what to call those it takes, if not any plugin with this hook.
    """
    from pydantic_core import core_schema

    def checked(value: object) -> object:
        if isinstance(value, cls):
            return value
        made = around(value) if around is not None and hook in hooks_of(type(value)) else None
        if made is not None:
            return made
        also = f", or {others or f'a plugin with the hook {hook}'}," if around is not None else ""
        raise ValueError(f"a {cls.__name__}{also}")

    return core_schema.no_info_after_validator_function(checked, core_schema.any_schema())
