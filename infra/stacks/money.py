"""Cost control: budgets, anomalies, and the bill in Athena."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as ce
from aws_cdk import aws_cur as cur
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.athena import Queries
from infra.constructs.bucket import bucket, log_bucket
from infra.constructs.stack import Stack
from infra.constructs.table import PARQUET, GlueTable

REPORT = "bill"
WARNED_AT = {"ACTUAL": (50, 80, 100), "FORECASTED": (100,)}  # percent of the budget
ODD = "20"  # US dollars a day more than usual
COLUMNS = {
    "line_item_product_code": "string",
    "line_item_usage_type": "string",
    "line_item_resource_id": "string",
    "line_item_usage_start_date": "timestamp",
    "line_item_usage_amount": "double",
    "line_item_unblended_cost": "double",
}
MONTHS = {
    "year": {"type": "integer", "range": "2026,2100"},
    "month": {"type": "integer", "range": "1,12"},
}
QUERIES = {
    "cost-by-service": "SELECT line_item_product_code, sum(line_item_unblended_cost) AS usd FROM bill "
    "GROUP BY 1 ORDER BY usd DESC",
    "cost-by-day": "SELECT date(line_item_usage_start_date) AS day, sum(line_item_unblended_cost) AS usd FROM bill "
    "GROUP BY 1 ORDER BY 1 DESC",
    "cost-of-use": "SELECT used.day, usd, people, walkers, walks, requests, sockets, messages, "
    "usd / nullif(walkers, 0) AS usd_per_walker, usd / nullif(walks, 0) AS usd_per_walk "
    "FROM (SELECT CAST(line_item_usage_start_date AS date) AS day, sum(line_item_unblended_cost) AS usd FROM bill "
    "GROUP BY 1) AS cost JOIN {lake}.usage AS used ON CAST(used.day AS date) = cost.day ORDER BY used.day DESC",
}


class Money(Stack):
    """Budgets, anomalies and the bill. Savings plans have no type of CloudFormation: the runbook describes them."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        self._budget()
        self._anomalies()
        self._bill()

    def _budget(self) -> None:
        topic = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=self.arn_of("sns", self.names.of("ticket"))
        )
        mail = budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=self.home.alerts.email)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self.names.of("month"),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self.home.alerts.budget, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[topic, mail],
                )
                for kind, steps in WARNED_AT.items()
                for percent in steps
            ],
        )

    def _anomalies(self) -> None:
        ce.CfnAnomalySubscription(
            self,
            "Odd",
            subscription_name=self.names.of("odd"),
            frequency="IMMEDIATE",
            monitor_arn_list=[self.shared("by-hand/anomaly-monitor")],
            subscribers=[
                ce.CfnAnomalySubscription.SubscriberProperty(
                    type="SNS", address=self.arn_of("sns", self.names.of("ticket"))
                )
            ],
            threshold_expression='{"Dimensions": {"Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", '
            f'"MatchOptions": ["GREATER_THAN_OR_EQUAL"], "Values": ["{ODD}"]}}}}',
        )

    def _bill(self) -> None:
        """Create the Cost and Usage Report, every day, in the form that Athena reads."""
        logs = log_bucket(self, "money-logs")
        bills = bucket(self, "bills", logs=logs)
        sender = iam.ServicePrincipal(
            "billingreports.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
        )
        for action, resource in (
            ("s3:GetBucketAcl", bills.bucket_arn),
            ("s3:GetBucketPolicy", bills.bucket_arn),
            ("s3:PutObject", f"{bills.bucket_arn}/{REPORT}/*"),
        ):
            bills.add_to_resource_policy(
                iam.PolicyStatement(actions=[action], resources=[resource], principals=[sender])
            )
        report = cur.CfnReportDefinition(
            self,
            "Report",
            report_name=self.names.of(REPORT),
            format="Parquet",
            compression="Parquet",
            time_unit="DAILY",
            refresh_closed_reports=True,
            report_versioning="OVERWRITE_REPORT",
            additional_artifacts=["ATHENA"],
            additional_schema_elements=["RESOURCES"],
            s3_bucket=bills.bucket_name,
            s3_prefix=REPORT,
            s3_region=self.region,
        )
        report.node.add_dependency(bills)
        database = f"milequest_{self.home.name}_money"
        self._table(database, bills.bucket_name)
        texts = {name: text.format(lake=f"milequest_{self.home.name}") for name, text in QUERIES.items()}
        Queries(self, "money", database, texts, logs)

    def _table(self, database: str, bucket_name: str) -> None:
        """Create the table with the queried columns of the report; it has some hundred."""
        made = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=self.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=database, description="The bill"),
        )
        name = self.names.of(REPORT)
        table = GlueTable(
            self, database, REPORT, COLUMNS, f"s3://{bucket_name}/{REPORT}/{name}/{name}/", PARQUET, MONTHS
        )
        table.node.add_dependency(made)
