from itertools import zip_longest


def compare(a: str, b: str) -> int:
    for left, right in zip_longest(a.split("."), b.split("."), fillvalue="0"):
        if int(left) != int(right):
            return -1 if int(left) < int(right) else 1
    return 0
