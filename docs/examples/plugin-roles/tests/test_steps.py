"""The steps on virtual time."""

from rxsync_roles import Role, RoleVersion
from rxsync_roles.steps import complaint

from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, for_new_content, validate
from rxsync.testing import marbles


def version(name, *, new=None):
    content = RoleVersion(role=Role(name=name), version="1.0")
    file = DeclarativeArtifact(f"http://there/files/{name}-1.0.yml", f"{name}-1.0.yml")
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
