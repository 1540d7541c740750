"""Which page of `docs/runbooks/` helps with which failure."""

import errno

from orchestration.run.errors import BuildFailed

# By the name of the error's class: the folders that raise them are not imported for a link.
PAGES = {
    "ApiDown": "api-down",
    "ApiRefused": "api-refused",
    "RedirectedElsewhere": "api-refused",
    "ProxyUnusable": "api-down",
    "AnswerTooSlow": "answer-not-understood",
    "AnswerTooLarge": "answer-not-understood",
    "AnswerTooNested": "answer-not-understood",
    "TooManyAnnounced": "answer-not-understood",
    "TooManyColumns": "schema-changed",
    "PageIgnored": "pull-not-whole",
    "NotJson": "answer-not-understood",
    "UnexpectedAnswer": "answer-not-understood",
    "TruncatedPull": "pull-not-whole",
    "TotalChanged": "pull-not-whole",
    "PagesMoved": "pull-not-whole",
    "TypeChanged": "schema-changed",
    "ColumnMissing": "schema-changed",
    "TooManyRejected": "too-many-rejected",
    "LoadFailed": "load-failed",
    "PackageDamaged": "load-failed",
    "GateFailed": "gate-failed",
    "LoadRefused": "load-refused",
    "NoSuchLoad": "load-refused",
    "LakeUnreachable": "lake-unreachable",
    "DamagedFile": "lake-unreachable",
    "ForgetKeyLost": "forgetting",
    "NotErased": "forgetting",
    "NobodyKnown": "forgetting",
    "ModelElsewhere": "forgetting",
    "BackupDamaged": "backups",
    "NoBackup": "backups",
    "ListDamaged": "backups",
    "PlaceUnusable": "backups",
    "BackupsInside": "backups",
    "DataInTheWay": "backups",
    "NotExchanged": "backups",
    "SourceStale": "source-stale",
    "SourceDied": "source-died",
    "BuildFailed": "build-failed",
    "LakehouseMissing": "lakehouse",
    "LakehouseUnreachable": "lakehouse",
    "SparkMissing": "build-failed",
    "HandoverIncomplete": "build-failed",
    "BuildFileInUse": "build-file-in-use",
    "SettingsWrong": "settings-wrong",
    "BuildFileMisplaced": "build-file-in-use",
    "NotSealed": "not-sealed",
    "NothingPublished": "not-sealed",
    "PublicationDamaged": "publication-damaged",
    "PublicationInUse": "publication-damaged",
    "NotReconciled": "test-conservation",
    "QueryFailed": "query-failed",
    "ServingDied": "serving-down",
    "PortTaken": "serving-down",
    "AddressUnavailable": "serving-down",
    "NoKeys": "serving-down",
    "AlreadyServing": "serving-down",
    "DiedAtStart": "serving-down",
    "KeyNameTaken": "serving-down",
    "KeyNameWrong": "serving-down",
    "NoSuchKey": "serving-down",
    "TooManyKeys": "serving-down",
    "AnswersDamaged": "serving-down",
    "KeysFileBroken": "serving-down",
    "PublicationUnusable": "serving-down",
    "TooFewListens": "model-not-promoted",
    "NothingToLearnFrom": "model-not-promoted",
    "NotFitted": "model-not-promoted",
    "UnusableModel": "model-not-promoted",
    "DamagedModel": "model-not-promoted",
    "NoChampion": "model-not-promoted",
    "DeploymentUndone": "model-rolled-back",
    "ServedWrong": "model-rolled-back",
    "NothingToRollBackTo": "model-rolled-back",
    "UnreadableTable": "training-data",
    "TrackingDamaged": "tracking-database",
    "TrackingOutdated": "tracking-database",
    "TrainingUnderWay": "warehouse-busy",
    "MissingColumn": "training-data",
    "NoSharedIds": "training-data",
    "UnknownTimeZone": "training-data",
    "PagesPortTaken": "training-data",
    "PagesDied": "training-data",
    "WarehouseBusy": "warehouse-busy",
    "AlertFailed": "alert-failed",
    "MonitoringFailed": "monitoring-failed",
    "NothingMonitored": "monitoring-failed",
    "RunCrashed": "run-crashed",
    "TaskKilled": "run-crashed",
    "RunLate": "run-late",
    "AirflowTaskTimeout": "run-late",
    "GraphOutdated": "graph-outdated",
    "DiskFull": "disk-full",
    "StackPortTaken": "airflow-down",
    "StackRuns": "airflow-down",
    "ServiceEnded": "airflow-down",
    "NotHealthy": "airflow-down",
    "NoDatabase": "airflow-down",
    "KeeperDied": "airflow-down",
}
# Whose failure says more than that a build failed, by the kind of the failing test.
PAGES_OF_TESTS = {
    "nulls": "test-nulls",
    "keys": "test-keys",
    "volume": "test-volume",
    "conservation": "test-conservation",
}
KINDS_OF_TESTS = {
    "not_null": "nulls",
    "null_share_at_most": "nulls",
    "unique": "keys",
    "unique_within": "keys",
    "relationships": "keys",
    "volume_within_band": "volume",
    "volume_at_least": "volume",
    "no_large_drop": "volume",
    "sessions_are_whole": "conservation",
    "every_track_record_is_accounted_for": "conservation",
    "every_user_record_is_accounted_for": "conservation",
    "every_session_record_is_accounted_for": "conservation",
}
OTHERWISE = "unexpected-error"


def kind_of(error: BaseException) -> str:
    """Return the name that an alert has for `error`: its class's, or `DiskFull`."""
    full = f"{error} {error.__cause__ or ''}".lower()
    is_full = getattr(error, "errno", None) == errno.ENOSPC or "no space left on device" in full
    return "DiskFull" if is_full else type(error).__name__


def page_of(error: BaseException) -> str:
    """Return the name of the runbook's page for `error`, without its ending."""
    kind = kind_of(error)
    if isinstance(error, BuildFailed) and kind == "BuildFailed":
        kinds = {KINDS_OF_TESTS.get(one.rule, "") for one in error.failures}
        if len(kinds) == 1:
            return PAGES_OF_TESTS.get(kinds.pop(), PAGES[kind])
    return PAGES.get(kind, OTHERWISE)
