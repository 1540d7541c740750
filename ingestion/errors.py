"""Errors of an ingest, from the app's API to the lake."""

from lake.errors import MoovitamixError


class IngestionError(MoovitamixError):
    """Base of all errors of ingestion; the message is one line for the operator."""


class ApiDown(IngestionError):
    """The API did not answer, or not well, however often it was asked."""

    retryable = True
    runbook = "api-down"

    def __init__(self, url: str, tries: int, reason: str) -> None:
        counted = f" in {tries} tries" if tries else ""
        super().__init__(f"{url} gave no good answer{counted}: {reason}")


class ApiRefused(IngestionError):
    """The API refused a request: repeating it would change nothing."""

    runbook = "api-refused"

    def __init__(self, url: str, status: int, body: str) -> None:
        super().__init__(f"{url} was refused with {status}: {body}")
        self.status = status


class RedirectedElsewhere(IngestionError):
    """The API sends requests to another server, which gets neither them nor their credentials."""

    runbook = "api-refused"

    def __init__(self, url: str, target: str) -> None:
        super().__init__(
            f"{url} redirects to {target}: set MOOVITAMIX_API_URL to the address that answers"
            " by itself"
        )


class ProxyUnusable(IngestionError):
    """The environment names a proxy that is none for HTTP."""

    runbook = "api-down"

    def __init__(self, proxy: str) -> None:
        super().__init__(
            f"the proxy {proxy} (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) is no address like"
            " http://host:3128; NO_PROXY lists what needs none"
        )


class AnswerTooLarge(IngestionError):
    """An answer is larger than what may be held of one, on the wire or unpacked."""

    runbook = "answer-not-understood"

    def __init__(self, where: str, megabytes: int) -> None:
        super().__init__(
            f"{where} is larger than {megabytes} MB (MOOVITAMIX_ANSWER_MAX_MB):"
            " ask for fewer records at once (MOOVITAMIX_PAGE_SIZE)"
        )


class AnswerTooSlow(IngestionError):
    """An answer kept coming, too slowly to wait for its end."""

    runbook = "answer-not-understood"

    def __init__(self, seconds: float, where: str = "an answer") -> None:
        super().__init__(
            f"{where} did not end within {seconds:g} s (MOOVITAMIX_ANSWER_TIMEOUT):"
            " ask for fewer records at once (MOOVITAMIX_PAGE_SIZE)"
        )
        self.seconds = seconds


class AnswerTooNested(IngestionError):
    """Lists and objects are nested deeper than in any page of records."""

    runbook = "answer-not-understood"

    def __init__(self, where: str, depth: int) -> None:
        super().__init__(
            f"{where} has lists or objects in one another beyond {depth} levels"
            " (MOOVITAMIX_NESTING_MAX): it is no page of records"
        )


class TooManyAnnounced(IngestionError):
    """The API announces more than a pull may take in."""

    runbook = "answer-not-understood"

    def __init__(self, table: str, count: int, what: str, most: int) -> None:
        setting = f"MOOVITAMIX_{what.upper()}_MAX"
        super().__init__(
            f"{table}: the API announces {_count(count)} {what}, and {setting} is {most:,}"
        )


class TooManyColumns(IngestionError):
    """A table's records have more fields than a table may have columns."""

    runbook = "schema-changed"

    def __init__(self, table: str, count: int) -> None:
        super().__init__(
            f"{table}: its records have {count:,} different fields, more than a table may have"
            " columns (MOOVITAMIX_COLUMNS_MAX)"
        )


class PageIgnored(IngestionError):
    """The API answers with the same page, whichever one is asked for."""

    runbook = "pull-not-whole"

    def __init__(self, table: str, asked: int, what: str) -> None:
        super().__init__(
            f"{table}: page {asked} was asked for, {what}: the API does not heed `page`"
        )


class NotJson(IngestionError):
    """An answer with a good status that is no JSON: a proxy's page, most likely."""

    runbook = "answer-not-understood"

    def __init__(self, where: str, fault: str) -> None:
        super().__init__(f"{where} is no JSON{fault}")


