"""Errors in the shape that AppSync's clients read, where requested."""

from tests.service import Service


def test_error_shape_header_gives_errors_in_the_shape_of_appsync(service: Service) -> None:
    body = {"query": '{ user(id: "user_x") { id } }'}
    answer = service.client.post(service.url, json=body, headers={"x-error-shape": "appsync"})
    (error,) = answer.json()["errors"]
    assert (error["errorType"], error["errorCode"]) == ("UnauthorizedException", 401)
    assert error["errorInfo"] == {"requestId": error["extensions"]["requestId"]}
    (plain,) = service.post(body["query"]).json()["errors"]
    assert plain.keys() == error.keys() - {"errorType", "errorCode", "errorInfo"}
