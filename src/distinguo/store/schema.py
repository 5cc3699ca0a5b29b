"""The tables, made by numbered steps that are never edited once released; how completions and texts lie in them."""

from typing import Any

from distinguo.records import Completion, FinishReason

STEPS = (
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, prompt_key TEXT NOT NULL, model TEXT NOT NULL, role TEXT NOT NULL,
        sample INTEGER NOT NULL, round INTEGER NOT NULL, request TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('in flight', 'arrived', 'failed', 'lost')),
        started REAL NOT NULL, seconds REAL, error TEXT, text TEXT, reasoning TEXT, finish_reason TEXT,
        prompt_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX calls_arrived ON calls (key) WHERE state = 'arrived';
    CREATE INDEX calls_prompt ON calls (prompt_key);
    CREATE TABLE executions (
        key TEXT PRIMARY KEY, program TEXT NOT NULL, stdin TEXT NOT NULL, status TEXT NOT NULL, output TEXT NOT NULL,
        error TEXT NOT NULL, printed TEXT NOT NULL, cpu_seconds REAL NOT NULL, wall_seconds REAL NOT NULL,
        memory_mb REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE records (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
        UNIQUE (kind, key));
    """,
    """
    ALTER TABLE calls ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, started REAL NOT NULL, seconds REAL NOT NULL DEFAULT 0);
    INSERT INTO sessions (started, seconds) SELECT 0, CAST(value AS REAL) FROM facts WHERE name = 'seconds';
    DELETE FROM facts WHERE name = 'seconds';
    """,
    """
    CREATE TABLE texts (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
    """,
)

SHORT = 200  # characters of a program or an input that stands in its row; a longer one is in `texts`, once
NAMED = "sha256:"  # how the name of a text begins

COMPLETION = "text, reasoning, finish_reason, prompt_tokens, completion_tokens, seconds"


def completion(row: tuple[Any, ...]) -> Completion:
    """A completion from the columns of COMPLETION, and `estimated` where it stands behind them."""
    text, reasoning, reason, prompt, answer, seconds, *estimated = row
    return Completion(
        restored(text), restored(reasoning), FinishReason(reason), prompt, answer, seconds, any(estimated)
    )


def storable(text: str) -> str | bytes:
    """SQLite text is UTF-8; a text with lone surrogates is kept as bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def restored(value: str | bytes) -> str:
    """A text as it was before `storable`."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value
