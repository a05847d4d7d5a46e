"""Commands of the pipeline's builds. Each may be tried again: what is there already is kept."""

from typing import Final

RELEASE: Final = "release.zip"
SUITE: Final = "tests/end_to_end"
TESTER: Final = "end-to-end"  # a user of the pool, whom nobody can sign in as between two runs
ENVIRONMENT: Final = "ENVIRONMENT"  # the variable with its name

PUBLISH_ASSETS: Final = [
    "for assets in milequest-$ENVIRONMENT-*.assets.json; "
    "do npx --yes cdk-assets@4 publish --path $assets || exit 1; done"
]
CHECK: Final = ["make check"]
TEST: Final = [".ci/run"]
OWN: Final = [  # the operator's values of the environments, which are not in the repository
    'aws ssm get-parameter --name "$OWN_VALUES" --query Parameter.Value --output text > environments.toml'
]
PACKAGE: Final = [*OWN, "make package", "MILEQUEST_PACKAGES=$PWD/packages make synth", "cd cdk.out", *PUBLISH_ASSETS]
MIGRATE: Final = [  # CodePipeline's own step for functions would wait until the function reports to it, from the VPC
    'error=$(aws lambda invoke --cli-read-timeout 0 --function-name "$FUNCTION" --query FunctionError --output text '
    "answer.json)",
    "cat answer.json",
    'test "$error" = None',
]

LOGIN: Final = "aws ecr get-login-password | docker login --username AWS --password-stdin"
PUSHED: Final = (  # a tag is never moved, so a second try finds what the first one has pushed
    "pushed() { aws ecr describe-images --repository-name $REPOSITORY --image-ids imageTag=$tag "
    "--query 'imageDetails[0].imageDigest' --output text; }"
)
HAND_ON: Final = ["mkdir -p image", "pushed > image/digest"]


def image(*, telemetry: bool) -> list[str]:
    """Return the commands that build the servers' image of a commit, with telemetry's packages if they are wanted."""
    options = "--build-arg PACKAGES=telemetry " if telemetry else ""
    built = "$REGISTRY/$REPOSITORY:$tag"
    making = f"docker build {options}--tag {built} . && docker push {built}"
    commit = "tag=$CODEBUILD_RESOLVED_SOURCE_VERSION"
    return [commit, PUSHED, f"pushed || {{ {LOGIN} $REGISTRY && {making}; }}", *HAND_ON]


COPY: Final = [  # of the image that staging ran; its digest came with the release
    "digest=$(cat digest) && tag=${digest#sha256:}",
    PUSHED,
    f"pushed || {{ {LOGIN} ${{SOURCE%%/*}} && {LOGIN} $REGISTRY && docker pull $SOURCE@$digest && "
    "docker tag $SOURCE@$digest $REGISTRY/$REPOSITORY:$tag && docker push $REGISTRY/$REPOSITORY:$tag; }",
    *HAND_ON,
]
CHOOSE: Final = [
    "aws ssm put-parameter --region $REGION --overwrite --type String --name $PARAMETER "
    "--value $ACCOUNT.dkr.ecr.$REGION.amazonaws.com/$REPOSITORY@$(cat digest)",
]
DRIVE: Final = [
    "export MQ_END_TO_END_PASSWORD=Aa1-$(openssl rand -hex 16)",
    f'aws cognito-idp admin-create-user --user-pool-id "$POOL" --username {TESTER} --message-action SUPPRESS '
    "--user-attributes Name=email,Value=$MQ_END_TO_END_EMAIL Name=email_verified,Value=true "
    "|| echo 'It is there, or the next command fails.'",
    f'aws cognito-idp admin-set-user-password --user-pool-id "$POOL" --username {TESTER} --permanent '
    '--password "$MQ_END_TO_END_PASSWORD"',
    f"make test FOLDER={SUITE}",
]
RELEASED: Final = [
    "cp $CODEBUILD_SRC_DIR_image/digest .",
    f"zip -qr {RELEASE} .",
    f"aws s3 cp {RELEASE} s3://$RELEASES/{RELEASE}",
]
