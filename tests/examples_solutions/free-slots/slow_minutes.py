class Solution:
    def free_slots(self, opening: int, closing: int, busy: list[list[int]]) -> list[list[int]]:
        taken = set()
        for start, end in busy:
            taken.update(range(max(start, opening), min(end, closing)))
        free: list[list[int]] = []
        for minute in range(opening, closing):
            if minute not in taken:
                if free and free[-1][1] == minute:
                    free[-1][1] = minute + 1
                else:
                    free.append([minute, minute + 1])
        return free
