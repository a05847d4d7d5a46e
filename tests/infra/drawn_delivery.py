"""Claims of the second and the sixth diagram: how pages are delivered, and how changes are."""

from collections.abc import Mapping, Sequence

from tests.infra.boxes import BRANCH, FIREWALL, PAGES_FIREWALL, PAGES_HOST, PIPELINE, SITE, STAGING, ZONE, built
from tests.infra.claims import ANYTHING, Claim, Those, box, follows, joined

STAGING_SITE = SITE.on_staging()
PREVIEWS = Those("web AWS::Amplify::Branch", "previews", environment="staging")
ON_MAIN = joined(BRANCH, {"AppId": SITE}, BranchName="main", Stage="PRODUCTION")
ON_STAGING = joined(BRANCH.on_staging(), {"AppId": STAGING_SITE}, BranchName="staging", Stage="BETA")
ON_REQUESTS = joined(PREVIEWS, {"AppId": STAGING_SITE}, EnablePullRequestPreview=True)
GUARDED = joined(PAGES_FIREWALL, {"WebACLArn": FIREWALL, "ResourceArn": SITE})
HOSTED = joined(PAGES_HOST, {"AppId": SITE, "SubDomainSettings.*.BranchName": BRANCH}, DomainName="mile-quest.com")

FRONT_END: Mapping[str, Sequence[Claim]] = {
    "DOMAIN": (box(ZONE, Name="mile-quest.com."),),
    "R53": (box(ZONE),),
    "AMP_PROD": (ON_MAIN,),
    "AMP_STAGE": (ON_STAGING,),
    "AMP_PR": (ON_REQUESTS,),
    "WAF": (GUARDED,),
    "GH": (box(SITE, Repository=ANYTHING),),
    "MAIN": (ON_MAIN,),
    "STAGE": (ON_STAGING,),
    "PR": (ON_REQUESTS,),
    "DOMAIN→R53": (box(ZONE, Name="mile-quest.com."),),
    "R53→AMP_PROD": (HOSTED,),
    "SHIELD→WAF": (GUARDED,),
    "MAIN→AMP_PROD": (ON_MAIN,),
    "STAGE→AMP_STAGE": (ON_STAGING,),
    "PR→AMP_PR": (ON_REQUESTS,),
}

ACTION = "Stages.*.Actions.*"
PROJECT = f"{ACTION}.Configuration.ProjectName"
CONNECTION = Those("account AWS::CodeConnections::Connection", environment="staging")
IMAGES = Those("pipeline AWS::ECR::Repository", environment="staging")
ARTIFACTS = Those("pipeline AWS::S3::Bucket", "artifacts", environment="staging")
RELEASES = Those("pipeline AWS::S3::Bucket", "artifacts")
STARTS = Those("pipeline AWS::Events::Rule", "starts")
GROUP = Those("api AWS::CodeDeploy::DeploymentGroup")
FROM_GITHUB = joined(STAGING, {f"{ACTION}.Configuration.ConnectionArn": CONNECTION})
CHECKED = joined(STAGING, {PROJECT: built("check")})
TESTED = joined(STAGING, {PROJECT: built("test")})
PACKED = (follows(STAGING, "Build", "Package"), joined(STAGING, {PROJECT: built("package")}))
PUSHED = (
    follows(STAGING, "Build", "Package"),
    joined(STAGING, {PROJECT: built("image")}),
    joined(built("image"), {"Environment.EnvironmentVariables.*.Value": IMAGES}),
)
CHOSEN = (follows(STAGING, "Package", "Deploy"), joined(STAGING, {PROJECT: built("choose-image")}))
STORED = joined(STAGING, {"ArtifactStores.*.ArtifactStore.Location": ARTIFACTS})
STACKS = {"Stages__ANY__Actions__ANY__ActionTypeId__Provider": "CloudFormation"}
DRIVEN = (follows(STAGING, "Deploy", "EndToEnd"), joined(STAGING, {PROJECT: built("end-to-end")}))
APPROVED = box(PIPELINE, Stages__ANY__Actions__ANY__ActionTypeId__Category="Approval")
SHIFTED = joined(
    Those("api AWS::Lambda::Alias", "Live"),
    {
        "UpdatePolicy.CodeDeployLambdaAliasUpdate.DeploymentGroupName": GROUP,
        "UpdatePolicy.CodeDeployLambdaAliasUpdate.BeforeAllowTrafficHook": Those(
            "api AWS::Lambda::Function", "-rehearsal-api$"
        ),
    },
)
TENTH = box(GROUP, DeploymentConfigName="CodeDeployDefault.LambdaCanary10Percent10Minutes", AlarmConfiguration=ANYTHING)

CHANGES: Mapping[str, Sequence[Claim]] = {
    "GH": (FROM_GITHUB,),
    "CB": (CHECKED, TESTED),
    "TESTS": (TESTED,),
    "LINT": (CHECKED,),
    "ECR": (box(IMAGES, ImageTagMutability="IMMUTABLE"),),
    "S3B": (STORED,),
    "CP_S": (follows(STAGING, "Source", "Build", "Package", "Migrate", "Deploy"),),
    "CFN_S": (box(STAGING, **STACKS),),
    "TEST_S": DRIVEN,
    "APP": (APPROVED,),
    "CP_P": (follows(PIPELINE, "Source", "Approval", "Publish", "Migrate"),),
    "CFN_P": (box(PIPELINE, **STACKS),),
    "CANARY": (TENTH, SHIFTED),
    "GH→CB": (FROM_GITHUB, follows(STAGING, "Source", "Build")),
    "CB→TESTS": (TESTED,),
    "CB→LINT": (CHECKED,),
    "TESTS→ECR": PUSHED,
    "TESTS→S3B": (*PACKED, STORED),
    "ECR→CP_S": CHOSEN,
    "S3B→CP_S": (STORED, follows(STAGING, "Package", "Deploy")),
    "CP_S→CFN_S": (box(STAGING, **STACKS),),
    "CFN_S→TEST_S": DRIVEN,
    "TEST_S→APP": (
        follows(STAGING, "EndToEnd", "Release"),
        joined(STAGING, {PROJECT: built("release")}),
        joined(STARTS, {"EventPattern": RELEASES, "Targets.*.Arn": PIPELINE}),
        APPROVED,
    ),
    "APP→CP_P": (APPROVED, follows(PIPELINE, "Source", "Approval", "Publish")),
    "CP_P→CFN_P": (box(PIPELINE, **STACKS), follows(PIPELINE, "Approval", "Migrate")),
    "CFN_P→CANARY": (TENTH, SHIFTED, follows(PIPELINE, "Migrate", "Canary-use1", "Canary-usw2")),
}
