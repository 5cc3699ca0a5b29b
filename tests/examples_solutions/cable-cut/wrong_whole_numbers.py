n, pieces = map(int, input().split())
cables = list(map(int, input().split()))
low, high = 0, max(cables)
while low < high:
    length = (low + high + 1) // 2
    if sum(cable // length for cable in cables) >= pieces:
        low = length
    else:
        high = length - 1
print(low)
