"""What a refused request must not do, and how a client sees the refusal."""

import botocore.exceptions
import pytest


def state_of(service):
    """All that a request could change: jobs, their tags, buckets, objects, logs."""
    sagemaker, s3 = service.client("sagemaker"), service.client("s3")
    pages = sagemaker.get_paginator("list_training_jobs").paginate()
    jobs = [job for page in pages for job in page["TrainingJobSummaries"]]
    tags = {job["TrainingJobName"]:
            sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] for job in jobs}
    objects = {bucket["Name"]: [(o["Key"], o["ETag"], o["LastModified"]) for o in
                                s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])]
               for bucket in s3.list_buckets()["Buckets"]}
    return jobs, tags, objects


def refusal(service, call, *arguments, **members):
    """(code, HTTP status, message) of a call that is refused and changes nothing."""
    before = state_of(service)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **members)
    assert state_of(service) == before
    response = caught.value.response
    assert response["ResponseMetadata"].get("RequestId"), response
    return (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"],
            response["Error"]["Message"])
