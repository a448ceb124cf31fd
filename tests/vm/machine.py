"""A virtual machine on this machine's own /, read-only: same programs, same Python, other hardware.

QEMU emulates every instruction (TCG), so it needs no /dev/kvm; virtiofsd hands / to the guest, which
mounts it as its root. Commands run as root in the checkout; what they print is shown as it comes.
"""

import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.vm.console import Console, lines_until
from tests.vm.hardware.kernel import with_hardware
from tests.vm.host import VirtualMachineError, find_program, require_host, say
from tests.vm.kernel import find_kernel
from tests.vm.programs import only_machine, running, shared_root

CHECKOUT = Path(__file__).resolve().parents[2]
GUEST_INIT = Path(__file__).with_name("guest_init.sh")
POWER_OFF = 20.0
ATTEMPTS = 3
# One thread per cpu, although thread=single does not know the fault of `has_emulation_fault`: there
# one busy cpu makes all others four times slower.
ACCELERATION = ("-accel", "tcg,thread=multi")
# Each instruction takes four nanoseconds of the guest's time, whatever it takes of this machine's. With sleep=off
# an idle guest's clock would leap ahead while virtiofsd is slow, and its time limits end tests.
COUNTED = ("-accel", "tcg,thread=single", "-icount", "shift=2,sleep=on")
# An Intel model, so that the cpus of a node share one L3; model 85 (Skylake, Cascade Lake) would
# turn resctrl's L3 allocation off. The machine's own model means nothing under TCG.
CPU_MODEL = "Haswell-noTSX"
KERNEL_ARGUMENTS = (
    "console=ttyS0 quiet oops=panic root=hostroot rootfstype=virtiofs ro panic=-1 reboot=t"
    " mitigations=off nokaslr tsc=reliable nowatchdog init=/bin/sh"
)


@dataclass(frozen=True, slots=True)
class Result:
    """How the command ended in the guest, and everything on the guest's console."""

    rc: int
    console: str


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """The hardware wanted; `timeout` is in seconds, for each boot with its command.

    Cpus are numbered node by node: with 2 nodes of 2 cpus, node 0 has 0-1 and node 1 has 2-3.
    `kernel` is an uncompressed vmlinux; None is Debian's with RDT and counters (`tests.vm.hardware`).
    `is_counted` asks for time by instructions executed: the same program always takes the same. One cpu only.
    """

    nodes: int = 2
    cpus_per_node: int = 2
    memory_per_node_mb: int = 384
    timeout: float = 2400.0
    kernel: Path | None = None
    is_counted: bool = False

    def run(self, command: Sequence[str]) -> Result:
        """Boots, runs `command`, powers off. One virtual machine at a time on this machine.

        Boots again, and says so, when QEMU's one known fault ended the guest (see `Console`).
        Raises VirtualMachineError when a program is missing, and when the guest ended, or was ended
        at `timeout`, without a word on how the command ended.
        """
        require_host()
        with only_machine():
            kernel = self.kernel or with_hardware(find_kernel())
            for _ in range(ATTEMPTS):
                console = self._boot(kernel, command)
                if console.rc is not None:
                    return Result(console.rc, console.text)
                if not console.has_emulation_fault:
                    break
                say("QEMU ran an instruction that the guest's kernel had replaced (int3): the guest is lost")
        raise VirtualMachineError(f"the guest ended without a verdict; its console ends:\n{console.tail}")

    def _boot(self, kernel: Path, command: Sequence[str]) -> Console:
        """The console of one boot; without a verdict when the guest ended by itself before it gave one."""
        console = Console(secrets.token_hex(8), show=lambda line: print(line, flush=True))
        say(f"booting {self.nodes} NUMA nodes of {self.cpus_per_node} cpus with {kernel.parent.name}")
        with tempfile.TemporaryDirectory(prefix="wca-vm-") as name:
            folder = Path(name)
            (folder / "guest_init.sh").write_bytes(GUEST_INIT.read_bytes())
            (folder / "job.sh").write_text(job_of(self, kernel, console.token, command))
            with shared_root(folder) as socket, running(qemu_command(self, kernel, folder, socket)) as qemu:
                self._watch(qemu, console)
        return console

    def _watch(self, qemu: "subprocess.Popen[bytes]", console: Console) -> None:
        assert qemu.stdout is not None
        try:
            for line in lines_until(qemu.stdout.fileno(), time.monotonic() + self.timeout):
                console.take(line)
                if console.rc is not None:
                    break
        except TimeoutError:
            raise VirtualMachineError(
                f"no verdict after {self.timeout:.0f} s; the guest's console ends:\n{console.tail}"
            ) from None
        wait_for_power_off(qemu)


