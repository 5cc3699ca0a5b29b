from bisect import bisect_left, insort

n, time, a, c, m = map(int, input().split())
seen: list[int] = []
overtakes = 0
for _ in range(n):
    overtakes += len(seen) - bisect_left(seen, time)
    insort(seen, time)
    time = (a * time + c) % m
print(overtakes)
