"""Puts the interpreter's memory into large pages, which makes forking it, and the end of a child, much cheaper.

A fork copies an entry for each page of anonymous memory and touches the kernel's record of that page, and the end of
the child does so again; a fifth of a short run, where the pages came one by one from all over the memory. Pages that
were made together as one of 2 MiB are treated as one, even where only parts of it are mapped, and at any address. Files
a child maps anew as it comes to them, so code is better off in such memory too, where it is inherited.

Nothing here is needed: where the kernel gives no large pages, or lets no memory that was written be executed, all stays
as it is. On x86-64 with pages of 4 KiB only: elsewhere caches of instructions would want to be told.
"""

import ctypes
import gc
import resource
import struct
from collections.abc import Callable, Iterator, Sequence

from distinguo.sandbox.inside import syscalls

HUGE_BYTES = 2 << 20
_PAGE_BYTES = 4096
_LEAST_BYTES, _MOST_BYTES = 128 << 10, 64 << 20  # of data in one piece
_MADV_HUGEPAGE, _MADV_POPULATE_WRITE = 14, 23
_READ_WRITE, _READ_EXECUTE = 1 | 2, 1 | 4
_MAP_PRIVATE_ANONYMOUS, _MAP_FAILED = 0x22, ctypes.c_void_p(-1).value
_MREMAP_MAYMOVE_FIXED = 1 | 2
_RTLD_DI_LINKMAP, _AT_PHDR = 2, 3
_ELF, _PLACE_OF_TABLE = b"\x7fELF\2", struct.Struct("<32xQ14xHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_PT_LOAD, _PT_GNU_RELRO, _PF_W = 1, 0x6474E552, 2

# What `copy_and_move(to, from, length)` does: copy, then mremap(to, length, length, MAYMOVE | FIXED, from). Python
# itself cannot do these two one after the other, since it writes to the very memory in between.
_COPY_AND_MOVE = bytes.fromhex(
    "57 56 52"  # push rdi; push rsi; push rdx
    "48 89 d1 f3 a4"  # mov rcx, rdx; rep movsb
    "5a 41 58 5f"  # pop rdx; pop r8; pop rdi
    "48 89 d6 41 ba 03 00 00 00"  # mov rsi, rdx; mov r10d, 3
    "b8 19 00 00 00 0f 05 c3"  # mov eax, 25; syscall; ret
)

Range = tuple[int, int]
"""Of addresses: the first, and the one behind the last."""


class _LinkMap(ctypes.Structure):
    """The beginning of the dynamic linker's record of a loaded file, as <link.h> has it."""


_LinkMap._fields_ = (
    ("bias", ctypes.c_void_p),
    ("name", ctypes.c_char_p),
    ("dynamic", ctypes.c_void_p),
    ("next", ctypes.POINTER(_LinkMap)),
)


def _possible() -> bool:
    return syscalls.machine() == "x86_64" and resource.getpagesize() == _PAGE_BYTES


def move_code() -> bool:
    """Replace the shared libraries' code and constants, the interpreter's among them; whether that was possible."""
    if not _possible():
        return False
    ranges = list(code_ranges())
    return _replace(ranges, _moved_code)


def move_data() -> bool:
    """Replace the memory of Python's objects; whether that was possible. No other thread may be running."""
    if not _possible():
        return False
    ranges = data_ranges()
    stub = _room(_PAGE_BYTES)
    if not stub:
        return False
    try:
        ctypes.memmove(stub, _COPY_AND_MOVE, len(_COPY_AND_MOVE))
        if not _protect((stub, stub + _PAGE_BYTES), _READ_EXECUTE):
            return False
        copy_and_move = ctypes.PYFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)(stub)

        def move(copy: int, place: Range) -> bool:
            # A part that was given back meanwhile must not be read.
            return _touched(place) and copy_and_move(copy, place[0], place[1] - place[0]) == place[0]

        return _replace(ranges, move)
    finally:
        _unmap((stub, stub + _PAGE_BYTES))


def code_ranges() -> Iterator[Range]:
    """Where the program and each shared library are mapped read-only and without a gap, from their beginnings on."""
    node = ctypes.POINTER(_LinkMap)()
    program = ctypes.c_void_p(ctypes.CDLL(None)._handle)
    if not hasattr(syscalls.libc, "dlinfo") or syscalls.libc.dlinfo(program, _RTLD_DI_LINKMAP, ctypes.byref(node)):
        return
    syscalls.libc.getauxval.restype = ctypes.c_ulong
    while node:
        library = node.contents
        node = library.next
        # The program itself has no name, and need not begin at its bias; the kernel's own library cannot be moved.
        base = library.bias if library.name else _page(syscalls.libc.getauxval(_AT_PHDR))
        if base and not library.name.startswith(b"linux-"):
            begin, end = _read_only(base)
            if begin < end:
                yield begin, end


