"""Counts of encounters that triggers keep; the same revision of RAW and of CLEAN.

Counting the table took as long as reading it, and the exporter, the reports and the reconciliation
did so each time. The triggers count what a statement has really written or deleted, so rows that
somebody deletes by hand still show as missing.
"""

from collections.abc import Iterator, Mapping


def statements(key: Mapping[str, str]) -> Iterator[str]:
    """Yield the statements that create ``stored_rows`` and count the rows that exist.

    Parameters
    ----------
    key : mapping of str to str
        By what is counted: column of ``stored_rows``, and its value in a row of ``encounter``,
        which must not be null.
    """
    names, values = ", ".join(key), ", ".join(key.values())
    places = ", ".join(str(place + 1) for place in range(len(key)))
    columns = ", ".join(f"{name} text NOT NULL" for name in key)
    yield f"CREATE TABLE stored_rows ({columns}, rows bigint NOT NULL, PRIMARY KEY ({names}))"

    def changed(source: str, sign: str) -> str:
        # In order of the key, so that two statements never wait for each other.
        return f"""
        INSERT INTO stored_rows AS s
            SELECT {values}, {sign}count(*) FROM {source} GROUP BY {places} ORDER BY {places}
            ON CONFLICT ({names}) DO UPDATE SET rows = s.rows + EXCLUDED.rows;"""  # noqa: S608

    yield f"""
CREATE FUNCTION count_stored_rows() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$ BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM stored_rows;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN{changed("arrived", "")}
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN{changed("gone", "-")}
        DELETE FROM stored_rows WHERE rows = 0 AND batch_id IN (SELECT batch_id FROM gone);
    END IF;
    RETURN NULL;
END $$
"""  # noqa: S608
    yield from _TRIGGERS
    # The triggers lock the table against writes until the migration is committed.
    yield f"INSERT INTO stored_rows SELECT {values}, count(*) FROM encounter GROUP BY {places}"  # noqa: S608


_TRIGGERS = (
    """
CREATE TRIGGER count_new_rows AFTER INSERT ON encounter
    REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION count_stored_rows()
""",
    """
CREATE TRIGGER count_changed_rows AFTER UPDATE ON encounter
    REFERENCING NEW TABLE AS arrived OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_stored_rows()
""",
    """
CREATE TRIGGER count_deleted_rows AFTER DELETE ON encounter
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_stored_rows()
""",
    """
CREATE TRIGGER count_no_rows AFTER TRUNCATE ON encounter
    FOR EACH STATEMENT EXECUTE FUNCTION count_stored_rows()
""",
)
