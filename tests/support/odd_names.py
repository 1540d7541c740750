"""Names of folders and files that programs may take for more than letters."""

from hypothesis import strategies

ODD = [
    *("user_id=5", "load_date=2020-01-01", "model_version=9", "day=x", "run_id=a b", "="),
    *("*", "**", "?", "[a]", "[!b]", "]", "{a,b}", "{0}", "%s", "%(x)s", "%41", "%", "#x"),
    *("{{ 1 + 1 }}", "{% raw %}", "${HOME}", "$(id)", "`id`", "~", "~root", "-rf", "--help"),
    *("'", '"', "''", "\\", "a\\'b", "::", "file:", "s3:", " ", " a ", "a;b", "a|b", "a&b", "<b>"),
    *(
        "(c)",
        "[red]",
        "\\[",
        "é",
        "e\u0301",
        "日本",
        "🎵",
        "\u202e",
        ".",
        "..x",
        "@",
        "!",
        "^",
        ",",
    ),
    *("a.tmp", ".duckdb", "x.parquet", "compacted.", "\n", "\t", "\r", "\x1b[31m", "\x7f"),
]

pieces = strategies.one_of(
    strategies.sampled_from(ODD),
    strategies.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
)
names = (
    strategies.lists(pieces, min_size=1, max_size=5)
    .map("".join)
    .filter(lambda name: name not in {".", ".."} and len(name.encode()) < 60)
)
