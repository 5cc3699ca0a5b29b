totals: dict[str, int] = {}
for _ in range(int(input())):
    name, amount = input().split()
    totals[name] = totals.get(name, 0) + int(amount)
for name, total in sorted(totals.items(), key=lambda row: (-row[1], row[0])):
    print(name, total)
