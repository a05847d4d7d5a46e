"""The bill in QuickSight."""

from aws_cdk import aws_quicksight as quicksight
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.stack import Stack

READ = [
    f"quicksight:{name}"
    for name in ("DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet", "DescribeIngestion", "ListIngestions")
]
SOURCE = [f"quicksight:{name}" for name in ("DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource")]
COLUMNS = {"line_item_product_code": "STRING", "day": "DATETIME", "usd": "DECIMAL"}
SQL = (
    "SELECT line_item_product_code, date(line_item_usage_start_date) AS day, sum(line_item_unblended_cost) AS usd "
    "FROM {database}.bill GROUP BY 1, 2"
)


class Insight(Stack):
    """A data set over Athena. Deployed once QuickSight is signed up for, and its owner is a parameter."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        owner = self.shared("by-hand/quicksight-owner")
        source = quicksight.CfnDataSource(
            self,
            "Athena",
            aws_account_id=self.account,
            data_source_id=self.names.of("money"),
            name="Mile Quest's bill",
            type="ATHENA",
            data_source_parameters=quicksight.CfnDataSource.DataSourceParametersProperty(
                athena_parameters=quicksight.CfnDataSource.AthenaParametersProperty(work_group=self.names.of("money"))
            ),
            permissions=[quicksight.CfnDataSource.ResourcePermissionProperty(principal=owner, actions=SOURCE)],
        )
        quicksight.CfnDataSet(
            self,
            "Costs",
            aws_account_id=self.account,
            data_set_id=self.names.of("costs"),
            name="Costs by service and day",
            import_mode="SPICE",
            permissions=[quicksight.CfnDataSet.ResourcePermissionProperty(principal=owner, actions=READ)],
            physical_table_map={
                "costs": quicksight.CfnDataSet.PhysicalTableProperty(
                    custom_sql=quicksight.CfnDataSet.CustomSqlProperty(
                        data_source_arn=source.attr_arn,
                        name="costs",
                        sql_query=SQL.format(database=f"milequest_{environment.name}_money"),
                        columns=[
                            quicksight.CfnDataSet.InputColumnProperty(name=name, type=type)
                            for name, type in COLUMNS.items()
                        ],
                    )
                )
            },
        )
