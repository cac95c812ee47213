"""Decisions about warnings of gates; the same revision of RAW and of CLEAN, whose gates warn.

A warning is identified across batches by its gate and its subject: the sentence up to what was
found. The extent is the number in it. An acknowledgement holds for the extent that was there then:
the warning is open again if the number has grown by half, or, for an observed value, has moved by
as much in either direction.
"""

# `[e]` and not `e`: SQLAlchemy would read a colon before a letter as a parameter.
TABLES = r"""
CREATE TABLE warning_decision (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gate text NOT NULL,
    subject text NOT NULL,
    decision text NOT NULL CHECK (decision IN ('acknowledged', 'withdrawn')),
    extent double precision,
    until timestamptz,
    decided_by text NOT NULL CHECK (decided_by <> ''),
    why text NOT NULL CHECK (why <> ''),
    decided_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX warning_decision_by_subject ON warning_decision (gate, subject, number DESC);
CREATE FUNCTION refuse_change_of_warning_decision() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'decisions about warnings are append-only'; END $$;
CREATE TRIGGER warning_decision_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON warning_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_warning_decision();

CREATE FUNCTION warning_subject(sentence text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN regexp_replace(regexp_replace(sentence, '(: PSI |;).*$', ''), ' \([0-9]+%\)$', '');
CREATE FUNCTION warning_extent(sentence text) RETURNS double precision LANGUAGE sql IMMUTABLE
    RETURN replace(coalesce(
        substring(sentence FROM ': PSI ([0-9]+(?:\.[0-9]+)?)'),
        substring(sentence FROM '; ([0-9][0-9,]*) rows? fails?'),
        substring(sentence FROM '; observed (-?[0-9]+(?:\.[0-9]+)?(?:[e][-+]?[0-9]+)?)')
    ), ',', '')::double precision;

CREATE VIEW gate_warning AS
    SELECT v.batch_id, v.gate, v.decided_at AS warned_at, sentence,
           warning_subject(sentence) AS subject, warning_extent(sentence) AS extent,
           d.decision, d.until, d.decided_by, d.why, d.decided_at,
           coalesce(
               d.decision = 'acknowledged'
               AND (d.until IS NULL OR d.until > now())
               AND (d.extent IS NOT DISTINCT FROM warning_extent(sentence)
                    OR warning_extent(sentence) < 1.5 * d.extent
                       AND (sentence !~ '; observed ' OR warning_extent(sentence) > d.extent / 1.5)
               ), false
           ) AS acknowledged
    FROM gate_verdict v CROSS JOIN unnest(v.failures) AS sentence
    LEFT JOIN LATERAL (
        SELECT * FROM warning_decision w
        WHERE w.gate = v.gate AND w.subject = warning_subject(sentence)
        ORDER BY w.number DESC LIMIT 1
    ) d ON true
    WHERE v.passed;

CREATE OR REPLACE VIEW gate_result AS
    SELECT batch_id, gate, passed, expectations, cardinality(failures) AS failed, seconds,
           decided_at,
           (SELECT count(*) FROM gate_warning w
            WHERE (w.batch_id, w.gate) = (v.batch_id, v.gate) AND w.acknowledged) AS acknowledged
    FROM gate_verdict v;
"""
