"""Where things are kept for this user, unless told otherwise."""

from pathlib import Path

from distinguo.errors import InputError


def cache() -> Path:
    """What costs only time when it is deleted. Raises InputError for a user without a home."""
    import platformdirs

    try:
        return Path(platformdirs.user_cache_dir("distinguo"))
    except RuntimeError as error:
        raise _homeless("XDG_CACHE_HOME") from error


def data() -> Path:
    """What is to stay. Raises InputError for a user without a home."""
    import platformdirs

    try:
        return Path(platformdirs.user_data_dir("distinguo"))
    except RuntimeError as error:
        raise _homeless("XDG_DATA_HOME") from error


def _homeless(variable: str) -> InputError:
    return InputError(f"this user has no home to keep files in: set HOME, or {variable}, to a folder")
