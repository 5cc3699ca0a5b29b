"""One SQLite file a run: every call, execution, round, question, the selection and its grade.

A completion is committed before it is used, and the write-ahead log flushed (`flush`): a crash at any
moment loses no completion that had arrived. Nor does a full disk: a call is sent only while there is room for what
comes back. What follows from completions (executions, records) costs nothing to repeat: it waits for the next commit.
The file holds problem texts, prompts and answers; never keys or addresses. Tables are made by numbered steps
(schema.py).
"""

from distinguo.store.file import Store
from distinguo.store.keeper import Keeper
from distinguo.store.keys import completion_key, execution_key, execution_keys, prompt_key
from distinguo.store.recording import Recording, recording
from distinguo.store.section import Section

__all__ = [
    "Keeper",
    "Recording",
    "Section",
    "Store",
    "completion_key",
    "execution_key",
    "execution_keys",
    "prompt_key",
    "recording",
]
