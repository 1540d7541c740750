"""The column names of the `load` batch, which describes a whole load in one row."""


def shape_column(table: str, column: str) -> str:
    """The name for the type of a column, or for the number of `rows` of a table."""
    return f"{table}.{column}"


def fill_column(name: str) -> str:
    """The name for the share of records that have a value in a column."""
    return f"{name} filled"


def sameness_column(name: str) -> str:
    """The name for the share of the most common value in a column."""
    return f"{name} same"


def plain_column(measured: str) -> str:
    """The raw column that such a name belongs to."""
    return measured.removesuffix(" filled").removesuffix(" same")
