"""Each constraint of the model, broken by a request of its own, in the service's words."""

import pytest

import service as services
from model_rules import BY_FORM, INSTANCE_TYPE, faulty, violations, wrongly_typed
from refusals import state_of
from signed_http import Caller

OPERATIONS = ["CreateTrainingJob", "DescribeTrainingJob", "ListTrainingJobs", "StopTrainingJob",
              "AddTags", "ListTags"]
# Fewer than these would mean that the generator has lost some.
LEAST = {"CreateTrainingJob": 380, "ListTrainingJobs": 10, "AddTags": 9, "ListTags": 5}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One in which nothing else happens."""
    with services.running(tmp_path_factory.mktemp("constraints")) as running:
        running.job(TrainingJobName="there")
        yield running


def input_of(service, operation):
    return service.client("sagemaker").meta.service_model.operation_model(operation).input_shape


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_violated_constraint(service, operation):  # SEMANTICS A2, A4
    shape = input_of(service, operation)
    before = state_of(service)
    caller, told = Caller(service), set()
    for request in faulty(shape):
        found = violations(shape, request)
        assert found, request
        number = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        answer = caller.call(operation, request)
        assert answer.error == ("ValidationException", 400, number + "; ".join(found))
        told.update(found)
    assert len(told) >= LEAST.get(operation, 3)
    assert state_of(service) == before


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_wrong_type(service, operation):  # SEMANTICS A5
    words = "The request body has a member of the wrong type: '{}' must be "
    before = state_of(service)
    caller, told = Caller(service), set()
    for request, path in wrongly_typed(input_of(service, operation)):
        if not path:
            continue  # a whole request that is no structure: errors_test.py
        code, status, message = caller.call(operation, request).error
        assert (code, status) == ("SerializationException", 400)
        assert message.startswith(words.format(".".join(path)))
        told.add(message)
    assert len(told) >= LEAST.get(operation, 1) // 3
    assert state_of(service) == before


def test_a_new_instance_type_is_taken_by_its_form(service):  # SEMANTICS J38
    assert BY_FORM["TrainingInstanceType"] == INSTANCE_TYPE
    resources = {"InstanceType": "ml.m99.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    assert service.job(ResourceConfig=resources)["TrainingJobStatus"] == "Completed"


def test_several_violations_are_counted_and_told_at_once(service):  # SEMANTICS A4
    code, status, message = Caller(service).call(
        "ListTrainingJobs", {"MaxResults": 0, "SortBy": "Colour"}).error
    assert (code, status) == ("ValidationException", 400)
    assert message == (
        "2 validation errors detected: Value '0' at 'maxResults' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1; Value 'Colour' at 'sortBy' failed to "
        "satisfy constraint: Member must satisfy enum value set: [Name, CreationTime, Status]")


def test_the_refusal_of_very_many_has_an_end(service):  # SEMANTICS A4
    code, status, message = Caller(service).call("AddTags", {
        "ResourceArn": "x" * 20, "Tags": [{}] * 100_000}).error
    assert (code, status) == ("ValidationException", 400)
    assert message.startswith("100 validation errors detected: ")
