"""The contents of many events: each byte for byte what one event's content is."""

from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from recovery.audit.series import Series
from recovery.canonical import COMMITTED, OPEN, content_of, shown

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
details = st.dictionaries(texts, st.none() | st.integers(0, 9) | texts, max_size=3)
events = st.fixed_dictionaries(
    dict.fromkeys((*OPEN, *COMMITTED), texts)
    | {
        "detail": details,
        "at": st.just(timezone.now()),
        "salt": st.binary(min_size=16, max_size=16),
    }
)


@given(
    st.lists(events, min_size=1, max_size=4),
    st.lists(st.sampled_from((*OPEN, *COMMITTED)), unique=True),
)
def test_each_is_what_the_content_of_that_event_alone_is(several, varying):
    first, series = several[0], Series(several[0], varying=varying)

    for event in several:
        salt = event["salt"].hex()
        own = {name: event[name] for name in varying}
        values = [shown(own[name]) if name in COMMITTED else own[name] for name in varying]
        assert series.content(salt, values) == content_of(first | own | {"salt": salt})
