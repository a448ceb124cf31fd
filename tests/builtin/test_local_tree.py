"""The tree of cgroups kept from step to step is the one that a fresh look finds, whatever came and went."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wca_core.builtin.local.tree import FEW, CgroupTree
from wca_core.errors import HostError

ID = "a1" * 32
NAMES = ["a", "b", "c.slice", "d.service", ID, f"docker-{ID}.scope", *(f"x{number}" for number in range(FEW))]
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
CHANGES = st.lists(st.tuples(st.sampled_from(["make", "remove", "make anew"]), st.sampled_from([0, 1]), PATHS))


def seen(tree: CgroupTree) -> dict[str, list[str]]:
    """Paths, with the directories where they are seen."""
    return {cgroup.path: sorted(cgroup.directories) for cgroup in tree.root.with_all_below()}


def fresh(roots: list[str]) -> dict[str, list[str]]:
    tree = CgroupTree(roots)
    tree.look()
    return seen(tree)


def change(kind: str, directory: Path) -> None:
    if kind != "make":
        shutil.rmtree(directory, ignore_errors=True)
    if kind != "remove":
        directory.mkdir(parents=True, exist_ok=True)


@settings(max_examples=60)
@given(steps=st.lists(CHANGES, max_size=6))
def test_after_any_changes_a_kept_tree_equals_a_fresh_one(steps: list[list[tuple[str, int, str]]]) -> None:
    with TemporaryDirectory() as folder:
        roots = [f"{folder}/cpu", f"{folder}/memory"]
        for root in roots:
            Path(root).mkdir()
        tree = CgroupTree(roots)
        for changes in steps:
            for kind, at, path in changes:
                change(kind, Path(roots[at], path))

            tree.look()

            assert seen(tree) == fresh(roots)
            assert not tree.look()


def test_a_cgroup_made_anew_is_another_one(tmp_path: Path) -> None:
    for name in ("a", "b", "a/below"):
        (tmp_path / name).mkdir()
    tree = CgroupTree([str(tmp_path)])
    tree.look()
    before = dict(tree.root.children)

    (tmp_path / "a").rename(tmp_path.parent / "kept")  # so that its inode is not used again
    (tmp_path / "a").mkdir()

    assert tree.look()
    assert tree.root.children["a"] is not before["a"]
    assert tree.root.children["a"].children == {}
    assert tree.root.children["b"] is before["b"]


def test_nothing_below_a_container_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "docker" / ID / "inner").mkdir(parents=True)
    tree = CgroupTree([str(tmp_path)])
    tree.look()

    (tmp_path / "docker" / ID / "more").mkdir()

    assert not tree.look()
    assert [cgroup.path for cgroup in tree.root.with_all_below()] == ["/", "/docker", f"/docker/{ID}"]


def test_hierarchies_that_are_unmounted_are_told(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    (root / "a").mkdir(parents=True)
    tree = CgroupTree([str(root)])
    tree.look()
    shutil.rmtree(root)

    with pytest.raises(HostError, match="cgroups expected, but no directory is there any more"):
        tree.look()
