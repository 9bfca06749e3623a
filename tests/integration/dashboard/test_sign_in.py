"""Signing in: who may, how often one may try, and for how long it holds."""

from __future__ import annotations

from tests.integration.dashboard.dashboard import TOKEN, Dashboard


async def test_a_person_signs_in_sees_a_page_and_downloads_its_table(dashboard: Dashboard) -> None:
    sent_away = await dashboard.get("/?range=7d")
    assert (sent_away.status, sent_away.location) == (303, "/login?next=%2F%3Frange%3D7d")

    answer = await dashboard.request("POST", "/login", data={"token": TOKEN, "next": "/?range=7d"})
    assert (answer.status, answer.location) == (303, "/?range=7d")

    page = await dashboard.get("/?range=7d")
    assert page.status == 200
    assert "Channels" in page.text
    csv = await dashboard.get("/v1/reports/channels?range=7d&format=csv")
    assert csv.text.startswith("channel,sessions,")
