-- Database raw of version 0.1.0, as it was before there were migrations.
-- Its own code filled it with synthetic encounters; no row is about a real patient.
--
-- PostgreSQL database dump
--

-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: refuse_change_of_quarantine_decision(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change_of_quarantine_decision() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'decisions about quarantined rows are append-only'; END $$;

--
-- Name: refuse_second_thoughts(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_second_thoughts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
    RAISE EXCEPTION 'row % of % is %, which is final', OLD.source_row, OLD.batch_id, OLD.state;
END $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: batch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.batch (
    batch_id text NOT NULL,
    number integer NOT NULL,
    rows integer NOT NULL,
    source_offset bigint NOT NULL,
    content_sha256 text NOT NULL,
    origin text NOT NULL,
    state text DEFAULT 'loaded'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    kind text DEFAULT 'arrival'::text NOT NULL,
    CONSTRAINT batch_kind_check CHECK ((kind = ANY (ARRAY['arrival'::text, 'replay'::text]))),
    CONSTRAINT batch_state_check CHECK ((state = ANY (ARRAY['loaded'::text, 'accepted'::text, 'rejected'::text])))
);

--
-- Name: encounter; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.encounter (
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    encounter_id text,
    patient_nbr text,
    race text,
    gender text,
    age text,
    weight text,
    admission_type_id text,
    discharge_disposition_id text,
    admission_source_id text,
    time_in_hospital text,
    payer_code text,
    medical_specialty text,
    num_lab_procedures text,
    num_procedures text,
    num_medications text,
    number_outpatient text,
    number_emergency text,
    number_inpatient text,
    diag_1 text,
    diag_2 text,
    diag_3 text,
    number_diagnoses text,
    max_glu_serum text,
    "A1Cresult" text,
    metformin text,
    repaglinide text,
    nateglinide text,
    chlorpropamide text,
    glimepiride text,
    acetohexamide text,
    glipizide text,
    glyburide text,
    tolbutamide text,
    pioglitazone text,
    rosiglitazone text,
    acarbose text,
    miglitol text,
    troglitazone text,
    tolazamide text,
    examide text,
    citoglipton text,
    insulin text,
    "glyburide-metformin" text,
    "glipizide-metformin" text,
    "glimepiride-pioglitazone" text,
    "metformin-rosiglitazone" text,
    "metformin-pioglitazone" text,
    change text,
    "diabetesMed" text,
    readmitted text
);

--
-- Name: gate_verdict; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gate_verdict (
    batch_id text NOT NULL,
    gate text NOT NULL,
    passed boolean NOT NULL,
    expectations integer NOT NULL,
    failures text[] NOT NULL,
    seconds double precision NOT NULL,
    report text NOT NULL,
    decided_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE gate_verdict; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.gate_verdict IS 'made by 0ce36e2a2cacd2239eb33d452a6013dd83dc882c3b36014443313db59b40d956';

--
-- Name: gate_result; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.gate_result AS
 SELECT batch_id,
    gate,
    passed,
    expectations,
    cardinality(failures) AS failed,
    seconds,
    decided_at
   FROM public.gate_verdict;

--
-- Name: quarantine; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.quarantine (
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    reasons text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    correction jsonb DEFAULT '{}'::jsonb NOT NULL,
    decided_by text DEFAULT ''::text NOT NULL,
    decided_at timestamp with time zone,
    why text DEFAULT ''::text NOT NULL,
    replay_batch text,
    CONSTRAINT quarantine_check CHECK (((state = 'open'::text) OR ((decided_by <> ''::text) AND (why <> ''::text)))),
    CONSTRAINT quarantine_check1 CHECK (((state = 'open'::text) = (decided_at IS NULL))),
    CONSTRAINT quarantine_check2 CHECK (((state = 'replayed'::text) = (replay_batch IS NOT NULL))),
    CONSTRAINT quarantine_state_check CHECK ((state = ANY (ARRAY['open'::text, 'fixed'::text, 'waived'::text, 'replayed'::text])))
);

--
-- Name: quarantine_decision; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.quarantine_decision (
    number bigint NOT NULL,
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    state text NOT NULL,
    correction jsonb NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamp with time zone DEFAULT now() NOT NULL,
    why text NOT NULL,
    CONSTRAINT quarantine_decision_decided_by_check CHECK ((decided_by <> ''::text)),
    CONSTRAINT quarantine_decision_state_check CHECK ((state = ANY (ARRAY['fixed'::text, 'waived'::text]))),
    CONSTRAINT quarantine_decision_why_check CHECK ((why <> ''::text))
);

--
-- Name: TABLE quarantine_decision; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.quarantine_decision IS 'made by 94d95517bb686aaea835d7efecb3b09071ffe3b141a837460324dfd497f3489b';

--
-- Name: quarantine_decision_number_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.quarantine_decision ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.quarantine_decision_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Data for Name: batch; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.batch VALUES
	('batch-0001', 1, 100, 0, 'fe9f80931498fff392c841c57f4ba779ed3a93df2ee936d1997539fe96c1081a', 'synthetic', 'accepted', '', '2026-11-28 08:30:50.249067+00', '2026-11-28 08:30:53.388546+00', 'arrival'),
	('batch-0002', 2, 100, 100, 'f088ee11210d89bf066ed5a28eee06749462d13d636c66b6b401db840fafcbbd', 'synthetic', 'accepted', '', '2026-11-28 08:31:16.358125+00', '2026-11-28 08:31:20.393025+00', 'arrival'),
	('replay-0003', 3, 1, 7, 'c7f8fa245914e9c49add157ca14ed18bb753cb1b62ba2d31c8dd68944031d018', 'synthetic', 'accepted', '', '2026-11-28 08:31:51.276552+00', '2026-11-28 08:31:53.870083+00', 'replay'),
	('batch-0004', 4, 20, 200, '9c00d6e609842a0ddd6c11290aa2a99822938d218126c3827eab6bd1b777874f', 'synthetic', 'rejected', '5 of 20 rows are bad, more than the limit of 5.0%: race: is one of AfricanAmerican, Asian, Caucasian, Hispanic, Other, or ''?'' when missing; 5 rows are not, e.g. Martian', '2026-11-28 08:32:26.112276+00', '2026-11-28 08:32:31.25331+00', 'arrival'),
	('batch-0005', 5, 5, 220, '0f36866820fbf252182182a6408885e1c1c55b0fdb4f452a5f07ae4c01d08f6c', 'synthetic', 'accepted', '', '2026-11-28 08:32:31.278874+00', '2026-11-28 08:32:35.758126+00', 'arrival'),
	('batch-0006', 6, 5, 225, '6463577a22a7079f022d8cc22835f1207d798d4a2bcb0a0eb75fce95b23abba2', 'synthetic', 'loaded', '', '2026-11-28 08:32:36.018583+00', NULL, 'arrival');

--
-- Data for Name: encounter; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.encounter VALUES
	('batch-0001', 0, '2000000001', '2000000036', 'Caucasian', 'Male', '[50-60)', '?', '8', '1', '7', '3', 'MC', 'InternalMedicine', '39', '0', '14', '0', '1', '1', '682', '?', '574', '8', 'Norm', 'None', 'No', 'No', 'Up', 'Down', 'No', 'No', 'Up', 'No', 'Steady', 'Steady', 'No', 'No', 'No', 'No', 'Down', 'Steady', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 1, '2000000002', '2000000017', 'Caucasian', 'Male', '[50-60)', '?', '1', '7', '7', '3', 'MC', 'Osteopath', '42', '1', '17', '0', '0', '0', '996', '780', '174', '7', '>300', 'Norm', 'Down', 'Up', 'Steady', 'No', 'No', 'Up', 'Down', 'No', 'Steady', 'Steady', 'No', 'Steady', 'Steady', 'Up', 'No', 'No', 'Up', 'Down', 'Up', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 2, '2000000003', '2000000036', 'Other', 'Female', '[70-80)', '[25-50)', '1', '15', '18', '6', 'CH', 'Neurophysiology', '45', '0', '21', '0', '0', '2', '250', '562', '?', '11', 'None', '>7', 'No', 'No', 'No', 'Down', 'Down', 'Up', 'No', 'No', 'No', 'No', 'No', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'Steady', 'Up', 'No', 'Down', 'No', 'Steady', 'Ch', 'Yes', '<30'),
	('batch-0001', 3, '2000000004', '2000000048', 'Other', 'Female', '[90-100)', '[75-100)', '1', '17', '7', '4', 'MC', 'InternalMedicine', '40', '0', '16', '0', '1', '0', '440', '197', '585', '4', 'None', 'None', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'Down', 'No', 'No', 'No', 'Down', 'Up', 'No', 'Up', 'No', 'Steady', 'Up', 'Down', 'No', 'No', 'No', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 4, '2000000005', '2000000117', '?', 'Female', '[70-80)', '[0-25)', '1', '17', '19', '5', 'FR', 'Pediatrics-CriticalCare', '46', '2', '12', '0', '1', '1', '296', '250', '250.02', '5', '>200', '>7', 'No', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'Up', 'No', 'Down', 'No', 'Up', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 5, '2000000006', '2000000162', 'AfricanAmerican', 'Male', '[70-80)', '[0-25)', '1', '18', '7', '5', 'MC', 'InternalMedicine', '31', '1', '17', '0', '0', '0', '820', '250.02', '682', '15', 'None', 'Norm', 'No', 'Down', 'Down', 'Steady', 'No', 'Down', 'No', 'Up', 'No', 'No', 'Down', 'Steady', 'Up', 'Steady', 'Down', 'Steady', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0001', 6, '2000000007', '2000000071', 'Caucasian', 'Male', '[70-80)', '[25-50)', '1', '1', '13', '2', 'CP', 'InternalMedicine', '41', '1', '18', '0', '2', '0', '820', '493', '780', '7', '>200', 'None', 'Steady', 'No', 'Up', 'No', 'Up', 'Down', 'No', 'No', 'Steady', 'Down', 'No', 'Steady', 'No', 'Up', 'No', 'Down', 'Up', 'Up', 'Up', 'Steady', 'Steady', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 7, '2000000008', '2000000126', 'Other', 'Female', '[300-310)', '[0-25)', '2', '20', '7', '6', 'MC', 'InternalMedicine', '39', '0', '17', '1', '0', '1', '715', '250.6', '197', '11', '>200', '>7', 'Down', 'No', 'No', 'Up', 'No', 'Steady', 'Steady', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'Down', 'No', 'Up', 'No', 'No', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 8, '2000000009', '2000000126', 'Hispanic', 'Male', '[60-70)', '[175-200)', '1', '1', '5', '4', 'CM', 'InternalMedicine', '52', '0', '18', '0', '0', '1', '780', '560', '585', '9', '>300', 'None', 'No', 'Up', 'Down', 'No', 'No', 'Up', 'Up', 'No', 'No', 'No', 'Up', 'No', 'Down', 'No', 'Steady', 'Down', 'Up', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0001', 9, '2000000010', '2000000108', 'Other', 'Unknown/Invalid', '[40-50)', '?', '1', '1', '14', '4', 'MC', 'Radiology', '41', '1', '16', '1', '1', '0', '486', '599', '414', '11', 'None', '>8', 'Up', 'Down', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'No', 'Down', 'Up', 'No', 'No', 'Down', 'No', 'Up', 'Steady', 'Down', 'Down', 'Down', 'Down', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 10, '2000000011', '2000000033', 'Hispanic', 'Female', '[40-50)', '?', '2', '13', '15', '5', 'CH', 'InternalMedicine', '45', '2', '14', '0', '0', '0', '820', '780', '560', '6', '>200', '>8', 'No', 'Steady', 'No', 'No', 'Down', 'Up', 'Down', 'Steady', 'Steady', 'No', 'No', 'No', 'Down', 'Up', 'Down', 'Up', 'No', 'Steady', 'Down', 'Steady', 'No', 'Down', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 11, '2000000012', '2000000044', 'Asian', 'Female', '[70-80)', '[25-50)', '1', '14', '26', '3', 'MD', 'Cardiology-Pediatric', '37', '0', '8', '0', '2', '1', '403', '574', '562', '11', '>200', '>7', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Down', 'No', 'Steady', 'Up', 'Down', 'Steady', 'Steady', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 12, '2000000013', '2000000046', 'Other', 'Female', '[0-10)', '[100-125)', '1', '7', '7', '3', 'WC', 'Endocrinology-Metabolism', '52', '0', '19', '1', '0', '1', '?', '174', '584', '12', 'None', '>8', 'Down', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'Up', 'No', 'Up', 'Steady', 'No', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 13, '2000000014', '2000000164', 'Caucasian', 'Male', '[30-40)', '[50-75)', '1', '1', '11', '3', '?', 'Pediatrics-Neurology', '39', '1', '10', '0', '0', '0', '599', '715', '996', '8', 'None', 'None', 'No', 'No', 'Up', 'No', 'Steady', 'Steady', 'Steady', 'Up', 'Down', 'No', 'No', 'Up', 'Down', 'Steady', 'No', 'No', 'Steady', 'Up', 'Down', 'Down', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 14, '2000000015', '2000000037', 'AfricanAmerican', 'Female', '[40-50)', '?', '1', '1', '19', '3', 'OG', 'InternalMedicine', '38', '2', '16', '0', '0', '1', '403', '296', '996', '8', '>200', '>8', 'Down', 'Up', 'Down', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Up', 'Down', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 15, '2000000016', '2000000010', 'AfricanAmerican', 'Female', '[80-90)', '[75-100)', '7', '28', '7', '3', 'OG', 'Anesthesiology', '50', '1', '8', '0', '0', '0', '820', '584', '410', '11', '>300', 'None', 'No', 'Up', 'Steady', 'Up', 'No', 'Up', 'Up', 'No', 'Up', 'Up', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 16, '2000000017', '2000000144', 'AfricanAmerican', 'Female', '[0-10)', '[50-75)', '8', '16', '7', '6', 'MC', 'Neurophysiology', '51', '1', '21', '0', '2', '0', '174', '786', '250', '6', 'Norm', '>8', 'No', 'No', 'Steady', 'No', 'No', 'Down', 'No', 'Steady', 'Steady', 'No', 'Down', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'Up', 'No', 'Steady', 'Down', 'Down', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 17, '2000000018', '2000000021', 'Caucasian', 'Male', '[70-80)', '[100-125)', '1', '27', '7', '4', 'DM', 'InternalMedicine', '34', '0', '17', '0', '0', '0', '250.6', '715', '715', '9', 'None', 'None', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Up', 'Up', 'Steady', 'No', 'No', 'Down', 'No', 'Steady', 'Up', 'No', 'Steady', 'No', 'Down', 'Steady', 'Up', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 18, '2000000019', '2000000103', 'Caucasian', 'Male', '[10-20)', '[50-75)', '7', '27', '7', '4', 'MC', 'InternalMedicine', '45', '2', '20', '1', '1', '0', '996', '682', '820', '10', '>300', '>8', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'Down', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 19, '2000000020', '2000000102', 'AfricanAmerican', 'Unknown/Invalid', '[60-70)', '[25-50)', '8', '1', '24', '2', 'MC', 'Osteopath', '40', '0', '17', '0', '1', '0', '577', '786', '486', '10', '>300', 'None', 'No', 'No', 'No', 'Steady', 'Up', 'Up', 'Steady', 'No', 'Up', 'Down', 'Up', 'Up', 'Steady', 'No', 'Steady', 'Up', 'Steady', 'Steady', 'No', 'Steady', 'No', 'Down', 'Up', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0001', 20, '2000000021', '2000000083', 'Caucasian', 'Female', '[70-80)', '?', '5', '1', '7', '4', 'MC', 'InternalMedicine', '48', '2', '17', '0', '1', '1', '996', '577', '560', '9', 'None', 'None', 'Steady', 'No', 'No', 'Up', 'Steady', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Up', 'No', 'No', 'Down', 'No', 'Down', 'Up', 'Down', 'No', 'Up', 'Down', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0001', 21, '2000000022', '2000000074', 'Asian', 'Male', '[60-70)', '[175-200)', '7', '1', '4', '2', 'MC', 'InternalMedicine', '36', '0', '16', '0', '0', '0', '276', '276', '285', '11', '>200', '>8', 'Steady', 'No', 'No', 'Up', 'Down', 'No', 'No', 'Steady', 'Down', 'Up', 'Down', 'Up', 'No', 'No', 'No', 'Steady', 'Steady', 'Down', 'Down', 'Up', 'Up', 'Down', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 22, '2000000023', '2000000066', 'Caucasian', 'Male', '[70-80)', '[100-125)', '1', '2', '9', '3', 'OG', 'InternalMedicine', '41', '2', '16', '0', '0', '0', '197', '780', '574', '6', 'None', 'None', 'Steady', 'Down', 'Steady', 'Steady', 'Up', 'Down', 'No', 'Steady', 'Down', 'Steady', 'No', 'Steady', 'Down', 'Steady', 'No', 'Steady', 'Up', 'Steady', 'Up', 'No', 'No', 'No', 'Up', 'Ch', 'Yes', '<30'),
	('batch-0001', 23, '2000000024', '2000000033', 'Caucasian', 'Female', '[60-70)', '[175-200)', '1', '1', '14', '40', 'MC', 'InternalMedicine', '51', '0', '15', '1', '1', '0', '682', '38', '491', '6', 'Norm', 'None', 'Up', 'No', 'No', 'No', 'Up', 'Steady', 'Steady', 'Up', 'Down', 'Down', 'Steady', 'Down', 'Steady', 'Steady', 'Up', 'Down', 'Up', 'Steady', 'No', 'No', 'Down', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 24, '2000000025', '2000000025', 'Hispanic', 'Unknown/Invalid', '[70-80)', '>200', '6', '23', '10', '4', 'PO', 'SurgicalSpecialty', '51', '0', '26', '0', '0', '1', '493', '715', '38', '5', '>200', '>8', 'No', 'Up', 'No', 'No', 'Up', 'Up', 'Down', 'Up', 'No', 'Steady', 'No', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'Steady', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 25, '2000000026', '2000000056', 'Caucasian', 'Female', '[10-20)', '[75-100)', '2', '1', '22', '7', 'CM', 'InternalMedicine', '42', '0', '21', '0', '1', '0', '435', '574', '786', '7', '>300', 'Norm', 'Down', 'Steady', 'Up', 'Steady', 'Down', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'No', 'Up', 'Up', 'No', 'Steady', 'No', 'Down', 'Ch', 'Yes', '<30'),
	('batch-0001', 26, '2000000027', '2000000162', 'Other', 'Male', '[90-100)', '[25-50)', '1', '28', '26', '5', 'PO', 'PhysicalMedicineandRehabilitation', '30', '2', '11', '1', '3', '0', '?', '435', '427', '7', '>200', 'None', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'Up', 'Up', 'Down', 'Up', 'No', 'Steady', 'Down', 'No', 'Down', 'Up', 'Steady', 'Down', 'Down', 'No', 'No', 'Down', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 27, '2000000028', '2000000144', 'Other', 'Female', '[70-80)', '>200', '1', '13', '7', '3', 'UN', 'Hospitalist', '54', '0', '16', '2', '0', '0', '493', '250.8', '250.02', '10', 'None', '>8', 'Up', 'Steady', 'Steady', 'Steady', 'No', 'No', 'Up', 'Steady', 'Up', 'Steady', 'No', 'Down', 'Up', 'No', 'Steady', 'No', 'Down', 'Steady', 'Up', 'Steady', 'Up', 'No', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 28, '2000000029', '2000000106', 'Asian', 'Male', '[10-20)', '[75-100)', '1', '6', '4', '6', '?', 'Anesthesiology', '40', '1', '17', '0', '0', '1', '428', '174', '486', '9', '>300', '>7', 'No', 'No', 'Down', 'No', 'Steady', 'Steady', 'No', 'Up', 'No', 'Down', 'No', 'Up', 'No', 'No', 'Up', 'No', 'Steady', 'Up', 'Down', 'No', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 29, '2000000030', '2000000075', 'AfricanAmerican', 'Unknown/Invalid', '[70-80)', '?', '1', '1', '24', '1', 'PO', 'Hematology/Oncology', '42', '1', '15', '0', '0', '0', '250.8', '486', '428', '13', 'None', 'None', 'Steady', 'Steady', 'No', 'Steady', 'Up', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'Steady', 'No', 'No', 'Down', 'Steady', 'Up', 'Up', 'No', 'Up', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 30, '2000000031', '2000000081', 'Caucasian', 'Female', '[70-80)', '[50-75)', '7', '4', '3', '3', 'CM', 'InternalMedicine', '49', '3', '16', '0', '2', '0', '996', '562', '410', '11', 'None', 'None', 'Steady', 'Down', 'No', 'Up', 'Up', 'No', 'No', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'No', 'Up', 'Up', 'Up', 'Down', 'No', 'No', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 31, '2000000032', '2000000146', 'Asian', 'Unknown/Invalid', '[40-50)', '>200', '1', '1', '21', '3', 'CP', 'AllergyandImmunology', '28', '1', '14', '1', '0', '1', '491', '491', '197', '11', 'None', 'None', 'No', 'No', 'Steady', 'No', 'Up', 'Down', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'Up', 'No', 'Down', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 32, '2000000033', '2000000148', 'Hispanic', 'Female', '[70-80)', '[25-50)', '1', '11', '8', '7', 'BC', 'InternalMedicine', '42', '2', '18', '0', '0', '1', '574', '562', '780', '12', 'None', '>8', 'No', 'Down', 'No', 'Down', 'Up', 'Down', 'Down', 'Up', 'No', 'Steady', 'Up', 'No', 'Up', 'Steady', 'Steady', 'Up', 'No', 'No', 'No', 'Up', 'No', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 33, '2000000034', '2000000015', 'Caucasian', 'Female', '[70-80)', '[150-175)', '1', '24', '7', '4', 'SP', 'InternalMedicine', '47', '1', '13', '0', '1', '3', '486', '296', '780', '10', '>300', '>8', 'Down', 'No', 'Up', 'No', 'Steady', 'Down', 'Down', 'Down', 'Steady', 'Up', 'Steady', 'Up', 'Steady', 'No', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 34, '2000000035', '2000000047', 'AfricanAmerican', 'Female', '[0-10)', '[25-50)', '3', '7', '7', '2', 'MC', 'InternalMedicine', '50', '2', '16', '1', '0', '1', '715', '285', '996', '7', 'None', 'None', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Down', 'Steady', 'Up', 'No', 'Steady', 'No', 'Steady', 'No', 'Up', 'No', 'Down', 'Down', 'Down', 'No', 'Up', 'Steady', 'Ch', 'Yes', '>30'),
	('batch-0001', 35, '2000000036', '2000000127', 'Caucasian', 'Unknown/Invalid', '[30-40)', '[0-25)', '1', '15', '7', '5', '?', 'Cardiology-Pediatric', '42', '1', '22', '0', '0', '0', '786', '440', '518', '8', 'Norm', 'None', 'No', 'Down', 'Down', 'No', 'Down', 'No', 'Steady', 'No', 'No', 'Down', 'No', 'Down', 'No', 'Down', 'No', 'Down', 'No', 'Up', 'Down', 'No', 'No', 'Down', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 36, '2000000037', '2000000131', 'Hispanic', 'Female', '[70-80)', '[150-175)', '6', '26', '18', '2', 'MC', 'Emergency/Trauma', '33', '1', '10', '1', '0', '0', '250.8', '414', '577', '7', 'None', 'Norm', 'Up', 'Up', 'Up', 'No', 'No', 'No', 'No', 'No', 'No', 'Down', 'Down', 'Down', 'No', 'Up', 'No', 'No', 'No', 'No', 'Up', 'No', 'Down', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 37, '2000000038', '2000000142', 'Caucasian', 'Male', '[0-10)', '[75-100)', '1', '1', '7', '1', 'MC', 'InternalMedicine', '54', '1', '12', '0', '0', '0', '427', '296', '996', '11', 'None', 'None', 'No', 'No', 'Down', 'No', 'No', 'Up', 'Up', 'Up', 'Steady', 'Down', 'Up', 'No', 'Down', 'No', 'No', 'Up', 'No', 'No', 'Down', 'Up', 'No', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 38, '2000000039', '2000000043', 'AfricanAmerican', 'Unknown/Invalid', '[70-80)', '[125-150)', '8', '21', '7', '4', 'MC', 'Ophthalmology', '33', '1', '20', '1', '0', '1', '250.02', '518', '574', '6', 'None', '>8', 'No', 'No', 'Down', 'Down', 'Up', 'No', 'No', 'No', 'No', 'Up', 'Up', 'Up', 'No', 'No', 'Up', 'No', 'Up', 'Down', 'Steady', 'Up', 'Steady', 'Steady', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 39, '2000000040', '2000000156', 'AfricanAmerican', 'Unknown/Invalid', '[10-20)', '[125-150)', '6', '1', '26', '1', 'MC', '?', '43', '1', '11', '1', '0', '0', '599', '518', '174', '8', '>200', '>7', 'No', 'Steady', 'Steady', 'Steady', 'No', 'Steady', 'Down', 'No', 'No', 'Up', 'No', 'Up', 'Steady', 'Up', 'Down', 'Up', 'No', 'Up', 'Steady', 'Steady', 'No', 'No', 'Down', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0001', 40, '2000000041', '2000000104', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[100-125)', '5', '2', '7', '4', 'MC', 'Orthopedics', '43', '0', '18', '1', '1', '0', '197', '250.02', '174', '11', 'None', '>7', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'Down', 'Up', 'No', 'Down', 'No', 'Steady', 'Down', 'No', 'Down', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 41, '2000000042', '2000000128', 'Hispanic', 'Unknown/Invalid', '[70-80)', '[125-150)', '1', '1', '22', '3', 'MC', 'InternalMedicine', '44', '1', '18', '2', '1', '0', '197', '174', '197', '8', 'Norm', 'Norm', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'No', 'No', 'Up', 'No', 'No', 'No', 'Down', 'Down', 'Steady', 'Up', 'No', 'No', 'No', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0001', 42, '2000000043', '2000000029', 'Asian', 'unknown', '[70-80)', '[100-125)', '1', '23', '7', '5', 'UN', 'InternalMedicine', '40', '1', '11', '0', '0', '0', '820', '250.8', '427', '7', '>300', '>7', 'No', 'Up', 'No', 'Up', 'Down', 'No', 'Up', 'Steady', 'No', 'No', 'Down', 'Down', 'No', 'Up', 'No', 'Up', 'Up', 'Up', 'No', 'Down', 'Steady', 'No', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 43, '2000000044', '2000000092', 'Caucasian', 'Female', '[50-60)', '[100-125)', '1', '1', '5', '3', 'MC', 'Resident', '45', '1', '22', '1', '0', '3', '491', '?', '577', '12', 'None', '>8', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'Up', 'No', 'Up', 'Steady', 'Steady', 'Up', 'Up', 'No', 'Down', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 44, '2000000045', '2000000006', 'Caucasian', 'Female', '[70-80)', '[0-25)', '1', '1', '7', '3', 'SI', 'Pediatrics-Neurology', '52', '0', '18', '1', '1', '1', '38', 'V57', '820', '6', 'None', 'Norm', 'Steady', 'Up', 'No', 'Down', 'No', 'Steady', 'No', 'No', 'Steady', 'No', 'Down', 'No', 'Up', 'Steady', 'Up', 'Up', 'Up', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 45, '2000000046', '2000000002', 'AfricanAmerican', 'Unknown/Invalid', '[20-30)', '[150-175)', '1', '1', '9', '2', 'WC', 'InternalMedicine', '39', '3', '12', '0', '0', '0', '493', '682', '174', '7', '>200', 'None', 'Down', 'No', 'Steady', 'Down', 'No', 'Up', 'Steady', 'Up', 'Steady', 'Down', 'No', 'Up', 'No', 'No', 'Steady', 'No', 'Steady', 'Down', 'Up', 'No', 'No', 'Steady', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 46, '2000000047', '2000000124', 'Caucasian', 'Female', '[70-80)', '[25-50)', '1', '18', '15', '8', 'MC', 'InternalMedicine', '41', '1', '20', '1', '0', '1', '780', '?', '682', '6', 'None', 'Norm', 'Up', 'Down', 'No', 'Steady', 'No', 'Down', 'Down', 'No', 'Steady', 'Up', 'Steady', 'Up', 'Down', 'No', 'No', 'Down', 'Steady', 'Steady', 'Steady', 'Down', 'Up', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 47, '2000000048', '2000000038', 'Caucasian', 'Female', '[70-80)', '[100-125)', '3', '1', '7', '7', '?', 'Psychology', '36', '1', '14', '1', '0', '0', '?', '434', '427', '11', 'None', 'None', 'No', 'Steady', 'Steady', 'Up', 'Up', 'No', 'Down', 'Steady', 'Down', 'Steady', 'No', 'No', 'No', 'Down', 'Down', 'No', 'Steady', 'Steady', 'Down', 'No', 'Down', 'Up', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 48, '2000000049', '2000000021', 'Hispanic', 'Unknown/Invalid', '[70-80)', '[125-150)', '8', '1', '25', '3', 'MC', 'DCPTEAM', '27', '0', '12', '2', '2', '3', '427', '250.02', '174', '11', 'None', 'None', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'No', 'Down', 'No', 'Up', 'Up', 'Up', 'No', 'Up', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 49, '2000000050', '2000000048', 'Asian', 'Female', '[60-70)', '[0-25)', '5', '16', '20', '6', 'MP', 'InternalMedicine', '42', '0', '8', '0', '0', '1', '250', '?', '440', '11', 'None', 'None', 'Down', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'No', 'No', 'Steady', 'No', 'Steady', 'Up', 'Down', 'No', 'No', 'Steady', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 50, '2000000051', '2000000119', 'Caucasian', 'Female', '[90-100)', '[100-125)', '6', '18', '6', '1', 'MC', 'Family/GeneralPractice', '43', '4', '10', '0', '0', '1', '250.8', '414', '410', '6', 'None', 'None', 'Down', 'Steady', 'Up', 'Up', 'No', 'Down', 'No', 'Up', 'Steady', 'No', 'Up', 'No', 'Steady', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'Up', 'Ch', 'Yes', '<30'),
	('batch-0001', 51, '2000000052', '2000000010', 'Asian', 'Female', '[70-80)', '[0-25)', '1', '1', '7', '4', 'MC', 'Cardiology-Pediatric', '55', '1', '13', '2', '0', '0', '562', '491', '410', '13', 'None', '>7', 'Up', 'Down', 'Down', 'Steady', 'Down', 'No', 'Up', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'Steady', 'No', 'Steady', 'No', 'Up', 'Up', 'No', 'Steady', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 52, '2000000053', '2000000031', 'Caucasian', 'Male', '[70-80)', '[25-50)', '2', '1', '7', '3', 'BC', '?', '50', '0', '13', '0', '0', '1', '414', '599', '486', '7', 'None', 'None', 'Down', 'Down', 'Steady', 'No', 'No', 'No', 'Down', 'Down', 'Steady', 'Up', 'No', 'No', 'Steady', 'No', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'Up', 'Down', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0001', 53, '2000000054', '2000000066', 'Asian', 'Female', '[70-80)', '[175-200)', '8', '4', '7', '2', 'MC', 'InternalMedicine', '47', '2', '14', '0', '1', '0', '38', '?', '584', '11', 'None', 'None', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'Up', 'Up', 'Down', 'Down', 'Up', 'Up', 'Up', 'Down', 'No', 'No', 'No', 'Steady', 'Down', 'Down', 'Steady', 'Steady', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 54, '2000000055', '2000000039', 'Hispanic', 'Unknown/Invalid', '[70-80)', '>200', '1', '4', '24', '5', 'CM', 'InfectiousDiseases', '43', '2', '14', '0', '0', '1', '518', '296', '715', '10', 'None', '>7', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'Up', 'Steady', 'No', 'Up', 'Steady', 'No', 'Down', 'Down', 'Steady', 'Down', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 55, '2000000056', '2000000160', 'Caucasian', 'Unknown/Invalid', '[60-70)', '[175-200)', '1', '1', '7', '2', 'MC', 'InternalMedicine', '43', '1', '15', '1', '0', '0', '715', '440', '574', '8', '>300', 'None', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Down', 'Up', 'Up', 'No', 'Steady', 'No', 'Steady', 'Down', 'No', 'Steady', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 56, '2000000057', '2000000078', 'Asian', 'Female', '[50-60)', '[150-175)', '3', '1', '7', '2', 'MC', 'InternalMedicine', '39', '0', '16', '0', '0', '0', 'E885', '296', 'E885', '4', 'None', 'None', 'Down', 'No', 'Up', 'Steady', 'No', 'Steady', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Down', 'No', 'Steady', 'Down', 'Down', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0001', 57, '2000000058', '2000000092', 'Other', 'Unknown/Invalid', '[60-70)', '[125-150)', '3', '1', '7', '3', 'MD', 'Psychology', '47', '0', '15', '0', '0', '0', '584', '518', '715', '6', 'None', 'None', 'Down', 'No', 'No', 'No', 'Steady', 'Up', 'Down', 'Down', 'Steady', 'Up', 'Steady', 'No', 'Down', 'Down', 'No', 'Steady', 'Steady', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 58, '2000000059', '2000000027', 'AfricanAmerican', 'Female', '[70-80)', '[25-50)', '6', '20', '21', '6', 'MC', 'Surgery-Cardiovascular', '27', '2', '14', '0', '0', '0', '197', '493', '296', '13', 'None', 'None', 'No', 'Up', 'Up', 'Up', 'Down', 'Steady', 'Steady', 'Steady', 'Up', 'Steady', 'Up', 'No', 'No', 'Up', 'No', 'No', 'Up', 'Steady', 'No', 'No', 'Steady', 'Up', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 59, '2000000060', '2000000138', 'Hispanic', 'Unknown/Invalid', '[80-90)', '[150-175)', '6', '21', '26', '5', 'BC', 'ObstetricsandGynecology', '43', '0', '13', '0', '1', '0', '?', '715', '486', '11', 'None', '>8', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'Up', 'Up', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0001', 60, '2000000061', '2000000088', 'Caucasian', 'Female', '[40-50)', '>200', '1', '1', '23', '4', 'BC', 'InternalMedicine', '46', '0', '12', '3', '1', '0', '715', '493', '599', '9', 'Norm', '>8', 'No', 'Up', 'Up', 'Down', 'Up', 'Up', 'Up', 'Down', 'Down', 'Up', 'Steady', 'Down', 'No', 'No', 'No', 'Down', 'No', 'Down', 'No', 'No', 'Up', 'Up', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 61, '2000000062', '2000000101', 'Hispanic', 'Female', '[70-80)', '[175-200)', '1', '1', '7', '6', 'MC', 'InternalMedicine', '49', '2', '12', '1', '1', '0', '584', '562', '440', '8', 'None', 'None', 'Up', 'Up', 'No', 'Up', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'Down', 'Down', 'No', 'Up', 'No', 'Up', 'No', 'No', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0001', 62, '2000000063', '2000000150', '?', 'Unknown/Invalid', '[70-80)', '[100-125)', '3', '15', '17', '6', 'WC', 'Surgery-General', '53', '1', '16', '0', '1', '0', '493', '584', '285', '5', 'None', 'Norm', 'Down', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'Down', 'Up', 'No', 'No', 'Up', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'Up', 'No', 'Up', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 63, '2000000064', '2000000070', 'Other', 'Unknown/Invalid', '[70-80)', '[75-100)', '1', '4', '7', '2', 'MC', 'Dentistry', '42', '0', '17', '0', '0', '0', '574', '560', '250.02', '8', 'None', '>7', 'No', 'No', 'No', 'Down', 'No', 'No', 'Down', 'No', 'Steady', 'Steady', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 64, '2000000065', '2000000013', 'Caucasian', 'Female', '[70-80)', '[175-200)', '6', '2', '7', '3', 'MC', 'InternalMedicine', '40', '1', '14', '0', '0', '1', '276', 'E885', '?', '11', 'Norm', 'Norm', 'No', 'No', 'Up', 'Down', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'Down', 'Up', 'Down', 'Down', 'No', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 65, '2000000066', '2000000089', 'Hispanic', 'Female', '[70-80)', '[175-200)', '3', '1', '7', '7', 'MC', 'InternalMedicine', '40', '0', '12', '1', '0', '0', '577', '285', '491', '10', 'Norm', 'Norm', 'No', 'Up', 'Down', 'Steady', 'Up', 'Up', 'Steady', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'Steady', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 66, '2000000067', '2000000107', 'Asian', 'Female', '[60-70)', '[100-125)', '1', '1', '7', '5', 'MC', 'Pediatrics-Pulmonology', '49', '2', '14', '1', '0', '1', '250.02', '715', '174', '10', '>300', 'Norm', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'Down', 'No', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 67, '2000000068', '2000000087', 'AfricanAmerican', 'Female', '[70-80)', '[75-100)', '1', '23', '7', '6', 'HM', 'InternalMedicine', '43', '2', '15', '0', '0', '1', 'V57', '250.6', '996', '12', '>300', 'None', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'Steady', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'Up', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 68, '2000000069', '2000000062', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[50-75)', '7', '1', '1', '2', 'MC', 'Surgery-Thoracic', '41', '3', '15', '2', '0', '0', '486', '250', '250.02', '11', 'None', 'None', 'No', 'No', 'Steady', 'Up', 'Steady', 'No', 'No', 'Down', 'Down', 'Up', 'Steady', 'Up', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 69, '2000000070', '2000000080', 'Caucasian', 'Male', '[10-20)', '[50-75)', '8', '11', '7', '4', 'HM', 'InternalMedicine', '38', '2', '14', '0', '0', '0', '428', '493', '996', '10', 'None', 'None', 'No', 'Up', 'No', 'Up', 'Steady', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'Down', 'Up', 'Steady', 'Down', 'Down', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 70, '2000000071', '2000000164', 'Caucasian', 'Unknown/Invalid', '[70-80)', '>200', '1', '1', '7', '1', 'CM', 'InternalMedicine', '40', '1', '15', '0', '0', '1', '250', '780', '403', '12', '>200', 'None', 'No', 'No', 'Up', 'Up', 'No', 'Down', 'Up', 'No', 'No', 'Up', 'Up', 'No', 'No', 'Up', 'No', 'Down', 'No', 'Steady', 'Steady', 'No', 'Down', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 71, '2000000072', '2000000101', 'Caucasian', 'Male', '[70-80)', '>200', '5', '1', '13', '1', 'MP', 'InternalMedicine', '33', '0', '14', '0', '0', '0', '410', 'V57', '577', '9', 'None', 'Norm', 'Steady', 'Down', 'No', 'No', 'Up', 'No', 'Steady', 'Up', 'Down', 'Up', 'Steady', 'No', 'Down', 'No', 'No', 'Down', 'No', 'Down', 'No', 'No', 'No', 'No', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 72, '2000000073', '2000000104', 'Hispanic', 'Unknown/Invalid', '[70-80)', '[150-175)', '1', '1', '2', '9', 'WC', 'InternalMedicine', '47', '1', '13', '0', '0', '0', '577', '491', '?', '4', 'None', 'None', 'Up', 'No', 'Steady', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'Up', 'Down', 'Up', 'Down', 'Up', 'Steady', 'No', 'Down', 'Up', 'Down', 'Steady', 'Ch', 'Yes', '<30'),
	('batch-0001', 73, '2000000074', '2000000096', 'Asian', 'Male', '[30-40)', '[100-125)', '1', '21', '2', '2', '?', 'InternalMedicine', '48', '1', '14', '2', '0', '0', '715', '?', '434', '10', 'None', '>8', 'Steady', 'Down', 'No', 'Down', 'Steady', 'Up', 'No', 'Down', 'Steady', 'Steady', 'No', 'Down', 'Down', 'No', 'Up', 'Steady', 'Steady', 'Steady', 'No', 'Steady', 'Down', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 74, '2000000075', '2000000089', 'Caucasian', 'Female', '[70-80)', '[125-150)', '6', '9', '24', '8', 'MC', 'InternalMedicine', '35', '1', '13', '1', '0', '0', '599', '820', '786', '5', '>200', 'Norm', 'No', 'Up', 'Steady', 'No', 'No', 'Steady', 'Up', 'No', 'Down', 'No', 'Up', 'No', 'Steady', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'Down', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 75, '2000000076', '2000000159', '?', 'Unknown/Invalid', '[70-80)', '[125-150)', '1', '15', '7', '2', 'CM', 'InternalMedicine', '38', '3', '15', '1', '0', '0', '682', '434', '?', '5', 'None', 'Norm', 'Down', 'Up', 'Up', 'Up', 'Up', 'Up', 'Steady', 'Down', 'Steady', 'No', 'Down', 'No', 'Down', 'No', 'No', 'No', 'Steady', 'Up', 'Steady', 'No', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 76, '2000000077', '2000000163', 'Caucasian', 'Female', '[70-80)', '[100-125)', '2', '8', '22', '4', 'BC', 'InternalMedicine', '55', '1', '13', '0', '0', '0', '562', '577', '562', '11', '>300', 'None', 'Up', 'Up', 'No', 'Steady', 'Up', 'No', 'Up', 'Up', 'Steady', 'No', 'Steady', 'Up', 'No', 'No', 'Up', 'Down', 'Up', 'Steady', 'Up', 'Down', 'No', 'No', 'Steady', 'Ch', 'Yes', '>30'),
	('batch-0001', 77, '2000000078', '2000000033', 'Caucasian', 'Unknown/Invalid', '[60-70)', '[75-100)', '1', '12', '7', '4', 'SI', 'InternalMedicine', '38', '1', '10', '0', '0', '3', '174', '996', '414', '11', '>200', 'None', 'Steady', 'No', 'No', 'No', 'Up', 'Up', 'Steady', 'No', 'No', 'Up', 'No', 'No', 'No', 'Down', 'No', 'Steady', 'Up', 'Steady', 'No', 'Up', 'Up', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 78, '2000000079', '2000000058', '?', 'Male', '[20-30)', '[125-150)', '3', '29', '13', '5', 'MC', 'InternalMedicine', '50', '3', '11', '0', '0', '0', '584', '174', '197', '7', '>300', '>7', 'No', 'Down', 'No', 'No', 'No', 'No', 'Down', 'Up', 'Steady', 'No', 'Steady', 'No', 'Up', 'No', 'No', 'No', 'No', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 79, '2000000080', '2000000071', 'Asian', 'Female', '[0-10)', '[100-125)', '3', '10', '9', '5', 'WC', 'InternalMedicine', '49', '3', '12', '0', '2', '1', '577', '682', '410', '5', 'Norm', 'None', 'Steady', 'No', 'No', 'Steady', 'Up', 'Steady', 'No', 'Up', 'Steady', 'Up', 'No', 'Up', 'No', 'Steady', 'Down', 'No', 'Up', 'Steady', 'Down', 'No', 'Steady', 'Steady', 'Down', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0001', 80, '2000000081', '2000000036', 'Caucasian', 'Female', '[10-20)', '?', '2', '1', '7', '3', 'MC', 'Pediatrics-EmergencyMedicine', '43', '1', '12', '0', '1', '0', '996', '?', '197', '11', 'Norm', 'None', 'Up', 'Up', 'Steady', 'No', 'No', 'Steady', 'No', 'Up', 'No', 'No', 'No', 'No', 'Down', 'No', 'Down', 'Up', 'Down', 'Steady', 'No', 'No', 'No', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 81, '2000000082', '2000000039', 'Caucasian', 'Male', '[40-50)', '[50-75)', '1', '1', '14', '8', 'MC', 'InternalMedicine', '40', '1', '13', '1', '1', '0', '174', '434', '786', '13', 'None', '>8', 'No', 'Up', 'No', 'Down', 'Steady', 'Down', 'Down', 'No', 'Up', 'Down', 'No', 'Steady', 'Up', 'No', 'Up', 'No', 'No', 'Steady', 'No', 'Up', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 82, '2000000083', '2000000013', 'Caucasian', 'Male', '[80-90)', '[150-175)', '1', '27', '7', '3', 'DM', 'Surgery-Plastic', '51', '0', '17', '0', '1', '0', '574', '435', '250.02', '14', 'Norm', 'None', 'No', 'Steady', 'Steady', 'No', 'Down', 'No', 'Steady', 'No', 'Up', 'No', 'Steady', 'Up', 'No', 'Up', 'No', 'Up', 'No', 'Steady', 'Up', 'Down', 'No', 'No', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 83, '2000000084', '2000000123', 'Caucasian', 'Female', '[30-40)', '[100-125)', '3', '1', '23', '8', 'MC', 'Pediatrics', '42', '1', '13', '1', '0', '0', '562', '434', '820', '13', '>200', 'None', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'Up', 'Up', 'No', 'No', 'Up', 'Steady', 'No', 'Steady', 'No', 'No', 'Up', 'Up', 'Up', 'Steady', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0001', 84, '2000000085', '2000000128', 'Other', 'Female', '[70-80)', '[75-100)', '1', '20', '7', '4', 'MC', 'InternalMedicine', '47', '0', '17', '0', '1', '0', '403', '574', '486', '8', 'None', 'Norm', 'Steady', 'Steady', 'No', 'Steady', 'Up', 'Steady', 'Steady', 'Steady', 'No', 'No', 'No', 'Down', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'No', 'Down', 'Down', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 85, '2000000086', '2000000114', 'Caucasian', 'Female', '[70-80)', '[75-100)', '1', '1', '8', '4', 'HM', 'Pediatrics-Neurology', '48', '0', '19', '0', '0', '0', '584', '440', 'E885', '7', '>200', '>7', 'No', 'No', 'No', 'No', 'No', 'Down', 'Steady', 'No', 'Up', 'No', 'Steady', 'No', 'Down', 'Up', 'No', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 86, '2000000087', '2000000117', 'Caucasian', 'Male', '[50-60)', '[125-150)', '1', '1', '18', '4', 'MC', 'Nephrology', '46', '1', '15', '1', '2', '0', '996', '38', '276', '5', '>300', '>7', 'Steady', 'No', 'Steady', 'Steady', 'No', 'Steady', 'Up', 'Down', 'Steady', 'Down', 'Down', 'No', 'Up', 'Up', 'Down', 'Down', 'Steady', 'Steady', 'Down', 'No', 'No', 'Steady', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0001', 87, '2000000088', '2000000071', 'Caucasian', 'Unknown/Invalid', '[10-20)', '>200', '7', '1', '7', '2', 'SI', 'InternalMedicine', '43', '2', '23', '0', '1', '0', '780', '518', '599', '16', '>300', 'None', 'Up', 'Steady', 'No', 'Steady', 'No', 'Up', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'Up', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0001', 88, '2000000089', '2000000074', 'Caucasian', 'Female', '[60-70)', '[25-50)', '1', '1', '2', '5', 'MC', 'Osteopath', '34', '2', '18', '0', '0', '0', '38', '403', '410', '6', 'Norm', 'None', 'No', 'No', 'Down', 'No', 'No', 'No', 'No', 'No', 'Up', 'Down', 'No', 'Steady', 'Down', 'No', 'Steady', 'Down', 'Down', 'Steady', 'Steady', 'Down', 'Up', 'Up', 'No', 'Ch', 'Yes', '>30'),
	('batch-0001', 89, '2000000090', '2000000096', 'Caucasian', 'Male', '[80-90)', '[25-50)', '1', '1', '21', '3', '?', 'Hematology/Oncology', '48', '1', '14', '0', '2', '0', '682', '410', '?', '6', 'None', 'None', 'No', 'Up', 'No', 'Steady', 'Down', 'Up', 'No', 'Down', 'Steady', 'Up', 'No', 'No', 'No', 'Down', 'Up', 'Up', 'Up', 'No', 'No', 'Down', 'No', 'Steady', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0001', 90, '2000000091', '2000000033', 'Caucasian', 'Male', '[70-80)', '[50-75)', '6', '5', '15', '3', 'MC', 'InternalMedicine', '54', '1', '16', '0', '1', '1', '585', '491', '?', '10', 'None', 'Norm', 'Down', 'Down', 'Steady', 'Steady', 'No', 'Steady', 'No', 'Down', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Down', 'Down', 'No', 'Steady', 'Up', 'No', 'Up', 'Up', 'Down', 'Ch', 'Yes', '<30'),
	('batch-0001', 91, '2000000092', '2000000038', 'Asian', 'Male', '[70-80)', '[0-25)', '1', '1', '7', '5', 'WC', 'InternalMedicine', '41', '0', '12', '0', '0', '0', '285', '435', '414', '10', 'None', 'None', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'Steady', 'Down', 'Steady', 'No', 'Down', 'Up', 'No', 'Steady', 'No', 'Down', 'Down', 'Steady', 'No', 'Steady', 'No', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0001', 92, '2000000093', '2000000161', 'Caucasian', 'Female', '[20-30)', '[75-100)', '3', '18', '7', '5', 'MP', 'InternalMedicine', '33', '2', '10', '1', '1', '0', '285', '410', 'E885', '12', '>300', 'Norm', 'No', 'No', 'Steady', 'No', 'Down', 'No', 'No', 'Steady', 'Steady', 'Up', 'No', 'Down', 'Down', 'Down', 'No', 'No', 'No', 'No', 'No', 'No', 'Down', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 93, '2000000094', '2000000134', 'Other', 'Female', '[70-80)', '[175-200)', '1', '1', '8', '5', 'FR', 'InternalMedicine', '35', '3', '14', '1', '1', '0', '584', '197', '250.02', '10', 'None', 'None', 'Down', 'Steady', 'No', 'Up', 'Down', 'No', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'Steady', 'No', 'Steady', 'Up', 'Up', 'Down', 'No', 'Steady', 'No', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0001', 94, '2000000095', '2000000117', 'Caucasian', 'Female', '[0-10)', '[50-75)', '1', '1', '7', '5', 'WC', '?', '55', '1', '12', '0', '0', '1', '996', '250.02', '?', '8', 'None', '>7', 'Steady', 'Steady', 'Up', 'Steady', 'No', 'Steady', 'No', 'Steady', 'No', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'Down', 'No', 'No', 'Down', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0001', 95, '2000000096', '2000000029', 'Other', 'Male', '[80-90)', '[150-175)', '5', '1', '7', '1', 'MC', 'InternalMedicine', '49', '1', '11', '2', '1', '0', '996', '?', '577', '7', 'Norm', 'None', 'Down', 'No', 'No', 'Up', 'No', 'No', 'No', 'Up', 'Up', 'Down', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'Steady', 'No', 'No', 'Steady', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0001', 96, '2000000097', '2000000036', 'Caucasian', 'Male', '[40-50)', '[175-200)', '3', '26', '22', '4', 'BC', 'Surgery-Cardiovascular/Thoracic', '51', '0', '16', '0', '1', '1', '491', '?', '276', '6', '>300', 'None', 'Up', 'Steady', 'Down', 'Down', 'Up', 'Steady', 'Steady', 'No', 'Up', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'Down', 'Up', 'Down', 'Steady', 'Down', 'No', 'Down', 'Ch', 'Yes', '<30'),
	('batch-0001', 97, '2000000098', '2000000007', 'Caucasian', 'Female', '[70-80)', '[25-50)', '8', '4', '7', '5', 'MC', 'Emergency/Trauma', '39', '0', '16', '2', '0', '0', '410', 'V57', '560', '12', 'Norm', 'Norm', 'Steady', 'Up', 'No', 'Down', 'No', 'Down', 'No', 'Down', 'Up', 'No', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'Up', 'Steady', 'Up', 'No', 'Down', 'Up', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0001', 98, '2000000099', '2000000023', 'Caucasian', 'Male', '[30-40)', '[25-50)', '1', '4', '7', '5', 'MC', 'InternalMedicine', '50', '4', '17', '1', '0', '1', '493', '38', 'E885', '5', 'None', '>8', 'No', 'Up', 'No', 'No', 'No', 'No', 'Down', 'No', 'Steady', 'Up', 'Up', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'Steady', 'Up', 'No', 'No', 'Up', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0001', 99, '2000000100', '2000000071', 'Other', 'Female', '[40-50)', '[0-25)', '6', '1', '24', '2', 'MC', 'InternalMedicine', '40', '2', '21', '0', '1', '0', '518', '493', '599', '11', 'Norm', '>8', 'Steady', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'No', 'No', 'No', 'No', 'Down', 'Steady', 'Steady', 'Up', 'Steady', 'Steady', 'Steady', 'No', 'No', 'Down', 'No', 'Steady', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0002', 100, '2000000101', '2000000118', '?', 'Male', '[30-40)', '?', '5', '17', '7', '6', 'UN', 'InternalMedicine', '43', '4', '16', '1', '1', '0', '682', '250', '?', '16', 'None', 'None', 'No', 'No', 'No', 'No', 'Down', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'Up', 'Down', 'No', 'Up', 'Down', 'No', 'No', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 101, '2000000102', '2000000092', 'Caucasian', 'Unknown/Invalid', '[80-90)', '[75-100)', '1', '1', '7', '7', 'MC', 'InternalMedicine', '38', '0', '16', '0', '0', '2', '250.8', '780', '428', '11', '>300', 'None', 'No', 'No', 'Up', 'Up', 'Down', 'No', 'No', 'No', 'Steady', 'Down', 'Down', 'No', 'Up', 'Up', 'No', 'Up', 'Steady', 'Steady', 'No', 'Down', 'Steady', 'No', 'Down', 'Ch', 'Yes', '<30'),
	('batch-0002', 102, '2000000103', '2000000145', 'Hispanic', 'Female', '[50-60)', '[25-50)', '5', '1', '3', '3', 'MC', '?', '46', '2', '25', '0', '0', '0', '401', '577', '174', '7', 'None', 'None', 'Up', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'Down', 'Up', 'Up', 'No', 'No', 'Steady', 'Up', 'Steady', 'No', 'Steady', 'No', 'No', 'Steady', 'Steady', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 103, '2000000104', '2000000032', 'Hispanic', 'Female', '[60-70)', '[100-125)', '1', '30', '7', '5', 'MC', 'Neurophysiology', '49', '1', '17', '0', '0', '0', '585', '414', '585', '9', '>300', '>7', 'Up', 'Steady', 'Down', 'Down', 'No', 'No', 'No', 'Steady', 'No', 'Steady', 'No', 'No', 'Up', 'No', 'Up', 'Steady', 'Steady', 'No', 'Up', 'No', 'Steady', 'Steady', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0002', 104, '2000000105', '2000000039', 'Caucasian', 'Unknown/Invalid', '[10-20)', '>200', '2', '28', '7', '2', 'BC', 'Cardiology', '54', '1', '16', '0', '0', '1', '682', '250', 'E885', '8', '>200', '>8', 'No', 'Down', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'No', 'Down', 'No', 'Up', 'Steady', 'No', 'No', 'Down', 'Steady', 'No', 'Steady', 'Down', 'Steady', 'Steady', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 105, '2000000106', '2000000029', 'Other', 'Female', '[70-80)', '[0-25)', '7', '13', '7', '7', 'CP', 'Hematology/Oncology', '53', '2', '12', '2', '0', '1', '250', '577', '?', '9', 'None', 'None', 'Down', 'No', 'Steady', 'No', 'Up', 'No', 'Down', 'Steady', 'Down', 'No', 'Up', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 106, '2000000107', '2000000051', 'Caucasian', 'Unknown/Invalid', '[10-20)', '[0-25)', '7', '29', '7', '5', 'MC', 'InternalMedicine', '47', '0', '17', '0', '0', '0', '250.8', '574', '?', '11', 'Norm', '>8', 'Up', 'Steady', 'No', 'Steady', 'Up', 'No', 'Down', 'Down', 'No', 'Steady', 'No', 'Steady', 'Steady', 'No', 'Down', 'Down', 'No', 'Steady', 'No', 'No', 'Up', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 107, '2000000108', '2000000069', 'Hispanic', 'Male', '[80-90)', '[25-50)', '7', '16', '11', '4', 'OT', 'InternalMedicine', '43', '2', '18', '1', '0', '0', '?', '250', '518', '11', '>300', '>7', 'No', 'Down', 'No', 'Down', 'Down', 'Down', 'Down', 'Up', 'No', 'Down', 'Up', 'No', 'No', 'No', 'Up', 'Down', 'Steady', 'Steady', 'Down', 'No', 'Down', 'Up', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 108, '2000000109', '2000000140', 'AfricanAmerican', 'Male', '[10-20)', '[175-200)', '6', '19', '7', '6', 'DM', 'InternalMedicine', '46', '1', '18', '0', '0', '0', '285', '428', '174', '9', 'None', '>7', 'No', 'No', 'Down', 'No', 'No', 'Up', 'No', 'Down', 'No', 'No', 'No', 'Up', 'No', 'Down', 'No', 'Steady', 'Down', 'Steady', 'No', 'Down', 'No', 'Up', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0002', 109, '2000000110', '2000000073', 'Caucasian', 'Male', '[70-80)', '[175-200)', '5', '10', '9', '3', 'PO', 'InternalMedicine', '32', '0', '8', '1', '0', '2', '715', '197', '493', '7', 'None', '>8', 'No', 'Down', 'No', 'Up', 'No', 'Up', 'Up', 'Up', 'No', 'No', 'No', 'Down', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'Down', 'No', 'Up', 'Down', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0002', 110, '2000000111', '2000000117', 'AfricanAmerican', 'Female', '[60-70)', '>200', '2', '1', '1', '8', 'MC', 'InternalMedicine', '47', '0', '20', '0', '0', '0', '491', '?', 'E885', '10', 'None', 'None', 'Up', 'No', 'No', 'Steady', 'No', 'Down', 'Down', 'Steady', 'Down', 'No', 'Steady', 'Down', 'Down', 'No', 'Up', 'Down', 'No', 'Steady', 'No', 'Up', 'Up', 'Up', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0002', 111, '2000000112', '2000000124', 'Asian', 'Male', '[60-70)', '[175-200)', '3', '1', '25', '3', 'MC', 'Gastroenterology', '33', '2', '15', '0', '1', '1', 'V57', '996', '493', '10', '>300', 'None', 'Up', 'Down', 'No', 'No', 'Steady', 'Down', 'No', 'No', 'Up', 'Down', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'Steady', 'No', 'Steady', 'No', 'Steady', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 112, '2000000113', '2000000013', 'AfricanAmerican', 'Female', '[70-80)', '[50-75)', '1', '1', '2', '2', 'MC', '?', '44', '1', '14', '0', '1', '2', '584', '491', '780', '6', '>300', '>7', 'No', 'Up', 'No', 'No', 'Up', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'Up', 'Up', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'No', 'Steady', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 113, '2000000114', '2000000055', 'Caucasian', 'Male', '[90-100)', '[100-125)', '1', '15', '7', '3', 'MC', 'Psychiatry', '50', '2', '17', '0', '2', '1', '296', '401', '518', '11', 'None', 'Norm', 'No', 'Up', 'No', 'Down', 'Down', 'Down', 'Up', 'Up', 'Down', 'Down', 'No', 'Up', 'Steady', 'No', 'No', 'No', 'Steady', 'Steady', 'Down', 'No', 'Up', 'Up', 'Up', 'Ch', 'Yes', '<30'),
	('batch-0002', 114, '2000000115', '2000000066', 'Caucasian', 'Male', '[70-80)', '[175-200)', '2', '12', '10', '7', 'DM', 'InternalMedicine', '44', '1', '12', '1', '0', '2', '250.6', '585', '599', '15', 'Norm', '>7', 'Down', 'No', 'Down', 'No', 'Down', 'No', 'No', 'Down', 'No', 'Up', 'No', 'No', 'Up', 'Up', 'Down', 'No', 'No', 'Steady', 'No', 'Down', 'No', 'No', 'Steady', 'Ch', 'Yes', '<30'),
	('batch-0002', 115, '2000000116', '2000000069', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[175-200)', '3', '1', '25', '5', 'MC', '?', '41', '0', '21', '0', '0', '1', '403', '174', 'E885', '4', '>200', '>7', 'No', 'Up', 'No', 'No', 'Steady', 'No', 'Up', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'Down', 'Steady', 'Down', 'Steady', 'No', 'Down', 'No', 'Down', 'No', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0002', 116, '2000000117', '2000000002', 'Asian', 'Female', '[20-30)', '[100-125)', '6', '28', '21', '3', 'MC', 'InternalMedicine', '55', '0', '13', '0', '0', '0', 'E885', '440', '491', '6', 'None', '>8', 'No', 'Steady', 'No', 'Up', 'Steady', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'Up', 'No', 'No', 'No', 'Steady', 'Up', 'Up', 'Down', 'Steady', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 117, '2000000118', '2000000101', 'Other', 'Female', '[10-20)', '[25-50)', '1', '13', '18', '2', 'FR', 'Otolaryngology', '34', '0', '14', '1', '0', '0', '820', '276', '491', '7', '>300', '>7', 'Up', 'Down', 'Down', 'No', 'No', 'No', 'Down', 'Steady', 'Up', 'No', 'No', 'Up', 'Up', 'Up', 'Up', 'Steady', 'Up', 'No', 'Up', 'No', 'No', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 118, '2000000119', '2000000099', 'Caucasian', 'Male', '[10-20)', '>200', '1', '13', '23', '2', 'CH', 'Pediatrics-Neurology', '37', '1', '15', '0', '0', '0', 'V57', '584', '682', '10', 'None', 'None', 'Up', 'No', 'Up', 'Down', 'No', 'Steady', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'Down', 'Up', 'No', 'Steady', 'Steady', 'Steady', 'No', 'No', 'Down', 'Down', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0002', 119, '2000000120', '2000000012', 'Asian', 'Unknown/Invalid', '[70-80)', '[175-200)', '1', '1', '5', '2', 'UN', 'InternalMedicine', '47', '1', '14', '1', '0', '0', '599', '434', '440', '8', 'None', '>7', 'Down', 'No', 'No', 'Up', 'Steady', 'Up', 'Down', 'Down', 'Up', 'No', 'No', 'Down', 'No', 'Up', 'Down', 'Steady', 'Up', 'Steady', 'Up', 'No', 'Down', 'No', 'No', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0002', 120, '2000000121', '2000000063', '?', 'Male', '[0-10)', '[175-200)', '1', '1', '4', '6', 'MC', 'InternalMedicine', '51', '2', '17', '0', '0', '1', '296', '585', '786', '14', 'None', 'Norm', 'Down', 'Up', 'Steady', 'No', 'Steady', 'Steady', 'No', 'Steady', 'Steady', 'Up', 'No', 'Steady', 'No', 'Up', 'Steady', 'Steady', 'Up', 'No', 'Up', 'Up', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 121, '2000000122', '2000000017', 'Caucasian', 'Female', '[20-30)', '[75-100)', '1', '30', '7', '3', 'CM', 'InternalMedicine', '51', '3', '13', '0', '1', '1', '599', '682', '584', '6', 'None', 'None', 'Down', 'Up', 'Steady', 'No', 'Up', 'Steady', 'No', 'No', 'Steady', 'Steady', 'Down', 'Down', 'No', 'No', 'Steady', 'Down', 'No', 'Down', 'No', 'No', 'Down', 'Up', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 122, '2000000123', '2000000159', 'Caucasian', 'Female', '[90-100)', '[75-100)', '1', '21', '15', '3', 'MD', 'InternalMedicine', '54', '2', '17', '0', '0', '0', '560', '250', 'E885', '6', 'Norm', '>8', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'Down', 'No', 'Down', 'Up', 'Up', 'Steady', 'No', 'Down', 'Steady', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 123, '2000000124', '2000000075', 'Asian', 'Female', '[0-10)', '[175-200)', '1', '1', '7', '3', 'SI', 'InternalMedicine', '47', '0', '15', '0', '0', '0', '996', '715', '427', '9', 'Norm', '>8', 'Down', 'Up', 'No', 'Steady', 'Down', 'Down', 'Steady', 'No', 'Steady', 'No', 'No', 'No', 'Down', 'Up', 'No', 'Down', 'Down', 'No', 'Up', 'Steady', 'No', 'No', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 124, '2000000125', '2000000027', 'Caucasian', 'Female', '[20-30)', '[0-25)', '3', '1', '7', '4', 'SP', 'InternalMedicine', '44', '1', '19', '0', '1', '0', '250.02', 'V57', '491', '10', 'None', 'None', 'Up', 'Down', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'Steady', 'Up', 'Up', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'No', 'Down', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0002', 125, '2000000126', '2000000162', 'Caucasian', 'Female', '[70-80)', '[25-50)', '1', '18', '7', '9', 'MP', 'Cardiology', '43', '0', '17', '0', '1', '1', '780', '296', '174', '6', 'None', 'None', 'No', 'Down', 'Up', 'Down', 'No', 'Up', 'Steady', 'No', 'Down', 'No', 'Steady', 'Down', 'Steady', 'No', 'No', 'Up', 'Down', 'Up', 'No', 'Down', 'Steady', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 126, '2000000127', '2000000030', 'Caucasian', 'Female', '[70-80)', '[125-150)', '1', '23', '7', '8', 'SI', 'InternalMedicine', '32', '1', '14', '2', '1', '0', 'E885', '491', '250.02', '14', 'None', 'Norm', 'Down', 'No', 'Up', 'No', 'Steady', 'Up', 'Up', 'No', 'Steady', 'Up', 'Down', 'No', 'Down', 'Steady', 'Steady', 'Up', 'No', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 127, '2000000128', '2000000147', 'Caucasian', 'Unknown/Invalid', '[50-60)', '[0-25)', '1', '14', '7', '8', 'OG', 'Obsterics&Gynecology-GynecologicOnco', '45', '0', '17', '1', '0', '1', '486', '427', '38', '8', '>200', 'Norm', 'Up', 'Steady', 'Down', 'No', 'Up', 'Down', 'No', 'Up', 'No', 'Up', 'Up', 'No', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'Down', 'Down', 'No', 'Up', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0002', 128, '2000000129', '2000000023', 'Caucasian', 'Unknown/Invalid', '[10-20)', '[25-50)', '1', '1', '3', '3', '?', 'InternalMedicine', '38', '2', '10', '1', '0', '0', '786', '584', '518', '14', 'Norm', '>8', 'Up', 'Steady', 'No', 'No', 'No', 'Up', 'Steady', 'Up', 'No', 'Steady', 'No', 'Up', 'No', 'Up', 'Up', 'Down', 'No', 'Steady', 'No', 'Down', 'No', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 129, '2000000130', '2000000048', 'Hispanic', 'Female', '[70-80)', '[150-175)', '1', '7', '7', '2', 'PO', 'Pediatrics-Pulmonology', '48', '1', '19', '0', '0', '0', '780', '401', '250.8', '11', '>300', 'None', 'No', 'No', 'No', 'Up', 'Down', 'Up', 'No', 'Down', 'Up', 'Steady', 'No', 'No', 'Up', 'No', 'Down', 'Down', 'No', 'Steady', 'Down', 'Up', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 130, '2000000131', '2000000115', 'Asian', 'Unknown/Invalid', '[0-10)', '[25-50)', '99', '1', '7', '5', 'CM', 'InternalMedicine', '34', '2', '21', '0', '1', '1', '440', '599', '?', '9', 'None', 'None', 'No', 'Down', 'No', 'No', 'Up', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'Down', 'No', 'Down', 'Up', 'No', 'Steady', 'Up', 'Down', 'Up', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0002', 131, '2000000132', '2000000068', 'Other', 'Female', '[70-80)', '[175-200)', '1', '1', '20', '5', 'CP', 'InternalMedicine', '36', '1', '19', '0', '0', '1', '250', '401', '250.8', '7', 'None', 'None', 'No', 'Down', 'No', 'No', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'Steady', 'No', 'Down', 'No', 'No', 'No', 'Steady', 'Up', 'Steady', 'Steady', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 132, '2000000133', '2000000094', 'Asian', 'Female', '[30-40)', '[50-75)', '7', '11', '25', '3', 'CP', 'Pediatrics-Endocrinology', '37', '2', '13', '0', '0', '1', '250.02', '562', '197', '6', 'None', '>8', 'Up', 'No', 'No', 'No', 'Steady', 'Down', 'No', 'No', 'Down', 'No', 'No', 'Down', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'Up', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 133, '2000000134', '2000000143', 'Caucasian', 'Male', '[70-80)', '>200', '1', '12', '7', '4', 'OG', 'InternalMedicine', '51', '1', '11', '1', '0', '0', '250.02', '403', '996', '7', 'Norm', 'None', 'Up', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'No', 'Up', 'No', 'No', 'Up', 'Steady', 'Steady', 'No', 'Steady', 'Steady', 'Steady', 'No', 'Down', 'Down', 'Up', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 134, '2000000135', '2000000052', 'Asian', 'Unknown/Invalid', '[70-80)', '[175-200)', '5', '3', '7', '4', 'MC', 'InternalMedicine', '50', '1', '12', '0', '0', '0', '715', '486', '486', '7', '>200', 'None', 'No', 'No', 'Up', 'No', 'Steady', 'Steady', 'No', 'No', 'Up', 'No', 'Down', 'No', 'No', 'No', 'No', 'Up', 'Down', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 135, '2000000136', '2000000041', 'Other', 'Male', '[70-80)', '[175-200)', '1', '4', '24', '7', 'MC', 'PhysicianNotFound', '46', '1', '19', '0', '0', '0', '996', '435', '250.6', '10', 'None', '>7', 'Steady', 'No', 'No', 'Steady', 'Down', 'No', 'Up', 'No', 'Up', 'Down', 'Down', 'Up', 'No', 'Up', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0002', 136, '2000000137', '2000000086', 'Hispanic', 'Female', '[50-60)', '>200', '7', '4', '7', '2', 'HM', 'InternalMedicine', '43', '2', '17', '1', '0', '0', '250.8', '434', '560', '9', 'Norm', 'None', 'No', 'No', 'Down', 'Down', 'Down', 'No', 'No', 'Up', 'No', 'Down', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0002', 137, '2000000138', '2000000097', 'Caucasian', 'Female', '[70-80)', '[75-100)', '1', '1', '7', '11', 'MC', 'InternalMedicine', '41', '1', '17', '1', '0', '0', '197', '403', '584', '5', 'Norm', '>7', 'No', 'No', 'No', 'No', 'No', 'Up', 'No', 'Down', 'Down', 'No', 'No', 'No', 'Steady', 'Steady', 'Up', 'Steady', 'Steady', 'Steady', 'No', 'Steady', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 138, '2000000139', '2000000137', 'Asian', 'Male', '[0-10)', '[0-25)', '1', '8', '5', '5', 'HM', 'InternalMedicine', '47', '1', '12', '1', '0', '2', '440', 'E885', '584', '6', '>300', 'None', 'No', 'Up', 'Down', 'Up', 'No', 'Down', 'Down', 'No', 'No', 'Up', 'Steady', 'Up', 'No', 'No', 'No', 'Down', 'No', 'Down', 'Down', 'Up', 'No', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0002', 139, '2000000140', '2000000139', 'AfricanAmerican', 'Female', '[70-80)', '[150-175)', '1', '14', '15', '3', 'MP', 'InternalMedicine', '39', '0', '18', '0', '1', '1', '250', '38', '434', '7', 'None', 'Norm', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'Steady', 'No', 'Up', 'Steady', 'Down', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0002', 140, '2000000141', '2000000018', 'Caucasian', 'Female', '[30-40)', '[75-100)', '1', '30', '22', '3', 'MC', 'Surgery-General', '39', '2', '12', '1', '1', '0', '250.6', '574', '296', '5', 'Norm', 'None', 'No', 'Steady', 'Down', 'No', 'Down', 'Up', 'Up', 'No', 'No', 'Steady', 'No', 'Steady', 'Up', 'No', 'Steady', 'Up', 'Steady', 'Steady', 'Steady', 'No', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 141, '2000000142', '2000000109', 'AfricanAmerican', 'Female', '[70-80)', '[0-25)', '6', '1', '7', '2', 'BC', 'ObstetricsandGynecology', '45', '0', '12', '0', '0', '0', '434', '174', '820', '9', 'None', '>8', 'Steady', 'Up', 'No', 'Down', 'Down', 'Up', 'Down', 'Steady', 'No', 'No', 'Steady', 'No', 'Steady', 'Down', 'Down', 'No', 'No', 'No', 'Steady', 'No', 'Steady', 'Up', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0002', 142, '2000000143', '2000000128', 'Caucasian', 'Male', '[90-100)', '[125-150)', '6', '1', '7', '6', 'MC', 'Urology', '34', '1', '15', '0', '1', '1', '486', 'E885', '715', '10', 'None', 'None', 'No', 'Down', 'No', 'No', 'Up', 'Steady', 'No', 'Up', 'Steady', 'Down', 'Up', 'No', 'No', 'Steady', 'Steady', 'Down', 'No', 'Steady', 'Steady', 'Up', 'Down', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 143, '2000000144', '2000000036', 'Other', 'Unknown/Invalid', '[60-70)', '[175-200)', '7', '27', '12', '7', 'MC', '?', '48', '3', '19', '0', '1', '2', '285', '174', '562', '11', 'None', 'None', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'Up', 'No', 'Down', 'Steady', 'No', 'Down', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 144, '2000000145', '2000000063', 'Other', 'Unknown/Invalid', '[90-100)', '[75-100)', '7', '1', '7', '6', 'CP', 'InternalMedicine', '56', '0', '21', '0', '0', '1', '428', '786', '276', '14', '>300', 'None', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'Steady', 'Steady', 'No', 'Up', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 145, '2000000146', '2000000071', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[25-50)', '1', '17', '19', '6', 'MC', 'Gynecology', '46', '2', '13', '0', '1', '0', '560', 'E885', '197', '10', '>300', 'None', 'Down', 'Up', 'No', 'No', 'Steady', 'Steady', 'Steady', 'No', 'Down', 'No', 'No', 'No', 'Up', 'No', 'Down', 'Steady', 'Steady', 'Steady', 'Steady', 'Up', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 146, '2000000147', '2000000132', 'Caucasian', 'Male', '[70-80)', '[175-200)', '1', '1', '25', '3', 'FR', 'InternalMedicine', '40', '0', '19', '1', '0', '2', '440', '440', '250.02', '17', '>300', 'None', 'Steady', 'No', 'Steady', 'No', 'Down', 'No', 'No', 'No', 'Up', 'Up', 'Down', 'Up', 'Up', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'Down', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 147, '2000000148', '2000000099', 'Caucasian', 'Female', '[70-80)', '[25-50)', '1', '1', '3', '5', 'MC', 'Gynecology', '40', '2', '11', '0', '0', '0', '584', '428', '?', '7', '>200', '>8', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'No', 'Down', 'Steady', 'Steady', 'Down', 'No', 'Down', 'No', 'No', 'Down', 'Up', 'Steady', 'Down', 'No', 'Down', 'Steady', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 148, '2000000149', '2000000072', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[150-175)', '1', '22', '23', '5', 'MC', 'InternalMedicine', '45', '2', '11', '0', '0', '0', '38', 'E885', 'E885', '13', 'None', 'None', 'No', 'Down', 'No', 'Up', 'Steady', 'Steady', 'No', 'No', 'No', 'Up', 'Up', 'Down', 'Up', 'No', 'Down', 'No', 'No', 'Down', 'Up', 'No', 'Steady', 'No', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0002', 149, '2000000150', '2000000146', 'Caucasian', 'Female', '[70-80)', '[125-150)', '6', '1', '7', '5', 'MC', 'Hospitalist', '48', '0', '17', '1', '0', '3', '820', '486', '585', '10', '>300', '>7', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'Steady', 'Down', 'No', 'Steady', 'No', 'No', 'Up', 'Steady', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0002', 150, '2000000011', '2000000116', '?', 'Female', '[70-80)', '>200', '1', '11', '12', '3', 'OT', 'InternalMedicine', '27', '3', '19', '0', '0', '0', '996', '599', '?', '3', '>300', 'Norm', 'No', 'Down', 'Steady', 'No', 'Steady', 'No', 'No', 'Steady', 'Up', 'Steady', 'No', 'No', 'Steady', 'No', 'Up', 'Steady', 'No', 'Down', 'No', 'Steady', 'Down', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 151, '2000000152', '2000000135', 'Caucasian', 'Male', '[50-60)', '[0-25)', '1', '1', '24', '5', 'MC', 'InternalMedicine', '39', '0', '15', '2', '3', '0', '250.02', '786', '574', '13', 'None', 'None', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'Down', 'No', 'Steady', 'No', 'No', 'No', 'Down', 'No', 'Steady', 'Up', 'Up', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 152, '2000000153', '2000000121', 'AfricanAmerican', 'Unknown/Invalid', '[30-40)', '>200', '1', '11', '7', '5', 'DM', 'DCPTEAM', '56', '1', '17', '1', '0', '0', '?', 'V57', '410', '16', 'Norm', '>8', 'No', 'No', 'No', 'Up', 'Up', 'Steady', 'No', 'Down', 'Down', 'No', 'No', 'No', 'Steady', 'Up', 'Down', 'No', 'No', 'No', 'Up', 'No', 'Down', 'Down', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0002', 153, '2000000154', '2000000028', '?', 'Female', '[10-20)', '[175-200)', '1', '1', '7', '3', 'MC', 'Surgery-Vascular', '51', '1', '14', '0', '0', '0', '577', '285', '486', '8', 'Norm', 'Norm', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'Up', 'Down', 'No', 'Up', 'Steady', 'No', 'Steady', 'Steady', 'No', 'Steady', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 154, '2000000155', '2000000022', 'Hispanic', 'Unknown/Invalid', '[80-90)', '[125-150)', '1', '1', '14', '4', 'DM', 'Ophthalmology', '45', '0', '15', '1', '0', '1', '585', '?', '820', '8', 'Norm', 'None', 'No', 'No', 'Up', 'Steady', 'Down', 'No', 'Down', 'Up', 'Down', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'Down', 'Down', 'Down', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 155, '2000000156', '2000000056', 'Caucasian', 'Unknown/Invalid', '[60-70)', '[0-25)', '1', '1', '17', '4', 'SP', 'InternalMedicine', '42', '0', '12', '0', '0', '0', '440', '715', '577', '10', '>200', 'None', 'No', 'Steady', 'No', 'Down', 'Up', 'Down', 'No', 'No', 'No', 'Up', 'Steady', 'Up', 'Steady', 'Up', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 156, '2000000157', '2000000098', 'Other', 'Female', '[0-10)', '[25-50)', '6', '1', '7', '1', 'WC', 'InternalMedicine', '40', '0', '19', '1', '0', '0', '250', '518', '428', '11', 'Norm', 'Norm', 'No', 'Down', 'Up', 'No', 'No', 'Up', 'No', 'No', 'Down', 'Steady', 'No', 'Down', 'Down', 'No', 'Down', 'No', 'Down', 'No', 'Steady', 'Down', 'No', 'Up', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0002', 157, '2000000158', '2000000048', 'Caucasian', 'Female', '[70-80)', '[100-125)', '3', '3', '1', '5', 'MC', 'InternalMedicine', '52', '1', '13', '0', '0', '1', '296', 'V57', '440', '13', '>300', 'Norm', 'Steady', 'No', 'Down', 'Steady', 'Down', 'No', 'Up', 'No', 'No', 'No', 'Up', 'Down', 'No', 'No', 'No', 'No', 'Up', 'Up', 'No', 'Down', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 158, '2000000159', '2000000153', 'AfricanAmerican', 'Female', '[90-100)', '>200', '8', '1', '9', '4', 'SI', 'InternalMedicine', '35', '0', '12', '0', '0', '1', '599', '410', '403', '11', '>300', 'Norm', 'Down', 'Down', 'Steady', 'Steady', 'No', 'No', 'Down', 'Steady', 'No', 'No', 'Steady', 'No', 'Down', 'Down', 'No', 'No', 'Steady', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 159, '2000000160', '2000000092', 'Caucasian', 'Female', '[70-80)', '>200', '3', '1', '7', '3', 'OG', 'InternalMedicine', '39', '2', '18', '0', '0', '0', '577', '285', '786', '9', 'None', 'None', 'No', 'No', 'Up', 'Up', 'No', 'Up', 'Up', 'Steady', 'No', 'Down', 'No', 'Steady', 'No', 'Down', 'Up', 'No', 'No', 'Down', 'Up', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0002', 160, '2000000161', '2000000138', 'Caucasian', 'Male', '[70-80)', '[175-200)', '6', '1', '7', '4', 'OG', 'InternalMedicine', '40', '1', '17', '1', '0', '0', '38', '574', '574', '10', 'Norm', '>7', 'No', 'Steady', 'Down', 'Steady', 'No', 'No', 'Up', 'Steady', 'Up', 'Steady', 'No', 'No', 'Up', 'No', 'Up', 'No', 'Down', 'Up', 'No', 'Steady', 'Up', 'Up', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0002', 161, '2000000162', '2000000090', 'Hispanic', 'Female', '[80-90)', '[150-175)', '7', '17', '6', '4', 'MC', 'Speech', '45', '0', '19', '2', '0', '0', '250', '786', '?', '7', 'None', '>8', 'Steady', 'No', 'Up', 'Steady', 'No', 'Down', 'No', 'Up', 'Steady', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Up', 'Steady', 'No', 'Down', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 162, '2000000163', '2000000046', 'Hispanic', 'Unknown/Invalid', '[80-90)', '[150-175)', '1', '3', '3', '6', 'MC', 'InternalMedicine', '42', '1', '13', '0', '0', '0', '996', '414', '682', '16', 'None', '>8', 'Up', 'Steady', 'No', 'Up', 'No', 'Down', 'Steady', 'No', 'Steady', 'Down', 'Steady', 'Steady', 'No', 'No', 'Up', 'Up', 'Down', 'Steady', 'Up', 'No', 'Steady', 'Down', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 163, '2000000164', '2000000122', 'Caucasian', 'Female', '[70-80)', '[125-150)', '8', '26', '24', '4', 'OT', 'InternalMedicine', '42', '1', '16', '0', '1', '1', '518', '786', '?', '11', 'None', 'None', 'Up', 'No', 'Steady', 'No', 'Steady', 'No', 'No', 'Steady', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'No', 'Down', 'Down', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 164, '2000000165', '2000000121', 'Asian', 'Male', '[60-70)', '[50-75)', '5', '1', '14', '3', 'MC', 'PhysicianNotFound', '53', '1', '12', '0', '0', '0', '197', '435', '585', '5', 'None', 'None', 'No', 'Up', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'Steady', 'Up', 'Up', 'Steady', 'Up', 'Down', 'Steady', 'No', 'Steady', 'Ch', 'Yes', '>30'),
	('batch-0002', 165, '2000000166', '2000000161', 'Caucasian', 'Unknown/Invalid', '[40-50)', '[50-75)', '1', '1', '19', '3', 'MC', 'Pediatrics-CriticalCare', '41', '1', '17', '0', '1', '0', '715', '996', '428', '11', '>200', 'Norm', 'Down', 'No', 'No', 'Down', 'Up', 'No', 'Down', 'No', 'No', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'Steady', 'Steady', 'No', 'No', 'Up', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 166, '2000000167', '2000000024', 'AfricanAmerican', 'Female', '[70-80)', '[75-100)', '1', '17', '7', '3', 'MC', 'InternalMedicine', '47', '3', '17', '0', '0', '0', '682', '276', '574', '15', 'None', '>7', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Down', 'No', 'Down', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 167, '2000000168', '2000000045', 'Asian', 'Female', '[70-80)', '[100-125)', '1', '28', '7', '8', 'MC', 'InternalMedicine', '59', '2', '16', '0', '0', '0', '584', '585', '250.6', '13', 'None', 'None', 'Up', 'Steady', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'Down', 'No', 'No', 'Down', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0002', 168, '2000000169', '2000000050', 'Caucasian', 'Male', '[60-70)', '[75-100)', '1', '1', '7', '3', 'SI', 'InternalMedicine', '47', '0', '17', '0', '0', '1', '996', '428', '197', '6', '>300', 'None', 'Steady', 'Down', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'No', 'Down', 'No', 'Up', 'No', 'No', 'Up', 'Steady', 'Steady', 'Steady', 'No', 'Down', 'No', 'Steady', 'Down', 'Ch', 'Yes', 'NO'),
	('batch-0002', 169, '2000000170', '2000000138', 'Caucasian', 'Male', '[80-90)', '[0-25)', '2', '1', '7', '6', 'MC', 'InternalMedicine', '53', '0', '17', '0', '0', '1', '493', '197', '682', '9', 'None', 'None', 'No', 'Down', 'No', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'Down', 'No', 'Steady', 'Steady', 'No', 'No', 'Down', 'Steady', 'No', 'Down', 'Up', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 170, '2000000171', '2000000135', 'Caucasian', 'Female', '[70-80)', '>200', '7', '10', '7', '3', 'DM', 'Orthopedics', '42', '1', '17', '2', '2', '2', '296', '403', '820', '7', 'None', '>8', 'Up', 'Up', 'No', 'Steady', 'Steady', 'No', 'Down', 'Steady', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'No', 'Up', 'No', 'Up', 'Steady', 'Steady', 'Steady', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 171, '2000000172', '2000000122', 'Asian', 'Female', '[10-20)', '[150-175)', '2', '6', '7', '5', 'BC', 'Psychiatry-Addictive', '45', '1', '16', '0', '1', '1', '250', '435', '584', '7', 'None', 'None', 'No', 'No', 'No', 'Steady', 'Steady', 'Up', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'Steady', 'No', 'Steady', 'No', 'Steady', 'Steady', 'Down', 'Steady', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 172, '2000000173', '2000000123', 'Caucasian', 'Unknown/Invalid', '[70-80)', '?', '5', '1', '13', '5', 'MC', 'InternalMedicine', '50', '0', '21', '1', '1', '0', '250.6', '276', '403', '9', '>300', 'None', 'Steady', 'No', 'Down', 'No', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'Steady', 'Steady', 'No', 'Steady', 'No', 'Up', 'Down', 'Steady', 'Steady', 'Down', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 173, '2000000174', '2000000022', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[50-75)', '8', '29', '7', '4', 'MC', 'InternalMedicine', '41', '0', '12', '0', '0', '0', '996', '296', '427', '10', '>300', 'None', 'Down', 'No', 'No', 'Steady', 'No', 'Down', 'Down', 'Steady', 'Down', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 174, '2000000175', '2000000148', 'Caucasian', 'Male', '[30-40)', '[175-200)', '3', '6', '12', '2', '?', '?', '40', '0', '13', '1', '1', '1', '250.8', '560', '560', '10', 'None', 'None', 'Steady', 'Steady', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'Down', 'No', 'No', 'Up', 'No', 'No', 'Up', 'Up', 'Up', 'Down', 'No', 'No', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 175, '2000000176', '2000000155', 'Other', 'Female', '[70-80)', '>200', '8', '28', '7', '3', 'MC', 'Psychiatry-Addictive', '36', '0', '10', '0', '0', '1', '585', '250', '296', '4', '>300', 'Norm', 'No', 'No', 'Steady', 'Steady', 'Steady', 'Steady', 'Down', 'No', 'No', 'Down', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0002', 176, '2000000177', '2000000137', 'Other', 'Female', '[60-70)', '[50-75)', '1', '14', '7', '3', 'MC', 'InternalMedicine', '51', '0', '11', '0', '0', '1', '584', 'V57', 'V57', '8', 'None', 'None', 'No', 'Steady', 'Up', 'Up', 'No', 'Down', 'Steady', 'No', 'Up', 'Down', 'Down', 'Steady', 'No', 'No', 'No', 'Down', 'Steady', 'No', 'Down', 'Steady', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 177, '2000000178', '2000000024', 'Hispanic', 'Male', '[10-20)', '?', '1', '3', '7', '3', 'BC', 'InternalMedicine', '54', '1', '16', '0', '2', '0', '584', '574', '250.6', '9', 'None', 'None', 'Down', 'Up', 'Steady', 'No', 'Down', 'No', 'Up', 'Steady', 'No', 'No', 'Up', 'Down', 'No', 'Up', 'Up', 'Down', 'No', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 178, '2000000179', '2000000089', 'Caucasian', 'Unknown/Invalid', '[80-90)', '[50-75)', '1', '1', '7', '3', 'CP', 'Psychiatry', '57', '1', '21', '0', '0', '0', '577', '599', '285', '4', 'None', '>8', 'No', 'No', 'Down', 'Up', 'No', 'No', 'Steady', 'No', 'Up', 'Up', 'No', 'Down', 'Steady', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'Steady', 'Up', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 179, '2000000180', '2000000076', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[175-200)', '1', '1', '1', '6', 'CM', 'Anesthesiology', '41', '1', '12', '0', '1', '0', '276', 'V57', 'E885', '7', 'None', 'Norm', 'Up', 'Up', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'No', 'Up', 'Steady', 'Up', 'Up', 'No', 'No', 'Steady', 'Ch', 'Yes', '>30');
INSERT INTO public.encounter VALUES
	('batch-0002', 180, '2000000181', '2000000069', 'AfricanAmerican', 'Female', '[70-80)', '[175-200)', '1', '1', '22', '6', 'MC', 'Radiology', '42', '1', '17', '0', '0', '3', '820', '296', '599', '5', '>300', '>8', 'Down', 'No', 'Up', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'Down', 'Up', 'No', 'Down', 'Down', 'No', 'No', 'Down', 'Steady', 'No', 'Steady', 'Up', 'Down', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 181, '2000000182', '2000000164', 'Caucasian', 'Female', '[70-80)', '[0-25)', '1', '1', '7', '6', 'MC', 'Neurology', '28', '2', '14', '0', '1', '0', '296', '996', '486', '9', 'None', 'Norm', 'No', 'No', 'No', 'Up', 'No', 'Down', 'Up', 'Up', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'No', 'Steady', 'Up', 'No', 'Steady', 'Steady', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 182, '2000000183', '2000000048', 'AfricanAmerican', 'Female', '[50-60)', '[25-50)', '1', '1', '21', '3', 'WC', 'InternalMedicine', '52', '2', '14', '0', '0', '1', '174', '?', '296', '10', 'None', 'None', 'Up', 'Down', 'Steady', 'Steady', 'Down', 'No', 'Down', 'No', 'Down', 'Steady', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'Down', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 183, '2000000184', '2000000004', '?', 'Male', '[90-100)', '>200', '8', '1', '7', '3', 'BC', 'PhysicalMedicineandRehabilitation', '44', '0', '19', '0', '1', '1', '174', 'V57', '403', '10', '>200', 'None', 'No', 'Steady', 'No', 'Down', 'No', 'No', 'No', 'Steady', 'Up', 'No', 'Steady', 'Down', 'No', 'Up', 'Down', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 184, '2000000185', '2000000037', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[75-100)', '1', '3', '7', '6', 'CH', 'OutreachServices', '41', '0', '10', '0', '1', '1', '427', '996', '599', '9', '>200', 'None', 'No', 'Down', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'Up', 'No', 'Up', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'Steady', 'Down', 'No', 'Ch', 'Yes', '<30'),
	('batch-0002', 185, '2000000186', '2000000112', 'Caucasian', 'Female', '[70-80)', '[75-100)', '1', '1', '2', '5', 'MC', 'Surgeon', '41', '0', '11', '0', '0', '0', '250.02', '577', '250', '7', '>200', 'None', 'Steady', 'Down', 'No', 'Steady', 'Up', 'Steady', 'No', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'Down', 'No', 'Steady', 'No', 'Steady', 'Down', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 186, '2000000187', '2000000096', 'Other', 'Female', '[70-80)', '[175-200)', '8', '6', '9', '4', 'MC', 'Surgery-Maxillofacial', '44', '0', '13', '0', '1', '0', '518', '493', '?', '10', 'None', 'None', 'Steady', 'No', 'No', 'Up', 'Up', 'Down', 'Down', 'Up', 'No', 'Up', 'No', 'Up', 'No', 'Down', 'No', 'Down', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'Steady', 'Ch', 'Yes', '>30'),
	('batch-0002', 187, '2000000188', '2000000036', 'Caucasian', 'Female', '[80-90)', '[100-125)', '1', '1', '1', '3', 'MC', 'Surgery-Colon&Rectal', '49', '0', '13', '0', '0', '0', '427', '599', '428', '10', 'Norm', 'None', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'Down', 'Up', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 188, '2000000189', '2000000107', 'Caucasian', 'Female', '[70-80)', '[150-175)', '1', '1', '22', '3', 'CM', 'Pediatrics-Hematology-Oncology', '50', '0', '12', '1', '0', '2', '682', '?', '996', '8', 'None', '>7', 'Steady', 'No', 'Steady', 'No', 'No', 'Steady', 'Steady', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'Up', 'Down', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 189, '2000000190', '2000000036', 'Other', 'Female', '[70-80)', '[125-150)', '1', '1', '7', '5', 'DM', 'InternalMedicine', '74', '0', '9', '0', '1', '0', '715', '296', '599', '18', 'None', 'None', 'Up', 'Steady', 'No', 'Up', 'No', 'No', 'Steady', 'No', 'Steady', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'Up', 'No', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 190, '2000000191', '2000000024', 'Other', 'Unknown/Invalid', '[70-80)', '[25-50)', '1', '21', '25', '5', 'UN', 'Dermatology', '42', '0', '7', '1', '3', '0', '38', '786', '584', '11', 'None', 'Norm', 'Up', 'No', 'Down', 'Down', 'No', 'No', 'No', 'Down', 'No', 'No', 'Up', 'Down', 'Steady', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'Steady', 'Steady', 'Up', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0002', 191, '2000000192', '2000000036', 'Caucasian', 'Unknown/Invalid', '[70-80)', '[100-125)', '6', '11', '7', '4', 'MC', 'InternalMedicine', '46', '2', '14', '2', '1', '0', '197', '250.02', '518', '11', 'None', 'None', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'Down', 'No', 'Up', 'Down', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 192, '2000000193', '2000000155', 'Caucasian', 'Female', '[50-60)', '[75-100)', '8', '1', '7', '3', 'MD', 'Pulmonology', '39', '1', '7', '1', '0', '0', '560', '38', '410', '12', '>200', '>8', 'No', 'Up', 'Steady', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Up', 'No', 'No', 'Steady', 'Steady', 'Down', 'Up', 'Steady', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0002', 193, '2000000194', '2000000081', 'Caucasian', 'Male', '[80-90)', '[25-50)', '1', '1', '7', '6', 'MC', 'Resident', '50', '1', '20', '0', '2', '0', '682', '250.8', '584', '8', 'Norm', '>8', 'No', 'No', 'No', 'No', 'Down', 'Up', 'No', 'Steady', 'Up', 'Up', 'No', 'Steady', 'Down', 'No', 'Down', 'No', 'No', 'Steady', 'Down', 'Down', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 194, '2000000195', '2000000049', 'Hispanic', 'Male', '[40-50)', '>200', '8', '21', '17', '4', 'MC', 'Urology', '42', '4', '21', '0', '0', '0', '?', 'E885', '780', '6', 'None', '>7', 'No', 'Up', 'No', 'No', 'Steady', 'Up', 'Up', 'Up', 'Up', 'Down', 'Down', 'No', 'Up', 'Steady', 'No', 'Up', 'Down', 'Steady', 'No', 'Down', 'Down', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 195, '2000000196', '2000000120', 'AfricanAmerican', 'Female', '[70-80)', '[125-150)', '1', '1', '7', '6', 'MC', 'InternalMedicine', '48', '0', '12', '0', '1', '1', '682', '491', '682', '5', 'None', '>7', 'No', 'Steady', 'No', 'No', 'Steady', 'No', 'Steady', 'No', 'No', 'Down', 'No', 'No', 'Up', 'No', 'Up', 'No', 'Up', 'Up', 'Down', 'Up', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 196, '2000000197', '2000000037', 'Hispanic', 'Male', '[70-80)', '[150-175)', '6', '1', '7', '3', '?', 'InternalMedicine', '45', '0', '26', '0', '0', '0', '250.8', '562', '250.8', '12', 'None', 'Norm', 'Down', 'No', 'Down', 'No', 'No', 'Up', 'Down', 'No', 'Steady', 'No', 'No', 'Down', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'Steady', 'No', 'Up', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0002', 197, '2000000198', '2000000021', 'Caucasian', 'Unknown/Invalid', '[0-10)', '[175-200)', '1', '1', '7', '5', 'MC', 'InternalMedicine', '46', '2', '16', '0', '0', '1', '440', '491', '250.02', '11', '>300', 'Norm', 'No', 'No', 'Up', 'Down', 'Steady', 'Steady', 'Down', 'No', 'No', 'No', 'Down', 'Up', 'No', 'No', 'No', 'Down', 'Steady', 'Steady', 'No', 'Steady', 'Up', 'Up', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 198, '2000000199', '2000000103', 'Caucasian', 'Female', '[90-100)', '[125-150)', '6', '17', '12', '6', 'MC', 'Dentistry', '53', '2', '13', '0', '0', '0', '486', '285', '434', '9', 'Norm', 'None', 'Steady', 'No', 'No', 'Up', 'No', 'No', 'Steady', 'Steady', 'Up', 'Down', 'Up', 'Up', 'Up', 'Up', 'No', 'Steady', 'Up', 'Up', 'Up', 'Steady', 'No', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0002', 199, '2000000200', '2000000160', 'Hispanic', 'Female', '[90-100)', '[0-25)', '1', '12', '21', '3', 'OT', 'Pediatrics-Hematology-Oncology', '46', '0', '13', '2', '1', '1', '491', '780', '780', '10', 'None', 'Norm', 'Steady', 'No', 'Up', 'No', 'No', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'No', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'No', 'Up', 'Down', 'No', 'Ch', 'Yes', '<30');
INSERT INTO public.encounter VALUES
	('replay-0003', 7, '2000000008', '2000000126', 'Other', 'Female', '[30-40)', '[0-25)', '2', '20', '7', '6', 'MC', 'InternalMedicine', '39', '0', '17', '1', '0', '1', '715', '250.6', '197', '11', '>200', '>7', 'Down', 'No', 'No', 'Up', 'No', 'Steady', 'Steady', 'No', 'No', 'No', 'No', 'Down', 'No', 'No', 'No', 'Down', 'No', 'Up', 'No', 'No', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0004', 200, '2000000201', '2000000004', 'Hispanic', 'Female', '[70-80)', '[75-100)', '1', '21', '7', '6', 'SP', 'Pediatrics-InfectiousDiseases', '37', '0', '14', '1', '1', '1', '493', '491', '518', '9', 'None', 'None', 'Up', 'No', 'No', 'No', 'Down', 'Steady', 'Up', 'Steady', 'No', 'Up', 'Steady', 'Up', 'Up', 'Up', 'Steady', 'No', 'No', 'Up', 'Steady', 'No', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0004', 201, '2000000202', '2000000011', 'Caucasian', 'Female', '[80-90)', '[125-150)', '2', '13', '7', '5', 'DM', 'InternalMedicine', '52', '1', '13', '0', '1', '0', '715', '38', '440', '8', 'Norm', 'Norm', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'Up', 'No', 'No', 'No', 'Steady', 'Down', 'Steady', 'No', 'No', 'Down', 'Up', 'Steady', 'No', 'No', 'Down', 'Ch', 'Yes', '>30'),
	('batch-0004', 202, '2000000203', '2000000036', 'AfricanAmerican', 'Female', '[0-10)', '[175-200)', '1', '18', '6', '3', 'MC', 'InternalMedicine', '38', '1', '25', '0', '0', '0', '440', '486', '414', '7', 'Norm', 'None', 'No', 'Down', 'No', 'Down', 'Down', 'No', 'Up', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'Up', 'No', 'Down', 'No', 'Steady', 'Down', 'Up', 'Up', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0004', 203, '2000000204', '2000000033', 'Other', 'Female', '[70-80)', '[75-100)', '5', '1', '12', '3', 'MC', 'InternalMedicine', '42', '1', '12', '0', '1', '3', '434', '250.8', '786', '10', 'Norm', 'None', 'Steady', 'No', 'No', 'Steady', 'Steady', 'Steady', 'No', 'Up', 'Up', 'Steady', 'Down', 'No', 'No', 'No', 'Up', 'No', 'Down', 'Steady', 'Up', 'Up', 'Steady', 'Up', 'No', 'Ch', 'Yes', '>30'),
	('batch-0004', 204, '2000000205', '2000000111', 'Asian', 'Female', '[70-80)', '>200', '8', '12', '21', '6', 'WC', 'PhysicalMedicineandRehabilitation', '46', '1', '13', '0', '1', '1', '493', 'E885', '?', '4', '>300', 'None', 'Up', 'No', 'No', 'Down', 'No', 'No', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Up', 'Steady', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'Ch', 'Yes', '<30'),
	('batch-0004', 205, '2000000206', '2000000103', 'Martian', 'Female', '[70-80)', '[50-75)', '1', '5', '12', '2', 'MC', 'Pediatrics-Endocrinology', '47', '1', '12', '1', '0', '0', '428', '574', '682', '8', 'None', '>7', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'Up', 'Steady', 'Up', 'Up', 'Steady', 'No', 'Steady', 'No', 'Steady', 'Steady', 'No', 'Up', 'No', 'No', 'Steady', 'Ch', 'Yes', '>30'),
	('batch-0004', 206, '2000000207', '2000000161', 'Martian', 'Unknown/Invalid', '[40-50)', '[50-75)', '3', '1', '7', '2', 'MD', 'Dermatology', '42', '0', '19', '1', '1', '1', '250.8', '518', '786', '6', 'None', 'None', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'No', 'Steady', 'Up', 'Down', 'Down', 'Up', 'Steady', 'Down', 'Down', 'Down', 'Up', 'Up', 'Ch', 'Yes', '>30'),
	('batch-0004', 207, '2000000208', '2000000037', 'Martian', 'Female', '[70-80)', '[75-100)', '1', '22', '7', '5', 'WC', 'InternalMedicine', '45', '0', '8', '2', '2', '1', '296', '786', '486', '11', '>300', 'None', 'No', 'No', 'Up', 'Down', 'No', 'No', 'Up', 'No', 'Up', 'No', 'Steady', 'Down', 'Up', 'Down', 'Up', 'No', 'Steady', 'Steady', 'Steady', 'No', 'No', 'Down', 'Steady', 'Ch', 'Yes', '>30'),
	('batch-0004', 208, '2000000209', '2000000162', 'Martian', 'Male', '[50-60)', '[175-200)', '1', '23', '7', '9', 'MC', 'PhysicianNotFound', '47', '2', '16', '0', '2', '2', '518', '682', '574', '6', 'None', 'None', 'Steady', 'Up', 'No', 'No', 'No', 'Steady', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'Steady', 'No', 'Up', 'Steady', 'Down', 'Up', 'No', 'Steady', 'Down', 'No', 'No', 'Ch', 'Yes', '>30'),
	('batch-0004', 209, '2000000210', '2000000041', 'Martian', 'Female', '[30-40)', '[50-75)', '5', '1', '9', '5', 'MC', 'ObstetricsandGynecology', '37', '0', '10', '0', '1', '2', '574', '577', '518', '8', '>200', 'None', 'No', 'Up', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'Steady', 'Up', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'No', 'No', 'Down', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0004', 210, '2000000211', '2000000113', 'Other', 'Unknown/Invalid', '[70-80)', '[50-75)', '6', '29', '7', '3', 'WC', 'Rheumatology', '37', '3', '13', '1', '0', '1', '599', '434', '401', '9', 'None', 'None', 'Up', 'No', 'No', 'Down', 'Up', 'No', 'Down', 'Down', 'No', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'Down', 'No', 'Down', 'Steady', 'Up', 'Up', 'No', 'Steady', 'Ch', 'Yes', '<30'),
	('batch-0004', 211, '2000000212', '2000000067', 'Caucasian', 'Female', '[70-80)', '[150-175)', '1', '1', '13', '5', 'MC', 'InternalMedicine', '44', '0', '15', '0', '0', '0', '403', '250', '577', '11', '>200', 'None', 'No', 'Steady', 'Steady', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'Steady', 'Steady', 'No', 'Up', 'No', 'No', 'No', 'Steady', 'No', 'Steady', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0004', 212, '2000000213', '2000000124', 'Caucasian', 'Male', '[70-80)', '[100-125)', '5', '1', '7', '3', 'HM', 'InternalMedicine', '44', '0', '14', '0', '0', '1', '410', '574', '414', '12', 'None', 'None', 'Steady', 'No', 'Up', 'No', 'Up', 'No', 'Down', 'No', 'No', 'Up', 'No', 'No', 'No', 'Steady', 'No', 'No', 'Down', 'Steady', 'No', 'Steady', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0004', 213, '2000000214', '2000000079', 'Asian', 'Male', '[40-50)', '[125-150)', '1', '1', '7', '4', 'MC', 'InternalMedicine', '37', '0', '19', '0', '0', '0', '562', '786', '?', '7', 'Norm', 'None', 'No', 'No', 'Steady', 'Up', 'Steady', 'No', 'Down', 'Down', 'Steady', 'No', 'No', 'Down', 'Up', 'Up', 'No', 'No', 'No', 'Up', 'Up', 'Down', 'No', 'No', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0004', 214, '2000000215', '2000000050', 'Caucasian', 'Female', '[40-50)', '[175-200)', '1', '6', '13', '3', 'MC', '?', '51', '1', '16', '0', '2', '1', '?', '599', '560', '11', 'None', 'None', 'Steady', 'Steady', 'No', 'Down', 'Up', 'No', 'No', 'Down', 'No', 'No', 'Steady', 'Steady', 'Down', 'Steady', 'No', 'Down', 'Down', 'Down', 'Steady', 'Steady', 'Up', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0004', 215, '2000000216', '2000000042', 'Caucasian', 'Female', '[70-80)', '[150-175)', '8', '1', '7', '3', 'MC', 'InternalMedicine', '47', '1', '19', '0', '0', '0', '682', '786', '585', '8', 'Norm', '>7', 'No', 'No', 'Steady', 'No', 'No', 'Up', 'Steady', 'No', 'Down', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'Up', 'Down', 'Steady', 'No', 'Down', 'Up', 'No', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0004', 216, '2000000217', '2000000157', 'Other', 'Female', '[70-80)', '[0-25)', '1', '3', '7', '1', 'MP', 'InternalMedicine', '42', '1', '11', '1', '0', '0', '410', '560', 'E885', '9', 'Norm', '>8', 'No', 'Up', 'Up', 'Up', 'No', 'Steady', 'Steady', 'Down', 'No', 'Steady', 'Steady', 'Steady', 'No', 'Steady', 'Steady', 'Up', 'No', 'Steady', 'No', 'No', 'Down', 'Up', 'No', 'Ch', 'Yes', '<30'),
	('batch-0004', 217, '2000000218', '2000000104', 'Asian', 'Unknown/Invalid', '[70-80)', '[100-125)', '1', '23', '4', '6', '?', 'Cardiology-Pediatric', '46', '1', '16', '1', '0', '0', '715', '434', '493', '6', 'None', 'None', 'Down', 'Down', 'No', 'Steady', 'No', 'Steady', 'Steady', 'Steady', 'Steady', 'No', 'No', 'Up', 'Down', 'No', 'Steady', 'No', 'No', 'Steady', 'Steady', 'Up', 'Down', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0004', 218, '2000000219', '2000000152', 'AfricanAmerican', 'Female', '[50-60)', '[50-75)', '3', '1', '7', '3', 'OT', 'Orthopedics-Reconstructive', '48', '1', '16', '0', '0', '0', '428', '599', '491', '8', '>200', 'None', 'Down', 'Up', 'Down', 'Up', 'Steady', 'Down', 'Up', 'Steady', 'Up', 'Steady', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Up', 'Steady', 'No', 'Down', 'Up', 'Steady', 'No', 'Ch', 'Yes', 'NO');
INSERT INTO public.encounter VALUES
	('batch-0004', 219, '2000000220', '2000000016', 'Caucasian', 'Female', '[10-20)', '[125-150)', '1', '1', '7', '5', 'MC', 'InternalMedicine', '42', '1', '13', '2', '1', '0', '599', '250.6', '518', '12', '>200', '>7', 'No', 'No', 'No', 'Steady', 'No', 'Steady', 'Up', 'Down', 'Steady', 'No', 'No', 'No', 'Up', 'Down', 'No', 'Steady', 'Up', 'Steady', 'No', 'No', 'Steady', 'No', 'Steady', 'Ch', 'Yes', '>30'),
	('batch-0005', 220, '2000000221', '2000000099', 'Caucasian', 'Unknown/Invalid', '[20-30)', '[175-200)', '1', '1', '14', '2', 'MC', 'InternalMedicine', '27', '3', '18', '2', '0', '0', '?', '786', '428', '9', 'None', 'Norm', 'No', 'Down', 'Up', 'Down', 'No', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'Down', 'No', 'Up', 'No', 'Steady', 'No', 'Steady', 'No', 'Down', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0005', 221, '2000000222', '2000000151', 'Other', 'Female', '[50-60)', '[50-75)', '1', '20', '19', '2', 'CP', 'InternalMedicine', '41', '1', '22', '0', '1', '0', '414', '584', 'V57', '9', 'None', '>8', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Up', 'Up', 'Steady', 'Steady', 'No', 'No', 'No', 'Up', 'Up', 'Steady', 'No', 'Steady', 'No', 'Steady', 'Steady', 'No', 'Steady', 'Ch', 'Yes', 'NO'),
	('batch-0005', 222, '2000000223', '2000000108', '?', 'Female', '[10-20)', '[25-50)', '1', '28', '3', '4', 'MC', 'InternalMedicine', '41', '3', '23', '0', '1', '0', '682', '38', '174', '12', 'None', '>7', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Steady', 'No', 'Up', 'Up', 'No', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0005', 223, '2000000224', '2000000129', 'Asian', 'Female', '[70-80)', '[50-75)', '7', '15', '7', '2', 'MC', 'InternalMedicine', '48', '3', '18', '0', '0', '0', '486', '403', '491', '9', 'Norm', 'Norm', 'No', 'No', 'No', 'Steady', 'No', 'No', 'Up', 'Steady', 'No', 'Steady', 'No', 'Steady', 'No', 'Down', 'No', 'Up', 'Up', 'Steady', 'No', 'No', 'No', 'Up', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0005', 224, '2000000225', '2000000043', 'Hispanic', 'Male', '[90-100)', '[125-150)', '1', '1', '4', '4', 'MC', 'Pediatrics-Hematology-Oncology', '36', '1', '15', '0', '1', '1', '296', '577', '414', '10', 'None', 'None', 'Up', 'Up', 'No', 'No', 'No', 'No', 'No', 'Down', 'No', 'Down', 'No', 'Up', 'No', 'No', 'Up', 'Up', 'No', 'No', 'Up', 'Down', 'No', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0006', 225, '2000000226', '2000000123', 'Asian', 'Female', '[80-90)', '>200', '1', '27', '7', '5', '?', 'InternalMedicine', '42', '1', '22', '1', '0', '0', '276', '285', '296', '10', 'None', 'None', 'No', 'Down', 'Steady', 'Up', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'No', 'No', 'Up', 'No', 'No', 'Steady', 'Steady', 'Up', 'No', 'Up', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0006', 226, '2000000227', '2000000057', 'Hispanic', 'Male', '[80-90)', '[175-200)', '2', '1', '7', '2', 'OG', 'InternalMedicine', '37', '1', '19', '0', '1', '0', '584', 'V57', '250.8', '9', '>300', '>8', 'Steady', 'No', 'No', 'No', 'No', 'No', 'Steady', 'Down', 'Up', 'Down', 'Down', 'Down', 'No', 'Down', 'Up', 'No', 'No', 'Up', 'No', 'Down', 'Down', 'No', 'No', 'Ch', 'Yes', 'NO'),
	('batch-0006', 227, '2000000228', '2000000059', 'Asian', 'Female', '[60-70)', '[75-100)', '1', '1', '19', '5', 'MC', 'Radiology', '46', '0', '18', '0', '0', '1', 'V57', '403', '250.8', '9', 'None', '>7', 'No', 'Up', 'No', 'No', 'Up', 'No', 'Steady', 'No', 'No', 'Down', 'No', 'Steady', 'Down', 'No', 'No', 'No', 'Steady', 'Steady', 'Steady', 'Down', 'Steady', 'Up', 'Up', 'Ch', 'Yes', '<30'),
	('batch-0006', 228, '2000000229', '2000000106', 'AfricanAmerican', 'Female', '[70-80)', '?', '1', '24', '26', '3', 'PO', 'InternalMedicine', '49', '2', '25', '0', '1', '0', '518', '715', '577', '9', 'None', 'None', 'Up', 'Steady', 'Steady', 'No', 'Down', 'Down', 'No', 'No', 'Up', 'No', 'Up', 'No', 'No', 'Up', 'Down', 'No', 'No', 'No', 'Up', 'No', 'No', 'No', 'Up', 'Ch', 'Yes', 'NO'),
	('batch-0006', 229, '2000000230', '2000000100', 'Caucasian', 'Male', '[10-20)', '[50-75)', '3', '1', '18', '3', 'FR', 'InternalMedicine', '39', '0', '15', '3', '2', '2', '493', '285', '585', '9', '>300', '>8', 'Down', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Up', 'No', 'No', 'Up', 'Down', 'No', 'No', 'No', 'Steady', 'No', 'No', 'No', 'Steady', 'No', 'Ch', 'Yes', 'NO');

--
-- Data for Name: gate_verdict; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gate_verdict VALUES
	('batch-0001', 'raw', true, 70, '{"gender: is one of Female, Male, Unknown/Invalid; 1 rows are not, e.g. unknown","age: is one of [0-10), [10-20), [20-30), [30-40), [40-50), [50-60), [60-70), [70-80), [80-90), [90-100); 1 rows are not, e.g. [300-310)","time_in_hospital: is a whole number from 1 to 14; 1 rows are not, e.g. 40"}', 3.0972708469998906, 'raw/validations/raw/batch-0001/20261128T083050.588459Z/rows-raw.html', '2026-11-28 08:30:53.377192+00'),
	('batch-0002', 'raw', true, 77, '{"earlier_batch: an encounter has not come in an earlier batch; 1 rows are not, e.g. batch-0001","admission_type_id: is one of 1, 2, 3, 4, 5, 6, 7, 8; 1 rows are not, e.g. 99"}', 3.989713823000784, 'raw/validations/raw/batch-0002/20261128T083116.655849Z/rows-raw.html', '2026-11-28 08:31:20.381174+00'),
	('replay-0003', 'raw', true, 70, '{}', 2.5673966179983836, 'raw/validations/raw/replay-0003/20261128T083151.482317Z/rows-raw.html', '2026-11-28 08:31:53.858755+00'),
	('batch-0004', 'raw', false, 70, '{"race: is one of AfricanAmerican, Asian, Caucasian, Hispanic, Other, or ''?'' when missing; 5 rows are not, e.g. Martian"}', 5.104788618000384, 'raw/validations/raw/batch-0004/20261128T083226.401127Z/rows-raw.html', '2026-11-28 08:32:31.234393+00'),
	('batch-0005', 'raw', true, 70, '{}', 4.458084238000083, 'raw/validations/raw/batch-0005/20261128T083231.553671Z/rows-raw.html', '2026-11-28 08:32:35.742875+00');

--
-- Data for Name: quarantine; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.quarantine VALUES
	('batch-0001', 42, '{"gender: is one of Female, Male, Unknown/Invalid; found ''unknown''"}', '2026-11-28 08:30:53.388546+00', 'open', '{}', '', NULL, '', NULL),
	('batch-0002', 150, '{"earlier_batch: an encounter has not come in an earlier batch; found ''batch-0001''"}', '2026-11-28 08:31:20.393025+00', 'open', '{}', '', NULL, '', NULL),
	('batch-0001', 23, '{"time_in_hospital: is a whole number from 1 to 14; found ''40''"}', '2026-11-28 08:30:53.388546+00', 'waived', '{}', 'ward clerk', '2026-11-28 08:31:51.262143+00', 'no record of this stay', NULL),
	('batch-0001', 7, '{"age: is one of [0-10), [10-20), [20-30), [30-40), [40-50), [50-60), [60-70), [70-80), [80-90), [90-100); found ''[300-310)''"}', '2026-11-28 08:30:53.388546+00', 'replayed', '{"age": "[30-40)"}', 'ward clerk', '2026-11-28 08:31:51.253174+00', 'misread at first', 'replay-0003'),
	('batch-0002', 130, '{"admission_type_id: is one of 1, 2, 3, 4, 5, 6, 7, 8; found ''99''"}', '2026-11-28 08:31:20.393025+00', 'fixed', '{"admission_type_id": "1"}', 'ward clerk', '2026-11-28 08:32:26.079572+00', 'asked the ward', NULL);

--
-- Data for Name: quarantine_decision; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.quarantine_decision OVERRIDING SYSTEM VALUE VALUES
	(1, 'batch-0001', 7, 'fixed', '{"age": "[20-30)"}', 'ward clerk', '2026-11-28 08:31:51.236858+00', 'asked the ward'),
	(2, 'batch-0001', 7, 'fixed', '{"age": "[30-40)"}', 'ward clerk', '2026-11-28 08:31:51.253174+00', 'misread at first'),
	(3, 'batch-0001', 23, 'waived', '{}', 'ward clerk', '2026-11-28 08:31:51.262143+00', 'no record of this stay'),
	(4, 'batch-0002', 130, 'fixed', '{"admission_type_id": "1"}', 'ward clerk', '2026-11-28 08:32:26.079572+00', 'asked the ward');

--
-- Name: quarantine_decision_number_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.quarantine_decision_number_seq', 4, true);

--
-- Name: batch batch_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batch
    ADD CONSTRAINT batch_number_key UNIQUE (number);

--
-- Name: batch batch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batch
    ADD CONSTRAINT batch_pkey PRIMARY KEY (batch_id);

--
-- Name: encounter encounter_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.encounter
    ADD CONSTRAINT encounter_pkey PRIMARY KEY (batch_id, source_row);

--
-- Name: gate_verdict gate_verdict_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gate_verdict
    ADD CONSTRAINT gate_verdict_pkey PRIMARY KEY (batch_id, gate);

--
-- Name: quarantine_decision quarantine_decision_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quarantine_decision
    ADD CONSTRAINT quarantine_decision_pkey PRIMARY KEY (number);

--
-- Name: quarantine quarantine_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (batch_id, source_row);

--
-- Name: encounter_by_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX encounter_by_id ON public.encounter USING btree (encounter_id);

--
-- Name: quarantine_decision_by_row; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX quarantine_decision_by_row ON public.quarantine_decision USING btree (batch_id, source_row);

--
-- Name: quarantine final_rows_are_final; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER final_rows_are_final BEFORE DELETE OR UPDATE ON public.quarantine FOR EACH ROW WHEN ((old.state = ANY (ARRAY['waived'::text, 'replayed'::text]))) EXECUTE FUNCTION public.refuse_second_thoughts();

--
-- Name: quarantine_decision quarantine_decision_is_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER quarantine_decision_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quarantine_decision FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change_of_quarantine_decision();

--
-- Name: encounter encounter_batch_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.encounter
    ADD CONSTRAINT encounter_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.batch(batch_id);

--
-- Name: quarantine quarantine_batch_id_source_row_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT quarantine_batch_id_source_row_fkey FOREIGN KEY (batch_id, source_row) REFERENCES public.encounter(batch_id, source_row);

--
-- Name: quarantine quarantine_replay_batch_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT quarantine_replay_batch_fkey FOREIGN KEY (replay_batch) REFERENCES public.batch(batch_id);

--
-- Name: COLUMN batch.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.batch TO monitoring;

--
-- Name: COLUMN batch.number; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(number) ON TABLE public.batch TO monitoring;

--
-- Name: COLUMN batch.rows; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(rows) ON TABLE public.batch TO monitoring;

--
-- Name: COLUMN batch.state; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(state) ON TABLE public.batch TO monitoring;

--
-- Name: COLUMN batch.created_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(created_at) ON TABLE public.batch TO monitoring;

--
-- Name: COLUMN batch.decided_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(decided_at) ON TABLE public.batch TO monitoring;

--
-- Name: COLUMN batch.kind; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(kind) ON TABLE public.batch TO monitoring;

--
-- Name: COLUMN encounter.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.encounter TO monitoring;

--
-- Name: COLUMN gate_result.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.gate_result TO monitoring;

--
-- Name: COLUMN gate_result.gate; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(gate) ON TABLE public.gate_result TO monitoring;

--
-- Name: COLUMN gate_result.passed; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(passed) ON TABLE public.gate_result TO monitoring;

--
-- Name: COLUMN gate_result.failed; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(failed) ON TABLE public.gate_result TO monitoring;

--
-- Name: COLUMN gate_result.seconds; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(seconds) ON TABLE public.gate_result TO monitoring;

--
-- Name: COLUMN quarantine.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.quarantine TO monitoring;

--
-- Name: COLUMN quarantine.state; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(state) ON TABLE public.quarantine TO monitoring;

--
-- Name: COLUMN quarantine.replay_batch; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(replay_batch) ON TABLE public.quarantine TO monitoring;

--
-- PostgreSQL database dump complete
--
