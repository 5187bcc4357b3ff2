"""What is refused at this door: exit code 2, one clear line, and nothing was made."""

import pytest

from rxsync.pipeline.home import DATABASE

TO = ("--repository", "tools")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("sync", ".", *TO, "--plugin", "nope"), "no plugin 'nope'"),
        (("sync", ".", *TO, "--bogus"), "no such option '--bogus'"),
        (("sync", ".", *TO, "--newst", "3"), "no such option '--newst'. Did you mean '--newest'?"),
        (("snyc", "."), "no such command 'snyc'. Did you mean 'sync'?"),
        (("repository", "lst"), "no such command 'lst'. Did you mean 'list'?"),
        (("sync", ".", "..", *TO), "got unexpected extra argument (..)"),
        (("sync", "."), 'no repository "." in '),
        (("sync", *TO), "missing argument 'SOURCE'"),
        (("sync", "no/such/folder", *TO), "no/such/folder: no such folder, and no URL"),
        (("sync", "", *TO), "the source is empty"),
        (("sync", "ftp://127.0.0.1/", *TO), "ftp://127.0.0.1/: expected http, https or file, or a folder"),
        (("sync", "http:///PULP_MANIFEST", *TO), "it names no host"),
        (("sync", "http://[::1/", *TO), "it names no host"),
        (("sync", ".", "--repository", "../escape"), "'../escape' cannot name a repository"),
        (("sync", ".", "--repository", ""), "'' cannot name a repository"),
        (("sync", ".", *TO, "--max-delete", "120%"), "--max-delete '120%': expected at most 100%"),
        (("sync", ".", *TO, "--max-delete", "-1"), "--max-delete '-1'"),
        (("sync", ".", *TO, "--max-delete", "half"), "--max-delete 'half'"),
        (
            ("sync", ".", *TO, "--max-concurrent", "0"),
            "'--max-concurrent': \"0\": expected a whole number from 1, or auto",
        ),
        (
            ("sync", ".", *TO, "--max-concurrent", "many"),
            "'--max-concurrent': \"many\": expected a whole number from 1, or auto",
        ),
        (("sync", ".", *TO, "--rate", "20"), '"20": expected a number from above 0 with /s, /m or /h behind it'),
        (("sync", ".", *TO, "--rate", "0/s"), '"0/s": expected a number from above 0'),
        (("sync", ".", *TO, "--bwlimit", "10"), '"10": expected a size a second from above 0 with its unit'),
        (("sync", ".", *TO, "--bwlimit", "0"), '"0": expected a size a second from above 0'),
        (("sync", ".", *TO, "--retries", "-1"), "'--retries': -1 is not in the range x>=0"),
        (("sync", ".", *TO, "--mode", "delete"), "'delete' is not one of 'mirror', 'additive'"),
        (("sync", ".", *TO, "--policy", "never"), "'never' is not one of 'immediate', 'on_demand'"),
        (("repository", "list"), "is no home yet"),
        (("repository", "show", "tools"), "is no home yet"),
        (("repository", "delete", "tools"), "is no home yet"),
        (("version", "list", "tools"), "is no home yet"),
        (("version", "show", "tools", "1"), "is no home yet"),
        (("version", "diff", "tools"), "is no home yet"),
        (("version", "show", "tools", "1st"), "'1st' names no version: expected a number, a label, or a time"),
        (("version", "diff", "tools", "1"), "expected two versions, or none"),
        (("repository", "show", "a/b"), "'a/b' cannot name a repository"),
        (("manifest", "no/such/folder"), "'no/such/folder' does not exist"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_refused_in_one_line_and_makes_nothing(rxsync, home, args, says):
    done = rxsync(*args)
    error, *rest = done.err.splitlines()
    assert (done.code, done.out) == (2, "")
    assert error.startswith("error: ")
    assert says in error
    assert all(line.startswith("hint: ") for line in rest)
    assert len(rest) <= 1
    assert not home.exists()


def test_a_file_in_the_place_of_the_home_stays_as_it_is(rxsync, folder, home):
    home.write_text("mine")
    for args in (("sync", folder, *TO), ("repository", "list"), ("version", "list", "tools")):
        done = rxsync(*args)
        assert (done.code, done.err) == (2, f"error: {home} is a file: expected a folder, or nothing yet\n")
    assert home.read_text() == "mine"


@pytest.mark.parametrize("args", [("version", "show", "tools", "7"), ("version", "diff", "tools", "1", "7")])
def test_a_version_that_does_not_exist_is_named_with_those_that_do(rxsync, folder, args):
    rxsync("sync", folder, *TO)
    done = rxsync(*args)
    assert (done.code, done.err) == (2, "error: tools: no version 7; it has 0 to 1\n")


def test_reading_commands_write_nothing_into_a_folder_that_is_no_home(rxsync, home):
    home.mkdir()
    assert rxsync("version", "list", "tools").code == 2
    assert not (home / DATABASE).exists()
    assert list(home.iterdir()) == []


def test_without_a_command_help_goes_to_stderr(rxsync):
    done = rxsync()
    assert (done.code, done.out) == (2, "")
    assert "Commands:\n  sync " in done.err


@pytest.mark.parametrize(
    ("args", "schema"),
    [
        (("--json", "sync", "."), "rxsync.sync/1"),
        (("sync", "--bogus", ".", "--json"), "rxsync.sync/1"),
        (("sync", ".", *TO, "--plugin", "nope", "--json"), "rxsync.sync/1"),
        (("--bogus", "--json"), "rxsync.error/1"),
        (("--json",), "rxsync.error/1"),
        (("snyc", "--json"), "rxsync.error/1"),
        (("repository", "--json"), "rxsync.error/1"),
        (("repository", "lst", "--json"), "rxsync.error/1"),
        (("version", "list", "tools", "--json"), "rxsync.error/1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_with_json_misuse_is_one_object_too(rxsync, args, schema):
    told = rxsync(*args).json
    assert (told["schema"], told["exit_code"]) == (schema, 2)
    assert set(told["error"]) == {"kind", "message", "hint", "transient"}
    assert told["error"]["message"]
    assert schema == "rxsync.error/1" or (told["run"], told["version"], told["created"]) == (None, None, False)


@pytest.mark.parametrize(
    "source", ["https://127.0.0.1:1/a?token=s3cr3t", "nowhere/a?sig=s3cr3t&se=1", "ftp://h/a?token=s3cr3t"]
)
def test_the_signature_of_a_source_is_not_repeated(rxsync, home, source):
    for words in ((), ("--json",), ("-v",)):
        done = rxsync("sync", source, "--repository", "r", "--retries", "0", *words)
        assert done.code in (2, 4)
        assert "s3cr3t" not in done.out + done.err
    assert b"s3cr3t" not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
