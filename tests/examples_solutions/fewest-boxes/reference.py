def fewest_boxes(sizes: list[int], amount: int) -> int:
    impossible = amount + 1
    fewest = [0] + [impossible] * amount
    for grams in range(1, amount + 1):
        fewest[grams] = min([fewest[grams - size] + 1 for size in sizes if size <= grams], default=impossible)
    return fewest[amount] if fewest[amount] < impossible else -1
