"""Write the docs of dbt as one page: `python -m orchestration.local_stack.docs FOLDER`.

It needs no database and so no lock: contracts give every column its type. One process parses and
writes, for dbt takes 5 s of a core to start.
"""

import sys

from orchestration.run.settings import ROOT


def write(folder: str) -> bool:
    """Write `static_index.html` into a folder; return whether that went well."""
    from dbt.cli.main import dbtRunner

    shared = [f"--project-dir={ROOT / 'dbt_project'}", f"--profiles-dir={ROOT}"]
    shared += [f"--target-path={folder}", f"--log-path={folder}"]
    page = ["docs", "generate", "--static", "--empty-catalog", "--no-compile"]
    return all(
        dbtRunner().invoke(["--quiet", *words, *shared]).success for words in (["parse"], page)
    )


if __name__ == "__main__":
    sys.exit(0 if write(sys.argv[1]) else 1)
