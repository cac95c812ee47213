-- Database clean of version 0.1.0, as it was before there were migrations.
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
-- Name: refuse_change_of_promotion(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change_of_promotion() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'promotions are append-only'; END $$;

--
-- Name: refuse_change_of_rollback(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change_of_rollback() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'rollbacks are append-only'; END $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: batch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.batch (
    batch_id text NOT NULL,
    number integer NOT NULL,
    raw_rows integer NOT NULL,
    clean_rows integer NOT NULL,
    quarantined_rows integer NOT NULL,
    content_sha256 text NOT NULL,
    origin text NOT NULL,
    state text DEFAULT 'loaded'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    CONSTRAINT batch_check CHECK ((raw_rows = (clean_rows + quarantined_rows))),
    CONSTRAINT batch_state_check CHECK ((state = ANY (ARRAY['loaded'::text, 'accepted'::text, 'rejected'::text])))
);

--
-- Name: candidate; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.candidate (
    batch_id text NOT NULL,
    run_id text NOT NULL,
    family text NOT NULL,
    version text NOT NULL,
    data_sha256 text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: drift; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.drift (
    batch_id text NOT NULL,
    column_name text NOT NULL,
    psi double precision NOT NULL,
    level text NOT NULL,
    alarm boolean NOT NULL,
    reference_version text NOT NULL,
    measured_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE drift; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.drift IS 'made by 44ee590db5418b2b5aac8a8097d333aa344e8780a3424ef9af9487c13da76fc4';

--
-- Name: encounter; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.encounter (
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    encounter_id bigint NOT NULL,
    patient_nbr bigint NOT NULL,
    part text NOT NULL,
    eligible boolean NOT NULL,
    readmitted smallint NOT NULL,
    race text NOT NULL,
    gender text NOT NULL,
    age integer NOT NULL,
    admission_type_id text NOT NULL,
    discharge_disposition_id text NOT NULL,
    admission_source_id text NOT NULL,
    time_in_hospital integer NOT NULL,
    payer_code text NOT NULL,
    medical_specialty text NOT NULL,
    num_lab_procedures integer NOT NULL,
    num_procedures integer NOT NULL,
    num_medications integer NOT NULL,
    number_outpatient integer NOT NULL,
    number_emergency integer NOT NULL,
    number_inpatient integer NOT NULL,
    diag_1 text NOT NULL,
    diag_2 text NOT NULL,
    diag_3 text NOT NULL,
    number_diagnoses integer NOT NULL,
    max_glu_serum integer NOT NULL,
    "A1Cresult" integer NOT NULL,
    metformin integer NOT NULL,
    repaglinide integer NOT NULL,
    nateglinide integer NOT NULL,
    chlorpropamide integer NOT NULL,
    glimepiride integer NOT NULL,
    acetohexamide integer NOT NULL,
    glipizide integer NOT NULL,
    glyburide integer NOT NULL,
    tolbutamide integer NOT NULL,
    pioglitazone integer NOT NULL,
    rosiglitazone integer NOT NULL,
    acarbose integer NOT NULL,
    miglitol integer NOT NULL,
    troglitazone integer NOT NULL,
    tolazamide integer NOT NULL,
    examide integer NOT NULL,
    citoglipton integer NOT NULL,
    insulin integer NOT NULL,
    "glyburide-metformin" integer NOT NULL,
    "glipizide-metformin" integer NOT NULL,
    "glimepiride-pioglitazone" integer NOT NULL,
    "metformin-rosiglitazone" integer NOT NULL,
    "metformin-pioglitazone" integer NOT NULL,
    change integer NOT NULL,
    "diabetesMed" integer NOT NULL
);

--
-- Name: TABLE encounter; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.encounter IS 'made by c29693d5c824b6f938074a95956f23f9fb2c14bd9846f4dc734fab4e0db93a87';

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
-- Name: patient; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.patient (
    patient_nbr bigint NOT NULL,
    part text NOT NULL,
    first_batch text NOT NULL,
    CONSTRAINT patient_part_check CHECK ((part = ANY (ARRAY['train'::text, 'val'::text, 'test'::text])))
);

--
-- Name: promotion; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.promotion (
    promotion_id bigint NOT NULL,
    batch_id text NOT NULL,
    challenger_version text NOT NULL,
    incumbent_version text,
    verdict text NOT NULL,
    reason text NOT NULL,
    figures jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT promotion_verdict_check CHECK ((verdict = ANY (ARRAY['promoted'::text, 'refused'::text])))
);

--
-- Name: TABLE promotion; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.promotion IS 'made by 3d68763b975b6404fe5c7a443d62acc98737fd5031a0bf8247f13445e0604e14';

--
-- Name: promotion_promotion_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.promotion ALTER COLUMN promotion_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.promotion_promotion_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: rollback; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rollback (
    version_left text NOT NULL,
    version_back text NOT NULL,
    asked_by text NOT NULL,
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE rollback; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.rollback IS 'made by 98f54a040f3742fbf47617eb3c2d0b17849202b5ffcc41918923fd62c4cc541b';

--
-- Data for Name: batch; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.batch VALUES
	('batch-0001', 1, 100, 97, 3, 'dce5b94a08e03e9f7b738b13867e0b059fa8b4c2749fb9fb9334f12522738e59', 'synthetic', 'accepted', '', '2026-11-28 08:30:53.516095+00', '2026-11-28 08:30:55.908362+00'),
	('batch-0002', 2, 100, 98, 2, '2e8e37700b7587132268bc5f5f30467d997a5c3ab70c09701c43ac416b5fb904', 'synthetic', 'accepted', '', '2026-11-28 08:31:20.543978+00', '2026-11-28 08:31:23.600426+00'),
	('replay-0003', 3, 1, 1, 0, 'a7d7057ec7f2a120a58c0c915b4ab3f97bd15c5c9c7c3fc72cb0c7bcd3f86e77', 'synthetic', 'accepted', '', '2026-11-28 08:31:53.974152+00', '2026-11-28 08:31:57.190263+00'),
	('batch-0005', 5, 5, 5, 0, '64232746b605af0f0b71fd0dbff3ee1769d07837257a86d226c1b67b223632d9', 'synthetic', 'loaded', '', '2026-11-28 08:32:35.976294+00', NULL);

--
-- Data for Name: candidate; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.candidate VALUES
	('batch-0001', '9dc1e2159bd64bb49027817f2a876e86', 'logistic_regression', '1', '09ad5fafa48be0911ec2912a89ba86ccd675e30053a181cf61a523ee3af350dd', '2026-11-28 08:31:13.675028+00'),
	('batch-0002', '629b87c996234f7a82f58d01c8c78ac8', 'random_forest', '2', 'c40e49b4e0b0c6e486190b642a014eb78ef3436e6f306ce9b845dbf2800f33eb', '2026-11-28 08:31:46.731541+00'),
	('replay-0003', 'd0ce4bfca44b4a098b5eeb5b72c1778c', 'random_forest', '3', '3ff4494937e1a75a166028260e0a3fb1e0832f434de1e7c0c442f63cef9ef590', '2026-11-28 08:32:20.916084+00');

--
-- Data for Name: drift; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.drift VALUES
	('batch-0002', 'medical_specialty', 4.068091959897506, 'strong', true, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'admission_source_id', 1.8104682477745357, 'strong', true, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'discharge_disposition_id', 1.5854007736596585, 'strong', true, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'payer_code', 0.8204075434698448, 'strong', true, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'diag_3', 0.35164003368573304, 'strong', true, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'number_diagnoses', 0.2856598858757719, 'strong', true, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'num_lab_procedures', 0.22573079614061614, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'num_medications', 0.19404075221270956, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'diag_1', 0.17230059746443696, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'readmitted', 0.15829841346210605, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'time_in_hospital', 0.14720425612636054, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'diag_2', 0.14690845309554112, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'pioglitazone', 0.1451168561939576, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'glyburide', 0.1441318300222788, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'insulin', 0.1402776545553568, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'metformin-pioglitazone', 0.10923318178732117, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'tolazamide', 0.10667270370982353, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'glipizide-metformin', 0.10313495758713438, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'age', 0.10078805761675333, 'moderate', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'metformin', 0.08283044593364206, 'none', false, '1', '2026-11-28 08:31:20.881338+00');
INSERT INTO public.drift VALUES
	('batch-0002', 'miglitol', 0.07830896426424049, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'glimepiride-pioglitazone', 0.07753530161252478, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'tolbutamide', 0.07657474878795746, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'number_inpatient', 0.07396013393099538, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'nateglinide', 0.060587432870619407, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'max_glu_serum', 0.05896449105861201, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'num_procedures', 0.05872222933809439, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'chlorpropamide', 0.05763794151018987, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'glimepiride', 0.04784274368241434, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'glyburide-metformin', 0.041331999944964365, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'repaglinide', 0.041279581380768995, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'glipizide', 0.036807142498928205, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'acetohexamide', 0.03652946927460964, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'acarbose', 0.02951001889743144, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'citoglipton', 0.029276195524735503, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'admission_type_id', 0.028797634826666883, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'examide', 0.02316398731489639, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'race', 0.02175599161467351, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'gender', 0.012726515412243499, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'number_outpatient', 0.011125959266287924, 'none', false, '1', '2026-11-28 08:31:20.881338+00');
INSERT INTO public.drift VALUES
	('batch-0002', 'number_emergency', 0.009730512942337042, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'metformin-rosiglitazone', 0.00844592264205701, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'troglitazone', 0.004230805881321543, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'A1Cresult', 0.00347258195209209, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'rosiglitazone', 0.002438755261040104, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'change', 0, 'none', false, '1', '2026-11-28 08:31:20.881338+00'),
	('batch-0002', 'diabetesMed', 0, 'none', false, '1', '2026-11-28 08:31:20.881338+00');

--
-- Data for Name: encounter; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.encounter VALUES
	('batch-0001', 0, 2000000001, 2000000036, 'train', true, 1, 'Caucasian', 'Male', 55, '8', '1', '7', 3, 'MC', 'InternalMedicine', 39, 0, 14, 0, 1, 1, 'other', 'Unknown', 'digestive', 8, 1, 0, 0, 0, 3, 2, 0, 0, 3, 0, 1, 1, 0, 0, 0, 0, 2, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1),
	('batch-0001', 1, 2000000002, 2000000017, 'train', true, 1, 'Caucasian', 'Male', 55, '1', '7', '7', 3, 'MC', 'Osteopath', 42, 1, 17, 0, 0, 0, 'injury', 'other', 'neoplasms', 7, 3, 1, 2, 3, 1, 0, 0, 3, 2, 0, 1, 1, 0, 1, 1, 3, 0, 0, 3, 2, 3, 0, 3, 0, 0, 1, 1),
	('batch-0001', 2, 2000000003, 2000000036, 'train', true, 2, 'Other', 'Female', 75, '1', '15', '18', 6, 'CH', 'Neurophysiology', 45, 0, 21, 0, 0, 2, 'diabetes', 'digestive', 'Unknown', 11, 0, 2, 0, 0, 0, 2, 2, 3, 0, 0, 0, 0, 0, 2, 3, 0, 1, 0, 0, 1, 3, 0, 2, 0, 1, 1, 1),
	('batch-0001', 3, 2000000004, 2000000048, 'train', true, 0, 'Other', 'Female', 95, '1', '17', '7', 4, 'MC', 'InternalMedicine', 40, 0, 16, 0, 1, 0, 'circulatory', 'neoplasms', 'genitourinary', 4, 0, 0, 0, 0, 0, 0, 3, 1, 2, 0, 0, 0, 2, 3, 0, 3, 0, 1, 3, 2, 0, 0, 0, 0, 3, 1, 1),
	('batch-0001', 4, 2000000005, 2000000117, 'train', true, 1, 'Unknown', 'Female', 75, '1', '17', '19', 5, 'FR', 'Pediatrics-CriticalCare', 46, 2, 12, 0, 1, 1, 'other', 'diabetes', 'diabetes', 5, 2, 2, 0, 0, 1, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 3, 0, 0, 3, 0, 2, 0, 3, 0, 1, 1),
	('batch-0001', 5, 2000000006, 2000000162, 'train', true, 1, 'AfricanAmerican', 'Male', 75, '1', '18', '7', 5, 'MC', 'InternalMedicine', 31, 1, 17, 0, 0, 0, 'injury', 'diabetes', 'other', 15, 0, 1, 0, 2, 2, 1, 0, 2, 0, 3, 0, 0, 2, 1, 3, 1, 2, 1, 0, 0, 0, 3, 1, 0, 3, 1, 1),
	('batch-0001', 6, 2000000007, 2000000071, 'val', true, 0, 'Caucasian', 'Male', 75, '1', '1', '13', 2, 'CP', 'InternalMedicine', 41, 1, 18, 0, 2, 0, 'injury', 'respiratory', 'other', 7, 2, 0, 1, 0, 3, 0, 3, 2, 0, 0, 1, 2, 0, 1, 0, 3, 0, 2, 3, 3, 3, 1, 1, 2, 0, 1, 1),
	('batch-0001', 8, 2000000009, 2000000126, 'test', true, 1, 'Hispanic', 'Male', 65, '1', '1', '5', 4, 'CM', 'InternalMedicine', 52, 0, 18, 0, 0, 1, 'other', 'digestive', 'genitourinary', 9, 3, 0, 0, 3, 2, 0, 0, 3, 3, 0, 0, 0, 3, 0, 2, 0, 1, 2, 3, 1, 0, 0, 0, 0, 3, 1, 1),
	('batch-0001', 9, 2000000010, 2000000108, 'train', true, 2, 'Other', 'Unknown/Invalid', 45, '1', '1', '14', 4, 'MC', 'Radiology', 41, 1, 16, 1, 1, 0, 'respiratory', 'genitourinary', 'circulatory', 11, 0, 3, 3, 2, 0, 0, 3, 0, 0, 0, 0, 0, 2, 3, 0, 0, 2, 0, 3, 1, 2, 2, 2, 2, 0, 1, 1),
	('batch-0001', 10, 2000000011, 2000000033, 'train', true, 1, 'Hispanic', 'Female', 45, '2', '13', '15', 5, 'CH', 'InternalMedicine', 45, 2, 14, 0, 0, 0, 'injury', 'other', 'digestive', 6, 2, 3, 0, 1, 0, 0, 2, 3, 2, 1, 1, 0, 0, 0, 2, 3, 2, 3, 0, 1, 2, 1, 0, 2, 0, 1, 1),
	('batch-0001', 11, 2000000012, 2000000044, 'train', true, 0, 'Asian', 'Female', 75, '1', '14', '26', 3, 'MD', 'Cardiology-Pediatric', 37, 0, 8, 0, 2, 1, 'circulatory', 'digestive', 'digestive', 11, 2, 2, 1, 0, 0, 0, 0, 3, 1, 3, 0, 1, 0, 0, 0, 0, 2, 0, 1, 3, 2, 1, 1, 0, 0, 1, 1),
	('batch-0001', 12, 2000000013, 2000000046, 'test', true, 0, 'Other', 'Female', 5, '1', '7', '7', 3, 'WC', 'Endocrinology-Metabolism', 52, 0, 19, 1, 0, 1, 'Unknown', 'neoplasms', 'genitourinary', 12, 0, 3, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 3, 0, 3, 1, 0, 0, 3, 0, 0, 1, 1),
	('batch-0001', 13, 2000000014, 2000000164, 'train', true, 0, 'Caucasian', 'Male', 35, '1', '1', '11', 3, 'Unknown', 'Pediatrics-Neurology', 39, 1, 10, 0, 0, 0, 'genitourinary', 'musculoskeletal', 'injury', 8, 0, 0, 0, 0, 3, 0, 1, 1, 1, 3, 2, 0, 0, 3, 2, 1, 0, 0, 1, 3, 2, 2, 0, 0, 0, 1, 1),
	('batch-0001', 14, 2000000015, 2000000037, 'train', true, 0, 'AfricanAmerican', 'Female', 45, '1', '1', '19', 3, 'OG', 'InternalMedicine', 38, 2, 16, 0, 0, 1, 'circulatory', 'other', 'injury', 8, 2, 3, 2, 3, 2, 0, 1, 2, 0, 0, 0, 0, 0, 0, 1, 3, 2, 0, 0, 1, 3, 0, 0, 1, 0, 1, 1),
	('batch-0001', 15, 2000000016, 2000000010, 'train', true, 2, 'AfricanAmerican', 'Female', 85, '7', '28', '7', 3, 'OG', 'Anesthesiology', 50, 1, 8, 0, 0, 0, 'injury', 'genitourinary', 'circulatory', 11, 3, 0, 0, 3, 1, 3, 0, 3, 3, 0, 3, 3, 3, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1),
	('batch-0001', 16, 2000000017, 2000000144, 'test', true, 1, 'AfricanAmerican', 'Female', 5, '8', '16', '7', 6, 'MC', 'Neurophysiology', 51, 1, 21, 0, 2, 0, 'neoplasms', 'respiratory', 'diabetes', 6, 1, 3, 0, 0, 1, 0, 0, 2, 0, 1, 1, 0, 2, 0, 0, 0, 1, 0, 2, 3, 0, 1, 2, 2, 0, 1, 1),
	('batch-0001', 17, 2000000018, 2000000021, 'val', true, 0, 'Caucasian', 'Male', 75, '1', '27', '7', 4, 'DM', 'InternalMedicine', 34, 0, 17, 0, 0, 0, 'diabetes', 'musculoskeletal', 'musculoskeletal', 9, 0, 0, 3, 0, 0, 1, 0, 0, 0, 3, 3, 1, 0, 0, 2, 0, 1, 3, 0, 1, 0, 2, 1, 3, 3, 1, 1),
	('batch-0001', 18, 2000000019, 2000000103, 'train', true, 0, 'Caucasian', 'Male', 15, '7', '27', '7', 4, 'MC', 'InternalMedicine', 45, 2, 20, 1, 1, 0, 'injury', 'other', 'injury', 10, 3, 3, 0, 0, 0, 0, 3, 1, 3, 0, 0, 0, 0, 0, 0, 1, 2, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1),
	('batch-0001', 19, 2000000020, 2000000102, 'train', true, 0, 'AfricanAmerican', 'Unknown/Invalid', 65, '8', '1', '24', 2, 'MC', 'Osteopath', 40, 0, 17, 0, 1, 0, 'digestive', 'respiratory', 'respiratory', 10, 3, 0, 0, 0, 0, 1, 3, 3, 1, 0, 3, 2, 3, 3, 1, 0, 1, 3, 1, 1, 0, 1, 0, 2, 3, 1, 1),
	('batch-0001', 20, 2000000021, 2000000083, 'train', true, 0, 'Caucasian', 'Female', 75, '5', '1', '7', 4, 'MC', 'InternalMedicine', 48, 2, 17, 0, 1, 1, 'injury', 'digestive', 'digestive', 9, 0, 0, 1, 0, 0, 3, 1, 1, 0, 0, 0, 0, 0, 3, 0, 0, 2, 0, 2, 3, 2, 0, 3, 2, 1, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0001', 21, 2000000022, 2000000074, 'train', true, 0, 'Asian', 'Male', 65, '7', '1', '4', 2, 'MC', 'InternalMedicine', 36, 0, 16, 0, 0, 0, 'other', 'other', 'other', 11, 2, 3, 1, 0, 0, 3, 2, 0, 0, 1, 2, 3, 2, 3, 0, 0, 0, 1, 1, 2, 2, 3, 3, 2, 3, 1, 1),
	('batch-0001', 22, 2000000023, 2000000066, 'test', true, 2, 'Caucasian', 'Male', 75, '1', '2', '9', 3, 'OG', 'InternalMedicine', 41, 2, 16, 0, 0, 0, 'neoplasms', 'other', 'digestive', 6, 0, 0, 1, 2, 1, 1, 3, 2, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 3, 1, 3, 0, 0, 0, 3, 1, 1),
	('batch-0001', 24, 2000000025, 2000000025, 'train', true, 0, 'Hispanic', 'Unknown/Invalid', 75, '6', '23', '10', 4, 'PO', 'SurgicalSpecialty', 51, 0, 26, 0, 0, 1, 'respiratory', 'musculoskeletal', 'other', 5, 2, 3, 0, 3, 0, 0, 3, 3, 2, 3, 0, 1, 0, 2, 3, 0, 1, 0, 0, 1, 3, 0, 0, 1, 2, 1, 1),
	('batch-0001', 25, 2000000026, 2000000056, 'train', true, 2, 'Caucasian', 'Female', 15, '2', '1', '22', 7, 'CM', 'InternalMedicine', 42, 0, 21, 0, 1, 0, 'circulatory', 'digestive', 'respiratory', 7, 3, 1, 2, 1, 3, 1, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, 3, 3, 0, 1, 0, 2, 1, 1),
	('batch-0001', 26, 2000000027, 2000000162, 'train', true, 0, 'Other', 'Male', 95, '1', '28', '26', 5, 'PO', 'PhysicalMedicineandRehabilitation', 30, 2, 11, 1, 3, 0, 'Unknown', 'circulatory', 'circulatory', 7, 2, 0, 0, 0, 3, 0, 1, 0, 3, 3, 2, 3, 0, 1, 2, 0, 2, 3, 1, 2, 2, 0, 0, 2, 2, 1, 1),
	('batch-0001', 27, 2000000028, 2000000144, 'test', true, 0, 'Other', 'Female', 75, '1', '13', '7', 3, 'UN', 'Hospitalist', 54, 0, 16, 2, 0, 0, 'respiratory', 'diabetes', 'diabetes', 10, 0, 3, 3, 1, 1, 1, 0, 0, 3, 1, 3, 1, 0, 2, 3, 0, 1, 0, 2, 1, 3, 1, 3, 0, 2, 1, 1),
	('batch-0001', 28, 2000000029, 2000000106, 'train', true, 0, 'Asian', 'Male', 15, '1', '6', '4', 6, 'Unknown', 'Anesthesiology', 40, 1, 17, 0, 0, 1, 'circulatory', 'neoplasms', 'respiratory', 9, 3, 2, 0, 0, 2, 0, 1, 1, 0, 3, 0, 2, 0, 3, 0, 0, 3, 0, 1, 3, 2, 0, 0, 3, 0, 1, 1),
	('batch-0001', 29, 2000000030, 2000000075, 'train', true, 0, 'AfricanAmerican', 'Unknown/Invalid', 75, '1', '1', '24', 1, 'PO', 'Hematology/Oncology', 42, 1, 15, 0, 0, 0, 'diabetes', 'respiratory', 'circulatory', 13, 0, 0, 1, 1, 0, 1, 3, 1, 2, 0, 0, 0, 0, 1, 0, 0, 2, 1, 3, 3, 0, 3, 0, 0, 0, 1, 1),
	('batch-0001', 30, 2000000031, 2000000081, 'val', true, 0, 'Caucasian', 'Female', 75, '7', '4', '3', 3, 'CM', 'InternalMedicine', 49, 3, 16, 0, 2, 0, 'injury', 'digestive', 'circulatory', 11, 0, 0, 1, 2, 0, 3, 3, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 3, 3, 3, 2, 0, 0, 2, 1, 1),
	('batch-0001', 31, 2000000032, 2000000146, 'train', true, 0, 'Asian', 'Unknown/Invalid', 45, '1', '1', '21', 3, 'CP', 'AllergyandImmunology', 28, 1, 14, 1, 0, 1, 'respiratory', 'respiratory', 'neoplasms', 11, 0, 0, 0, 0, 1, 0, 3, 2, 0, 0, 0, 0, 0, 1, 1, 0, 3, 0, 2, 1, 0, 0, 1, 0, 0, 1, 1),
	('batch-0001', 32, 2000000033, 2000000148, 'train', false, 0, 'Hispanic', 'Female', 75, '1', '11', '8', 7, 'BC', 'InternalMedicine', 42, 2, 18, 0, 0, 1, 'digestive', 'digestive', 'other', 12, 0, 3, 0, 2, 0, 2, 3, 2, 2, 3, 0, 1, 3, 0, 3, 1, 1, 3, 0, 0, 0, 3, 0, 0, 3, 1, 1),
	('batch-0001', 33, 2000000034, 2000000015, 'test', true, 2, 'Caucasian', 'Female', 75, '1', '24', '7', 4, 'SP', 'InternalMedicine', 47, 1, 13, 0, 1, 3, 'respiratory', 'other', 'other', 10, 3, 3, 2, 0, 3, 0, 1, 2, 2, 2, 1, 3, 1, 3, 1, 0, 1, 0, 0, 1, 0, 0, 3, 0, 0, 1, 1),
	('batch-0001', 34, 2000000035, 2000000047, 'train', true, 1, 'AfricanAmerican', 'Female', 5, '3', '7', '7', 2, 'MC', 'InternalMedicine', 50, 2, 16, 1, 0, 1, 'musculoskeletal', 'other', 'injury', 7, 0, 0, 3, 0, 0, 1, 0, 0, 0, 2, 1, 3, 0, 1, 0, 1, 0, 3, 0, 2, 2, 2, 0, 3, 1, 1, 1),
	('batch-0001', 35, 2000000036, 2000000127, 'val', true, 1, 'Caucasian', 'Unknown/Invalid', 35, '1', '15', '7', 5, 'Unknown', 'Cardiology-Pediatric', 42, 1, 22, 0, 0, 0, 'respiratory', 'circulatory', 'respiratory', 8, 1, 0, 0, 2, 2, 0, 2, 0, 1, 0, 0, 2, 0, 2, 0, 2, 0, 2, 0, 3, 2, 0, 0, 2, 0, 1, 1),
	('batch-0001', 36, 2000000037, 2000000131, 'test', true, 1, 'Hispanic', 'Female', 75, '6', '26', '18', 2, 'MC', 'Emergency/Trauma', 33, 1, 10, 1, 0, 0, 'diabetes', 'circulatory', 'digestive', 7, 0, 1, 3, 3, 3, 0, 0, 0, 0, 0, 0, 2, 2, 2, 0, 3, 0, 0, 0, 0, 3, 0, 2, 0, 0, 1, 1),
	('batch-0001', 37, 2000000038, 2000000142, 'val', true, 0, 'Caucasian', 'Male', 5, '1', '1', '7', 1, 'MC', 'InternalMedicine', 54, 1, 12, 0, 0, 0, 'circulatory', 'other', 'injury', 11, 0, 0, 0, 0, 2, 0, 0, 3, 3, 3, 1, 2, 3, 0, 2, 0, 0, 3, 0, 0, 2, 3, 0, 2, 0, 1, 1),
	('batch-0001', 38, 2000000039, 2000000043, 'train', false, 0, 'AfricanAmerican', 'Unknown/Invalid', 75, '8', '21', '7', 4, 'MC', 'Ophthalmology', 33, 1, 20, 1, 0, 1, 'diabetes', 'respiratory', 'digestive', 6, 0, 3, 0, 0, 2, 2, 3, 0, 0, 0, 0, 3, 3, 3, 0, 0, 3, 0, 3, 2, 1, 3, 1, 1, 3, 1, 1),
	('batch-0001', 39, 2000000040, 2000000156, 'train', true, 0, 'AfricanAmerican', 'Unknown/Invalid', 15, '6', '1', '26', 1, 'MC', 'Unknown', 43, 1, 11, 1, 0, 0, 'genitourinary', 'respiratory', 'neoplasms', 8, 2, 2, 0, 1, 1, 1, 0, 1, 2, 0, 0, 3, 0, 3, 1, 3, 2, 3, 0, 3, 1, 1, 0, 0, 2, 1, 1),
	('batch-0001', 40, 2000000041, 2000000104, 'train', true, 1, 'Caucasian', 'Unknown/Invalid', 75, '5', '2', '7', 4, 'MC', 'Orthopedics', 43, 0, 18, 1, 1, 0, 'neoplasms', 'diabetes', 'neoplasms', 11, 0, 2, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 0, 2, 0, 1, 2, 0, 2, 0, 0, 1, 1),
	('batch-0001', 41, 2000000042, 2000000128, 'train', true, 1, 'Hispanic', 'Unknown/Invalid', 75, '1', '1', '22', 3, 'MC', 'InternalMedicine', 44, 1, 18, 2, 1, 0, 'neoplasms', 'neoplasms', 'neoplasms', 8, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 3, 0, 0, 0, 2, 2, 1, 3, 0, 0, 0, 3, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0001', 43, 2000000044, 2000000092, 'train', true, 1, 'Caucasian', 'Female', 55, '1', '1', '5', 3, 'MC', 'Resident', 45, 1, 22, 1, 0, 3, 'respiratory', 'Unknown', 'digestive', 12, 0, 3, 2, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 1, 1, 3, 3, 0, 2, 0, 1, 1),
	('batch-0001', 44, 2000000045, 2000000006, 'train', true, 0, 'Caucasian', 'Female', 75, '1', '1', '7', 3, 'SI', 'Pediatrics-Neurology', 52, 0, 18, 1, 1, 1, 'other', 'other', 'injury', 6, 0, 1, 1, 3, 0, 2, 0, 1, 0, 0, 1, 0, 2, 0, 3, 1, 3, 3, 3, 1, 0, 0, 0, 0, 3, 1, 1),
	('batch-0001', 45, 2000000046, 2000000002, 'train', true, 1, 'AfricanAmerican', 'Unknown/Invalid', 25, '1', '1', '9', 2, 'WC', 'InternalMedicine', 39, 3, 12, 0, 0, 0, 'respiratory', 'other', 'neoplasms', 7, 2, 0, 2, 0, 1, 2, 0, 3, 1, 3, 1, 2, 0, 3, 0, 0, 1, 0, 1, 2, 3, 0, 0, 1, 0, 1, 1),
	('batch-0001', 46, 2000000047, 2000000124, 'train', true, 2, 'Caucasian', 'Female', 75, '1', '18', '15', 8, 'MC', 'InternalMedicine', 41, 1, 20, 1, 0, 1, 'other', 'Unknown', 'other', 6, 0, 1, 3, 2, 0, 1, 0, 2, 2, 0, 1, 3, 1, 3, 2, 0, 0, 2, 1, 1, 1, 2, 3, 0, 0, 1, 1),
	('batch-0001', 47, 2000000048, 2000000038, 'train', true, 0, 'Caucasian', 'Female', 75, '3', '1', '7', 7, 'Unknown', 'Psychology', 36, 1, 14, 1, 0, 0, 'Unknown', 'circulatory', 'circulatory', 11, 0, 0, 0, 1, 1, 3, 3, 0, 2, 1, 2, 1, 0, 0, 0, 2, 2, 0, 1, 1, 2, 0, 2, 3, 3, 1, 1),
	('batch-0001', 48, 2000000049, 2000000021, 'val', true, 2, 'Hispanic', 'Unknown/Invalid', 75, '8', '1', '25', 3, 'MC', 'DCPTEAM', 27, 0, 12, 2, 2, 3, 'circulatory', 'diabetes', 'neoplasms', 11, 0, 0, 0, 0, 1, 0, 0, 0, 1, 3, 0, 0, 0, 3, 1, 0, 0, 2, 0, 3, 3, 3, 0, 3, 0, 1, 1),
	('batch-0001', 49, 2000000050, 2000000048, 'train', true, 2, 'Asian', 'Female', 65, '5', '16', '20', 6, 'MP', 'InternalMedicine', 42, 0, 8, 0, 0, 1, 'diabetes', 'Unknown', 'circulatory', 11, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 1, 0, 1, 3, 2, 0, 0, 1, 0, 1, 1),
	('batch-0001', 50, 2000000051, 2000000119, 'train', true, 2, 'Caucasian', 'Female', 95, '6', '18', '6', 1, 'MC', 'Family/GeneralPractice', 43, 4, 10, 0, 0, 1, 'diabetes', 'circulatory', 'circulatory', 6, 0, 0, 2, 1, 3, 3, 0, 2, 0, 3, 1, 0, 3, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 1),
	('batch-0001', 51, 2000000052, 2000000010, 'train', true, 0, 'Asian', 'Female', 75, '1', '1', '7', 4, 'MC', 'Cardiology-Pediatric', 55, 1, 13, 2, 0, 0, 'digestive', 'respiratory', 'circulatory', 13, 0, 2, 3, 2, 2, 1, 2, 0, 3, 0, 0, 1, 3, 0, 0, 1, 0, 1, 0, 3, 3, 0, 1, 0, 0, 1, 1),
	('batch-0001', 52, 2000000053, 2000000031, 'train', true, 1, 'Caucasian', 'Male', 75, '2', '1', '7', 3, 'BC', 'Unknown', 50, 0, 13, 0, 0, 1, 'circulatory', 'genitourinary', 'respiratory', 7, 0, 0, 2, 2, 1, 0, 0, 0, 2, 2, 1, 3, 0, 0, 1, 0, 2, 3, 0, 1, 0, 0, 3, 2, 2, 1, 1),
	('batch-0001', 53, 2000000054, 2000000066, 'test', true, 2, 'Asian', 'Female', 75, '8', '4', '7', 2, 'MC', 'InternalMedicine', 47, 2, 14, 0, 1, 0, 'other', 'Unknown', 'genitourinary', 11, 0, 0, 0, 0, 0, 1, 0, 3, 3, 3, 2, 2, 3, 3, 3, 2, 0, 0, 0, 1, 2, 2, 1, 1, 0, 1, 1),
	('batch-0001', 54, 2000000055, 2000000039, 'train', true, 0, 'Hispanic', 'Unknown/Invalid', 75, '1', '4', '24', 5, 'CM', 'InfectiousDiseases', 43, 2, 14, 0, 0, 1, 'respiratory', 'other', 'musculoskeletal', 10, 0, 2, 0, 0, 3, 0, 1, 0, 0, 3, 1, 0, 3, 1, 0, 2, 2, 1, 2, 1, 2, 0, 0, 0, 0, 1, 1),
	('batch-0001', 55, 2000000056, 2000000160, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 65, '1', '1', '7', 2, 'MC', 'InternalMedicine', 43, 1, 15, 1, 0, 0, 'musculoskeletal', 'circulatory', 'digestive', 8, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 3, 3, 0, 1, 0, 1, 2, 0, 1, 0, 1, 0, 1, 1),
	('batch-0001', 56, 2000000057, 2000000078, 'test', true, 0, 'Asian', 'Female', 55, '3', '1', '7', 2, 'MC', 'InternalMedicine', 39, 0, 16, 0, 0, 0, 'other', 'other', 'other', 4, 0, 0, 2, 0, 3, 1, 0, 1, 2, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 2, 2, 1, 1, 1),
	('batch-0001', 57, 2000000058, 2000000092, 'train', true, 1, 'Other', 'Unknown/Invalid', 65, '3', '1', '7', 3, 'MD', 'Psychology', 47, 0, 15, 0, 0, 0, 'genitourinary', 'respiratory', 'musculoskeletal', 6, 0, 0, 2, 0, 0, 0, 1, 3, 2, 2, 1, 3, 1, 0, 2, 2, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1),
	('batch-0001', 58, 2000000059, 2000000027, 'train', false, 0, 'AfricanAmerican', 'Female', 75, '6', '20', '21', 6, 'MC', 'Surgery-Cardiovascular', 27, 2, 14, 0, 0, 0, 'neoplasms', 'respiratory', 'other', 13, 0, 0, 0, 3, 3, 3, 2, 1, 1, 1, 3, 1, 3, 0, 0, 3, 0, 0, 3, 1, 0, 0, 1, 3, 3, 1, 1),
	('batch-0001', 59, 2000000060, 2000000138, 'train', false, 0, 'Hispanic', 'Unknown/Invalid', 85, '6', '21', '26', 5, 'BC', 'ObstetricsandGynecology', 43, 0, 13, 0, 1, 0, 'Unknown', 'musculoskeletal', 'respiratory', 11, 0, 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3, 3, 1, 1),
	('batch-0001', 60, 2000000061, 2000000088, 'train', true, 0, 'Caucasian', 'Female', 45, '1', '1', '23', 4, 'BC', 'InternalMedicine', 46, 0, 12, 3, 1, 0, 'musculoskeletal', 'respiratory', 'genitourinary', 9, 1, 3, 0, 3, 3, 2, 3, 3, 3, 2, 2, 3, 1, 2, 0, 0, 0, 2, 0, 2, 0, 0, 3, 3, 2, 1, 1),
	('batch-0001', 61, 2000000062, 2000000101, 'train', true, 1, 'Hispanic', 'Female', 75, '1', '1', '7', 6, 'MC', 'InternalMedicine', 49, 2, 12, 1, 1, 0, 'genitourinary', 'digestive', 'circulatory', 8, 0, 0, 3, 3, 0, 3, 1, 2, 0, 0, 0, 0, 3, 0, 1, 0, 2, 2, 0, 3, 0, 3, 0, 0, 2, 1, 1),
	('batch-0001', 62, 2000000063, 2000000150, 'test', true, 0, 'Unknown', 'Unknown/Invalid', 75, '3', '15', '17', 6, 'WC', 'Surgery-General', 53, 1, 16, 0, 1, 0, 'respiratory', 'genitourinary', 'other', 5, 0, 1, 2, 0, 0, 0, 0, 1, 0, 3, 2, 3, 0, 0, 3, 0, 0, 1, 3, 0, 0, 3, 0, 3, 3, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0001', 63, 2000000064, 2000000070, 'test', true, 0, 'Other', 'Unknown/Invalid', 75, '1', '4', '7', 2, 'MC', 'Dentistry', 42, 0, 17, 0, 0, 0, 'digestive', 'digestive', 'diabetes', 8, 0, 2, 0, 0, 0, 2, 0, 0, 2, 0, 1, 1, 0, 1, 3, 0, 0, 0, 0, 1, 0, 2, 0, 1, 0, 1, 1),
	('batch-0001', 64, 2000000065, 2000000013, 'train', true, 2, 'Caucasian', 'Female', 75, '6', '2', '7', 3, 'MC', 'InternalMedicine', 40, 1, 14, 0, 0, 1, 'other', 'other', 'Unknown', 11, 1, 1, 0, 0, 3, 2, 0, 0, 0, 0, 1, 0, 2, 2, 3, 2, 2, 0, 2, 1, 0, 0, 0, 0, 0, 1, 1),
	('batch-0001', 65, 2000000066, 2000000089, 'val', true, 0, 'Hispanic', 'Female', 75, '3', '1', '7', 7, 'MC', 'InternalMedicine', 40, 0, 12, 1, 0, 0, 'digestive', 'other', 'respiratory', 10, 1, 1, 0, 3, 2, 1, 3, 3, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 3, 0, 0, 1, 1),
	('batch-0001', 66, 2000000067, 2000000107, 'test', true, 0, 'Asian', 'Female', 65, '1', '1', '7', 5, 'MC', 'Pediatrics-Pulmonology', 49, 2, 14, 1, 0, 1, 'diabetes', 'musculoskeletal', 'neoplasms', 10, 3, 1, 0, 0, 1, 0, 0, 0, 3, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 0, 2, 0, 1, 1),
	('batch-0001', 67, 2000000068, 2000000087, 'train', true, 2, 'AfricanAmerican', 'Female', 75, '1', '23', '7', 6, 'HM', 'InternalMedicine', 43, 2, 15, 0, 0, 1, 'other', 'diabetes', 'injury', 12, 3, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 2, 3, 0, 1, 0, 0, 1, 1, 0, 0, 3, 0, 1, 1),
	('batch-0001', 68, 2000000069, 2000000062, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 75, '7', '1', '1', 2, 'MC', 'Surgery-Thoracic', 41, 3, 15, 2, 0, 0, 'respiratory', 'diabetes', 'diabetes', 11, 0, 0, 0, 0, 1, 3, 1, 0, 0, 2, 2, 3, 1, 3, 1, 0, 0, 0, 0, 1, 1, 0, 0, 2, 0, 1, 1),
	('batch-0001', 69, 2000000070, 2000000080, 'train', false, 0, 'Caucasian', 'Male', 15, '8', '11', '7', 4, 'HM', 'InternalMedicine', 38, 2, 14, 0, 0, 0, 'circulatory', 'respiratory', 'injury', 10, 0, 0, 0, 3, 0, 3, 1, 0, 0, 0, 3, 1, 0, 0, 1, 0, 0, 2, 3, 1, 2, 2, 0, 1, 0, 1, 1),
	('batch-0001', 70, 2000000071, 2000000164, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 75, '1', '1', '7', 1, 'CM', 'InternalMedicine', 40, 1, 15, 0, 0, 1, 'diabetes', 'other', 'circulatory', 12, 2, 0, 0, 0, 3, 3, 0, 2, 3, 0, 0, 3, 3, 0, 0, 3, 0, 2, 0, 1, 1, 0, 2, 0, 3, 1, 1),
	('batch-0001', 71, 2000000072, 2000000101, 'train', true, 0, 'Caucasian', 'Male', 75, '5', '1', '13', 1, 'MP', 'InternalMedicine', 33, 0, 14, 0, 0, 0, 'circulatory', 'other', 'digestive', 9, 0, 1, 1, 2, 0, 0, 3, 0, 1, 3, 2, 3, 1, 0, 2, 0, 0, 2, 0, 2, 0, 0, 0, 0, 2, 1, 1),
	('batch-0001', 72, 2000000073, 2000000104, 'train', true, 2, 'Hispanic', 'Unknown/Invalid', 75, '1', '1', '2', 9, 'WC', 'InternalMedicine', 47, 1, 13, 0, 0, 0, 'digestive', 'respiratory', 'Unknown', 4, 0, 0, 3, 0, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 2, 3, 2, 3, 1, 0, 2, 3, 2, 1, 1, 1),
	('batch-0001', 73, 2000000074, 2000000096, 'train', false, 0, 'Asian', 'Male', 35, '1', '21', '2', 2, 'Unknown', 'InternalMedicine', 48, 1, 14, 2, 0, 0, 'musculoskeletal', 'Unknown', 'circulatory', 10, 0, 3, 1, 2, 0, 2, 1, 3, 0, 2, 1, 1, 0, 2, 2, 0, 3, 1, 1, 1, 0, 1, 2, 0, 3, 1, 1),
	('batch-0001', 74, 2000000075, 2000000089, 'val', true, 1, 'Caucasian', 'Female', 75, '6', '9', '24', 8, 'MC', 'InternalMedicine', 35, 1, 13, 1, 0, 0, 'genitourinary', 'injury', 'respiratory', 5, 2, 1, 0, 3, 1, 0, 0, 1, 3, 0, 2, 0, 3, 0, 1, 0, 1, 0, 0, 0, 1, 0, 3, 2, 0, 1, 1),
	('batch-0001', 75, 2000000076, 2000000159, 'train', true, 0, 'Unknown', 'Unknown/Invalid', 75, '1', '15', '7', 2, 'CM', 'InternalMedicine', 38, 3, 15, 1, 0, 0, 'other', 'circulatory', 'Unknown', 5, 0, 1, 2, 3, 3, 3, 3, 3, 1, 2, 1, 0, 2, 0, 2, 0, 0, 0, 1, 3, 1, 0, 0, 0, 0, 1, 1),
	('batch-0001', 76, 2000000077, 2000000163, 'test', true, 1, 'Caucasian', 'Female', 75, '2', '8', '22', 4, 'BC', 'InternalMedicine', 55, 1, 13, 0, 0, 0, 'digestive', 'digestive', 'digestive', 11, 3, 0, 3, 3, 0, 1, 3, 0, 3, 3, 1, 0, 1, 3, 0, 0, 3, 2, 3, 1, 3, 2, 0, 0, 1, 1, 1),
	('batch-0001', 77, 2000000078, 2000000033, 'train', true, 2, 'Caucasian', 'Unknown/Invalid', 65, '1', '12', '7', 4, 'SI', 'InternalMedicine', 38, 1, 10, 0, 0, 3, 'neoplasms', 'injury', 'circulatory', 11, 2, 0, 1, 0, 0, 0, 3, 3, 1, 0, 0, 3, 0, 0, 0, 2, 0, 1, 3, 1, 0, 3, 3, 0, 0, 1, 1),
	('batch-0001', 78, 2000000079, 2000000058, 'train', true, 0, 'Unknown', 'Male', 25, '3', '29', '13', 5, 'MC', 'InternalMedicine', 50, 3, 11, 0, 0, 0, 'genitourinary', 'neoplasms', 'neoplasms', 7, 3, 2, 0, 2, 0, 0, 0, 0, 2, 3, 1, 0, 1, 0, 3, 0, 0, 0, 0, 3, 0, 0, 1, 0, 0, 1, 1),
	('batch-0001', 79, 2000000080, 2000000071, 'val', true, 0, 'Asian', 'Female', 5, '3', '10', '9', 5, 'WC', 'InternalMedicine', 49, 3, 12, 0, 2, 1, 'digestive', 'other', 'circulatory', 5, 1, 0, 1, 0, 0, 1, 3, 1, 0, 3, 1, 3, 0, 3, 0, 1, 2, 0, 3, 1, 2, 0, 1, 1, 2, 1, 1),
	('batch-0001', 80, 2000000081, 2000000036, 'train', true, 0, 'Caucasian', 'Female', 15, '2', '1', '7', 3, 'MC', 'Pediatrics-EmergencyMedicine', 43, 1, 12, 0, 1, 0, 'injury', 'Unknown', 'neoplasms', 11, 1, 0, 3, 3, 1, 0, 0, 1, 0, 3, 0, 0, 0, 0, 2, 0, 2, 3, 2, 1, 0, 0, 0, 2, 0, 1, 1),
	('batch-0001', 81, 2000000082, 2000000039, 'train', true, 0, 'Caucasian', 'Male', 45, '1', '1', '14', 8, 'MC', 'InternalMedicine', 40, 1, 13, 1, 1, 0, 'neoplasms', 'circulatory', 'respiratory', 13, 0, 3, 0, 3, 0, 2, 1, 2, 2, 0, 3, 2, 0, 1, 3, 0, 3, 0, 0, 1, 0, 3, 3, 0, 0, 1, 1),
	('batch-0001', 82, 2000000083, 2000000013, 'train', true, 0, 'Caucasian', 'Male', 85, '1', '27', '7', 3, 'DM', 'Surgery-Plastic', 51, 0, 17, 0, 1, 0, 'digestive', 'circulatory', 'diabetes', 14, 1, 0, 0, 1, 1, 0, 2, 0, 1, 0, 3, 0, 1, 3, 0, 3, 0, 3, 0, 1, 3, 2, 0, 0, 2, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0001', 83, 2000000084, 2000000123, 'test', true, 1, 'Caucasian', 'Female', 35, '3', '1', '23', 8, 'MC', 'Pediatrics', 42, 1, 13, 1, 0, 0, 'digestive', 'circulatory', 'injury', 13, 2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3, 3, 0, 0, 3, 1, 0, 1, 0, 0, 3, 3, 3, 1, 3, 1, 1),
	('batch-0001', 84, 2000000085, 2000000128, 'train', false, 0, 'Other', 'Female', 75, '1', '20', '7', 4, 'MC', 'InternalMedicine', 47, 0, 17, 0, 1, 0, 'circulatory', 'digestive', 'respiratory', 8, 0, 1, 1, 1, 0, 1, 3, 1, 1, 1, 0, 0, 0, 2, 3, 0, 0, 0, 0, 1, 2, 0, 2, 2, 2, 1, 1),
	('batch-0001', 85, 2000000086, 2000000114, 'train', true, 2, 'Caucasian', 'Female', 75, '1', '1', '8', 4, 'HM', 'Pediatrics-Neurology', 48, 0, 19, 0, 0, 0, 'genitourinary', 'circulatory', 'other', 7, 2, 2, 0, 0, 0, 0, 0, 2, 1, 0, 3, 0, 1, 0, 2, 3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1, 1),
	('batch-0001', 86, 2000000087, 2000000117, 'train', true, 1, 'Caucasian', 'Male', 55, '1', '1', '18', 4, 'MC', 'Nephrology', 46, 1, 15, 1, 2, 0, 'injury', 'other', 'other', 5, 3, 2, 1, 0, 1, 1, 0, 1, 3, 2, 1, 2, 2, 0, 3, 3, 2, 2, 1, 1, 2, 0, 0, 1, 2, 1, 1),
	('batch-0001', 87, 2000000088, 2000000071, 'val', true, 1, 'Caucasian', 'Unknown/Invalid', 15, '7', '1', '7', 2, 'SI', 'InternalMedicine', 43, 2, 23, 0, 1, 0, 'other', 'respiratory', 'genitourinary', 16, 3, 0, 3, 1, 0, 1, 0, 3, 0, 1, 2, 0, 0, 0, 3, 0, 0, 0, 0, 1, 3, 0, 0, 3, 2, 1, 1),
	('batch-0001', 88, 2000000089, 2000000074, 'train', true, 1, 'Caucasian', 'Female', 65, '1', '1', '2', 5, 'MC', 'Osteopath', 34, 2, 18, 0, 0, 0, 'other', 'circulatory', 'circulatory', 6, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 2, 0, 1, 2, 0, 1, 2, 2, 1, 1, 2, 3, 3, 0, 1, 1),
	('batch-0001', 89, 2000000090, 2000000096, 'train', true, 0, 'Caucasian', 'Male', 85, '1', '1', '21', 3, 'Unknown', 'Hematology/Oncology', 48, 1, 14, 0, 2, 0, 'other', 'circulatory', 'Unknown', 6, 0, 0, 0, 3, 0, 1, 2, 3, 0, 2, 1, 3, 0, 0, 0, 2, 3, 3, 3, 0, 0, 2, 0, 1, 1, 1, 1),
	('batch-0001', 90, 2000000091, 2000000033, 'train', true, 2, 'Caucasian', 'Male', 75, '6', '5', '15', 3, 'MC', 'InternalMedicine', 54, 1, 16, 0, 1, 1, 'genitourinary', 'respiratory', 'Unknown', 10, 0, 1, 2, 2, 1, 1, 0, 1, 0, 2, 0, 1, 0, 0, 0, 0, 2, 2, 0, 1, 3, 0, 3, 3, 2, 1, 1),
	('batch-0001', 91, 2000000092, 2000000038, 'train', true, 2, 'Asian', 'Male', 75, '1', '1', '7', 5, 'WC', 'InternalMedicine', 41, 0, 12, 0, 0, 0, 'other', 'circulatory', 'circulatory', 10, 0, 0, 0, 1, 2, 0, 0, 0, 1, 2, 1, 0, 2, 3, 0, 1, 0, 2, 2, 1, 0, 1, 0, 0, 0, 1, 1),
	('batch-0001', 92, 2000000093, 2000000161, 'train', true, 0, 'Caucasian', 'Female', 25, '3', '18', '7', 5, 'MP', 'InternalMedicine', 33, 2, 10, 1, 1, 0, 'other', 'circulatory', 'other', 12, 3, 1, 0, 0, 1, 0, 2, 0, 0, 1, 1, 3, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0, 2, 2, 0, 1, 1),
	('batch-0001', 93, 2000000094, 2000000134, 'train', true, 1, 'Other', 'Female', 75, '1', '1', '8', 5, 'FR', 'InternalMedicine', 35, 3, 14, 1, 1, 0, 'genitourinary', 'neoplasms', 'diabetes', 10, 0, 0, 2, 1, 0, 3, 2, 0, 0, 0, 0, 3, 0, 1, 0, 1, 0, 1, 3, 3, 2, 0, 1, 0, 2, 1, 1),
	('batch-0001', 94, 2000000095, 2000000117, 'train', true, 0, 'Caucasian', 'Female', 5, '1', '1', '7', 5, 'WC', 'Unknown', 55, 1, 12, 0, 0, 1, 'injury', 'diabetes', 'Unknown', 8, 0, 2, 1, 1, 3, 1, 0, 1, 0, 1, 0, 3, 0, 0, 0, 0, 1, 3, 0, 2, 0, 0, 2, 3, 0, 1, 1),
	('batch-0001', 95, 2000000096, 2000000029, 'val', true, 0, 'Other', 'Male', 85, '5', '1', '7', 1, 'MC', 'InternalMedicine', 49, 1, 11, 2, 1, 0, 'injury', 'Unknown', 'digestive', 7, 1, 0, 2, 0, 0, 3, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 1, 0, 2, 1, 0, 0, 1, 0, 3, 1, 1),
	('batch-0001', 96, 2000000097, 2000000036, 'train', true, 2, 'Caucasian', 'Male', 45, '3', '26', '22', 4, 'BC', 'Surgery-Cardiovascular/Thoracic', 51, 0, 16, 0, 1, 1, 'respiratory', 'Unknown', 'other', 6, 3, 0, 3, 1, 2, 2, 3, 1, 1, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 3, 2, 1, 2, 0, 2, 1, 1),
	('batch-0001', 97, 2000000098, 2000000007, 'train', true, 0, 'Caucasian', 'Female', 75, '8', '4', '7', 5, 'MC', 'Emergency/Trauma', 39, 0, 16, 2, 0, 0, 'circulatory', 'other', 'digestive', 12, 1, 1, 1, 3, 0, 2, 0, 2, 0, 2, 3, 0, 0, 0, 0, 0, 3, 1, 3, 1, 3, 0, 2, 3, 2, 1, 1),
	('batch-0001', 98, 2000000099, 2000000023, 'train', true, 1, 'Caucasian', 'Male', 35, '1', '4', '7', 5, 'MC', 'InternalMedicine', 50, 4, 17, 1, 0, 1, 'respiratory', 'other', 'other', 5, 0, 3, 0, 3, 0, 0, 0, 0, 2, 0, 1, 3, 3, 0, 0, 0, 1, 3, 0, 1, 3, 0, 0, 3, 2, 1, 1),
	('batch-0001', 99, 2000000100, 2000000071, 'val', true, 0, 'Other', 'Female', 45, '6', '1', '24', 2, 'MC', 'InternalMedicine', 40, 2, 21, 0, 1, 0, 'respiratory', 'respiratory', 'genitourinary', 11, 1, 3, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 2, 1, 1, 3, 1, 1, 1, 0, 0, 2, 0, 1, 1, 1),
	('batch-0002', 100, 2000000101, 2000000118, 'train', true, 0, 'Unknown', 'Male', 35, '5', '17', '7', 6, 'UN', 'InternalMedicine', 43, 4, 16, 1, 1, 0, 'other', 'diabetes', 'Unknown', 16, 0, 0, 0, 0, 0, 0, 2, 0, 1, 3, 0, 0, 0, 0, 3, 2, 0, 3, 2, 0, 0, 0, 3, 0, 0, 1, 1),
	('batch-0002', 101, 2000000102, 2000000092, 'train', true, 2, 'Caucasian', 'Unknown/Invalid', 85, '1', '1', '7', 7, 'MC', 'InternalMedicine', 38, 0, 16, 0, 0, 2, 'diabetes', 'other', 'circulatory', 11, 3, 0, 0, 0, 3, 3, 2, 0, 0, 0, 1, 2, 2, 0, 3, 3, 0, 3, 1, 1, 0, 2, 1, 0, 2, 1, 1),
	('batch-0002', 102, 2000000103, 2000000145, 'val', true, 0, 'Hispanic', 'Female', 55, '5', '1', '3', 3, 'MC', 'Unknown', 46, 2, 25, 0, 0, 0, 'circulatory', 'digestive', 'neoplasms', 7, 0, 0, 3, 0, 1, 2, 0, 0, 0, 0, 2, 3, 3, 0, 0, 1, 3, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0002', 103, 2000000104, 2000000032, 'train', true, 0, 'Hispanic', 'Female', 65, '1', '30', '7', 5, 'MC', 'Neurophysiology', 49, 1, 17, 0, 0, 0, 'genitourinary', 'circulatory', 'genitourinary', 9, 3, 2, 3, 1, 2, 2, 0, 0, 0, 1, 0, 1, 0, 0, 3, 0, 3, 1, 1, 0, 3, 0, 1, 1, 2, 1, 1),
	('batch-0002', 104, 2000000105, 2000000039, 'train', true, 1, 'Caucasian', 'Unknown/Invalid', 15, '2', '28', '7', 2, 'BC', 'Cardiology', 54, 1, 16, 0, 0, 1, 'other', 'diabetes', 'other', 8, 2, 3, 0, 2, 0, 0, 2, 0, 0, 1, 0, 2, 0, 3, 1, 0, 0, 2, 1, 0, 1, 2, 1, 1, 0, 1, 1),
	('batch-0002', 105, 2000000106, 2000000029, 'val', true, 1, 'Other', 'Female', 75, '7', '13', '7', 7, 'CP', 'Hematology/Oncology', 53, 2, 12, 2, 0, 1, 'diabetes', 'digestive', 'Unknown', 9, 0, 0, 2, 0, 1, 0, 3, 0, 2, 1, 2, 0, 3, 0, 0, 2, 0, 0, 1, 3, 0, 0, 0, 0, 0, 1, 1),
	('batch-0002', 106, 2000000107, 2000000051, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 15, '7', '29', '7', 5, 'MC', 'InternalMedicine', 47, 0, 17, 0, 0, 0, 'diabetes', 'digestive', 'Unknown', 11, 1, 3, 3, 1, 0, 1, 3, 0, 2, 2, 0, 1, 0, 1, 1, 0, 2, 2, 0, 1, 0, 0, 3, 2, 0, 1, 1),
	('batch-0002', 107, 2000000108, 2000000069, 'train', true, 1, 'Hispanic', 'Male', 85, '7', '16', '11', 4, 'OT', 'InternalMedicine', 43, 2, 18, 1, 0, 0, 'Unknown', 'diabetes', 'respiratory', 11, 3, 2, 0, 2, 0, 2, 2, 2, 2, 3, 0, 2, 3, 0, 0, 0, 3, 2, 1, 1, 2, 0, 2, 3, 0, 1, 1),
	('batch-0002', 108, 2000000109, 2000000140, 'train', false, 0, 'AfricanAmerican', 'Male', 15, '6', '19', '7', 6, 'DM', 'InternalMedicine', 46, 1, 18, 0, 0, 0, 'other', 'circulatory', 'neoplasms', 9, 0, 2, 0, 0, 2, 0, 0, 3, 0, 2, 0, 0, 0, 3, 0, 2, 0, 1, 2, 1, 0, 2, 0, 3, 2, 1, 1),
	('batch-0002', 109, 2000000110, 2000000073, 'train', true, 1, 'Caucasian', 'Male', 75, '5', '10', '9', 3, 'PO', 'InternalMedicine', 32, 0, 8, 1, 0, 2, 'musculoskeletal', 'neoplasms', 'respiratory', 7, 0, 3, 0, 2, 0, 3, 0, 3, 3, 3, 0, 0, 0, 2, 0, 0, 2, 0, 0, 1, 2, 0, 3, 2, 3, 1, 1),
	('batch-0002', 110, 2000000111, 2000000117, 'train', true, 0, 'AfricanAmerican', 'Female', 65, '2', '1', '1', 8, 'MC', 'InternalMedicine', 47, 0, 20, 0, 0, 0, 'respiratory', 'Unknown', 'other', 10, 0, 0, 3, 0, 0, 1, 0, 2, 2, 1, 2, 0, 1, 2, 2, 0, 3, 2, 0, 1, 0, 3, 3, 3, 3, 1, 1),
	('batch-0002', 111, 2000000112, 2000000124, 'train', true, 1, 'Asian', 'Male', 65, '3', '1', '25', 3, 'MC', 'Gastroenterology', 33, 2, 15, 0, 1, 1, 'other', 'injury', 'respiratory', 10, 3, 0, 3, 2, 0, 0, 1, 2, 0, 0, 3, 2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1),
	('batch-0002', 112, 2000000113, 2000000013, 'train', true, 1, 'AfricanAmerican', 'Female', 75, '1', '1', '2', 2, 'MC', 'Unknown', 44, 1, 14, 0, 1, 2, 'genitourinary', 'respiratory', 'other', 6, 3, 2, 0, 3, 0, 0, 3, 3, 0, 0, 1, 0, 0, 3, 3, 1, 0, 0, 0, 1, 0, 3, 0, 1, 0, 1, 1),
	('batch-0002', 113, 2000000114, 2000000055, 'train', true, 2, 'Caucasian', 'Male', 95, '1', '15', '7', 3, 'MC', 'Psychiatry', 50, 2, 17, 0, 2, 1, 'other', 'circulatory', 'respiratory', 11, 0, 1, 0, 3, 0, 2, 2, 2, 3, 3, 2, 2, 0, 3, 1, 0, 0, 0, 1, 1, 2, 0, 3, 3, 3, 1, 1),
	('batch-0002', 114, 2000000115, 2000000066, 'test', true, 2, 'Caucasian', 'Male', 75, '2', '12', '10', 7, 'DM', 'InternalMedicine', 44, 1, 12, 1, 0, 2, 'diabetes', 'genitourinary', 'genitourinary', 15, 1, 2, 2, 0, 2, 0, 2, 0, 0, 2, 0, 3, 0, 0, 3, 3, 2, 0, 0, 1, 0, 2, 0, 0, 1, 1, 1),
	('batch-0002', 115, 2000000116, 2000000069, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 75, '3', '1', '25', 5, 'MC', 'Unknown', 41, 0, 21, 0, 0, 1, 'circulatory', 'neoplasms', 'other', 4, 2, 2, 0, 3, 0, 0, 1, 0, 3, 1, 0, 0, 1, 0, 0, 2, 1, 2, 1, 0, 2, 0, 2, 0, 2, 1, 1),
	('batch-0002', 116, 2000000117, 2000000002, 'train', true, 0, 'Asian', 'Female', 25, '6', '28', '21', 3, 'MC', 'InternalMedicine', 55, 0, 13, 0, 0, 0, 'other', 'circulatory', 'respiratory', 6, 0, 3, 0, 1, 0, 3, 1, 0, 0, 0, 1, 3, 0, 0, 3, 0, 0, 0, 1, 3, 3, 2, 1, 0, 0, 1, 1),
	('batch-0002', 117, 2000000118, 2000000101, 'train', true, 0, 'Other', 'Female', 15, '1', '13', '18', 2, 'FR', 'Otolaryngology', 34, 0, 14, 1, 0, 0, 'injury', 'other', 'respiratory', 7, 3, 2, 3, 2, 2, 0, 0, 0, 2, 1, 3, 0, 0, 3, 3, 3, 3, 1, 3, 0, 3, 0, 0, 2, 0, 1, 1),
	('batch-0002', 118, 2000000119, 2000000099, 'train', true, 1, 'Caucasian', 'Male', 15, '1', '13', '23', 2, 'CH', 'Pediatrics-Neurology', 37, 1, 15, 0, 0, 0, 'other', 'genitourinary', 'other', 10, 0, 0, 3, 0, 3, 2, 0, 1, 2, 3, 0, 1, 0, 0, 2, 3, 0, 1, 1, 1, 0, 0, 2, 2, 3, 1, 1),
	('batch-0002', 119, 2000000120, 2000000012, 'test', true, 0, 'Asian', 'Unknown/Invalid', 75, '1', '1', '5', 2, 'UN', 'InternalMedicine', 47, 1, 14, 1, 0, 0, 'genitourinary', 'circulatory', 'circulatory', 8, 0, 2, 2, 0, 0, 3, 1, 3, 2, 2, 3, 0, 0, 2, 0, 3, 2, 1, 3, 1, 3, 0, 2, 0, 0, 1, 1),
	('batch-0002', 120, 2000000121, 2000000063, 'val', true, 0, 'Unknown', 'Male', 5, '1', '1', '4', 6, 'MC', 'InternalMedicine', 51, 2, 17, 0, 0, 1, 'other', 'genitourinary', 'respiratory', 14, 0, 1, 2, 3, 1, 0, 1, 1, 0, 1, 1, 3, 0, 1, 0, 3, 1, 1, 3, 0, 3, 3, 0, 0, 0, 1, 1),
	('batch-0002', 121, 2000000122, 2000000017, 'train', true, 0, 'Caucasian', 'Female', 25, '1', '30', '7', 3, 'CM', 'InternalMedicine', 51, 3, 13, 0, 1, 1, 'genitourinary', 'other', 'genitourinary', 6, 0, 0, 2, 3, 1, 0, 3, 1, 0, 0, 1, 1, 2, 2, 0, 0, 1, 2, 0, 2, 0, 0, 2, 3, 1, 1, 1),
	('batch-0002', 122, 2000000123, 2000000159, 'train', false, 0, 'Caucasian', 'Female', 95, '1', '21', '15', 3, 'MD', 'InternalMedicine', 54, 2, 17, 0, 0, 0, 'digestive', 'diabetes', 'other', 6, 1, 3, 0, 0, 3, 0, 0, 0, 0, 1, 0, 2, 2, 0, 2, 3, 3, 1, 0, 2, 1, 0, 3, 0, 0, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0002', 123, 2000000124, 2000000075, 'train', true, 0, 'Asian', 'Female', 5, '1', '1', '7', 3, 'SI', 'InternalMedicine', 47, 0, 15, 0, 0, 0, 'injury', 'musculoskeletal', 'circulatory', 9, 1, 3, 2, 3, 0, 1, 2, 2, 1, 0, 1, 0, 0, 0, 2, 3, 0, 2, 2, 0, 3, 1, 0, 0, 1, 1, 1),
	('batch-0002', 124, 2000000125, 2000000027, 'train', true, 1, 'Caucasian', 'Female', 25, '3', '1', '7', 4, 'SP', 'InternalMedicine', 44, 1, 19, 0, 1, 0, 'diabetes', 'other', 'respiratory', 10, 0, 0, 3, 2, 0, 0, 0, 0, 1, 1, 0, 0, 1, 3, 3, 0, 0, 0, 0, 3, 1, 0, 0, 2, 2, 1, 1),
	('batch-0002', 125, 2000000126, 2000000162, 'train', true, 0, 'Caucasian', 'Female', 75, '1', '18', '7', 9, 'MP', 'Cardiology', 43, 0, 17, 0, 1, 1, 'other', 'other', 'neoplasms', 6, 0, 0, 0, 2, 3, 2, 0, 3, 1, 0, 2, 0, 1, 2, 1, 0, 0, 3, 2, 3, 0, 2, 1, 3, 0, 1, 1),
	('batch-0002', 126, 2000000127, 2000000030, 'test', true, 0, 'Caucasian', 'Female', 75, '1', '23', '7', 8, 'SI', 'InternalMedicine', 32, 1, 14, 2, 1, 0, 'other', 'respiratory', 'diabetes', 14, 0, 1, 2, 0, 3, 0, 1, 3, 3, 0, 1, 3, 2, 0, 2, 1, 1, 3, 0, 3, 0, 0, 1, 0, 0, 1, 1),
	('batch-0002', 127, 2000000128, 2000000147, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 55, '1', '14', '7', 8, 'OG', 'Obsterics&Gynecology-GynecologicOnco', 45, 0, 17, 1, 0, 1, 'respiratory', 'circulatory', 'other', 8, 2, 1, 3, 1, 2, 0, 3, 2, 0, 3, 0, 3, 3, 0, 1, 0, 0, 1, 0, 0, 2, 2, 0, 3, 3, 1, 1),
	('batch-0002', 128, 2000000129, 2000000023, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 15, '1', '1', '3', 3, 'Unknown', 'InternalMedicine', 38, 2, 10, 1, 0, 0, 'respiratory', 'genitourinary', 'respiratory', 14, 1, 3, 3, 1, 0, 0, 0, 3, 1, 3, 0, 1, 0, 3, 0, 3, 3, 2, 0, 1, 0, 2, 0, 2, 0, 1, 1),
	('batch-0002', 129, 2000000130, 2000000048, 'train', true, 0, 'Hispanic', 'Female', 75, '1', '7', '7', 2, 'PO', 'Pediatrics-Pulmonology', 48, 1, 19, 0, 0, 0, 'other', 'circulatory', 'diabetes', 11, 3, 0, 0, 0, 0, 3, 2, 3, 0, 2, 3, 1, 0, 0, 3, 0, 2, 2, 0, 1, 2, 3, 0, 0, 0, 1, 1),
	('batch-0002', 131, 2000000132, 2000000068, 'train', true, 1, 'Other', 'Female', 75, '1', '1', '20', 5, 'CP', 'InternalMedicine', 36, 1, 19, 0, 0, 1, 'diabetes', 'circulatory', 'diabetes', 7, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 1, 0, 1, 0, 2, 0, 0, 0, 1, 3, 1, 1, 0, 0, 1, 1),
	('batch-0002', 132, 2000000133, 2000000094, 'train', false, 0, 'Asian', 'Female', 35, '7', '11', '25', 3, 'CP', 'Pediatrics-Endocrinology', 37, 2, 13, 0, 0, 1, 'diabetes', 'digestive', 'neoplasms', 6, 0, 3, 3, 0, 0, 0, 1, 2, 0, 0, 2, 0, 0, 2, 3, 0, 0, 0, 0, 1, 0, 3, 3, 1, 0, 1, 1),
	('batch-0002', 133, 2000000134, 2000000143, 'val', true, 1, 'Caucasian', 'Male', 75, '1', '12', '7', 4, 'OG', 'InternalMedicine', 51, 1, 11, 1, 0, 0, 'diabetes', 'circulatory', 'injury', 7, 1, 0, 3, 0, 0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 1, 1, 0, 1, 1, 1, 0, 2, 2, 3, 0, 1, 1),
	('batch-0002', 134, 2000000135, 2000000052, 'train', true, 0, 'Asian', 'Unknown/Invalid', 75, '5', '3', '7', 4, 'MC', 'InternalMedicine', 50, 1, 12, 0, 0, 0, 'musculoskeletal', 'respiratory', 'respiratory', 7, 2, 0, 0, 0, 3, 0, 1, 1, 0, 0, 3, 0, 2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 3, 1, 1, 1),
	('batch-0002', 135, 2000000136, 2000000041, 'train', true, 1, 'Other', 'Male', 75, '1', '4', '24', 7, 'MC', 'PhysicianNotFound', 46, 1, 19, 0, 0, 0, 'injury', 'circulatory', 'diabetes', 10, 0, 2, 1, 0, 0, 1, 2, 0, 3, 0, 3, 2, 2, 3, 0, 3, 1, 0, 0, 0, 0, 0, 1, 0, 2, 1, 1),
	('batch-0002', 136, 2000000137, 2000000086, 'train', true, 1, 'Hispanic', 'Female', 55, '7', '4', '7', 2, 'HM', 'InternalMedicine', 43, 2, 17, 1, 0, 0, 'diabetes', 'circulatory', 'digestive', 9, 1, 0, 0, 0, 2, 2, 2, 0, 0, 3, 0, 2, 0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1),
	('batch-0002', 137, 2000000138, 2000000097, 'test', true, 0, 'Caucasian', 'Female', 75, '1', '1', '7', 11, 'MC', 'InternalMedicine', 41, 1, 17, 1, 0, 0, 'neoplasms', 'circulatory', 'genitourinary', 5, 1, 2, 0, 0, 0, 0, 0, 3, 0, 2, 2, 0, 0, 0, 1, 1, 3, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1),
	('batch-0002', 138, 2000000139, 2000000137, 'train', true, 2, 'Asian', 'Male', 5, '1', '8', '5', 5, 'HM', 'InternalMedicine', 47, 1, 12, 1, 0, 2, 'circulatory', 'other', 'genitourinary', 6, 3, 0, 0, 3, 2, 3, 0, 2, 2, 0, 0, 3, 1, 3, 0, 0, 0, 2, 0, 2, 2, 3, 0, 0, 0, 1, 1),
	('batch-0002', 139, 2000000140, 2000000139, 'train', true, 0, 'AfricanAmerican', 'Female', 75, '1', '14', '15', 3, 'MP', 'InternalMedicine', 39, 0, 18, 0, 1, 1, 'diabetes', 'other', 'circulatory', 7, 0, 1, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 3, 0, 1, 1, 0, 3, 1, 2, 0, 3, 0, 0, 1, 1),
	('batch-0002', 140, 2000000141, 2000000018, 'val', true, 0, 'Caucasian', 'Female', 35, '1', '30', '22', 3, 'MC', 'Surgery-General', 39, 2, 12, 1, 1, 0, 'diabetes', 'digestive', 'other', 5, 1, 0, 0, 1, 2, 0, 2, 3, 3, 0, 0, 1, 0, 1, 3, 0, 1, 3, 1, 1, 1, 0, 0, 1, 0, 1, 1),
	('batch-0002', 141, 2000000142, 2000000109, 'train', true, 0, 'AfricanAmerican', 'Female', 75, '6', '1', '7', 2, 'BC', 'ObstetricsandGynecology', 45, 0, 12, 0, 0, 0, 'circulatory', 'neoplasms', 'injury', 9, 0, 3, 1, 3, 0, 2, 2, 3, 2, 1, 0, 0, 1, 0, 1, 2, 2, 0, 0, 0, 1, 0, 1, 3, 3, 1, 1),
	('batch-0002', 142, 2000000143, 2000000128, 'train', true, 0, 'Caucasian', 'Male', 95, '6', '1', '7', 6, 'MC', 'Urology', 34, 1, 15, 0, 1, 1, 'respiratory', 'other', 'musculoskeletal', 10, 0, 0, 0, 2, 0, 0, 3, 1, 0, 3, 1, 2, 3, 0, 0, 1, 1, 2, 0, 1, 1, 3, 2, 0, 0, 1, 1),
	('batch-0002', 143, 2000000144, 2000000036, 'train', true, 0, 'Other', 'Unknown/Invalid', 65, '7', '27', '12', 7, 'MC', 'Unknown', 48, 3, 19, 0, 1, 2, 'other', 'neoplasms', 'digestive', 11, 0, 0, 0, 0, 0, 0, 1, 0, 2, 1, 0, 0, 0, 0, 1, 2, 3, 0, 2, 1, 0, 2, 0, 0, 0, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0002', 144, 2000000145, 2000000063, 'val', true, 0, 'Other', 'Unknown/Invalid', 95, '7', '1', '7', 6, 'CP', 'InternalMedicine', 56, 0, 21, 0, 0, 1, 'circulatory', 'respiratory', 'other', 14, 3, 0, 0, 1, 3, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 3, 2, 1, 0, 0, 0, 0, 3, 0, 1, 1, 1),
	('batch-0002', 145, 2000000146, 2000000071, 'val', true, 0, 'Caucasian', 'Unknown/Invalid', 75, '1', '17', '19', 6, 'MC', 'Gynecology', 46, 2, 13, 0, 1, 0, 'digestive', 'other', 'neoplasms', 10, 3, 0, 2, 3, 0, 0, 1, 1, 1, 0, 2, 0, 0, 0, 3, 0, 2, 1, 1, 1, 1, 3, 3, 0, 0, 1, 1),
	('batch-0002', 146, 2000000147, 2000000132, 'train', true, 1, 'Caucasian', 'Male', 75, '1', '1', '25', 3, 'FR', 'InternalMedicine', 40, 0, 19, 1, 0, 2, 'circulatory', 'circulatory', 'diabetes', 17, 3, 0, 1, 0, 1, 0, 2, 0, 0, 0, 3, 3, 2, 3, 3, 2, 1, 0, 0, 0, 0, 3, 1, 2, 0, 1, 1),
	('batch-0002', 147, 2000000148, 2000000099, 'train', true, 1, 'Caucasian', 'Female', 75, '1', '1', '3', 5, 'MC', 'Gynecology', 40, 2, 11, 0, 0, 0, 'genitourinary', 'circulatory', 'Unknown', 7, 2, 3, 0, 0, 2, 0, 0, 1, 0, 2, 1, 1, 2, 0, 2, 0, 0, 2, 3, 1, 2, 0, 2, 1, 0, 1, 1),
	('batch-0002', 148, 2000000149, 2000000072, 'train', true, 1, 'Caucasian', 'Unknown/Invalid', 75, '1', '22', '23', 5, 'MC', 'InternalMedicine', 45, 2, 11, 0, 0, 0, 'other', 'other', 'other', 13, 0, 0, 0, 2, 0, 3, 1, 1, 0, 0, 0, 3, 3, 2, 3, 0, 2, 0, 0, 2, 3, 0, 1, 0, 3, 1, 1),
	('batch-0002', 149, 2000000150, 2000000146, 'train', true, 1, 'Caucasian', 'Female', 75, '6', '1', '7', 5, 'MC', 'Hospitalist', 48, 0, 17, 1, 0, 3, 'injury', 'respiratory', 'genitourinary', 10, 3, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 2, 0, 1, 0, 0, 3, 1, 3, 1, 1),
	('batch-0002', 151, 2000000152, 2000000135, 'train', true, 0, 'Caucasian', 'Male', 55, '1', '1', '24', 5, 'MC', 'InternalMedicine', 39, 0, 15, 2, 3, 0, 'diabetes', 'respiratory', 'digestive', 13, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 2, 0, 1, 0, 0, 0, 2, 0, 1, 3, 3, 0, 3, 0, 1, 1),
	('batch-0002', 152, 2000000153, 2000000121, 'val', false, 0, 'AfricanAmerican', 'Unknown/Invalid', 35, '1', '11', '7', 5, 'DM', 'DCPTEAM', 56, 1, 17, 1, 0, 0, 'Unknown', 'other', 'circulatory', 16, 1, 3, 0, 0, 0, 3, 3, 1, 0, 2, 2, 0, 0, 0, 1, 3, 2, 0, 0, 0, 3, 0, 2, 2, 3, 1, 1),
	('batch-0002', 153, 2000000154, 2000000028, 'train', true, 0, 'Unknown', 'Female', 15, '1', '1', '7', 3, 'MC', 'Surgery-Vascular', 51, 1, 14, 0, 0, 0, 'digestive', 'other', 'respiratory', 8, 1, 1, 0, 0, 0, 0, 2, 0, 0, 3, 2, 0, 3, 1, 0, 1, 1, 0, 1, 1, 2, 0, 0, 0, 0, 1, 1),
	('batch-0002', 154, 2000000155, 2000000022, 'train', true, 0, 'Hispanic', 'Unknown/Invalid', 85, '1', '1', '14', 4, 'DM', 'Ophthalmology', 45, 0, 15, 1, 0, 1, 'genitourinary', 'Unknown', 'injury', 8, 1, 0, 0, 0, 3, 1, 2, 0, 2, 3, 2, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 2, 2, 0, 0, 1, 1),
	('batch-0002', 155, 2000000156, 2000000056, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 65, '1', '1', '17', 4, 'SP', 'InternalMedicine', 42, 0, 12, 0, 0, 0, 'circulatory', 'musculoskeletal', 'digestive', 10, 2, 0, 0, 1, 0, 2, 3, 2, 0, 0, 0, 3, 1, 3, 1, 3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1),
	('batch-0002', 156, 2000000157, 2000000098, 'train', true, 0, 'Other', 'Female', 5, '6', '1', '7', 1, 'WC', 'InternalMedicine', 40, 0, 19, 1, 0, 0, 'diabetes', 'respiratory', 'circulatory', 11, 1, 1, 0, 2, 3, 0, 0, 3, 0, 0, 2, 1, 0, 2, 2, 0, 2, 0, 2, 0, 1, 2, 0, 3, 2, 1, 1),
	('batch-0002', 157, 2000000158, 2000000048, 'train', true, 0, 'Caucasian', 'Female', 75, '3', '3', '1', 5, 'MC', 'InternalMedicine', 52, 1, 13, 0, 0, 1, 'other', 'other', 'circulatory', 13, 3, 1, 1, 0, 2, 1, 2, 0, 3, 0, 0, 0, 3, 2, 0, 0, 0, 0, 3, 3, 0, 2, 0, 0, 0, 1, 1),
	('batch-0002', 158, 2000000159, 2000000153, 'train', true, 0, 'AfricanAmerican', 'Female', 95, '8', '1', '9', 4, 'SI', 'InternalMedicine', 35, 0, 12, 0, 0, 1, 'genitourinary', 'circulatory', 'circulatory', 11, 3, 1, 2, 2, 1, 1, 0, 0, 2, 1, 0, 0, 1, 0, 2, 2, 0, 0, 1, 2, 1, 0, 0, 0, 0, 1, 1),
	('batch-0002', 159, 2000000160, 2000000092, 'train', true, 0, 'Caucasian', 'Female', 75, '3', '1', '7', 3, 'OG', 'InternalMedicine', 39, 2, 18, 0, 0, 0, 'digestive', 'other', 'respiratory', 9, 0, 0, 0, 0, 3, 3, 0, 3, 3, 1, 0, 2, 0, 1, 0, 2, 3, 0, 0, 2, 3, 0, 3, 0, 0, 1, 1),
	('batch-0002', 160, 2000000161, 2000000138, 'train', true, 1, 'Caucasian', 'Male', 75, '6', '1', '7', 4, 'OG', 'InternalMedicine', 40, 1, 17, 1, 0, 0, 'other', 'digestive', 'digestive', 10, 1, 2, 0, 1, 2, 1, 0, 0, 3, 1, 3, 1, 0, 0, 3, 0, 3, 0, 2, 3, 0, 1, 3, 3, 2, 1, 1),
	('batch-0002', 161, 2000000162, 2000000090, 'train', true, 0, 'Hispanic', 'Female', 85, '7', '17', '6', 4, 'MC', 'Speech', 45, 0, 19, 2, 0, 0, 'diabetes', 'respiratory', 'Unknown', 7, 0, 3, 1, 0, 3, 1, 0, 2, 0, 3, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 3, 1, 0, 2, 1, 1, 1),
	('batch-0002', 162, 2000000163, 2000000046, 'test', true, 0, 'Hispanic', 'Unknown/Invalid', 85, '1', '3', '3', 6, 'MC', 'InternalMedicine', 42, 1, 13, 0, 0, 0, 'injury', 'circulatory', 'other', 16, 0, 3, 3, 1, 0, 3, 0, 2, 1, 0, 1, 2, 1, 1, 0, 0, 3, 3, 2, 1, 3, 0, 1, 2, 1, 1, 1),
	('batch-0002', 163, 2000000164, 2000000122, 'val', true, 1, 'Caucasian', 'Female', 75, '8', '26', '24', 4, 'OT', 'InternalMedicine', 42, 1, 16, 0, 1, 1, 'respiratory', 'respiratory', 'Unknown', 11, 0, 0, 3, 0, 1, 0, 1, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 1, 1),
	('batch-0002', 164, 2000000165, 2000000121, 'val', true, 1, 'Asian', 'Male', 65, '5', '1', '14', 3, 'MC', 'PhysicianNotFound', 53, 1, 12, 0, 0, 0, 'neoplasms', 'circulatory', 'genitourinary', 5, 0, 0, 0, 3, 0, 0, 3, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 3, 3, 1, 3, 2, 1, 0, 1, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0002', 165, 2000000166, 2000000161, 'train', true, 1, 'Caucasian', 'Unknown/Invalid', 45, '1', '1', '19', 3, 'MC', 'Pediatrics-CriticalCare', 41, 1, 17, 0, 1, 0, 'musculoskeletal', 'injury', 'circulatory', 11, 2, 1, 2, 0, 0, 2, 3, 0, 2, 0, 0, 0, 0, 0, 0, 3, 1, 0, 1, 1, 0, 0, 3, 0, 0, 1, 1),
	('batch-0002', 166, 2000000167, 2000000024, 'val', true, 1, 'AfricanAmerican', 'Female', 75, '1', '17', '7', 3, 'MC', 'InternalMedicine', 47, 3, 17, 0, 0, 0, 'other', 'other', 'digestive', 15, 0, 2, 3, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 2, 0, 0, 0, 1, 1),
	('batch-0002', 167, 2000000168, 2000000045, 'train', true, 2, 'Asian', 'Female', 75, '1', '28', '7', 8, 'MC', 'InternalMedicine', 59, 2, 16, 0, 0, 0, 'genitourinary', 'genitourinary', 'diabetes', 13, 0, 0, 3, 1, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 0, 1, 0, 0, 2, 0, 0, 2, 0, 0, 1, 1),
	('batch-0002', 168, 2000000169, 2000000050, 'test', true, 0, 'Caucasian', 'Male', 65, '1', '1', '7', 3, 'SI', 'InternalMedicine', 47, 0, 17, 0, 0, 1, 'injury', 'circulatory', 'neoplasms', 6, 3, 0, 1, 2, 0, 0, 2, 0, 0, 1, 0, 2, 0, 3, 0, 0, 3, 1, 1, 1, 0, 2, 0, 1, 2, 1, 1),
	('batch-0002', 169, 2000000170, 2000000138, 'train', true, 0, 'Caucasian', 'Male', 85, '2', '1', '7', 6, 'MC', 'InternalMedicine', 53, 0, 17, 0, 0, 1, 'respiratory', 'neoplasms', 'other', 9, 0, 0, 0, 2, 0, 2, 1, 0, 0, 0, 0, 3, 2, 0, 1, 1, 0, 0, 2, 1, 0, 2, 3, 0, 0, 1, 1),
	('batch-0002', 170, 2000000171, 2000000135, 'train', true, 1, 'Caucasian', 'Female', 75, '7', '10', '7', 3, 'DM', 'Orthopedics', 42, 1, 17, 2, 2, 2, 'other', 'circulatory', 'injury', 7, 0, 3, 3, 3, 0, 1, 1, 0, 2, 1, 0, 0, 3, 0, 0, 0, 0, 0, 3, 0, 3, 1, 1, 1, 0, 1, 1),
	('batch-0002', 171, 2000000172, 2000000122, 'val', true, 0, 'Asian', 'Female', 15, '2', '6', '7', 5, 'BC', 'Psychiatry-Addictive', 45, 1, 16, 0, 1, 1, 'diabetes', 'circulatory', 'genitourinary', 7, 0, 0, 0, 0, 0, 1, 1, 3, 0, 0, 0, 1, 3, 0, 1, 0, 1, 0, 1, 1, 2, 1, 0, 0, 0, 1, 1),
	('batch-0002', 172, 2000000173, 2000000123, 'test', true, 0, 'Caucasian', 'Unknown/Invalid', 75, '5', '1', '13', 5, 'MC', 'InternalMedicine', 50, 0, 21, 1, 1, 0, 'diabetes', 'other', 'circulatory', 9, 3, 0, 1, 0, 2, 0, 0, 0, 0, 3, 0, 1, 1, 1, 0, 1, 0, 3, 2, 1, 1, 2, 0, 3, 0, 1, 1),
	('batch-0002', 173, 2000000174, 2000000022, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 75, '8', '29', '7', 4, 'MC', 'InternalMedicine', 41, 0, 12, 0, 0, 0, 'injury', 'other', 'circulatory', 10, 3, 0, 2, 0, 0, 1, 0, 2, 2, 1, 2, 0, 1, 0, 0, 0, 0, 3, 2, 1, 0, 0, 0, 0, 0, 1, 1),
	('batch-0002', 174, 2000000175, 2000000148, 'train', true, 1, 'Caucasian', 'Male', 35, '3', '6', '12', 2, 'Unknown', 'Unknown', 40, 0, 13, 1, 1, 1, 'diabetes', 'digestive', 'digestive', 10, 0, 0, 1, 1, 0, 0, 3, 0, 1, 0, 2, 0, 0, 3, 0, 0, 3, 3, 3, 2, 0, 0, 0, 0, 0, 1, 1),
	('batch-0002', 175, 2000000176, 2000000155, 'test', true, 2, 'Other', 'Female', 75, '8', '28', '7', 3, 'MC', 'Psychiatry-Addictive', 36, 0, 10, 0, 0, 1, 'genitourinary', 'diabetes', 'other', 4, 3, 1, 0, 0, 1, 1, 1, 1, 2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 1, 1),
	('batch-0002', 176, 2000000177, 2000000137, 'train', true, 1, 'Other', 'Female', 65, '1', '14', '7', 3, 'MC', 'InternalMedicine', 51, 0, 11, 0, 0, 1, 'genitourinary', 'other', 'other', 8, 0, 0, 0, 1, 3, 3, 0, 2, 1, 0, 3, 2, 2, 1, 0, 0, 0, 2, 1, 0, 2, 1, 0, 0, 0, 1, 1),
	('batch-0002', 177, 2000000178, 2000000024, 'val', true, 0, 'Hispanic', 'Male', 15, '1', '3', '7', 3, 'BC', 'InternalMedicine', 54, 1, 16, 0, 2, 0, 'genitourinary', 'digestive', 'diabetes', 9, 0, 0, 2, 3, 1, 0, 2, 0, 3, 1, 0, 0, 3, 2, 0, 3, 3, 2, 0, 2, 3, 0, 1, 0, 0, 1, 1),
	('batch-0002', 178, 2000000179, 2000000089, 'val', true, 0, 'Caucasian', 'Unknown/Invalid', 85, '1', '1', '7', 3, 'CP', 'Psychiatry', 57, 1, 21, 0, 0, 0, 'digestive', 'genitourinary', 'other', 4, 0, 3, 0, 0, 2, 3, 0, 0, 1, 0, 3, 3, 0, 2, 1, 0, 3, 0, 1, 0, 0, 1, 3, 1, 0, 1, 1),
	('batch-0002', 179, 2000000180, 2000000076, 'train', true, 1, 'Caucasian', 'Unknown/Invalid', 75, '1', '1', '1', 6, 'CM', 'Anesthesiology', 41, 1, 12, 0, 1, 0, 'other', 'other', 'other', 7, 0, 1, 3, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0, 3, 0, 3, 1, 3, 3, 0, 0, 1, 1, 1),
	('batch-0002', 180, 2000000181, 2000000069, 'train', true, 1, 'AfricanAmerican', 'Female', 75, '1', '1', '22', 6, 'MC', 'Radiology', 42, 1, 17, 0, 0, 3, 'injury', 'other', 'genitourinary', 5, 3, 3, 2, 0, 3, 0, 0, 0, 0, 3, 1, 2, 3, 0, 2, 2, 0, 0, 2, 1, 0, 1, 3, 2, 0, 1, 1),
	('batch-0002', 181, 2000000182, 2000000164, 'train', true, 0, 'Caucasian', 'Female', 75, '1', '1', '7', 6, 'MC', 'Neurology', 28, 2, 14, 0, 1, 0, 'other', 'injury', 'respiratory', 9, 0, 1, 0, 0, 0, 3, 0, 2, 3, 3, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 3, 0, 1, 1, 1, 1, 1),
	('batch-0002', 182, 2000000183, 2000000048, 'train', true, 0, 'AfricanAmerican', 'Female', 55, '1', '1', '21', 3, 'WC', 'InternalMedicine', 52, 2, 14, 0, 0, 1, 'neoplasms', 'Unknown', 'other', 10, 0, 0, 3, 2, 1, 1, 2, 0, 2, 0, 2, 1, 0, 1, 3, 0, 0, 0, 0, 1, 1, 2, 0, 1, 0, 1, 1),
	('batch-0002', 183, 2000000184, 2000000004, 'train', true, 1, 'Unknown', 'Male', 95, '8', '1', '7', 3, 'BC', 'PhysicalMedicineandRehabilitation', 44, 0, 19, 0, 1, 1, 'neoplasms', 'other', 'circulatory', 10, 2, 0, 0, 1, 0, 2, 0, 0, 0, 1, 3, 0, 1, 2, 0, 3, 2, 0, 0, 0, 0, 2, 0, 0, 0, 1, 1),
	('batch-0002', 184, 2000000185, 2000000037, 'train', true, 2, 'Caucasian', 'Unknown/Invalid', 75, '1', '3', '7', 6, 'CH', 'OutreachServices', 41, 0, 10, 0, 1, 1, 'circulatory', 'injury', 'genitourinary', 9, 2, 0, 0, 2, 0, 0, 3, 0, 0, 0, 0, 3, 0, 3, 0, 0, 0, 0, 0, 0, 1, 2, 1, 2, 0, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0002', 185, 2000000186, 2000000112, 'val', true, 0, 'Caucasian', 'Female', 75, '1', '1', '2', 5, 'MC', 'Surgeon', 41, 0, 11, 0, 0, 0, 'diabetes', 'digestive', 'diabetes', 7, 2, 0, 1, 2, 0, 1, 3, 1, 0, 3, 0, 0, 1, 0, 0, 0, 1, 2, 0, 1, 0, 1, 2, 3, 0, 1, 1),
	('batch-0002', 186, 2000000187, 2000000096, 'train', true, 1, 'Other', 'Female', 75, '8', '6', '9', 4, 'MC', 'Surgery-Maxillofacial', 44, 0, 13, 0, 1, 0, 'respiratory', 'respiratory', 'Unknown', 10, 0, 0, 1, 0, 0, 3, 3, 2, 2, 3, 0, 3, 0, 3, 0, 2, 0, 2, 0, 1, 3, 0, 0, 0, 1, 1, 1),
	('batch-0002', 187, 2000000188, 2000000036, 'train', true, 0, 'Caucasian', 'Female', 85, '1', '1', '1', 3, 'MC', 'Surgery-Colon&Rectal', 49, 0, 13, 0, 0, 0, 'circulatory', 'genitourinary', 'circulatory', 10, 1, 0, 1, 3, 0, 0, 0, 0, 2, 3, 0, 0, 3, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 1, 1),
	('batch-0002', 188, 2000000189, 2000000107, 'test', true, 1, 'Caucasian', 'Female', 75, '1', '1', '22', 3, 'CM', 'Pediatrics-Hematology-Oncology', 50, 0, 12, 1, 0, 2, 'other', 'Unknown', 'injury', 8, 0, 2, 1, 0, 1, 0, 0, 1, 1, 1, 3, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 3, 3, 2, 0, 1, 1),
	('batch-0002', 189, 2000000190, 2000000036, 'train', true, 1, 'Other', 'Female', 75, '1', '1', '7', 5, 'DM', 'InternalMedicine', 74, 0, 9, 0, 1, 0, 'musculoskeletal', 'other', 'genitourinary', 18, 0, 0, 3, 1, 0, 3, 0, 0, 1, 0, 1, 0, 0, 2, 0, 0, 1, 3, 0, 2, 3, 0, 1, 0, 0, 1, 1),
	('batch-0002', 190, 2000000191, 2000000024, 'val', false, 0, 'Other', 'Unknown/Invalid', 75, '1', '21', '25', 5, 'UN', 'Dermatology', 42, 0, 7, 1, 3, 0, 'other', 'respiratory', 'genitourinary', 11, 0, 1, 3, 0, 2, 2, 0, 0, 0, 2, 0, 0, 3, 2, 1, 0, 1, 2, 0, 0, 0, 1, 1, 3, 1, 1, 1),
	('batch-0002', 191, 2000000192, 2000000036, 'train', false, 0, 'Caucasian', 'Unknown/Invalid', 75, '6', '11', '7', 4, 'MC', 'InternalMedicine', 46, 2, 14, 2, 1, 0, 'neoplasms', 'diabetes', 'respiratory', 11, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 1, 0, 2, 0, 3, 2, 3, 0, 1, 0, 0, 0, 0, 0, 1, 1),
	('batch-0002', 192, 2000000193, 2000000155, 'test', true, 0, 'Caucasian', 'Female', 55, '8', '1', '7', 3, 'MD', 'Pulmonology', 39, 1, 7, 1, 0, 0, 'digestive', 'other', 'circulatory', 12, 2, 3, 0, 3, 1, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 1, 1, 2, 3, 1, 3, 1, 1),
	('batch-0002', 193, 2000000194, 2000000081, 'val', true, 0, 'Caucasian', 'Male', 85, '1', '1', '7', 6, 'MC', 'Resident', 50, 1, 20, 0, 2, 0, 'other', 'diabetes', 'genitourinary', 8, 1, 3, 0, 0, 0, 0, 2, 3, 0, 1, 3, 3, 0, 1, 2, 0, 2, 0, 0, 1, 2, 2, 0, 3, 0, 1, 1),
	('batch-0002', 194, 2000000195, 2000000049, 'train', false, 0, 'Hispanic', 'Male', 45, '8', '21', '17', 4, 'MC', 'Urology', 42, 4, 21, 0, 0, 0, 'Unknown', 'other', 'other', 6, 0, 2, 0, 3, 0, 0, 1, 3, 3, 3, 3, 2, 2, 0, 3, 1, 0, 3, 2, 1, 0, 2, 2, 2, 0, 1, 1),
	('batch-0002', 195, 2000000196, 2000000120, 'train', true, 1, 'AfricanAmerican', 'Female', 75, '1', '1', '7', 6, 'MC', 'InternalMedicine', 48, 0, 12, 0, 1, 1, 'other', 'respiratory', 'other', 5, 0, 2, 0, 1, 0, 0, 1, 0, 1, 0, 0, 2, 0, 0, 3, 0, 3, 0, 3, 3, 2, 3, 0, 0, 0, 1, 1),
	('batch-0002', 196, 2000000197, 2000000037, 'train', true, 0, 'Hispanic', 'Male', 75, '6', '1', '7', 3, 'Unknown', 'InternalMedicine', 45, 0, 26, 0, 0, 0, 'diabetes', 'digestive', 'diabetes', 12, 0, 1, 2, 0, 2, 0, 0, 3, 2, 0, 1, 0, 0, 2, 0, 0, 0, 0, 1, 1, 1, 0, 3, 2, 0, 1, 1),
	('batch-0002', 197, 2000000198, 2000000021, 'val', true, 1, 'Caucasian', 'Unknown/Invalid', 5, '1', '1', '7', 5, 'MC', 'InternalMedicine', 46, 2, 16, 0, 0, 1, 'circulatory', 'respiratory', 'diabetes', 11, 3, 1, 0, 0, 3, 2, 1, 1, 2, 0, 0, 0, 2, 3, 0, 0, 0, 2, 1, 1, 0, 1, 3, 3, 0, 1, 1),
	('batch-0002', 198, 2000000199, 2000000103, 'train', true, 1, 'Caucasian', 'Female', 95, '6', '17', '12', 6, 'MC', 'Dentistry', 53, 2, 13, 0, 0, 0, 'respiratory', 'other', 'circulatory', 9, 1, 0, 1, 0, 0, 3, 0, 0, 1, 1, 3, 2, 3, 3, 3, 3, 0, 1, 3, 3, 3, 1, 0, 0, 0, 1, 1),
	('batch-0002', 199, 2000000200, 2000000160, 'train', true, 2, 'Hispanic', 'Female', 95, '1', '12', '21', 3, 'OT', 'Pediatrics-Hematology-Oncology', 46, 0, 13, 2, 1, 1, 'respiratory', 'other', 'other', 10, 0, 1, 1, 0, 3, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 2, 0, 1, 1),
	('replay-0003', 7, 2000000008, 2000000126, 'test', false, 0, 'Other', 'Female', 35, '2', '20', '7', 6, 'MC', 'InternalMedicine', 39, 0, 17, 1, 0, 1, 'musculoskeletal', 'diabetes', 'neoplasms', 11, 2, 2, 2, 0, 0, 3, 0, 1, 1, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3, 0, 1, 1),
	('batch-0005', 220, 2000000221, 2000000099, 'train', true, 0, 'Caucasian', 'Unknown/Invalid', 25, '1', '1', '14', 2, 'MC', 'InternalMedicine', 27, 3, 18, 2, 0, 0, 'Unknown', 'respiratory', 'circulatory', 9, 0, 1, 0, 2, 3, 2, 0, 0, 1, 2, 0, 0, 0, 2, 0, 3, 0, 1, 0, 1, 0, 2, 0, 0, 0, 1, 1),
	('batch-0005', 221, 2000000222, 2000000151, 'train', false, 0, 'Other', 'Female', 55, '1', '20', '19', 2, 'CP', 'InternalMedicine', 41, 1, 22, 0, 1, 0, 'circulatory', 'genitourinary', 'other', 9, 0, 3, 1, 0, 0, 0, 0, 0, 3, 3, 1, 1, 0, 0, 0, 3, 3, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1),
	('batch-0005', 222, 2000000223, 2000000108, 'train', true, 0, 'Unknown', 'Female', 15, '1', '28', '3', 4, 'MC', 'InternalMedicine', 41, 3, 23, 0, 1, 0, 'other', 'other', 'neoplasms', 12, 0, 2, 1, 0, 0, 0, 0, 1, 1, 0, 3, 3, 0, 0, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 1),
	('batch-0005', 223, 2000000224, 2000000129, 'val', true, 0, 'Asian', 'Female', 75, '7', '15', '7', 2, 'MC', 'InternalMedicine', 48, 3, 18, 0, 0, 0, 'respiratory', 'circulatory', 'respiratory', 9, 1, 1, 0, 0, 0, 1, 0, 0, 3, 1, 0, 1, 0, 1, 0, 2, 0, 3, 3, 1, 0, 0, 0, 3, 0, 1, 1);
INSERT INTO public.encounter VALUES
	('batch-0005', 224, 2000000225, 2000000043, 'train', true, 0, 'Hispanic', 'Male', 95, '1', '1', '4', 4, 'MC', 'Pediatrics-Hematology-Oncology', 36, 1, 15, 0, 1, 1, 'other', 'digestive', 'circulatory', 10, 0, 0, 3, 3, 0, 0, 0, 0, 0, 2, 0, 2, 0, 3, 0, 0, 3, 3, 0, 0, 3, 2, 0, 0, 3, 1, 1);

--
-- Data for Name: gate_verdict; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.gate_verdict VALUES
	('batch-0001', 'clean', true, 86, '{}', 2.293476628999997, 'clean/validations/clean/batch-0001/20261128T083053.755938Z/rows-clean.html', '2026-11-28 08:30:55.9068+00'),
	('batch-0001', 'training', true, 50, '{}', 2.130493648999618, 'training/validations/training/batch-0001/20261128T083056.049959Z/rows-training.html', '2026-11-28 08:30:58.084036+00'),
	('batch-0001', 'predictions', true, 10, '{}', 0.5761672610005917, 'predictions/validations/predictions/batch-0001/20261128T083114.770407Z/rows-predictions.html', '2026-11-28 08:31:15.26446+00'),
	('batch-0002', 'clean', true, 86, '{"medical_specialty has drifted: PSI 4.07 against the rows of version 1","admission_source_id has drifted: PSI 1.81 against the rows of version 1","discharge_disposition_id has drifted: PSI 1.59 against the rows of version 1","payer_code has drifted: PSI 0.82 against the rows of version 1","diag_3 has drifted: PSI 0.35 against the rows of version 1","number_diagnoses has drifted: PSI 0.29 against the rows of version 1"}', 2.7064199989999906, 'clean/validations/clean/batch-0002/20261128T083121.053101Z/rows-clean.html', '2026-11-28 08:31:23.594594+00'),
	('batch-0002', 'training', true, 50, '{}', 1.6294004449991917, 'training/validations/training/batch-0002/20261128T083123.747420Z/rows-training.html', '2026-11-28 08:31:25.270875+00'),
	('batch-0002', 'predictions', true, 10, '{}', 0.5472905360002187, 'predictions/validations/predictions/batch-0002/20261128T083148.586302Z/rows-predictions.html', '2026-11-28 08:31:49.072606+00'),
	('replay-0003', 'clean', true, 86, '{}', 3.019058098001551, 'clean/validations/clean/replay-0003/20261128T083154.296273Z/rows-clean.html', '2026-11-28 08:31:57.188165+00'),
	('replay-0003', 'training', true, 50, '{}', 1.1936434650015144, 'training/validations/training/replay-0003/20261128T083157.310647Z/rows-training.html', '2026-11-28 08:31:58.414091+00'),
	('replay-0003', 'predictions', true, 10, '{}', 0.5718577869993169, 'predictions/validations/predictions/replay-0003/20261128T083222.928250Z/rows-predictions.html', '2026-11-28 08:32:23.447008+00');

--
-- Data for Name: patient; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.patient VALUES
	(2000000036, 'train', 'batch-0001'),
	(2000000017, 'train', 'batch-0001'),
	(2000000048, 'train', 'batch-0001'),
	(2000000117, 'train', 'batch-0001'),
	(2000000162, 'train', 'batch-0001'),
	(2000000071, 'val', 'batch-0001'),
	(2000000126, 'test', 'batch-0001'),
	(2000000108, 'train', 'batch-0001'),
	(2000000033, 'train', 'batch-0001'),
	(2000000044, 'train', 'batch-0001'),
	(2000000046, 'test', 'batch-0001'),
	(2000000164, 'train', 'batch-0001'),
	(2000000037, 'train', 'batch-0001'),
	(2000000010, 'train', 'batch-0001'),
	(2000000144, 'test', 'batch-0001'),
	(2000000021, 'val', 'batch-0001'),
	(2000000103, 'train', 'batch-0001'),
	(2000000102, 'train', 'batch-0001'),
	(2000000083, 'train', 'batch-0001'),
	(2000000074, 'train', 'batch-0001');
INSERT INTO public.patient VALUES
	(2000000066, 'test', 'batch-0001'),
	(2000000025, 'train', 'batch-0001'),
	(2000000056, 'train', 'batch-0001'),
	(2000000106, 'train', 'batch-0001'),
	(2000000075, 'train', 'batch-0001'),
	(2000000081, 'val', 'batch-0001'),
	(2000000146, 'train', 'batch-0001'),
	(2000000148, 'train', 'batch-0001'),
	(2000000015, 'test', 'batch-0001'),
	(2000000047, 'train', 'batch-0001'),
	(2000000127, 'val', 'batch-0001'),
	(2000000131, 'test', 'batch-0001'),
	(2000000142, 'val', 'batch-0001'),
	(2000000043, 'train', 'batch-0001'),
	(2000000156, 'train', 'batch-0001'),
	(2000000104, 'train', 'batch-0001'),
	(2000000128, 'train', 'batch-0001'),
	(2000000092, 'train', 'batch-0001'),
	(2000000006, 'train', 'batch-0001'),
	(2000000002, 'train', 'batch-0001');
INSERT INTO public.patient VALUES
	(2000000124, 'train', 'batch-0001'),
	(2000000038, 'train', 'batch-0001'),
	(2000000119, 'train', 'batch-0001'),
	(2000000031, 'train', 'batch-0001'),
	(2000000039, 'train', 'batch-0001'),
	(2000000160, 'train', 'batch-0001'),
	(2000000078, 'test', 'batch-0001'),
	(2000000027, 'train', 'batch-0001'),
	(2000000138, 'train', 'batch-0001'),
	(2000000088, 'train', 'batch-0001'),
	(2000000101, 'train', 'batch-0001'),
	(2000000150, 'test', 'batch-0001'),
	(2000000070, 'test', 'batch-0001'),
	(2000000013, 'train', 'batch-0001'),
	(2000000089, 'val', 'batch-0001'),
	(2000000107, 'test', 'batch-0001'),
	(2000000087, 'train', 'batch-0001'),
	(2000000062, 'train', 'batch-0001'),
	(2000000080, 'train', 'batch-0001'),
	(2000000096, 'train', 'batch-0001');
INSERT INTO public.patient VALUES
	(2000000159, 'train', 'batch-0001'),
	(2000000163, 'test', 'batch-0001'),
	(2000000058, 'train', 'batch-0001'),
	(2000000123, 'test', 'batch-0001'),
	(2000000114, 'train', 'batch-0001'),
	(2000000161, 'train', 'batch-0001'),
	(2000000134, 'train', 'batch-0001'),
	(2000000029, 'val', 'batch-0001'),
	(2000000007, 'train', 'batch-0001'),
	(2000000023, 'train', 'batch-0001'),
	(2000000118, 'train', 'batch-0002'),
	(2000000145, 'val', 'batch-0002'),
	(2000000032, 'train', 'batch-0002'),
	(2000000051, 'train', 'batch-0002'),
	(2000000069, 'train', 'batch-0002'),
	(2000000140, 'train', 'batch-0002'),
	(2000000073, 'train', 'batch-0002'),
	(2000000055, 'train', 'batch-0002'),
	(2000000099, 'train', 'batch-0002'),
	(2000000012, 'test', 'batch-0002');
INSERT INTO public.patient VALUES
	(2000000063, 'val', 'batch-0002'),
	(2000000030, 'test', 'batch-0002'),
	(2000000147, 'train', 'batch-0002'),
	(2000000068, 'train', 'batch-0002'),
	(2000000094, 'train', 'batch-0002'),
	(2000000143, 'val', 'batch-0002'),
	(2000000052, 'train', 'batch-0002'),
	(2000000041, 'train', 'batch-0002'),
	(2000000086, 'train', 'batch-0002'),
	(2000000097, 'test', 'batch-0002'),
	(2000000137, 'train', 'batch-0002'),
	(2000000139, 'train', 'batch-0002'),
	(2000000018, 'val', 'batch-0002'),
	(2000000109, 'train', 'batch-0002'),
	(2000000132, 'train', 'batch-0002'),
	(2000000072, 'train', 'batch-0002'),
	(2000000135, 'train', 'batch-0002'),
	(2000000121, 'val', 'batch-0002'),
	(2000000028, 'train', 'batch-0002'),
	(2000000022, 'train', 'batch-0002');
INSERT INTO public.patient VALUES
	(2000000098, 'train', 'batch-0002'),
	(2000000153, 'train', 'batch-0002'),
	(2000000090, 'train', 'batch-0002'),
	(2000000122, 'val', 'batch-0002'),
	(2000000024, 'val', 'batch-0002'),
	(2000000045, 'train', 'batch-0002'),
	(2000000050, 'test', 'batch-0002'),
	(2000000155, 'test', 'batch-0002'),
	(2000000076, 'train', 'batch-0002'),
	(2000000004, 'train', 'batch-0002'),
	(2000000112, 'val', 'batch-0002'),
	(2000000049, 'train', 'batch-0002'),
	(2000000120, 'train', 'batch-0002'),
	(2000000151, 'train', 'batch-0005'),
	(2000000129, 'val', 'batch-0005');

--
-- Data for Name: promotion; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.promotion OVERRIDING SYSTEM VALUE VALUES
	(1, 'batch-0001', '1', NULL, 'promoted', 'first model, weighted F1 0.2143', '{"incumbent": null, "subgroups": {"age": {}, "race": {}, "gender": {}}, "test_rows": 14, "challenger": {"brier": 1.0516882888228705, "accuracy": 0.21428571428571427, "log_loss": 1.9301198706958957, "macro_f1": 0.23232323232323235, "auroc_any": 0.3125, "weighted_f1": 0.21428571428571427, "recall_top_20": 0.3333333333333333, "auroc_under_30": 0.4848484848484848, "eligible_brier": 1.0516882888228705, "eligible_accuracy": 0.21428571428571427, "eligible_log_loss": 1.9301198706958957, "eligible_macro_f1": 0.23232323232323235, "eligible_auroc_any": 0.3125, "weighted_f1_argmax": 0.21428571428571427, "eligible_weighted_f1": 0.21428571428571427, "eligible_recall_top_20": 0.3333333333333333, "eligible_auroc_under_30": 0.4848484848484848, "average_precision_under_30": 0.48333333333333334, "calibration_error_under_30": 0.32550872375254897, "eligible_weighted_f1_argmax": 0.21428571428571427, "eligible_average_precision_under_30": 0.48333333333333334, "eligible_calibration_error_under_30": 0.32550872375254897}}', '2026-11-28 08:31:15.303232+00'),
	(2, 'batch-0002', '2', '1', 'promoted', 'better: weighted F1 0.4350 against 0.3191, log-loss 0.9959 against 1.6310', '{"incumbent": {"brier": 0.9088859147064038, "accuracy": 0.2916666666666667, "log_loss": 1.6309763116214242, "macro_f1": 0.2995331465919701, "auroc_any": 0.4685314685314685, "weighted_f1": 0.31909430438842207, "recall_top_20": 0.4, "auroc_under_30": 0.5578947368421052, "eligible_brier": 0.9088859147064038, "eligible_accuracy": 0.2916666666666667, "eligible_log_loss": 1.6309763116214242, "eligible_macro_f1": 0.2995331465919701, "eligible_auroc_any": 0.4685314685314685, "weighted_f1_argmax": 0.31155303030303033, "eligible_weighted_f1": 0.31909430438842207, "eligible_recall_top_20": 0.4, "eligible_auroc_under_30": 0.5578947368421052, "average_precision_under_30": 0.43719040247678015, "calibration_error_under_30": 0.288121159308155, "eligible_weighted_f1_argmax": 0.31155303030303033, "eligible_average_precision_under_30": 0.43719040247678015, "eligible_calibration_error_under_30": 0.288121159308155}, "subgroups": {"age": {}, "race": {}, "gender": {}}, "test_rows": 24, "challenger": {"brier": 0.5916307382242757, "accuracy": 0.4583333333333333, "log_loss": 0.9959224022848367, "macro_f1": 0.34324942791762014, "auroc_any": 0.6433566433566433, "weighted_f1": 0.4349733028222731, "recall_top_20": 0.4, "auroc_under_30": 0.6631578947368422, "eligible_brier": 0.5916307382242757, "eligible_accuracy": 0.4583333333333333, "eligible_log_loss": 0.9959224022848367, "eligible_macro_f1": 0.34324942791762014, "eligible_auroc_any": 0.6433566433566433, "weighted_f1_argmax": 0.38063063063063063, "eligible_weighted_f1": 0.4349733028222731, "eligible_recall_top_20": 0.4, "eligible_auroc_under_30": 0.6631578947368422, "average_precision_under_30": 0.40977443609022557, "calibration_error_under_30": 0.20358368438025298, "eligible_weighted_f1_argmax": 0.38063063063063063, "eligible_average_precision_under_30": 0.40977443609022557, "eligible_calibration_error_under_30": 0.20358368438025298}}', '2026-11-28 08:31:49.897689+00'),
	(3, 'replay-0003', '3', '2', 'refused', 'not better: weighted F1 0.4595 against 0.4595, log-loss 0.9771 against 0.9771', '{"incumbent": {"brier": 0.5781764037463715, "accuracy": 0.48, "log_loss": 0.9771076424490645, "macro_f1": 0.3536842105263158, "auroc_any": 0.6623376623376623, "weighted_f1": 0.45945263157894745, "recall_top_20": 0.4, "auroc_under_30": 0.65, "eligible_brier": 0.5916307382242757, "eligible_accuracy": 0.4583333333333333, "eligible_log_loss": 0.9959224022848367, "eligible_macro_f1": 0.34324942791762014, "eligible_auroc_any": 0.6433566433566433, "weighted_f1_argmax": 0.40205128205128204, "eligible_weighted_f1": 0.4349733028222731, "eligible_recall_top_20": 0.4, "eligible_auroc_under_30": 0.6631578947368422, "average_precision_under_30": 0.39666666666666667, "calibration_error_under_30": 0.20115440108910698, "eligible_weighted_f1_argmax": 0.38063063063063063, "eligible_average_precision_under_30": 0.40977443609022557, "eligible_calibration_error_under_30": 0.20358368438025298}, "subgroups": {"age": {}, "race": {}, "gender": {}}, "test_rows": 25, "challenger": {"brier": 0.5781764037463715, "accuracy": 0.48, "log_loss": 0.9771076424490645, "macro_f1": 0.3536842105263158, "auroc_any": 0.6623376623376623, "weighted_f1": 0.45945263157894745, "recall_top_20": 0.4, "auroc_under_30": 0.65, "eligible_brier": 0.5916307382242757, "eligible_accuracy": 0.4583333333333333, "eligible_log_loss": 0.9959224022848367, "eligible_macro_f1": 0.34324942791762014, "eligible_auroc_any": 0.6433566433566433, "weighted_f1_argmax": 0.40205128205128204, "eligible_weighted_f1": 0.4349733028222731, "eligible_recall_top_20": 0.4, "eligible_auroc_under_30": 0.6631578947368422, "average_precision_under_30": 0.39666666666666667, "calibration_error_under_30": 0.20115440108910698, "eligible_weighted_f1_argmax": 0.38063063063063063, "eligible_average_precision_under_30": 0.40977443609022557, "eligible_calibration_error_under_30": 0.20358368438025298}}', '2026-11-28 08:32:24.997185+00');

--
-- Data for Name: rollback; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.rollback VALUES
	('2', '1', 'daad5a1e', '2026-11-28 08:32:43+00', '2026-11-28 08:32:43.714065+00');

--
-- Name: promotion_promotion_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.promotion_promotion_id_seq', 3, true);

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
-- Name: candidate candidate_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.candidate
    ADD CONSTRAINT candidate_pkey PRIMARY KEY (batch_id);

--
-- Name: drift drift_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.drift
    ADD CONSTRAINT drift_pkey PRIMARY KEY (batch_id, column_name);

--
-- Name: encounter encounter_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.encounter
    ADD CONSTRAINT encounter_pkey PRIMARY KEY (encounter_id);

--
-- Name: gate_verdict gate_verdict_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gate_verdict
    ADD CONSTRAINT gate_verdict_pkey PRIMARY KEY (batch_id, gate);

--
-- Name: patient patient_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.patient
    ADD CONSTRAINT patient_pkey PRIMARY KEY (patient_nbr);

--
-- Name: promotion promotion_batch_id_challenger_version_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.promotion
    ADD CONSTRAINT promotion_batch_id_challenger_version_key UNIQUE (batch_id, challenger_version);

--
-- Name: promotion promotion_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.promotion
    ADD CONSTRAINT promotion_pkey PRIMARY KEY (promotion_id);

--
-- Name: rollback rollback_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rollback
    ADD CONSTRAINT rollback_pkey PRIMARY KEY (version_left, at);

--
-- Name: encounter_by_batch; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX encounter_by_batch ON public.encounter USING btree (batch_id, source_row);

--
-- Name: promotion promotion_is_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER promotion_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.promotion FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change_of_promotion();

--
-- Name: rollback rollback_is_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER rollback_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.rollback FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change_of_rollback();

--
-- Name: COLUMN batch.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.batch TO monitoring;

--
-- Name: COLUMN batch.quarantined_rows; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(quarantined_rows) ON TABLE public.batch TO monitoring;

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
-- Name: COLUMN candidate.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.candidate TO monitoring;

--
-- Name: COLUMN candidate.version; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(version) ON TABLE public.candidate TO monitoring;

--
-- Name: COLUMN candidate.created_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(created_at) ON TABLE public.candidate TO monitoring;

--
-- Name: COLUMN drift.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.drift TO monitoring;

--
-- Name: COLUMN drift.column_name; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(column_name) ON TABLE public.drift TO monitoring;

--
-- Name: COLUMN drift.psi; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(psi) ON TABLE public.drift TO monitoring;

--
-- Name: COLUMN drift.alarm; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(alarm) ON TABLE public.drift TO monitoring;

--
-- Name: COLUMN encounter.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.encounter TO monitoring;

--
-- Name: COLUMN encounter.part; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(part) ON TABLE public.encounter TO monitoring;

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
-- Name: COLUMN promotion.promotion_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(promotion_id) ON TABLE public.promotion TO monitoring;

--
-- Name: COLUMN promotion.batch_id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(batch_id) ON TABLE public.promotion TO monitoring;

--
-- Name: COLUMN promotion.challenger_version; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(challenger_version) ON TABLE public.promotion TO monitoring;

--
-- Name: COLUMN promotion.verdict; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(verdict) ON TABLE public.promotion TO monitoring;

--
-- Name: COLUMN promotion.figures; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(figures) ON TABLE public.promotion TO monitoring;

--
-- Name: COLUMN promotion.created_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(created_at) ON TABLE public.promotion TO monitoring;

--
-- Name: COLUMN rollback.version_left; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(version_left) ON TABLE public.rollback TO monitoring;

--
-- PostgreSQL database dump complete
--
