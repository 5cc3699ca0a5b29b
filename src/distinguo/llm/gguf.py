"""The header of a GGUF model file: is it one, and how much memory does its context take?

Covers the metadata of GGUF versions 2 and 3, little-endian; tensors are llama.cpp's business.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distinguo.errors import InputError

_MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_F16_BYTES = 2  # llama.cpp keeps keys and values as half floats


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """What a model file says about itself.

    context_tokens: the context the model was trained for.
    kv_bytes: memory that one token of context takes, in bytes, keys and values of all layers together.
    """

    architecture: str
    context_tokens: int
    kv_bytes: int


def read_header(path: Path) -> ModelHeader:
    """Read a model file's header. Raises InputError when the file is missing, unreadable or no GGUF model."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise InputError(f"{path} is not a GGUF model file; give the path of one")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _header(_metadata(data))
    except OSError as error:
        raise InputError(
            f"cannot read the model file {path}: {error.strerror}; give the path of a GGUF file"
        ) from error
    except (struct.error, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path} starts like a GGUF file but its header is damaged; fetch the file again") from error


def _header(metadata: dict[str, Any]) -> ModelHeader:
    architecture = str(metadata["general.architecture"])

    def number(key: str, default: int | None = None) -> int:
        value = metadata.get(f"{architecture}.{key}", default)
        if value is None:
            raise KeyError(key)
        return int(max(value) if isinstance(value, list) else value)  # some models give one number a layer

    heads = number("attention.head_count")
    head_size = number("embedding_length") // heads
    key_value_size = number("attention.key_length", head_size) + number("attention.value_length", head_size)
    kv_heads = number("attention.head_count_kv", heads)
    kv_bytes = number("block_count") * kv_heads * key_value_size * _F16_BYTES
    context_tokens = number("context_length")
    if context_tokens < 1 or kv_bytes < 1:
        raise ValueError("a model without a context")
    return ModelHeader(architecture, context_tokens, kv_bytes)


def _metadata(data: mmap.mmap) -> dict[str, Any]:
    """Every metadata value except lists of strings (the vocabulary), which are skipped."""
    version, _tensors, count = struct.unpack_from("<IQQ", data, len(_MAGIC))
    if version not in (2, 3):
        raise ValueError(f"unknown GGUF version {version}")
    offset = len(_MAGIC) + struct.calcsize("<IQQ")
    values: dict[str, Any] = {}
    for _ in range(count):
        key, offset = _string(data, offset)
        (kind,) = struct.unpack_from("<I", data, offset)
        values[key.decode()], offset = _value(data, offset + 4, kind)
    return values


def _value(data: mmap.mmap, offset: int, kind: int) -> tuple[Any, int]:
    if kind == _STRING:
        text, offset = _string(data, offset)
        return text.decode(errors="replace"), offset
    if kind == _ARRAY:
        item_kind, length = struct.unpack_from("<IQ", data, offset)
        offset += struct.calcsize("<IQ")
        if item_kind in _SCALARS:
            form = f"<{length}{_SCALARS[item_kind]}"
            return list(struct.unpack_from(form, data, offset)), offset + struct.calcsize(form)
        for _ in range(length):
            _, offset = _value(data, offset, item_kind)
        return None, offset
    form = f"<{_SCALARS[kind]}"
    return struct.unpack_from(form, data, offset)[0], offset + struct.calcsize(form)


def _string(data: mmap.mmap, offset: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<Q", data, offset)
    start = offset + 8
    if start + length > len(data):
        raise ValueError("a text that ends after the file")
    return data[start : start + length], start + length
