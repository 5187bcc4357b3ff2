"""Where rows are kept: ``--database``, its variable, and what is refused."""

import pytest

SECRET = "lovelace"


def shown(done):
    return done.out + done.err


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ada:{SECRET}@127.0.0.1:1/db",
        f"postgresql://ada:{SECRET}/@127.0.0.1:1/db",
        f"postgresql://127.0.0.1:1/db?user=ada&password={SECRET}",
    ],
)
def test_a_password_on_the_command_line_is_refused_and_not_repeated(rxsync, url):
    for words in (("--database", url, "repository", "list"), ("repository", "list", f"--database={url}", "-v")):
        done = rxsync(*words)
        assert done.code == 2
        error = next(line for line in done.err.splitlines() if line.startswith("error: "))
        assert "PGPASSWORD or ~/.pgpass" in error
        assert SECRET not in shown(done)


def test_a_url_of_another_kind_is_refused(rxsync, folder):
    done = rxsync("sync", folder, "--repository", "r", "--database", "mysql://host/db", "--json")
    assert (done.code, done.json["error"]["kind"]) == (2, "UsageError")
    assert done.json["error"]["message"] == "mysql://host/db is no database URL: expected postgresql://HOST/DATABASE"


def test_a_server_that_does_not_answer_is_exit_code_7_and_no_secret_is_shown(rxsync, folder, home, monkeypatch):
    pytest.importorskip("psycopg")
    monkeypatch.setenv("RXSYNC_DATABASE", f"postgresql://ada:{SECRET}@127.0.0.1:1/db?password={SECRET}")
    for words in (("repository", "list", "-v"), ("sync", folder, "--repository", "r", "-v", "--json")):
        done = rxsync(*words)
        assert done.code == 7
        assert "error: postgresql://127.0.0.1:1/db: connection " in done.err
        assert SECRET not in shown(done)
    assert done.json["error"]["transient"] is True
    assert not (home / "rxsync.db").exists()


def test_the_option_goes_before_its_variable(rxsync, monkeypatch):
    monkeypatch.setenv("RXSYNC_DATABASE", "mysql://variable/db")
    assert "mysql://option/db is no" in rxsync("repository", "list", "--database", "mysql://option/db").err
    assert "mysql://variable/db is no" in rxsync("repository", "list").err
