"""The guest's kernel: Debian's 6.12 cloud kernel, uncompressed, in a cache outside the work tree.

Debian's cloud kernel has virtio, virtiofs, NUMA, PSI and resctrl built in, so it mounts this
machine's / with neither an initramfs nor modules. It is downloaded and unpacked, never installed.
An uncompressed vmlinux boots about two seconds sooner under TCG than the compressed image.

    <cache>/<package>/vmlinux       <cache> is $WCA_VM_CACHE or ~/.cache/wca-vm
    <cache>/<package>/msr.ko        its driver of /dev/cpu/N/msr, the only module that a test loads

Any file made from that vmlinux can be booted as well: `VirtualMachine(kernel=...)`.
"""

import lzma
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.vm.host import VirtualMachineError, find_program, output_of, require_programs, say

PACKAGE_PATTERN = r"^linux-image-6\.12\..*-cloud-amd64-unsigned$"
PREFIX = "linux-image-6.12."
XZ_MAGIC = b"\xfd7zXZ\x00"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
MODULE = "msr.ko"
ELF_MAGIC = b"\x7fELF"


def find_kernel() -> Path:
    """The newest vmlinux in the cache; when there is none, the newest package's is put there first."""
    folders = [module.parent for module in cache_folder().glob(f"{PREFIX}*/{MODULE}")]
    cached = {folder.name: folder / "vmlinux" for folder in folders}
    return cached[newest(cached)] if cached else prepare_kernel(newest_package())


def cache_folder() -> Path:
    """Where kernels are kept; it may not exist yet."""
    chosen = os.environ.get("WCA_VM_CACHE")
    return Path(chosen).resolve() if chosen else Path.home() / ".cache" / "wca-vm"


def newest(packages: Iterable[str]) -> str:
    """The package of the highest kernel version; 6.12.9 comes before 6.12.117."""
    return max(packages, key=lambda package: [int(number) for number in re.findall(r"\d+", package)])


def newest_package() -> str:
    """The newest kernel package that apt knows; raises VirtualMachineError when it knows none."""
    require_programs(["apt-get", "apt-cache", "dpkg-deb"])
    listed = output_of(["apt-cache", "search", "--names-only", PACKAGE_PATTERN], "apt-get update")
    packages = [line.split()[0] for line in listed.splitlines()]
    if not packages:
        raise VirtualMachineError(
            f"apt's lists have no {PREFIX}*-cloud-amd64-unsigned package"
            " (apt-get update; it comes from Debian 12's bookworm-security)"
        )
    return newest(packages)


def prepare_kernel(package: str) -> Path:
    """Downloads `package` and puts its uncompressed kernel into the cache; the module last, so that both are there."""
    say(f"preparing the guest's kernel from {package} (34 MB, a few seconds, once)")
    require_programs(["zstd"])
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="preparing-") as temporary:
        scratch = Path(temporary)
        image = download_image(package, scratch)
        (scratch / "vmlinux").write_bytes(extract_vmlinux(image.read_bytes()))
        (scratch / MODULE).write_bytes(extract_module(scratch))
        kept = cache / package
        kept.mkdir(exist_ok=True)
        for name in ("vmlinux", MODULE):
            (scratch / name).replace(kept / name)
    return kept / "vmlinux"


def download_image(package: str, folder: Path) -> Path:
    """The package's compressed kernel, downloaded and unpacked into `folder`."""
    output_of(["apt-get", "download", package], "apt-get update", folder)
    for deb in folder.glob("*.deb"):
        output_of(["dpkg-deb", "-x", str(deb), str(folder)], "is the disk full?")
    images = list(folder.glob("boot/vmlinuz-*"))
    if len(images) != 1:
        raise VirtualMachineError(f"{package} should hold one boot/vmlinuz-*; it holds {len(images)}")
    return images[0]


def extract_module(folder: Path) -> bytes:
    """The module `MODULE` of the package unpacked into `folder`."""
    modules = list(folder.glob(f"lib/modules/*/kernel/arch/x86/kernel/{MODULE}*"))
    if len(modules) != 1:
        raise VirtualMachineError(f"the package should hold one {MODULE}; it holds {len(modules)}")
    content = modules[0].read_bytes()
    return content if content.startswith(ELF_MAGIC) else uncompressed(content)


def extract_vmlinux(image: bytes) -> bytes:
    """The ELF kernel inside a bzImage (protocol 2.08 and newer).

    The payload's place is in the boot header, and its last four bytes are the size it has once
    uncompressed. Source: Documentation/arch/x86/boot.rst, payload_offset and payload_length.
    """
    if image[0x202:0x206] != b"HdrS":
        raise VirtualMachineError("the package's vmlinuz is no bzImage: 'HdrS' is not at 0x202")
    start = (image[0x1F1] + 1) * 512 + int.from_bytes(image[0x248:0x24C], "little")
    payload = image[start : start + int.from_bytes(image[0x24C:0x250], "little")]
    vmlinux = uncompressed(payload[:-4])
    wanted = int.from_bytes(payload[-4:], "little")
    if vmlinux[:4] != ELF_MAGIC or len(vmlinux) != wanted:
        raise VirtualMachineError(f"vmlinuz holds no ELF kernel of {wanted} bytes: {len(vmlinux)} bytes came out")
    return vmlinux


def uncompressed(payload: bytes) -> bytes:
    """`payload` without its compression, xz or zstd; Python 3.11 has no zstd of its own."""
    if payload.startswith(XZ_MAGIC):
        return lzma.decompress(payload)
    if not payload.startswith(ZSTD_MAGIC):
        raise VirtualMachineError(f"the content is neither xz nor zstd: it begins with {payload[:6].hex(' ')}")
    done = subprocess.run([find_program("zstd"), "-dcq"], input=payload, capture_output=True, check=False)
    if done.returncode != 0:
        raise VirtualMachineError(f"zstd could not uncompress it: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
