"""What an error of Cognito means for who asked: none reveals whether an address has an account."""

import logging
from typing import NoReturn

from milequest.rules.errors import ErrorCode, Refused, invalid
from milequest.store.aws.retries import AwsError

log = logging.getLogger("milequest.cognito")

WRONG = {"NotAuthorizedException", "UserNotFoundException", "PasswordResetRequiredException"}
BAD_CODE = {  # all alike, as a difference would reveal an account
    *("CodeMismatchException", "ExpiredCodeException", "NotAuthorizedException", "UserNotFoundException"),
    *("UserNotConfirmedException", "TooManyFailedAttemptsException", "LimitExceededException", "AliasExistsException"),
}
TOO_SIMPLE = {"InvalidPasswordException", "PasswordHistoryPolicyViolationException"}
NOT_GOOD = "This refresh token is not good any more."
OVER = {"NotAuthorizedException", "InvalidParameterException", "UnsupportedTokenTypeException", "UserNotFoundException"}
UNSENT = {"CodeDeliveryFailureException", "InvalidEmailRoleAccessPolicyException"}  # only who has an account is mailed
NEUTRAL = {
    *UNSENT,
    *("UserNotFoundException", "InvalidParameterException", "LimitExceededException"),
    *("UserNotConfirmedException", "NotAuthorizedException"),
}


def wrong_code() -> Refused:
    """Return the refusal of a code, whatever the reason."""
    return Refused(
        ErrorCode.CODE_INVALID, "This code is wrong or too old, or of another request, or the address has an account."
    )


def refuse_code(error: AwsError) -> None:
    """Raise CODE_INVALID for an invalid code, whatever the reason."""
    if error.code in BAD_CODE:
        raise wrong_code() from None


def refuse_simple(error: AwsError, path: str) -> None:
    """Raise VALIDATION_ERROR if the user pool's policy wants another password."""
    if error.code in TOO_SIMPLE:
        raise invalid(path, "MALFORMED", "the password is too simple, or was used before") from None


def ignore_if_revealing(error: AwsError) -> None:
    """Ignore an error that would reveal an account. Raises UNAVAILABLE for any other.

    That mail cannot be sent the operator has to know.
    """
    if error.code not in NEUTRAL:
        unavailable(error)
    if error.code in UNSENT:
        log.error("Cognito could not mail a code: %s", error.code)


def unavailable(error: Exception) -> NoReturn:
    """Raise UNAVAILABLE: the same call may be good in a moment."""
    message = "Signing up and in is not possible at the moment; try again."
    raise Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=1) from error
