def main() -> None:
    n, time, a, c, m = map(int, input().split())
    times = []
    for _ in range(n):
        times.append(time)
        time = (a * time + c) % m
    rank = {value: place for place, value in enumerate(sorted(set(times)), 1)}
    seen = [0] * (len(rank) + 1)  # a Fenwick tree: how many earlier runners have each rank
    overtakes = 0
    for before, value in enumerate(times):
        place = rank[value]
        not_later = 0
        while place:
            not_later += seen[place]
            place &= place - 1
        overtakes += before - not_later
        place = rank[value]
        while place < len(seen):
            seen[place] += 1
            place += place & -place
    print(overtakes)


main()
