"""A table of Glue: the schema of a bucket's files for Athena."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.constructs.stack import stack_of

_HIVE: Final = "org.apache.hadoop.hive.ql.io"


@dataclass(frozen=True, slots=True)
class Format:
    """Format of the files, in Hive's terms."""

    name: str
    input: str
    output: str
    serde: str


LINES: Final = Format(  # of JSON
    "json",
    "org.apache.hadoop.mapred.TextInputFormat",
    f"{_HIVE}.HiveIgnoreKeyTextOutputFormat",
    "org.openx.data.jsonserde.JsonSerDe",
)
PARQUET: Final = Format(
    "parquet",
    f"{_HIVE}.parquet.MapredParquetInputFormat",
    f"{_HIVE}.parquet.MapredParquetOutputFormat",
    f"{_HIVE}.parquet.serde.ParquetHiveSerDe",
)


class GlueTable(Construct):
    """A table whose partitions, if any, Athena computes itself (`projection`): none has to be added."""

    def __init__(
        self,
        scope: Construct,
        database: str,
        name: str,
        columns: Mapping[str, str],
        place: str,
        format: Format,
        projection: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__(scope, f"{name}-table")
        self.name = name
        glue.CfnTable(
            self,
            "Table",
            catalog_id=stack_of(self).account,
            database_name=database,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                table_type="EXTERNAL_TABLE",
                partition_keys=_columns(dict.fromkeys(projection, "string")) if projection else None,
                parameters={"classification": format.name, **_projected(place, projection or {})},
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location=place,
                    columns=_columns(columns),
                    input_format=format.input,
                    output_format=format.output,
                    serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library=format.serde),
                ),
            ),
        )


def _columns(types: Mapping[str, str]) -> list[glue.CfnTable.ColumnProperty]:
    return [glue.CfnTable.ColumnProperty(name=name, type=type) for name, type in types.items()]


def _projected(place: str, projection: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    if not projection:
        return {}
    folders = "".join(f"{key}=${{{key}}}/" for key in projection)
    return {
        "projection.enabled": "true",
        "storage.location.template": f"{place}{folders}",
        **{f"projection.{key}.{what}": value for key, facts in projection.items() for what, value in facts.items()},
    }
