from hypothesis import given
from hypothesis import strategies as st

from distinguo.datasets.spool import Spool


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=5).filter(lambda text: text.isprintable()))))
def test_a_tasks_texts_come_back_in_their_order(added: list[tuple[str, str]]) -> None:
    with Spool() as spool:
        for task_id, text in added:
            spool.add(task_id, text)
        for task_id in "abcd":
            expected = [text for other, text in added if other == task_id]
            assert list(spool.read(task_id)) == expected
            assert spool.count(task_id) == len(expected)
        assert len(spool) == len(added)
