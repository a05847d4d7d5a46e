"""Release and monitoring: pipelines, alarms, dashboards, cost."""

import json
import re

from app.aws.rehearsal import PLAYS
from infra.config import ENVIRONMENTS
from infra.names import BY_HAND, CARRIED_BACK, IMPORTED_PARAMETERS
from tests.infra.assembly import Assembly


def test_a_change_goes_to_staging_then_to_production(assembly: Assembly) -> None:
    stages = {
        pipeline.environment: [stage["Name"] for stage in pipeline.properties["Stages"]]
        for pipeline in assembly.of("pipeline", "AWS::CodePipeline::Pipeline")
    }
    assert stages == {
        "staging": ["Source", "Build", "Package", "Migrate", "Deploy", "EndToEnd", "Release"],
        "production": ["Source", "Approval", "Publish", "Migrate", "Canary-use1", "Canary-usw2"],
    }
    builds = {project.properties["Name"] for project in assembly.of("pipeline", "AWS::CodeBuild::Project")}
    assert {f"milequest-staging-{name}" for name in ("check", "test", "package", "image", "end-to-end")} <= builds


def test_new_migrations_run_before_anything_new_that_needs_them(assembly: Assembly) -> None:
    for pipeline in assembly.of("pipeline", "AWS::CodePipeline::Pipeline"):
        stages = pipeline.properties["Stages"]
        migrate = next(number for number, stage in enumerate(stages) if stage["Name"] == "Migrate")
        deployed = [
            (number, action["RunOrder"], action["Configuration"]["StackName"].split("-")[2])
            for number, stage in enumerate(stages)
            for action in stage["Actions"]
            if action["ActionTypeId"]["Category"] == "Deploy"
        ]
        assert {stack for number, _, stack in deployed if number <= migrate} == {"migrations"}
        (call,) = (action for action in stages[migrate]["Actions"] if action["ActionTypeId"]["Category"] == "Build")
        assert call["RunOrder"] > max(order for number, order, _ in deployed if number == migrate)
        assert {stack for number, _, stack in deployed if number > migrate} >= {"api", "live", "jobs", "fleet"}
    of_migrations = {function.stack.split("-")[2] for function in assembly.resources("AWS::Lambda::Function")
                     if function.properties["FunctionName"].endswith("-migrations")}  # fmt: skip
    assert of_migrations == {"migrations"}, "a function that is new only with the code that needs it is too late"


def test_commands_of_builds_know_their_variables(assembly: Assembly) -> None:
    for project in assembly.of("pipeline", "AWS::CodeBuild::Project"):
        given = {one["Name"] for one in project.properties["Environment"].get("EnvironmentVariables", ())}
        spec = project.properties["Source"]["BuildSpec"]
        text = spec if isinstance(spec, str) else json.dumps(spec)
        of_the_machine = {"CODEBUILD_RESOLVED_SOURCE_VERSION", "CODEBUILD_SRC_DIR_image", "PWD"}
        assigned = set(re.findall(r'(?:"|&& |export )(\w+)=', text))
        assert set(re.findall(r"\$\{?([A-Za-z_]\w*)", text)) <= given | of_the_machine | assigned | {"assets"}, project


def test_package_build_hands_on_every_file_of_cdk_out(assembly: Assembly) -> None:
    (package,) = (
        project
        for project in assembly.of("pipeline", "AWS::CodeBuild::Project")
        if project.properties["Name"].endswith("-package")
    )
    spec = json.loads(package.properties["Source"]["BuildSpec"])
    assert spec["artifacts"] == {"base-directory": "cdk.out", "files": ["**/*"]}  # templates are named without a folder


