"""A health check for containers.

`python -m orchestration.local_stack.healthy URL [PART OF AIRFLOW]`
"""

import sys

from orchestration.local_stack.processes.probes import PARTS, airflow_part, answers


def main() -> int:
    """Print the problem and return 1, or return 0."""
    match sys.argv[1:]:
        case [url]:
            wrong = answers(url)()
        case [url, part] if part in PARTS:
            wrong = airflow_part(url, part)()
        case _:
            wrong = f"usage: healthy URL [{' | '.join(PARTS)}]"
    if wrong:
        print(wrong)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
