"""CloudWatch Logs as boto3 reads them: streams in pages, groups by name and by ARN, events found."""

import sqlite3
import struct

import botocore.exceptions
import pytest

from service import SANITIZED

GROUP = "/aws/sagemaker/TrainingJobs"
EVENT = 262_144  # bytes, the longest


@pytest.fixture(scope="module")
def logs(service):
    return service.client("logs", parameter_validation=False)


def stream_of(logs, job):
    found = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=job + "/")
    assert "nextToken" not in found  # the SDK would ask for ever
    return found["logStreams"][0]["logStreamName"]


def refused(code, call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        call(**arguments)
    assert refusal.value.response["Error"]["Code"] == code


def pages(call, **arguments):
    """The answers, by nextToken to their end."""
    while True:
        page = call(logGroupName=GROUP, **arguments)
        yield page
        if "nextToken" not in page:
            return
        arguments["nextToken"] = page["nextToken"]


def found(logs, **arguments):
    return [event for page in pages(logs.filter_log_events, **arguments) for event in page["events"]]


def said(events):
    """Their messages, without Trainyard's own lines."""
    return [e["message"] for e in events if not e["message"].startswith("[trainyard]")]


# -- FilterLogEvents ----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def job(service):
    """A job whose log has something to find."""
    return service.job('echo "epoch 1 loss: 0.5"; echo "epoch 2 loss: 0.25 DEBUG"; '
                       'echo "loss of Epoch 3"; echo done')["TrainingJobName"]


@pytest.mark.parametrize("pattern, lines", [
    ("", [1, 2, 3, 4]), ("loss", [1, 2, 3]), ("LOSS", []), ("loss epoch", [1, 2]),
    ('"loss: 0.25"', [2]), ('"epoch loss"', []), ("loss -DEBUG", [1, 3]), ('loss -"of E"', [1, 2]),
    ("-loss", [4]), ("?done ?Epoch", [3, 4])])
def test_words_and_phrases_are_found(logs, job, pattern, lines):  # SEMANTICS L12
    all_lines = ["epoch 1 loss: 0.5", "epoch 2 loss: 0.25 DEBUG", "loss of Epoch 3", "done"]
    events = found(logs, logStreamNamePrefix=job + "/", filterPattern=pattern)
    assert said(events) == [all_lines[n - 1] for n in lines]


@pytest.mark.parametrize("pattern", ["{ $.loss = 1 }", "[a, b]", "%re%", "loss %re%", "loss ?done",
                                     '"no end', "loss -"])
def test_the_rest_of_the_filter_language_is_refused(logs, job, pattern):  # SEMANTICS L13
    refused("InvalidParameterException", logs.filter_log_events, logGroupName=GROUP,
            logStreamNamePrefix=job + "/", filterPattern=pattern)


def test_found_events_come_page_by_page_with_ids_that_stay(logs, job):  # SEMANTICS L12
    stream = stream_of(logs, job)
    whole = found(logs, logStreamNames=[stream])
    paged = found(logs, logStreamNames=[stream], limit=1)
    assert paged == whole and len(said(whole)) == 4
    assert len({e["eventId"] for e in whole}) == len(whole)
    assert found(logs, logStreamNames=[stream], filterPattern="Epoch") == \
        [e for e in whole if "Epoch" in e["message"]]
    for event in whole:
        assert event["logStreamName"] == stream


def test_a_time_range_has_its_last_millisecond_in_it(logs, job):
    events = found(logs, logStreamNamePrefix=job + "/")
    for n in {e["timestamp"] for e in events}:
        assert found(logs, logStreamNamePrefix=job + "/", startTime=n, endTime=n) == \
            [e for e in events if e["timestamp"] == n]


def test_streams_are_searched_one_after_the_other(service, logs):  # SEMANTICS L12, L13
    names = [service.job(f"echo needle {n}; echo hay", TrainingJobName=f"searched-{n}")
             ["TrainingJobName"] for n in (1, 2)]
    for limit in (1, 2, 10000):
        events = found(logs, logStreamNamePrefix="searched-", filterPattern="needle", limit=limit)
        assert said(events) == ["needle 1", "needle 2"]
    streams = [stream_of(logs, name) for name in names]
    assert said(found(logs, logStreamNames=[streams[1], streams[0], streams[1]],
                      filterPattern="needle")) == ["needle 1", "needle 2"]


def test_what_a_search_cannot_mean_is_refused(logs, job):
    for wrong in ({"logStreamNames": ["a"], "logStreamNamePrefix": "a"}, {"startFromHead": False},
                  {"nextToken": "x"}, {"nextToken": "@"}, {"nextToken": "a@-1"}):
        refused("InvalidParameterException", logs.filter_log_events, logGroupName=GROUP, **wrong)
    refused("ResourceNotFoundException", logs.filter_log_events, logGroupName=GROUP,
            logStreamNames=["there/is-none"])


# -- pages of events ----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def long_lines(service):
    """A job whose lines are longer than an event may be."""
    script = ("import sys\n"
              f"sys.stdout.write('x' * {EVENT - 1} + '\\ud55c' * 200000 + 'y' * 600000 + '\\n')\n"
              "sys.stdout.write('tail\\n' + 'z' * 300000)\n")
    return service.job(f"PYTHONIOENCODING=utf-8 python3 -c \"{script}\"")["TrainingJobName"]


def test_long_lines_are_cut_between_characters(service, long_lines):  # SEMANTICS L5
    events = service.lines(long_lines)
    tail = events.index("tail")
    assert "".join(events[:tail]) == "x" * (EVENT - 1) + "한" * 200_000 + "y" * 600_000
    assert "".join(events[tail + 1:]) == "z" * 300_000
    assert max(len(event.encode()) for event in events) <= EVENT
    assert len(events) < 20


@pytest.mark.parametrize("limit", [1, 2, 10000])
def test_pages_that_end_within_a_line_lose_no_byte(service, logs, long_lines, limit):  # SEMANTICS L5, L10
    events = service.lines(long_lines)
    stream = stream_of(logs, long_lines)
    assert said(found(logs, logStreamNames=[stream], limit=limit)) == events
    backward, token = [], {}
    while True:
        page = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, limit=limit, **token)
        if not page["events"]:
            break
        backward = page["events"] + backward
        token = {"nextToken": page["nextBackwardToken"]}
    assert said(backward) == events


