"""LocalNode on real cgroups: threads, and cgroups that come and go while it looks."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cgroups import Cgroups, first_line, is_removed, real_cgroups_or_skip, wait_until
from tests.measuring import PYTHON, SLEEPING
from wca_core.builtin.local.node import LocalNode
from wca_core.builtin.local.tree import CgroupTree
from wca_core.host import Host

pytestmark = [pytest.mark.root, pytest.mark.vm]

ROUNDS = 300

WITH_A_THREAD = """
import threading, time
thread = threading.Thread(target=time.sleep, args=[1000], daemon=True)
thread.start()
print(thread.native_id, flush=True)
time.sleep(1000)
"""


@pytest.fixture
def cgroups() -> Iterator[Cgroups]:
    with real_cgroups_or_skip() as made:
        yield made


def found(node: LocalNode, host: Host) -> list[str]:
    return [task.cgroup_path for task in node.discover_tasks(host)]


def test_threads_in_a_cgroup_of_their_own_belong_to_the_task_of_their_process(cgroups: Cgroups) -> None:
    if cgroups.trees.version == 1:
        pytest.skip("only cgroup v2 has threaded cgroups")
    domain = cgroups.make("domain")
    thread = first_line(domain.run(*PYTHON, WITH_A_THREAD))
    (directory,) = domain.directories
    threads = directory / "threads"
    threads.mkdir()
    try:
        (threads / "cgroup.type").write_text("threaded")
        (threads / "cgroup.threads").write_text(thread)

        assert (directory / "cgroup.type").read_text() == "domain threaded\n"
        assert found(LocalNode(include=[f"{cgroups.parent}/*"]), Host()) == [domain.path]
    finally:
        domain.end()
        wait_until(lambda: is_removed(str(threads)), f"{threads} cannot be removed")


def test_a_task_is_found_when_it_starts_and_gone_when_its_cgroup_is(cgroups: Cgroups) -> None:
    node, host = LocalNode(include=[f"{cgroups.parent}/*"]), Host()
    cgroup = cgroups.make("job")
    seen = [found(node, host)]

    first_line(cgroup.run(*SLEEPING))
    seen.append(found(node, host))
    cgroup.remove()
    cgroups.made.remove(cgroup)
    seen.append(found(node, host))

    assert seen == [[], [cgroup.path], []]


def test_what_comes_and_goes_while_one_looks_is_known_once_it_is_quiet(cgroups: Cgroups) -> None:
    top = cgroups.make("top")
    tree = CgroupTree(str(directory) for directory in top.directories)
    churn = threading.Thread(target=come_and_go, args=[top.directories])
    churn.start()
    try:
        while churn.is_alive():
            tree.look()
    finally:
        churn.join()

    wait_until(lambda: not tree.look(), "the tree does not come to rest")
    fresh = CgroupTree(str(directory) for directory in top.directories)
    fresh.look()
    assert seen_in(tree) == seen_in(fresh)
    assert len(seen_in(tree)) > ROUNDS / 3


def come_and_go(tops: list[Path]) -> None:
    """Containers and cgroups with others in them, of which every third stays."""
    for number in range(ROUNDS):
        names = [secrets.token_hex(32)] if number % 2 else [f"group-{number}", f"group-{number}/inner"]
        for name in names:
            for top in tops:
                (top / name).mkdir()
        if number % 3:
            for name in reversed(names):
                for top in tops:
                    (top / name).rmdir()


def seen_in(tree: CgroupTree) -> dict[str, list[str]]:
    return {cgroup.path: sorted(cgroup.directories) for cgroup in tree.root.with_all_below()}