def _read_only(base: int) -> Range:
    """The part of the program or library at `base` that nobody writes to, by its own table of segments."""
    if ctypes.string_at(base, len(_ELF)) != _ELF:
        return base, base
    table, size, count = _PLACE_OF_TABLE.unpack(ctypes.string_at(base, _PLACE_OF_TABLE.size))
    content = ctypes.string_at(base + table, size * count)
    segments = [_SEGMENT.unpack_from(content, place) for place in range(0, size * count, size)]
    loaded = [(flags, address, length) for kind, flags, _, address, _, _, length, _ in segments if kind == _PT_LOAD]
    first = end = _page(loaded[0][1]) if loaded else 0
    for flags, address, length in loaded:
        if flags & _PF_W or _page(address) != end:
            break
        end = _page(address + length + _PAGE_BYTES - 1)
    for kind, _, _, address, _, _, length, _ in segments:
        if kind == _PT_GNU_RELRO and _page(address) == end:  # what the linker has written and then protected
            end = _page(address + length)
    return base, base + end - first


def data_ranges() -> list[Range]:
    """The memory in use round Python's objects, as far as it goes on without a gap."""
    pools = {id(thing) >> 14 << 14 for thing in gc.get_objects()}  # where Python's allocator has small objects
    large = ctypes.create_string_buffer(_PAGE_BYTES)  # where the C library's has the others
    found = list[Range]()
    for seed in (*sorted(pools), id(None), ctypes.addressof(large)):
        if not any(begin <= seed < end for begin, end in found):
            begin = end = _page(seed)
            while begin > end - _MOST_BYTES and _in_use(begin - _PAGE_BYTES):
                begin -= _PAGE_BYTES
            while end < begin + _MOST_BYTES and _in_use(end):
                end += _PAGE_BYTES
            found.append((begin, end))
    return [(begin, end) for begin, end in found if end - begin >= _LEAST_BYTES]


def _page(address: int) -> int:
    return address // _PAGE_BYTES * _PAGE_BYTES


def _in_use(page: int) -> bool:
    """Whether there is a page with memory behind it that can be written to."""
    resident = ctypes.c_ubyte()
    known = syscalls.libc.mincore(ctypes.c_void_p(page), ctypes.c_size_t(_PAGE_BYTES), ctypes.byref(resident)) == 0
    return known and bool(resident.value & 1) and _touched((page, page + _PAGE_BYTES))


def _touched(place: Range) -> bool:
    """Write to each page, without changing it; whether that was possible everywhere (Linux 5.14)."""
    begin, end = place
    length = ctypes.c_size_t(end - begin)
    return bool(syscalls.libc.madvise(ctypes.c_void_p(begin), length, _MADV_POPULATE_WRITE) == 0)


def _replace(ranges: Sequence[Range], move: Callable[[int, Range], bool]) -> bool:
    """Have each range replaced by a copy in large pages; `move` is given the address for the copy, and the range."""
    offsets, length = list[int](), 0
    for begin, end in ranges:
        if end - begin >= HUGE_BYTES:
            length += (begin - length) % HUGE_BYTES  # where a large page fits in its place it stays one entry
        offsets.append(length)
        length += end - begin
    length = -(-length // HUGE_BYTES) * HUGE_BYTES
    room = _room(length + HUGE_BYTES) if length else 0
    if not room:
        return False
    start = -(-room // HUGE_BYTES) * HUGE_BYTES
    rest, moved = room, False
    if _made_large((start, start + length)):
        for offset, (begin, end) in zip(offsets, ranges, strict=True):
            if not move(start + offset, (begin, end)):
                break
            _unmap((rest, start + offset))
            rest = start + offset + end - begin
        else:
            moved = True
    _unmap((rest, room + length + HUGE_BYTES))
    return moved


def _moved_code(copy: int, place: Range) -> bool:
    """Copy code and put the copy in its place, in one step, since this very code may be in it."""
    length = place[1] - place[0]
    ctypes.memmove(copy, place[0], length)
    if not _protect((copy, copy + length), _READ_EXECUTE):
        return False
    size = ctypes.c_size_t(length)
    try:
        syscalls.call("mremap", ctypes.c_void_p(copy), size, size, _MREMAP_MAYMOVE_FIXED, ctypes.c_void_p(place[0]))
    except OSError:
        return False
    return True


def _room(length: int) -> int:
    """Fresh memory, or 0."""
    allocate = ctypes.PYFUNCTYPE(
        ctypes.c_void_p, *[ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    )
    room = allocate(("mmap", syscalls.libc))(None, length, _READ_WRITE, _MAP_PRIVATE_ANONYMOUS, -1, 0)
    return 0 if room in (None, _MAP_FAILED) else room


def _made_large(place: Range) -> bool:
    """Touch fresh memory; whether most of it came in large pages, which shows in the number of faults."""
    start, length = ctypes.c_void_p(place[0]), place[1] - place[0]
    syscalls.libc.madvise(start, ctypes.c_size_t(length), _MADV_HUGEPAGE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    ctypes.memset(start, 0, length)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * _PAGE_BYTES * 2 < length


def _protect(place: Range, rights: int) -> bool:
    begin, end = place
    return bool(syscalls.libc.mprotect(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), rights) == 0)


def _unmap(place: Range) -> None:
    begin, end = place
    if begin < end:
        syscalls.libc.munmap(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin))
