"""Real clients under kills, each a thread that does one request after another, repeats what was not
acknowledged as an SDK would, and remembers what was: what it may hold the service to afterwards."""

import contextlib
import random
import threading

import botocore.exceptions

PART_BYTES = 5 << 20  # the least that a part but the last may have
# A request that was not answered: the service was killed under it, or is not back yet.
UNANSWERED = (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError,
              botocore.exceptions.ResponseStreamingError)


class Kills:
    """What the clients know of the kills: whether the service is there, and when to end."""

    def __init__(self):
        self.up = threading.Event()
        self.over = threading.Event()
        self.answered = threading.Event()  # set at each acknowledgement


class Over(Exception):
    """The kills are over."""


class Client(threading.Thread):
    """One after another `step()`, until the kills are over."""

    def __init__(self, service, kills, seed, number):
        super().__init__(name=f"{type(self).__name__.lower()}-{number}")
        self.kills, self.random = kills, random.Random(f"{seed} {self.name}")
        # The keys stay those of the first start, and the port is the same after each.
        patient = {"connect_timeout": 60, "read_timeout": 60}
        self.s3 = service.client("s3", **patient)
        self.sagemaker = service.client("sagemaker", **patient)
        self.logs = service.client("logs", **patient)
        self.bucket = service.bucket
        self.service = service
        self.serial, self.in_flight = 0, False
        self.unanswered = set()  # serials
        self.error = None

    def run(self):
        try:
            while not self.kills.over.is_set():
                with contextlib.suppress(Over):
                    self.step()
        except BaseException as error:  # shown by the test
            self.error = error

    def once(self, call, **members):
        """One request: its answer, or None if there was none. A refusal is raised."""
        while not self.kills.up.wait(1):
            if self.kills.over.is_set():
                raise Over
        self.serial += 1
        self.in_flight = True
        try:
            answer = call(**members)
            if "Body" in answer:
                answer["Content"] = answer["Body"].read()
            self.kills.answered.set()
            return answer
        except UNANSWERED:
            self.unanswered.add(self.serial)
            return None
        finally:
            self.in_flight = False

    def until_answered(self, call, accepted=(), **members):
        """Repeats a request until it is acknowledged. After the first time an error named in
        `accepted` is an acknowledgement too: an earlier one had its effect."""
        first = True
        while True:
            if self.kills.over.is_set():
                raise Over
            try:
                answer = self.once(call, **members)
            except botocore.exceptions.ClientError as error:
                if first or error.response["Error"]["Code"] not in accepted:
                    raise
                return {}
            if answer is not None:
                return answer
            first = False