def test_an_answer_has_about_a_megabyte(service, logs):  # SEMANTICS L12
    name = service.job("head -c 9000000 /dev/zero | tr '\\0' 'q' | fold -w 999; echo; echo end")[
        "TrainingJobName"]
    stream = stream_of(logs, name)
    one = {"logGroupName": GROUP, "logStreamName": stream}
    sizes = [sum(len(e["message"]) + 26 for e in page["events"]) for page in (
        *pages(logs.filter_log_events, logStreamNames=[stream]),
        logs.get_log_events(**one), logs.get_log_events(**one, startFromHead=True))]
    assert len(sizes) > 8 and max(sizes) < (1 << 20) + EVENT + 26
    assert said(found(logs, logStreamNames=[stream], filterPattern="end")) == ["end"]


# -- groups and streams -------------------------------------------------------------------------

def test_the_group_by_its_name_or_arn(service, logs, job):
    arn = f"arn:aws:logs:{service.region}:{service.account}:log-group:{GROUP}"
    stream = stream_of(logs, job)
    for identifier in (GROUP, arn):
        of = {"logGroupIdentifier": identifier}
        assert logs.describe_log_streams(**of)["logStreams"]
        assert logs.get_log_events(**of, logStreamName=stream)["events"]
        assert logs.filter_log_events(**of, logStreamNames=[stream])["events"]
        assert logs.describe_log_groups(logGroupIdentifiers=[identifier])["logGroups"]
    for other in ("/aws/other", arn.replace(service.account, "999999999999"), arn + "x"):
        refused("ResourceNotFoundException", logs.describe_log_streams, logGroupIdentifier=other)
        assert not logs.describe_log_groups(logGroupIdentifiers=[other])["logGroups"]
    for both_or_none in ({}, {"logGroupName": GROUP, "logGroupIdentifier": GROUP}):
        refused("InvalidParameterException", logs.describe_log_streams, **both_or_none)


def test_groups_by_prefix_and_pattern(logs):
    for filters, is_there in (({"logGroupNamePrefix": "/aws/"}, True),
                              ({"logGroupNamePattern": "TrainingJ"}, True),
                              ({"logGroupNamePattern": "trainingj"}, False),
                              ({"logGroupClass": "INFREQUENT_ACCESS"}, False)):
        assert bool(logs.describe_log_groups(**filters)["logGroups"]) == is_there
    refused("InvalidParameterException", logs.describe_log_groups, logGroupNamePrefix="/aws/",
            logGroupNamePattern="aws")


def write_streams(service, times):
    """Streams of jobs that are long over, with their last event at these milliseconds or with none."""
    with sqlite3.connect(service.data / "state/trainyard.db") as rows:
        for n, ms in enumerate(times):
            rows.execute("INSERT INTO log_stream VALUES (?,?,?,?,?)",
                         (f"{n:032x}", service.region, f"old-{n:04}/algo-1", f"{n:032x}.1.0", n))
            if ms is not None:
                directory = service.data / f"blobs/logs/{n:032x}.1.0"
                directory.mkdir(parents=True)
                (directory / "raw.log").write_bytes(b"first\nlast\n")
                (directory / "raw.idx").write_bytes(struct.pack("<QQQQ", 6, 1, 11, ms))


def test_more_streams_than_an_answer_has(own_service):  # SEMANTICS L11
    many = 211 if SANITIZED else 1103
    times = [(n * 7919) % many + 5 for n in range(many)] + [None]
    write_streams(own_service, times)
    logs = own_service.client("logs")
    names = [f"old-{n:04}/algo-1" for n in range(len(times))]
    time_of = dict(zip(names, times))
    by_time = sorted(names, key=lambda name: (time_of[name] or -1, name))
    assert len(logs.describe_log_streams(logGroupName=GROUP)["logStreams"]) == 50
    for order, expected in (("LogStreamName", names), ("LastEventTime", by_time)):
        for descending in (False, True):
            listed = [stream for page in pages(logs.describe_log_streams, orderBy=order,
                                               descending=descending, limit=49)
                      for stream in page["logStreams"]]
            assert [s["logStreamName"] for s in listed] == expected[::-1 if descending else 1]
            assert [s.get("lastEventTimestamp") for s in listed] == \
                [time_of[s["logStreamName"]] for s in listed]
    one = [page["logStreams"] for page in pages(logs.describe_log_streams, limit=50,
                                                logStreamNamePrefix="old-000", descending=True)]
    assert [s["logStreamName"] for page in one for s in page] == names[9::-1]
    refused("InvalidParameterException", logs.describe_log_streams, logGroupName=GROUP,
            orderBy="LastEventTime", nextToken="old-0001/algo-1")
