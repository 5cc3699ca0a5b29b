n, pieces = map(int, input().split())
cables = list(map(int, input().split()))
low, high = 0.0, float(max(cables))
for _ in range(30):
    length = (low + high) / 2
    if sum(cable // length for cable in cables) >= pieces:
        low = length
    else:
        high = length
print(high)
