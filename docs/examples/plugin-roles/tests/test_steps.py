"""The steps on virtual time."""

from rxsync_roles import Role, RolesPlugin, RoleVersion
from rxsync_roles.steps import complaint

from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, for_new_content, newest, validate
from rxsync.testing import marbles


def version(name, number="1.0", *, new=None):
    content = RoleVersion(role=Role(name=name), version=number)
    file = DeclarativeArtifact(f"http://there/files/{name}-{number}.yml", f"{name}-{number}.yml")
    unit = DeclarativeContent(content, [file])
    unit.new, file.body = new, object()
    return unit


def test_only_new_versions_are_asked_for_their_readme():
    a, b, c = version("a"), version("b", new=False), version("c")
    with marbles() as m:
        ask = m.effect("---x|")
        m.expect(m.hot("-abc------|", a=a, b=b, c=c).pipe(for_new_content(ask)), "--b-a-c---|", a=a, b=b, c=c)
    assert [unit for _, (unit,) in ask.calls] == [a, c]


def test_what_lint_complains_of_is_left_out_and_says_why():
    a, b = version("a"), version("b")
    with marbles() as m:
        lint = validate(lambda unit: complaint("tasks: []" if unit is a else "license: MIT"), "skip", name="lint")
        m.expect(m.hot("-ab--|", a=a, b=b).pipe(lint), "--b--|", b=b)
    assert (a.skipped.reason, a.skipped.step) == ("it has no license", "lint")


def test_the_newest_version_of_a_role_is_the_one_with_the_highest_number():
    old, new, other = version("a", "1.9"), version("a", "1.10"), version("b", "0.1")
    with marbles() as m:
        kept = newest(1, RolesPlugin().newest_by)
        m.expect(m.hot("-abc-|", a=new, b=old, c=other).pipe(kept), "-----(n,o,|)", n=new, o=other)
    assert old.filtered