class Putter(Client):
    """Puts, replaces, deletes and reads objects, whole and in parts."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.objects = {}  # key -> the contents it may have; None: it may be absent
        self.numbers = 0

    def step(self):
        key = f"{self.name}/{self.random.randrange(40)}"
        choice = self.random.random()
        if choice < 0.6:
            self.change(key, self.body(), self.put)
        elif choice < 0.75:
            large = PART_BYTES if self.random.random() < 0.3 else 0
            self.change(key, self.body() + bytes(large), self.put_in_parts)
        elif choice < 0.85:
            self.change(key, None, self.delete)
        else:
            self.read(key)

    def change(self, key, content, how):
        before = self.objects.get(key, {None})
        self.objects[key] = before | {content}  # until it is acknowledged, either
        how(key, content)
        self.objects[key] = {content}

    def body(self):
        """Contents that are all different, most of them small."""
        self.numbers += 1
        unique = f"{self.name} {self.numbers} ".encode()
        return unique + self.random.randbytes(self.random.choice((0, 100, 20_000, 300_000)))

    def put(self, key, content):
        self.until_answered(self.s3.put_object, Bucket=self.bucket, Key=key, Body=content)

    def delete(self, key, _):
        self.until_answered(self.s3.delete_object, Bucket=self.bucket, Key=key)

    def put_in_parts(self, key, content):
        """An upload goes on after a kill: its id and its acknowledged parts are still there."""
        where = {"Bucket": self.bucket, "Key": key}
        upload = self.until_answered(self.s3.create_multipart_upload, **where)["UploadId"]
        parts = [content[at:at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
        numbered = list(enumerate(parts, 1))
        self.random.shuffle(numbered)
        done = []
        for number, part in numbered:
            answer = self.until_answered(self.s3.upload_part, **where, UploadId=upload,
                                         PartNumber=number, Body=part)
            done.append({"PartNumber": number, "ETag": answer["ETag"]})
        done.sort(key=lambda part: part["PartNumber"])
        self.until_answered(self.s3.complete_multipart_upload, **where, UploadId=upload,
                            accepted={"NoSuchUpload"}, MultipartUpload={"Parts": done})

    def read(self, key):
        try:
            answer = self.once(self.s3.get_object, Bucket=self.bucket, Key=key)
        except self.s3.exceptions.NoSuchKey:
            answer = {"Content": None}
        if answer is not None:
            may = self.objects.get(key, {None})
            assert answer["Content"] in may, f"{key} is not what was put"
            self.objects[key] = {answer["Content"]}  # what was seen once stays


class Trainer(Client):
    """Creates, tags, stops, describes jobs and reads their logs."""

    script = ("echo ran $TOKEN; echo $TOKEN > /opt/ml/model/token; sleep 0.{tenths}; "
              "echo ended $TOKEN")

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.jobs = {}  # name -> Job
        self.alive = []

    def step(self):
        if len(self.alive) < 3:
            return self.create()
        job = self.random.choice(self.alive)
        choice = self.random.random()
        if choice < 0.35:
            self.tag(job)
        elif choice < 0.45:
            self.stop(job)
        elif choice < 0.6:
            self.read_log(job)
        else:
            self.describe(job)

    def create(self):
        name = f"{self.name}-{len(self.jobs) + 1}"
        job = self.jobs[name] = Job(name)
        request = self.service.request(
            self.script.format(tenths=self.random.randrange(1, 8)), TrainingJobName=name,
            Environment={"TOKEN": name}, Tags=[{"Key": "first", "Value": name}])
        self.until_answered(self.sagemaker.create_training_job, **request,
                            accepted={"ResourceInUse"})
        job.tags["first"] = {name}
        job.acknowledged = True
        self.alive.append(job)

    def tag(self, job):
        key, value = f"k{self.random.randrange(5)}", str(self.serial)
        job.tags[key] = job.tags.get(key, {None}) | {value}
        self.until_answered(self.sagemaker.add_tags, Tags=[{"Key": key, "Value": value}],
                            ResourceArn=self.arn(job))
        job.tags[key] = {value}

    def arn(self, job):
        where = f"{self.service.region}:{self.service.account}"
        return f"arn:aws:sagemaker:{where}:training-job/{job.name}"

    def stop(self, job):
        job.stop_asked = True
        with contextlib.suppress(self.sagemaker.exceptions.ClientError):  # it has ended
            self.until_answered(self.sagemaker.stop_training_job, TrainingJobName=job.name)
            job.stop_acknowledged = True

    def describe(self, job):
        answer = self.once(self.sagemaker.describe_training_job, TrainingJobName=job.name)
        if answer and answer["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"):
            job.seen = answer["TrainingJobStatus"]
            self.alive.remove(job)

    def read_log(self, job):
        group = "/aws/sagemaker/TrainingJobs"
        streams = self.once(self.logs.describe_log_streams, logGroupName=group,
                            logStreamNamePrefix=job.name + "/")
        for stream in (streams or {"logStreams": []})["logStreams"]:
            page = self.once(self.logs.get_log_events, logGroupName=group, startFromHead=True,
                             logStreamName=stream["logStreamName"])
            if page:
                job.lines_seen = [event["message"] for event in page["events"]]


class Job:
    def __init__(self, name):
        self.name = name
        self.acknowledged = False
        self.tags = {}  # key -> the values it may have; None: it may be absent
        self.stop_asked = self.stop_acknowledged = False
        self.seen = None  # a terminal status, once one was described
        self.lines_seen = []
