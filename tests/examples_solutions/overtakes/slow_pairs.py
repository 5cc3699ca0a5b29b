n, time, a, c, m = map(int, input().split())
times = []
for _ in range(n):
    times.append(time)
    time = (a * time + c) % m
print(sum(times[i] > times[j] for i in range(n) for j in range(i + 1, n)))
