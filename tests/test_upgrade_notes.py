"""The upgrade notes name every old spelling that is taken, and everything that is not there yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wca_core.config import reference_keys
from wca_core.config.runner_keys import DOCUMENTED
from wca_core.registry import Registry

NOTES = (Path(__file__).resolve().parent.parent / "docs" / "how-to" / "upgrade-from-the-original.md").read_text()


def old_spellings() -> Iterator[str]:
    yield from reference_keys.OLD_CONFIGS
    yield from reference_keys.OLD_TAGS
    for fields in reference_keys.OLD_FIELDS.values():
        yield from fields
    for fields in reference_keys.IGNORED_FIELDS.values():
        yield from fields
    for values in reference_keys.OLD_VALUES.values():
        yield from (old for _, old in values)


@pytest.mark.parametrize("spelling", sorted(set(old_spellings())))
def test_every_old_spelling_is_named(spelling: str) -> None:
    assert spelling in NOTES


def test_what_is_said_to_be_refused_is_not_there_yet() -> None:
    table = NOTES.partition("## What is refused")[2].partition("\n## ")[0]
    refused = "\n".join(line for line in table.splitlines() if "without the package" not in line)
    keys = set(re.findall(r"`(\w+): (?:true|\[)", refused))
    tags = set(re.findall(r"`!(\w+)`", refused))
    installed = Registry()

    assert keys
    assert len(tags) > 2
    assert keys <= DOCUMENTED.keys() - installed.runner_keys.keys()
    assert not tags & {offer.class_name for offer in installed.offers}
