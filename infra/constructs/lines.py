"""A table of Glue whose rows are lines of JSON."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.constructs.stack import stack_of

TEXT: Final = "org.apache.hadoop.mapred.TextInputFormat"
PLAIN: Final = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
SERDE: Final = "org.openx.data.jsonserde.JsonSerDe"


class LinesTable(Construct):
    """Without partitions: for a line a day."""

    def __init__(self, scope: Construct, database: str, name: str, columns: Mapping[str, str], place: str) -> None:
        super().__init__(scope, f"{name}-table")
        glue.CfnTable(
            self,
            "Table",
            catalog_id=stack_of(self).account,
            database_name=database,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                table_type="EXTERNAL_TABLE",
                parameters={"classification": "json"},
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location=place,
                    columns=[glue.CfnTable.ColumnProperty(name=name, type=type) for name, type in columns.items()],
                    input_format=TEXT,
                    output_format=PLAIN,
                    serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library=SERDE),
                ),
            ),
        )
