"""Signatures are bit for bit what AWS's own library makes: its documented example, and two that it signed for us."""

from datetime import UTC, datetime

from milequest.store.aws.signing import Credentials, Signer

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_signature_of_the_documented_aws_example_is_exact() -> None:
    signer = Signer("us-east-1", "service")
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    signed = signer.sign(Credentials(KEY, SECRET), "GET", "/", {"host": "example.amazonaws.com"}, b"", at)
    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )
    assert signed["x-amz-date"] == "20150830T123600Z"


def test_signature_of_a_roles_dynamodb_call_is_exact() -> None:
    signer = Signer("us-east-1", "dynamodb")
    headers = {
        "host": "dynamodb.us-east-1.amazonaws.com",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.GetItem",
    }
    signed = signer.sign(Credentials(KEY, SECRET, "SESSION"), "POST", "/", headers, b'{"TableName":"live"}', NOON)
    assert signed["authorization"].endswith(
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
        "Signature=5dbcf18e2f1f209da08cba07a154fe0dc867485414e5648ebd1c2f5d68235bf5"
    )
    assert signed["x-amz-security-token"] == "SESSION"


def test_a_connections_id_is_quoted_once_where_it_is_sent_and_twice_where_it_is_signed() -> None:
    signer = Signer("us-east-1", "execute-api")
    headers = {"host": "abc.execute-api.us-east-1.amazonaws.com"}
    signed = signer.sign(
        Credentials(KEY, SECRET), "POST", "/live/@connections/L0SM9cOFvHcCIhw%3D", headers, b"hello", NOON
    )
    assert signed["authorization"].endswith("96bbec390fa8feccbe7e983f634c53b4be4db615ff2721685a036699fd8401d9")


def test_repr_of_credentials_shows_no_secret() -> None:
    shown = repr(Credentials(KEY, SECRET, "SESSION"))
    assert SECRET not in shown
    assert "SESSION" not in shown