class UnexpectedAnswer(IngestionError):
    """JSON, but not the envelope that the API's contract promises."""

    runbook = "answer-not-understood"

    def __init__(self, where: str, lacks: str) -> None:
        super().__init__(f"{where} is no page of records: {lacks}")


class TruncatedPull(IngestionError):
    """Fewer or more records came than the API announced."""

    retryable = True
    runbook = "pull-not-whole"

    def __init__(self, table: str, page: int, promised: int, received: int) -> None:
        super().__init__(
            f"{table}: the API promised {promised} records on page {page}, {received} came"
        )


class TotalChanged(IngestionError):
    """The API's `total` was not the same on every page of one pull."""

    retryable = True
    runbook = "pull-not-whole"

    def __init__(self, table: str, was: int, now: int) -> None:
        super().__init__(f"{table}: the API announced {was} records, then {now}, in one pull")


class PagesMoved(IngestionError):
    """Records repeat over the pages, other ones at each pull: so others were missed."""

    retryable = True
    runbook = "pull-not-whole"

    def __init__(self, table: str, repeats: int) -> None:
        super().__init__(f"{table}: pages moved while they were read, {repeats} keys came again")


class TypeChanged(IngestionError):
    """A column's values have another type than the table was promised."""

    runbook = "schema-changed"

    def __init__(  # noqa: PLR0913 - what a person must know of it
        self, table: str, column: str, was: str, now: str, count: int, *, example: str = ""
    ) -> None:
        such = f", such as {example}" if example else ""
        super().__init__(f"{table}.{column}: was {was}, is {now} in {count} records{such}")


class ColumnMissing(IngestionError):
    """A declared field is in none of a table's records: it was renamed or dropped, not empty."""

    runbook = "schema-changed"

    def __init__(self, table: str, column: str, count: int) -> None:
        super().__init__(f"{table}.{column} is missing from all {count} records")


class TooManyRejected(IngestionError):
    """More records can't be read than a pull may put into `raw/rejected`."""

    runbook = "too-many-rejected"

    def __init__(self, table: str, count: int, announced: int, example: str) -> None:
        super().__init__(
            f"{table}: {count} of {announced} records can't be read, the first for: {example}"
        )


class LoadFailed(IngestionError):
    """The records came whole, but dlt could not bring them into the lake."""

    retryable = True
    runbook = "load-failed"

    def __init__(self, step: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"dlt could not {step} the load: {reason}")


class PackageDamaged(LoadFailed):
    """dlt's local files of a pull can't be read; the same command pulls it again."""


class RawValidationFailed(IngestionError):
    """Raw validation failed; the load stays undecided until the next ingest."""

    runbook = "raw-validation-failed"

    def __init__(self, why: str) -> None:
        super().__init__(f"the load could not be validated: {why}; the same command tries again")


class LoadRefused(IngestionError):
    """Raw validation refused a load; it never counts, and its window is pulled again."""

    runbook = "load-refused"

    def __init__(self, load_id: str, reason: str, pages: object) -> None:
        super().__init__(
            f"load {load_id} is refused: {reason}; see {pages};"
            f' if it is right after all: moovitamix accept {load_id} --reason "…"'
        )
        self.load_id = load_id


class NoSuchLoad(IngestionError):
    """A load to accept that the lake does not have, or that counts already."""

    runbook = "load-refused"


class ForgetKeyLost(IngestionError):
    """The list of who was forgotten can't be applied: those people would come back."""

    runbook = "forgetting"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"the key of the list of forgotten people is not that of {path} (or of"
            " MOOVITAMIX_FORGET_KEY): put the former key back, else they would come back"
        )


class LakeUnreachable(IngestionError):
    """The lake, or the folder for work in progress, could not be read or written."""

    retryable = True
    runbook = "lake-unreachable"

    def __init__(self, lake_url: str, reason: str) -> None:
        super().__init__(f"the lake at {lake_url} can't be used: {reason}")


def _count(number: int) -> str:
    """A number as people read it, one of any length."""
    return f"{number:,}" if number < 10**18 else "more than 10^18"
