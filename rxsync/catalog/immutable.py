"""The database itself refuses to change a version that exists: triggers, made with the tables.

Floor 3, catalog. Against mistakes, of ours and of whoever writes SQL by hand. What is in a version is what intervals
hold its number; so a row of membership may come, move or go wherever no version has a row in the numbers that it gains
or loses. Runs open and close intervals at a number that no version has yet; what is folded away lies between those that
are left. Why, and what it costs, is in ``docs/decisions/0010-versions-by-folding.md``.
"""

from __future__ import annotations

from collections.abc import Iterator

from peewee import Database, SqliteDatabase

_WHAT = {
    "membership": "this would change what is in one that exists",
    "facts": "of one that exists only added and removed can change",
    "number": "a new one takes the number after all that were ever given",
    "newest": "the newest cannot be deleted",
    "last": "last_version never decreases, since numbers are not reused",
}

_FACTS = ("id", "repository_id", "number", "created", "run_id", "present", "skipped")

_NEVER = 1 << 62
"""A number that no version comes to."""

_LAST = "(SELECT last_version FROM repository WHERE id = {row}.repository_id)"


def guard(database: Database) -> None:
    """Make the triggers, in a database whose tables are new.

    Raises:
        PeeweeException: the database refused.
    """
    for sql in _sqlite() if isinstance(database, SqliteDatabase) else _postgresql():
        database.execute_sql(sql)


def _said(what: str) -> str:
    return f"versions are immutable: {_WHAT[what]}"


def _sqlite() -> Iterator[str]:
    """Before each row. Made of constants: nothing of a user's is in here."""

    def any_in(row: str, low: str, high: str) -> str:
        return f"""EXISTS (
            SELECT 1 FROM repository_version
            WHERE repository_id = {row}.repository_id AND number >= {low} AND number < {high})"""

    old, new = (f"coalesce({row}.version_removed, {_NEVER})" for row in ("OLD", "NEW"))
    moved = f"""OLD.repository_id <> NEW.repository_id OR OLD.content_id <> NEW.content_id
        OR {any_in("OLD", "min(OLD.version_added, NEW.version_added)", "max(OLD.version_added, NEW.version_added)")}
        OR {any_in("OLD", f"min({old}, {new})", f"max({old}, {new})")}"""
    wrong = f"NEW.number IS NOT {_LAST.format(row='NEW')} OR {any_in('NEW', 'NEW.number', str(_NEVER))}"
    for name, event, condition in (
        ("membership", "INSERT ON repository_content", any_in("NEW", "NEW.version_added", new)),
        ("membership", "DELETE ON repository_content", any_in("OLD", "OLD.version_added", old)),
        ("membership", "UPDATE ON repository_content", moved),
        ("facts", "UPDATE ON repository_version", " OR ".join(f"OLD.{fact} IS NOT NEW.{fact}" for fact in _FACTS)),
        ("number", "INSERT ON repository_version", wrong),
        ("newest", "DELETE ON repository_version", f"OLD.number = {_LAST.format(row='OLD')}"),
        ("last", "UPDATE ON repository", "NEW.last_version < OLD.last_version"),
    ):
        trigger = f"immutable_{name}_{event.split()[0].lower()}"
        refuse = f"SELECT RAISE(ABORT, '{_said(name)}');"
        yield f"CREATE TRIGGER {trigger} BEFORE {event} WHEN {condition} BEGIN {refuse} END"


def _postgresql() -> Iterator[str]:
    """Likewise; membership is looked at once a statement, since a call for each of 100,000 rows would be felt."""

    def any_in(ranges: str) -> str:
        return f"""EXISTS (
            SELECT 1 FROM (SELECT DISTINCT repository_id, low, high FROM ({ranges}) every) one
            JOIN repository_version v USING (repository_id) WHERE v.number >= one.low AND v.number < one.high)"""

    def end(row: str) -> str:
        return f"coalesce({row}.version_removed, {_NEVER})"

    touched = f"SELECT repository_id, version_added AS low, {end('touched')} AS high FROM touched"
    # A row that is another's now has no partner: then it has lost all of its numbers, and more.
    moved = f"""
        SELECT repository_id, low, high FROM was LEFT JOIN became USING (id, repository_id, content_id)
        CROSS JOIN LATERAL (VALUES
            (least(was.version_added, became.version_added), CASE WHEN became.version_added IS NULL THEN {_NEVER}
                ELSE greatest(was.version_added, became.version_added) END),
            (least({end("was")}, {end("became")}), greatest({end("was")}, {end("became")}))) changed (low, high)
        WHERE low < high"""
    taken = f"SELECT NEW.repository_id, NEW.number AS low, {_NEVER} AS high"
    row, every = "FOR EACH ROW", "FOR EACH STATEMENT"
    new, old = f"REFERENCING NEW TABLE AS touched {every}", f"REFERENCING OLD TABLE AS touched {every}"
    update = f"REFERENCING OLD TABLE AS was NEW TABLE AS became {every}"
    for name, event, how, condition, answer in (
        ("membership", "AFTER INSERT ON repository_content", new, any_in(touched), "NULL"),
        ("membership", "AFTER DELETE ON repository_content", old, any_in(touched), "NULL"),
        ("membership", "AFTER UPDATE ON repository_content", update, any_in(moved), "NULL"),
        ("facts", "BEFORE UPDATE ON repository_version", row,
         " OR ".join(f"OLD.{fact} IS DISTINCT FROM NEW.{fact}" for fact in _FACTS), "NEW"),
        ("number", "BEFORE INSERT ON repository_version", row,
         f"NEW.number IS DISTINCT FROM {_LAST.format(row='NEW')} OR {any_in(taken)}", "NEW"),
        ("newest", "BEFORE DELETE ON repository_version", row, f"OLD.number = {_LAST.format(row='OLD')}", "OLD"),
        ("membership", "BEFORE TRUNCATE ON repository_content", every, "TRUE", "NULL"),
        ("newest", "BEFORE TRUNCATE ON repository_version", every, "TRUE", "NULL"),
        ("last", "BEFORE UPDATE ON repository", row, "NEW.last_version < OLD.last_version", "NEW"),
    ):  # fmt: skip
        trigger = f"immutable_{name}_{event.split()[1].lower()}"
        # The path is that of the tables, whatever that of whoever changes them.
        yield f"""
            CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
            BEGIN
                IF {condition} THEN
                    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = '{_said(name)}';
                END IF;
                RETURN {answer};
            END $$"""
        yield f"CREATE TRIGGER {trigger} {event} {how} EXECUTE FUNCTION {trigger}()"
