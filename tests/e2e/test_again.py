"""A transaction that PostgreSQL gives up in the middle of a sync is run again, with the hooks in it."""

import rxsync


async def test_a_sync_comes_through_serialization_failures_with_every_unit_once(postgresql, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(40):
        (source / f"{number}").write_text(f"{number}")
    failed = []

    def fail(batch, tx):
        if len(failed) < 3:
            failed.append(len(batch))
            tx.connection.execute("DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40001'; END $$")

    repository = rxsync.open(tmp_path / "home", postgresql).repository("r")
    report = await rxsync.sync(
        str(source), repository, amend=lambda recipe: recipe.hook("save_content", post_save=fail)
    )
    assert len(failed) == 3
    assert report.balances
    assert (report.version, report.declared, report.new, report.known) == (1, 40, 40, 0)
    assert len(await repository.units()) == 40
    again = await rxsync.sync(str(source), repository)
    assert (again.version, again.created, again.known) == (1, False, 40)
