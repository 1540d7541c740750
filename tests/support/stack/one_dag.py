"""A DAG of one task, so that the stack is tested and not what it runs."""

ONE_DAG = '''"""A dag for airflow, of one task."""
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1))
def one():
    @task(pool="warehouse_writer")
    def only():
        return 1

    only()

one()
'''
