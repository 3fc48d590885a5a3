from __future__ import annotations

import pytest
from airflow.exceptions import AirflowException
from lakehouse import datagen


@pytest.fixture
def there(monkeypatch):
    said = []

    def answer(code, text=""):
        monkeypatch.setattr(datagen, "call", lambda command: (said.append(command), (code, text))[1])
        return said

    return answer


def test_a_type_is_one_command(there):
    said = there(0, "done")
    assert datagen.run.function("olt_metrics") == "done"
    assert said == ["run olt_metrics"]


@pytest.mark.parametrize(("code", "meaning"), [(3, "could not be sent"), (4, "buffer is full"), (2, "not allowed"), (77, "exit code 77")])
def test_what_went_wrong_is_said(there, code, meaning):
    there(code)
    with pytest.raises(AirflowException, match=meaning):
        datagen.run.function("olt_metrics")


@pytest.mark.parametrize(("code", "bad"), [(0, False), (1, False), (2, True), (3, True)])
def test_health_is_bad_from_2_on(there, code, bad):
    there(code, "text")
    if bad:
        with pytest.raises(AirflowException):
            datagen.health.function()
    else:
        assert datagen.health.function() == "text"
