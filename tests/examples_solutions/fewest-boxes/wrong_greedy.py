def fewest_boxes(sizes: list[int], amount: int) -> int:
    boxes = 0
    for size in sorted(sizes, reverse=True):
        boxes += amount // size
        amount %= size
    return boxes if amount == 0 else -1
