"""Which partitions are whose."""

from hypothesis import given
from hypothesis import strategies as st

from collector.consume.shares import PARTITIONS, share_of

MEMBERS = st.lists(st.uuids().map(lambda member: member.hex), min_size=1, max_size=25, unique=True)


@given(MEMBERS)
def test_each_partition_is_one_member_s(members: list[str]) -> None:
    shares = [share_of(member, members) for member in members]
    assert sum(map(len, shares)) == len(PARTITIONS)
    assert set().union(*shares) == set(PARTITIONS)


@given(MEMBERS)
def test_no_member_holds_more_than_one_more_than_another(members: list[str]) -> None:
    sizes = [len(share_of(member, members)) for member in members]
    assert max(sizes) - min(sizes) <= 1


@given(MEMBERS)
def test_the_order_in_which_members_are_listed_does_not_matter(members: list[str]) -> None:
    own = members[0]
    assert share_of(own, members) == share_of(own, sorted(members, reverse=True))


def test_who_is_not_listed_holds_nothing() -> None:
    assert share_of("me", ["you"]) == set()
    assert share_of("me", []) == set()


def test_both_streams_are_shared_out() -> None:
    assert {partition.stream for partition in PARTITIONS} == {"CT_EVENTS", "CT_REPLAYS"}
    assert len(PARTITIONS) == 17
