from orchestration.run.error_messages import message_of
from orchestration.run.errors import BuildFailed


def test_an_error_of_ours_speaks_for_itself_in_one_line() -> None:
    assert message_of(BuildFailed("2 of 9 failed:\n  one;\n  other")) == "2 of 9 failed: one; other"


def test_an_error_nobody_foresaw_names_its_type_and_where_to_see_more() -> None:
    line = "unexpected ZeroDivisionError: division by zero (--debug shows where)"
    assert message_of(ZeroDivisionError("division by zero")) == line
    assert message_of(KeyError()) == "unexpected KeyError: KeyError (--debug shows where)"


def test_of_a_failure_on_spark_the_reasons_are_told_and_not_where_in_the_jvm() -> None:
    trace = (
        "\tat java.base/java.lang.Thread.run(Thread.java:840)\n"
        "\tat org.apache.spark.sql.Plan.$anonfun$run$1(Plan.scala:218)\n"
        "\tat jdk.internal.Accessor84.invoke(Unknown Source)\n\t... 3 more\n"
    )
    text = f"dbt could not build: no file a.parquet\n{trace}Caused by: gone\n{trace}; log"
    expected = "dbt could not build: no file a.parquet Caused by: gone ; log"
    assert message_of(BuildFailed(text)) == expected
