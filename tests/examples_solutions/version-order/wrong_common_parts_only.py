def compare(a: str, b: str) -> int:
    for left, right in zip(a.split("."), b.split("."), strict=False):
        if int(left) != int(right):
            return -1 if int(left) < int(right) else 1
    return 0
