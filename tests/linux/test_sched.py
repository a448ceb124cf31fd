"""`/proc/TID/sched`: a string in, sums out."""

from hypothesis import given
from hypothesis import strategies as st

from wca_core.linux.sched import FAULT_TYPES, Scheduled, WantedKeys, parse_sched, total

HEADER = "cat (10274, #threads: 1)\n" + "-" * 67 + "\n"
EVERY = WantedKeys(lambda key: True)


def sched(*lines: str, header: str = HEADER) -> Scheduled:
    return parse_sched((header + "".join(f"{line}\n" for line in lines)).encode(), EVERY)


def test_keys_are_verbatim_and_values_are_numbers() -> None:
    found = sched("se.vruntime     :    106.405118", "mm->numa_scan_seq    :   0", "numa_preferred_nid : -1")

    assert found.stats == {"se.vruntime": 106.405118, "mm->numa_scan_seq": 0.0, "numa_preferred_nid": -1.0}
    assert found.faults == {}


def test_only_wanted_keys_are_taken() -> None:
    wanted = WantedKeys(lambda key: key.startswith("nr_"))

    assert parse_sched(f"{HEADER}nr_switches : 10\nprio : 120\n".encode(), wanted).stats == {"nr_switches": 10.0}


def test_the_name_of_the_program_may_look_like_a_line() -> None:
    header = "a: 1\nb: 2 (7, #threads: 1)\n" + "-" * 67 + "\n"

    assert sched("prio : 120", header=header).stats == {"prio": 120.0}


def test_lines_of_another_form_are_passed_over() -> None:
    found = sched(
        "current_node=0, numa_group_id=0",
        "key : value",
        "numa_faults_memory, 0, 0, 1, 0, 0",
        "numa_faults node=0 task_private=100",
        "numa_faults node=0 task_private=1 task_shared=x group_private=3 group_shared=4",
    )

    assert found == Scheduled({}, {})


def test_threads_are_summed() -> None:
    line = "numa_faults node=0 task_private={}00 task_shared={}00 group_private={}00 group_shared={}00"
    one = sched("nr_switches : 10", line.format(1, 2, 3, 4))
    other = sched("nr_switches : 5", line.replace("00", "0").format(1, 2, 3, 4))

    assert total([one, other]) == Scheduled(
        {"nr_switches": 15.0}, {("0", kind): 110 * number for number, kind in enumerate(FAULT_TYPES, 1)}
    )


@given(st.binary() | st.lists(st.sampled_from(["a:1", ":", "numa_faults ", "numa_faults node=", "x"])).map("\n".join))
def test_no_text_at_all_raises_anything(text: bytes | str) -> None:
    body = text.encode() if isinstance(text, str) else text

    parse_sched(HEADER.encode() + body, EVERY)
    parse_sched(body, EVERY)
