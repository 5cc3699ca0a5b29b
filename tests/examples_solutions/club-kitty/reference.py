import sys


def main() -> None:
    totals: dict[str, int] = {}
    for line in sys.stdin.read().splitlines()[1:]:
        name, amount = line.split()
        totals[name] = totals.get(name, 0) + int(amount)
    rows = sorted((-total, name) for name, total in totals.items() if total)
    print("\n".join(f"{name} {-total}" for total, name in rows) or "settled")


main()
