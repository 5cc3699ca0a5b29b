from itertools import combinations_with_replacement


def fewest_boxes(sizes: list[int], amount: int) -> int:
    for boxes in range(amount // min(sizes) + 1):
        if any(sum(chosen) == amount for chosen in combinations_with_replacement(sizes, boxes)):
            return boxes
    return -1
