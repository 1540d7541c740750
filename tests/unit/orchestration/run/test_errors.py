from orchestration.run.errors import BuildFailed, told


def test_an_error_of_ours_speaks_for_itself_in_one_line() -> None:
    assert told(BuildFailed("2 of 9 failed:\n  one;\n  other")) == "2 of 9 failed: one; other"


def test_an_error_nobody_foresaw_names_its_type_and_where_to_see_more() -> None:
    line = "unexpected ZeroDivisionError: division by zero (--debug shows where)"
    assert told(ZeroDivisionError("division by zero")) == line
    assert told(KeyError()) == "unexpected KeyError: KeyError (--debug shows where)"


def test_of_a_failure_on_spark_the_reasons_are_told_and_not_where_in_the_jvm() -> None:
    trace = (
        "\tat java.base/java.lang.Thread.run(Thread.java:840)\n"
        "\tat org.apache.spark.sql.Plan.$anonfun$run$1(Plan.scala:218)\n"
        "\tat jdk.internal.Accessor84.invoke(Unknown Source)\n\t... 3 more\n"
    )
    said = f"dbt could not build: no file a.parquet\n{trace}Caused by: gone\n{trace}; log"
    assert told(BuildFailed(said)) == "dbt could not build: no file a.parquet Caused by: gone ; log"
