totals: dict[str, int] = {}
for _ in range(int(input())):
    name, amount = input().split()
    totals[name] = totals.get(name, 0) + int(amount)
rows = [(name, total) for name, total in totals.items() if total]
rows.sort(key=lambda row: -row[1])  # people with equal totals stay in the order of the input
for name, total in rows:
    print(name, total)
if not rows:
    print("settled")
