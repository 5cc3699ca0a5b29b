def fewest_boxes(sizes: list[int], amount: int) -> int:
    fewest = [0] + [amount] * amount
    for grams in range(1, amount + 1):
        for size in sizes:
            if size <= grams:
                fewest[grams] = min(fewest[grams], fewest[grams - size] + 1)
    return fewest[amount]
