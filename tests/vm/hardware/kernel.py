"""The guest's kernel with the hardware of `shim/`: kept beside the kernel that it is made from.

<cache>/<package>/vmlinux           Debian's
<cache>/<package>/vmlinux.HASH      with the shim; HASH is that of all of its sources
"""

import hashlib
import struct
import tempfile
import time
from pathlib import Path

from tests.vm.hardware.elf import Image
from tests.vm.hardware.kallsyms import read_symbols
from tests.vm.host import VirtualMachineError, find_program, output_of, require_programs, say

SHIM = Path(__file__).with_name("shim")
BUILDERS = sorted(Path(__file__).parent.glob("*.py"))
COMPILE = ("-O2", "-Wall", "-Werror", "-ffreestanding", "-fno-pic", "-fno-pie", "-mcmodel=kernel", "-mno-red-zone")
# Text only, called where the kernel's own code would be: no vector registers, no tables, no canaries.
TEXT_ONLY = ("-mgeneral-regs-only", "-fno-jump-tables", "-fno-stack-protector", "-fno-asynchronous-unwind-tables")
LINK = ("-nostdlib", "-static", "-e", "0", "--orphan-handling=error", "-T", str(SHIM / "layout.ld"))
REGISTERS = ("native_read_msr", "native_read_msr_safe", "native_write_msr", "native_write_msr_safe")
REPLACED = {name: name.replace("native", "shim") for name in (*REGISTERS, "native_cpuid", "native_read_pmc")}
BREAKPOINT = "poke_int3_handler"
BREAKPOINT_CALLER = "exc_int3"
CALLED = (*REGISTERS, BREAKPOINT)
CALL = struct.Struct("<Bi")  # 0xe8, and how far it is from the next instruction
LARGEST_CALLER = 0x400
PAGE = "__nosave_begin"
LARGEST_OPERATIONS = 0x400  # bytes of pv_ops looked through
ALIGNMENT = 64


def with_hardware(vmlinux: Path) -> Path:
    """The kernel made from `vmlinux`, built first when the cache has none of this shim."""
    kept = vmlinux.with_name(f"vmlinux.{fingerprint()}")
    if not kept.exists():
        say("building the guest's kernel with RDT and counters (seconds, once)")
        started = time.monotonic()
        for outdated in vmlinux.parent.glob("vmlinux.*"):
            outdated.unlink()
        content = build(vmlinux.read_bytes())
        half = kept.with_name("building")
        half.write_bytes(content)
        half.replace(kept)
        say(f"built {kept} in {time.monotonic() - started:.1f} s")
    return kept


def fingerprint() -> str:
    """Twelve hex digits that change with the shim or with what builds it."""
    sources = [*sorted(SHIM.iterdir()), *BUILDERS]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]


def build(vmlinux: bytes) -> bytes:
    """The kernel with the shim in it; raises VirtualMachineError where this kernel is not as expected."""
    require_programs(["gcc", "ld", "objcopy", "nm"])
    symbols = read_symbols(vmlinux)
    image = Image(vmlinux)
    padding, room = image.longest_padding(symbols["_stext"], symbols["_etext"])
    place = -(-(padding + ALIGNMENT) // ALIGNMENT) * ALIGNMENT
    text, names = compiled(place, symbols)
    if len(text) > padding + room - place:
        raise VirtualMachineError(f"the shim has {len(text)} bytes, the kernel's longest padding {room}")
    image.write(place, text)
    turn_pointers(image, symbols, names)
    turn_call(image, symbols, names[f"shim_{BREAKPOINT}"])
    return bytes(image.content)


def compiled(place: int, symbols: dict[str, int]) -> tuple[bytes, dict[str, int]]:
    """(the shim's text, to run at `place`; the address of each of its names)."""
    known = {**{name: symbols[name] for name in CALLED}, "hardware_page": symbols[PAGE]}
    with tempfile.TemporaryDirectory(prefix="wca-shim-") as name:
        folder = Path(name)
        output_of(["gcc", "-c", *COMPILE, *TEXT_ONLY, *map(str, sorted(SHIM.glob("*.c")))], "is gcc complete?", folder)
        objects = [path.name for path in sorted(folder.glob("*.o"))]
        defined = [f"--defsym={name}={address:#x}" for name, address in known.items()]
        output_of(["ld", *LINK, f"-Ttext={place:#x}", *defined, *objects, "-o", "shim"], "binutils?", folder)
        output_of(["objcopy", "-O", "binary", "-j", ".text", "shim", "text"], "binutils?", folder)
        listed = output_of([find_program("nm"), "shim"], "binutils?", folder)
        rows = [line.split() for line in listed.splitlines()]
        return (folder / "text").read_bytes(), {name: int(address, 16) for address, _, name in rows}


def turn_pointers(image: Image, symbols: dict[str, int], names: dict[str, int]) -> None:
    """Makes each pointer of pv_ops to a function that the shim replaces one to the shim's."""
    turned = {symbols[native]: names[ours] for native, ours in REPLACED.items()}
    found = 0
    for address in range(symbols["pv_ops"], symbols["pv_ops"] + LARGEST_OPERATIONS, 8):
        ours = turned.get(image.pointer(address))
        if ours is not None:
            image.write(address, struct.pack("<Q", ours))
            found += 1
    if found != len(turned):
        raise VirtualMachineError(f"pv_ops has {found} of {len(turned)} pointers to be turned; another kernel?")


def turn_call(image: Image, symbols: dict[str, int], ours: int) -> None:
    """Makes the one call of the kernel's breakpoint handler by the exception one of the shim's."""
    first, wanted = symbols[BREAKPOINT_CALLER], symbols[BREAKPOINT]
    for address in range(first, first + LARGEST_CALLER):
        code, distance = CALL.unpack_from(image.content, image.offset_of(address))
        if code == 0xE8 and address + CALL.size + distance == wanted:
            image.write(address, CALL.pack(0xE8, ours - address - CALL.size))
            return
    raise VirtualMachineError(f"{BREAKPOINT_CALLER} does not call {BREAKPOINT}; another kernel?")
