class Solution:
    def free_slots(self, opening: int, closing: int, busy: list[list[int]]) -> list[list[int]]:
        free = []
        now = opening
        for start, end in sorted(busy):
            if start > now and now < closing:
                free.append([now, min(start, closing)])
            now = max(now, end)
        if now < closing:
            free.append([now, closing])
        return free
