def compare(a: str, b: str) -> int:
    left, right = a.split("."), b.split(".")
    while len(left) < len(right):
        left.append("0")
    while len(right) < len(left):
        right.append("0")
    return (left > right) - (left < right)
