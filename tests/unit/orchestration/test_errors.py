from orchestration.errors import BuildFailed, told


def test_an_error_of_ours_speaks_for_itself_in_one_line() -> None:
    assert told(BuildFailed("2 of 9 failed:\n  one;\n  other")) == "2 of 9 failed: one; other"


def test_an_error_nobody_foresaw_names_its_type_and_where_to_see_more() -> None:
    line = "unexpected ZeroDivisionError: division by zero (--debug shows where)"
    assert told(ZeroDivisionError("division by zero")) == line
    assert told(KeyError()) == "unexpected KeyError: KeyError (--debug shows where)"