def test_a_new_version_gets_a_tenth_of_the_calls_first(assembly: Assembly) -> None:
    groups = list(assembly.resources("AWS::CodeDeploy::DeploymentGroup"))
    for environment in ENVIRONMENTS:
        for region in environment.regions:
            stacks = [f"milequest-{environment.name}-{name}-{region.name}" for name in ("api", "live")]
            names = {group.properties["DeploymentGroupName"] for group in groups if group.stack in stacks}
            assert names == PLAYS.keys() - {"post-confirmation", "pre-token-generation"}
    triggers = {group.properties["DeploymentGroupName"] for group in groups if "-identity-" in group.stack}
    assert triggers == {"post-confirmation", "pre-token-generation"}
    for group in groups:
        assert group.properties["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent10Minutes"
        assert len(group.properties["AlarmConfiguration"]["Alarms"]) == 1
        assert "DEPLOYMENT_STOP_ON_ALARM" in group.properties["AutoRollbackConfiguration"]["Events"]


def test_rehearsal_is_given_the_new_versions_of_all_functions_that_shift(assembly: Assembly) -> None:
    hooks = [one for one in assembly.resources("AWS::Lambda::Function") if "-rehearsal-" in one.text]
    assert {hook.stack.split("-")[2] for hook in hooks} == {"api", "live", "identity"}
    for hook in hooks:
        given = json.dumps(hook.properties["Environment"]["Variables"]["MILEQUEST_REHEARSED"])
        versions = {one.id for one in assembly.beside(hook, "AWS::Lambda::Version") if "rehearsal" not in one.id}
        assert set(re.findall(r'"Ref": "(\w+)"', given)) == versions


def test_rehearsal_is_of_the_versions_before_an_alias_leads_to_them(assembly: Assembly) -> None:
    for alias in assembly.resources("AWS::Lambda::Alias"):
        if "UpdatePolicy" in alias.body:
            hook = alias.body["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["BeforeAllowTrafficHook"]["Ref"]
            assert hook in alias.waits_for, alias


def test_pipelines_deploy_templates_that_there_are(assembly: Assembly) -> None:
    written_by_others = ("api", "live", "jobs")
    for pipeline in assembly.of("pipeline", "AWS::CodePipeline::Pipeline"):
        for stage in pipeline.properties["Stages"]:
            for action in stage["Actions"]:
                path = action["Configuration"].get("TemplatePath", "")
                stack = path.removeprefix("assembly::").removesuffix(".template.json")
                if stack and stack.split("-")[2] not in written_by_others:
                    assert stack in assembly.templates, path


def test_every_parameter_that_is_read_is_told_by_a_stack_or_by_hand(assembly: Assembly) -> None:
    """Of the same environment and region; a parameter that is never set would fail a deployment after an hour."""
    told: dict[str, set[str]] = {}
    read: dict[str, set[str]] = {}
    for stack, template in assembly.templates.items():
        place = "-".join((stack.split("-")[1], *stack.split("-")[-3:]))
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::SSM::Parameter":
                told.setdefault(place, set()).add(_key(resource["Properties"]["Name"]))
        for parameter in template.get("Parameters", {}).values():
            name = parameter.get("Default", "")
            if name.startswith("/milequest/"):
                read.setdefault(place, set()).add(_key(name))
    by_others = {"api/id", "live/id", "live/sockets-url"}
    del read["starter-us-east-1"]  # of one stack, which reads what the steps before it set: test_starter_account.py
    for place, keys in read.items():
        carried = set(IMPORTED_PARAMETERS) if place.endswith("us-west-2") else set(CARRIED_BACK)
        assert keys - told[place] - carried - set(BY_HAND) - by_others == set(), place


def _key(name: str) -> str:
    return name.split("/", 3)[3]


def test_the_dashboard_shows_alarms_metrics_and_traces(assembly: Assembly) -> None:
    boards = assembly.of("watch", "AWS::CloudWatch::Dashboard")
    assert len(boards) == 3
    for board in boards:
        body = json.dumps(board.properties["DashboardBody"])
        for shown in ('\\"type\\":\\"alarm\\"', "AWS/X-Ray", "AWS/ApiGateway", "AWS/RDS", "FanOutLag"):
            assert shown in body.replace('\\\\\\"', '\\"'), shown


def test_dashboard_answers_four_questions_in_this_order(assembly: Assembly) -> None:
    for board in assembly.of("watch", "AWS::CloudWatch::Dashboard"):
        body = json.dumps(board.properties["DashboardBody"])
        asked = re.findall(r"# ([A-Z][\w ]+\?)", body)
        assert asked == ["Are clients served?", "Is news late?", "Are jobs done?", "What does it cost?"]
        shown = re.split(r"# [A-Z][\w ]+\?", body)
        for part, metric in zip(
            shown[1:], ("OperationsFailed", "NewsLate", "Invocations", "ConsumedRead"), strict=True
        ):
            assert metric in part, metric
        assert ("EstimatedCharges" in body) == board.stack.endswith("us-east-1"), "AWS publishes it there alone"


def test_errors_in_logs_become_an_alarm(assembly: Assembly) -> None:
    functions = list(assembly.resources("AWS::Lambda::Function"))
    filters = [one for one in assembly.resources("AWS::Logs::MetricFilter") if "UnexpectedErrors" in one.text]
    assert len(filters) >= len(functions)
    names = {alarm.properties.get("MetricName") for alarm in assembly.of("watch", "AWS::CloudWatch::Alarm")}
    assert "UnexpectedErrors" in names
    assert len({one.properties["Name"] for one in assembly.of("watch", "AWS::Logs::QueryDefinition")}) >= 5


def test_alarms_have_actions_that_reach_page_ticket_and_chat(assembly: Assembly) -> None:
    for environment in ("staging", "production"):
        told = {
            (one.properties["Protocol"], one.properties["TopicArn"].rpartition("-")[2])
            for one in assembly.of("watch", "AWS::SNS::Subscription")
            if one.environment == environment
        }
        assert told == {("https", "page"), ("email", "page"), ("email", "ticket"), ("email", "bounces")}
    for channel in assembly.of("chat", "AWS::Chatbot::SlackChannelConfiguration"):
        assert len(channel.properties["SnsTopicArns"]) == 2
    for alarm in assembly.resources("AWS::CloudWatch::Alarm"):
        assert len(alarm.properties["AlarmDescription"]) > 15, str(alarm)
        assert alarm.properties["TreatMissingData"], str(alarm)


def test_the_bill_asks_the_lake_of_its_own_environment_what_was_used(assembly: Assembly) -> None:
    queries = [
        one for one in assembly.of("money", "AWS::Athena::NamedQuery") if one.properties["Name"] == "cost-of-use"
    ]
    assert len(queries) == 2
    for query in queries:
        assert f"JOIN milequest_{query.environment}.usage AS used" in query.properties["QueryString"]


def test_costs_have_budgets_anomaly_alerts_and_reports(assembly: Assembly) -> None:
    for budget in assembly.of("money", "AWS::Budgets::Budget"):
        kinds = {one["Notification"]["NotificationType"] for one in budget.properties["NotificationsWithSubscribers"]}
        assert kinds == {"ACTUAL", "FORECASTED"}
    assert len(assembly.of("money", "AWS::CE::AnomalySubscription")) == 2
    for report in assembly.of("money", "AWS::CUR::ReportDefinition"):
        assert report.properties["AdditionalArtifacts"] == ["ATHENA"]
        assert report.stack.endswith("us-east-1")
    tables = {table.properties["TableInput"]["Name"] for table in assembly.of("money", "AWS::Glue::Table")}
    assert tables == {"bill"}
    assert all(
        "milequest_" in one.text and ".bill" in one.text for one in assembly.of("insight", "AWS::QuickSight::DataSet")
    )