def wait_for_power_off(qemu: "subprocess.Popen[bytes]") -> None:
    """The verdict stands already: a guest that does not end by itself is ended by `running`."""
    try:
        qemu.wait(POWER_OFF)
    except subprocess.TimeoutExpired:
        say(f"the guest did not power off in {POWER_OFF:.0f} s and is killed")


def job_of(machine: VirtualMachine, kernel: Path, token: str, command: Sequence[str]) -> str:
    """The shell file that tells guest_init.sh what to do; the kernel's own command line is too short."""
    settings = {
        "TOKEN": token,
        "CHECKOUT": str(CHECKOUT),
        "PYTHON": sys.executable,
        "PATH": os.environ.get("PATH", os.defpath),
        "WCA_VM_KERNEL": str(kernel.parent),
        "WCA_VM_COUNTED": str(int(machine.is_counted)),
        "WCA_VM_NODES": str(machine.nodes),
        "WCA_VM_CPUS_PER_NODE": str(machine.cpus_per_node),
        "WCA_VM_MEMORY_PER_NODE_MB": str(machine.memory_per_node_mb),
    }
    kept = sorted({str(CHECKOUT), sys.prefix, sys.base_prefix, str(kernel.parent)})
    lines = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
    lines += [f"kept_folders() {{ printf '%s\\n' {shlex.join(kept)}; }}"]
    lines += [f"command() {{ {shlex.join(command)}; }}"]
    return "\n".join([*lines, ""])


def qemu_command(machine: VirtualMachine, kernel: Path, folder: Path, socket: Path) -> list[str]:
    """QEMU's arguments. Shared memory backends, because virtiofsd reads and writes the guest's memory."""
    arguments = f"{KERNEL_ARGUMENTS} -- {folder}/guest_init.sh {folder}/job.sh"
    topology = f"sockets={machine.nodes},cores={machine.cpus_per_node},threads=1"
    acceleration = COUNTED if machine.is_counted else ACCELERATION
    command = [find_program("qemu-system-x86_64"), "-M", "q35", *acceleration, "-cpu", CPU_MODEL]
    command += ["-smp", f"{machine.nodes * machine.cpus_per_node},{topology}"]
    command += ["-m", f"{machine.nodes * machine.memory_per_node_mb}M"]
    command += numa_arguments(machine)
    command += ["-nodefaults", "-no-user-config", "-nographic", "-serial", "stdio", "-no-reboot"]
    command += ["-chardev", f"socket,id=root,path={socket}"]
    command += ["-device", "vhost-user-fs-pci,chardev=root,tag=hostroot"]
    return [*command, "-kernel", str(kernel), "-append", arguments]


def numa_arguments(machine: VirtualMachine) -> list[str]:
    """Each node's memory and cpus, for QEMU."""
    arguments: list[str] = []
    for node in range(machine.nodes):
        first = node * machine.cpus_per_node
        cpus = f"{first}-{first + machine.cpus_per_node - 1}"
        size = f"{machine.memory_per_node_mb}M"
        arguments += ["-object", f"memory-backend-memfd,id=m{node},size={size},share=on"]
        arguments += ["-numa", f"node,nodeid={node},memdev=m{node},cpus={cpus}"]
    return arguments
