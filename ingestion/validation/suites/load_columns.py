"""The columns of the `load` batch: one row that measures the load as a whole."""


def shape_column(table: str, column: str) -> str:
    """The column of the `load` batch with a column's type, or with a table's number of `rows`."""
    return f"{table}.{column}"


def fill_column(name: str) -> str:
    """The column of the `load` batch with the share of records that have a value in a column."""
    return f"{name} filled"


def sameness_column(name: str) -> str:
    """The column of the `load` batch with the share of the most common value in a column."""
    return f"{name} same"


def plain_column(measured: str) -> str:
    """The raw column that a column of the `load` batch measures."""
    return measured.removesuffix(" filled").removesuffix(" same")
