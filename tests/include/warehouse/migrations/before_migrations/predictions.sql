-- Database predictions of version 0.1.0, as it was before there were migrations.
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

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: outcome; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outcome (
    encounter_hash text NOT NULL,
    readmitted text NOT NULL,
    part text NOT NULL,
    known_at timestamp with time zone NOT NULL,
    CONSTRAINT outcome_part_check CHECK ((part = ANY (ARRAY['train'::text, 'val'::text, 'test'::text]))),
    CONSTRAINT outcome_readmitted_check CHECK ((readmitted = ANY (ARRAY['NO'::text, '>30'::text, '<30'::text])))
);

--
-- Name: outcome_batch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outcome_batch (
    batch_id text NOT NULL,
    content_sha256 text NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE outcome_batch; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.outcome_batch IS 'made by e32defdb9c6e3ea16563bc6d57663d890f93e674add8dc2f1f601554daba77ee';

--
-- Name: prediction; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.prediction (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    request_id text NOT NULL,
    "row" integer NOT NULL,
    model_version text NOT NULL,
    encounter_hash text,
    patient_hash text,
    features jsonb NOT NULL,
    p_no double precision NOT NULL,
    p_over_30 double precision NOT NULL,
    p_under_30 double precision NOT NULL,
    predicted_class text NOT NULL,
    CONSTRAINT prediction_predicted_class_check CHECK ((predicted_class = ANY (ARRAY['NO'::text, '>30'::text, '<30'::text])))
);

--
-- Data for Name: outcome; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outcome VALUES
	('5c0a98c502654ebf37ed6de1da3efec7', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('4d6f052e6e2196e7d440dd1f8f75c885', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('ec6c722f870eb7005693592c9eab0d83', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('b810ec8c11a2b3e2bca9e2567ba60fd7', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('744bd99161349d0afa9ea6019205e1cb', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('538ae42c66c1467caeaa85447e3bb3da', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('9fda11b6f53d64117c2c00ea75dfefc2', 'NO', 'val', '2026-11-28 08:30:53.516095+00'),
	('505e694871422a22e05f4e9398add2c3', '>30', 'test', '2026-11-28 08:30:53.516095+00'),
	('a943eb044f5bd16ff2ddb744e7c55205', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('5588a7bb91af527a289c01be0731143b', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('36ec12d9e5d6e405b91d9f96df829c81', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('f1cf6cb0bed195425a77a359f6921b10', 'NO', 'test', '2026-11-28 08:30:53.516095+00'),
	('b99d10eb5c585e304a079f3e399e1419', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('d311c01382e50dd413cec0193d43de1b', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('0a91ac599d198d317e6970465d87edd9', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('29921e533d54ad7fffc0becb244cde25', '>30', 'test', '2026-11-28 08:30:53.516095+00'),
	('d9609207dcfc74726efb114e01852b40', 'NO', 'val', '2026-11-28 08:30:53.516095+00'),
	('f1179cc1ff1b710b20cf7c462b1dea3e', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('adae4531f69bda0d99dab210854a570a', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('bdea71849ebcc4298c8105245cb8d77a', 'NO', 'train', '2026-11-28 08:30:53.516095+00');
INSERT INTO public.outcome VALUES
	('bdeb0102963f548c28a74800d8df5b03', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('17f66c5a3d7c0dff5cd5e01a6580fcea', '<30', 'test', '2026-11-28 08:30:53.516095+00'),
	('6921d0094637ff2eab125fadbeb5ba43', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('ca6df33087fd5f858f36a22069f7de20', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('00be52deb2a587922b12c61dfc834337', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('d643382eca083aac0168eb0eb5a018af', 'NO', 'test', '2026-11-28 08:30:53.516095+00'),
	('9654f3532465b5acddc1817502adfa42', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('e0dd4c863dce3998a7f9ae174319ec66', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('f5b1faba083ba38d4d437b452befe291', 'NO', 'val', '2026-11-28 08:30:53.516095+00'),
	('009a48a35d67ed355cee5bedf50334e9', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('a8217e0be49b5c265276ab65719da6ee', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('359424e6cc543d0de4a5015def803cab', '<30', 'test', '2026-11-28 08:30:53.516095+00'),
	('6f8e4a085ea6161507ad6b21683ae0b0', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('9d23cb1a652d332ac507c770151324a4', '>30', 'val', '2026-11-28 08:30:53.516095+00'),
	('2220a9bfa76fa917a745ec61cfb80011', '>30', 'test', '2026-11-28 08:30:53.516095+00'),
	('6356d8c4582ce520594b97affc11a908', 'NO', 'val', '2026-11-28 08:30:53.516095+00'),
	('743d0edc0379bbe2bc3319744456d3b8', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('a59144f3770814984e6da22d305852e5', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('824366c7cdfc569bc9ae06d238d047ba', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('ade8ffad5340224a44b445b56585ff4f', '>30', 'train', '2026-11-28 08:30:53.516095+00');
INSERT INTO public.outcome VALUES
	('4502c2fade8f21e3266617a1c16e644a', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('3fa852dbf53e7858de9fcc9ccaf92ed0', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('907653f96567f1ce44dd90d3bef85b94', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('54e92ed29115698c72383420b4d88563', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('cf26c8b18e00d3fa93027f02bff569a9', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('c45deed99d45f2f4ec44e35c580f125f', '<30', 'val', '2026-11-28 08:30:53.516095+00'),
	('5cb1d19df52ba5b715cab9cd34bcfdf0', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('1232675c11f5a104a87ab9736a7d08b4', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('b95a5d1e74ec2f62609cf3d1f3fc9fd0', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('74ce949a0604d8d5552536edb512c37d', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('e071979f617fa90e4f50a71851c9ccad', '<30', 'test', '2026-11-28 08:30:53.516095+00'),
	('08f92721283ab30abb49acb3a45ce884', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('ab53d38eb5b4653e75a046aa6f6ea2de', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('6c6604897a121a02d6e86fd2f2ae6b54', 'NO', 'test', '2026-11-28 08:30:53.516095+00'),
	('31e2b64746831f5091127f7dff8576f9', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('4aba4a1c475d3a81f98f3102740766ab', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('eab4556c4a98a537f9bd024befd99990', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('99f9210155463a38b913b623cff89c66', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('98a99228753b197fdb09328f4bab16a7', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('c0caab31607a9d7b39414e33d31ab29c', 'NO', 'test', '2026-11-28 08:30:53.516095+00');
INSERT INTO public.outcome VALUES
	('a95110b6d217fdf7eb392d58394bf3ac', 'NO', 'test', '2026-11-28 08:30:53.516095+00'),
	('4b9d2b5023a9c9df8a3343ccdefc9b68', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('89aea64553ba439880d17dd97e7983df', 'NO', 'val', '2026-11-28 08:30:53.516095+00'),
	('8a01ad8445534018fe71bece01319d49', 'NO', 'test', '2026-11-28 08:30:53.516095+00'),
	('6b0236c3dcced16506371bcd15a152a9', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('9c446f3f7aeb5161c19c1fb412d60329', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('079b6833215940df972d968b00e4d7de', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('43073d2eb9feadd32160475bf20c6b8f', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('569c85918b4cef656b8d629f292c482b', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('7557bae3d42c4dd22dd6b5d81098faaa', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('21f001afe8d62c02e47f1e2d055f5f57', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('fd2aa3b84117c45e2768b907d522b52a', '>30', 'val', '2026-11-28 08:30:53.516095+00'),
	('3eba0a4d6550cdb15adc086f8c165ee2', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('3c9d717d13ff67baf2776ec81465a15f', '>30', 'test', '2026-11-28 08:30:53.516095+00'),
	('edc2cf55083fd44d2076b197165b8a2c', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('a0fcc7de526673393e668c21c50456f4', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('cc3492bfc6c3aeae0eb9afaee09df65e', 'NO', 'val', '2026-11-28 08:30:53.516095+00'),
	('7a590ad8c0a1d6f6cc5edd49ea82a7ad', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('7186a6e1cbcce434f54bbb58def2c41a', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('235c2714952f03efb7ec7314d44801b9', 'NO', 'train', '2026-11-28 08:30:53.516095+00');
INSERT INTO public.outcome VALUES
	('67edcfb0adb7ad8f28840fcbbb1fc81e', '>30', 'test', '2026-11-28 08:30:53.516095+00'),
	('d7a472954a5fd07b661ff7c8555ea243', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('26a364a1d062eb3afc41a76c6ce8ba41', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('5d8a4aa8bd34a2db5f04090bd14cb26e', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('7e2e76c660d0348c09d81366e168a44a', '>30', 'val', '2026-11-28 08:30:53.516095+00'),
	('8c8b278480b73c30b472835defadd428', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('1faf0b4984326e028fd2d7887ace8e8b', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('4d3b7366616644d0aa3bf019a06218da', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('4ec5df5b5752cf91ce1b3b522a3a7b86', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('9bab45684057d4cc26688832cce7d3e8', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('902859dab9ef492eb93a5abe1804dc03', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('2413ef8f970443f762ae1b8284c4a873', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('5077de138772d687d46d844e65e7dce0', 'NO', 'val', '2026-11-28 08:30:53.516095+00'),
	('366d0acd643aa590a9fa93447a154123', '<30', 'train', '2026-11-28 08:30:53.516095+00'),
	('1a64cea5ef9c822c7595e9555795bff7', 'NO', 'train', '2026-11-28 08:30:53.516095+00'),
	('5c083f07b00d8b3e44401d66e50195f2', '>30', 'train', '2026-11-28 08:30:53.516095+00'),
	('5a5856dad4de640a5299cb0fac6485cc', 'NO', 'val', '2026-11-28 08:30:53.516095+00'),
	('3a5ec232a4d443eb74f2087c32077544', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('2d016b89be4db2c8b4a1554a05157ccd', '<30', 'train', '2026-11-28 08:31:20.543978+00'),
	('5bdc9b47c295d23427907d074edfb4cf', 'NO', 'val', '2026-11-28 08:31:20.543978+00');
INSERT INTO public.outcome VALUES
	('604ad3e76158e9eaaabb9662b54f095e', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('742f4968b65bd98a8809877271c209fc', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('5c95582e43a934a84def723838e0741b', '>30', 'val', '2026-11-28 08:31:20.543978+00'),
	('d442f8fcc59681f9d488505fa8a6e2ff', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('5afc35074c82a8cfa940f1701408da7e', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('9bce6d4c330c6771d187d3709f5afc3e', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('fae7faa210c50da4a7edd869220e360c', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('04264ea5214e3ba2397b01edc5a93dc1', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('bc2926a732c7f3ce2a8e4676c977d288', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('bf50898f4a0ad029b2878b3cb374047c', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('91e12aef7d6c71f36092a1fd62b36513', '<30', 'train', '2026-11-28 08:31:20.543978+00'),
	('4e8554ae265dfda5eecee4f11271f246', '<30', 'test', '2026-11-28 08:31:20.543978+00'),
	('23fe28618b739a1bb930488d860f5200', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('ceba2e323e7a5cb48b66c53d15346c7c', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('8ad0fd762efe01717f248bdc66d702f7', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('0c967290fb759283376ada34549789f0', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('185f943e24beea700b9d39b351d85006', 'NO', 'test', '2026-11-28 08:31:20.543978+00'),
	('439461a895bbd69a9217b7c317cb7b4d', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('38e874185cb3b91a78c6312f46fec53d', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('b414ef1ea26e8ada4acecc9d2c435d08', 'NO', 'train', '2026-11-28 08:31:20.543978+00');
INSERT INTO public.outcome VALUES
	('d0ca6846bcf676c0dc6a5101a3bf5ea8', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('9262b793f843edc02f9d3bf60de03591', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('9a3f876f03eb466e6c14a7f99f6aac07', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('76c99100056d1c75d3ff75b672a89d98', 'NO', 'test', '2026-11-28 08:31:20.543978+00'),
	('4d29ce47ce578294cf6d4fd4cd6f9cb3', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('88369fb6349c316c7f19d896da6a79ab', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('3873764a061547af410ec3d330ae1d48', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('06546fa6dc2706d39441c784a697c42e', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('986273e26cae5547e13dc2479213fe72', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('f8a08db28a6b6a97017dd34f709d85f7', '>30', 'val', '2026-11-28 08:31:20.543978+00'),
	('54ce43c36974ef9e3ef57a27676ec8d6', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('467a7bf57c1caf451644e6f483441d79', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('cad3fa64134637097f8570ca3d5f4825', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('fa65eea2624a3e7500f5967770c711a2', 'NO', 'test', '2026-11-28 08:31:20.543978+00'),
	('d2d0ef656bae097bc7ee3f838c05cda6', '<30', 'train', '2026-11-28 08:31:20.543978+00'),
	('47f97875094607d53c14b9fcab32d7e2', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('1c4112b267805ba0e6251f90a007812c', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('8272b312a6c5da0d972499c604f3ea18', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('5a60c493cf83a9084101b60e035d9ea9', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('d224eb7a5f52754cc04c1c7acd10f1f0', 'NO', 'train', '2026-11-28 08:31:20.543978+00');
INSERT INTO public.outcome VALUES
	('1a72eb502585819f3c28ec698f411c09', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('4b52668f23e392997b4e062ebab8340f', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('5780024b6f5aa104e95183f3c2231ae6', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('770909c82d4fc8091d78672e63016736', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('e0daf3338c2d006a8d9d3bf42f7c25a8', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('46b982bff71591c5c0a45ac404b63023', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('68b31fe1e413d7b87917d75c335c7482', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('c918afe900ba8e03c51398671e2def05', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('990cf2e1d5c8bd2fa7bac357c8e4fedc', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('7203c304fcebce39f5fb27046615d0ed', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('74005f2648e64d32121c6d7155c7dd63', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('3bb19f05b18903573e7d70f1c9b4d6ec', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('e049dd6ccd84f12cf54ebba908aa3bea', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('d8a4244c0a3387a94fdc5ef694647ac0', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('0f0ad85f5bef9677a9c7a6d64baaca28', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('0fed3352466c112f0291479c026dd59d', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('bd1aa65e2ca01296212198d6554be3b5', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('47a96bad320965ecf1fd93fa409d0450', 'NO', 'test', '2026-11-28 08:31:20.543978+00'),
	('bd532d6f257d40e70c5ee8a004c7565d', '>30', 'val', '2026-11-28 08:31:20.543978+00'),
	('4c98f15be4fcbbd7c7315eb98a040452', '>30', 'val', '2026-11-28 08:31:20.543978+00');
INSERT INTO public.outcome VALUES
	('f2ff484ae65f61bae349f908ab1064f8', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('4a62e3bf9565155354cd67e9fafc6b3e', '>30', 'val', '2026-11-28 08:31:20.543978+00'),
	('b692db547130761f239b6756368bab96', '<30', 'train', '2026-11-28 08:31:20.543978+00'),
	('1e237196daebe561e42b0cd0bdc32f47', 'NO', 'test', '2026-11-28 08:31:20.543978+00'),
	('e47677bf9bc68025ba4d04a5c05180f3', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('f559c40db7cc3e89fbde1c40617a3871', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('9c4b75cf5d9a7dbaa124306e85bea0ff', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('b0209b0e5673c650b603f6420a2d0e5d', 'NO', 'test', '2026-11-28 08:31:20.543978+00'),
	('43415834fcdb241103e780c7e3a7d85e', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('4be1bc9ebc8b85bbbaee2bb78186eb7c', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('a17787a51c7e0aeb286e31249009cfa1', '<30', 'test', '2026-11-28 08:31:20.543978+00'),
	('8ece54d805b2afe4c378af295bb5f3c0', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('e256c820e3195e6fcfbdb355597fd9ab', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('d283da76480fa0d4221c7ee65d12f8e9', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('ea64ae7035bfaaba2139fd0393524759', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('85df2cd29cf633b3c43e6bf6b09cd61c', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('e80290c48e59183bdeb8c711d43a512e', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('32a88af4f996f3211c75fb8fe688f7f8', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('b5388e8a7108cb0a1b1ccca084a0763e', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('b76f601cee49aba6596778ea1f1bdaa4', '<30', 'train', '2026-11-28 08:31:20.543978+00');
INSERT INTO public.outcome VALUES
	('a9301d9ac871095dc4fb342c7abab588', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('035121e273810a836d291c929f479a84', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('7bcb1e957f47be02c0bc209b3695f382', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('ecf7fe7c58e383f691fcb889632acd57', '>30', 'test', '2026-11-28 08:31:20.543978+00'),
	('f06a3ffbcf9fadacbd0cfde8ef7a828d', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('cdbf05f7f9a88fbdccee8eb99467aee8', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('b6abb07c5153ed33cda094c285f9ac58', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('b991b5c2879dd9cd2ab33382035fa018', 'NO', 'test', '2026-11-28 08:31:20.543978+00'),
	('089326e781237848ce328eee1013c56f', 'NO', 'val', '2026-11-28 08:31:20.543978+00'),
	('b732777e54144c3c404629f3894cfcee', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('89ef01e59f6234537397f15e16df08fb', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('e4dc2e564e8973e6c9c4ced4723904d1', 'NO', 'train', '2026-11-28 08:31:20.543978+00'),
	('15d9d9db66f200c66aa48e1f3341f338', '>30', 'val', '2026-11-28 08:31:20.543978+00'),
	('d2643f90fcc5dc3d4ba90b95beba7217', '>30', 'train', '2026-11-28 08:31:20.543978+00'),
	('7ded3f10ba17ebb149821a36b363e50d', '<30', 'train', '2026-11-28 08:31:20.543978+00'),
	('d0986bdc5f1cce209624c8f4feffc4f4', 'NO', 'test', '2026-11-28 08:31:53.974152+00');

--
-- Data for Name: outcome_batch; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outcome_batch VALUES
	('batch-0001', 'dce5b94a08e03e9f7b738b13867e0b059fa8b4c2749fb9fb9334f12522738e59', '2026-11-28 08:30:55.918322+00'),
	('batch-0002', '2e8e37700b7587132268bc5f5f30467d997a5c3ab70c09701c43ac416b5fb904', '2026-11-28 08:31:23.608367+00'),
	('replay-0003', 'a7d7057ec7f2a120a58c0c915b4ab3f97bd15c5c9c7c3fc72cb0c7bcd3f86e77', '2026-11-28 08:31:57.195315+00');

--
-- Data for Name: prediction; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.prediction VALUES
	('01a22149-0381-7cac-8834-1494b910be3a', '2026-11-28 08:32:42.881871+00', 'd58478f917d40a540000000000000007', 0, '2', '4e8554ae265dfda5eecee4f11271f246', '830e436e56e07ceecd38af1dc77d9844', '{"age": "[70-80)", "race": "Caucasian", "change": "Ch", "diag_1": "250.6", "diag_2": "585", "diag_3": "599", "gender": "Male", "weight": "[175-200)", "examide": "No", "insulin": "Steady", "acarbose": "No", "miglitol": "Up", "A1Cresult": ">7", "glipizide": "No", "glyburide": "Down", "metformin": "Down", "payer_code": "DM", "tolazamide": "Down", "citoglipton": "No", "diabetesMed": "Yes", "glimepiride": "Down", "nateglinide": "Down", "repaglinide": "No", "tolbutamide": "No", "pioglitazone": "Up", "troglitazone": "Up", "acetohexamide": "No", "max_glu_serum": "Norm", "rosiglitazone": "No", "chlorpropamide": "No", "num_procedures": 1, "num_medications": 12, "number_diagnoses": 15, "number_emergency": 0, "number_inpatient": 2, "time_in_hospital": 7, "admission_type_id": "2", "medical_specialty": "InternalMedicine", "number_outpatient": 1, "num_lab_procedures": 44, "admission_source_id": "10", "glipizide-metformin": "Down", "glyburide-metformin": "No", "metformin-pioglitazone": "Steady", "metformin-rosiglitazone": "No", "discharge_disposition_id": "12", "glimepiride-pioglitazone": "No"}', 0.5224244414496085, 0.32612938045981443, 0.15144617809057706, '>30'),
	('01a22149-0391-7870-8824-ed442f4e3833', '2026-11-28 08:32:42.897662+00', 'd58478f917d40a540000000000000008', 0, '2', '4e8554ae265dfda5eecee4f11271f246', '830e436e56e07ceecd38af1dc77d9844', '{"age": "[70-80)", "race": "Caucasian", "change": "Ch", "diag_1": "250.6", "diag_2": "585", "diag_3": "599", "gender": "Male", "weight": "[175-200)", "examide": "No", "insulin": "Steady", "acarbose": "No", "miglitol": "Up", "A1Cresult": ">7", "glipizide": "No", "glyburide": "Down", "metformin": "Down", "payer_code": "DM", "tolazamide": "Down", "citoglipton": "No", "diabetesMed": "Yes", "glimepiride": "Down", "nateglinide": "Down", "repaglinide": "No", "tolbutamide": "No", "pioglitazone": "Up", "troglitazone": "Up", "acetohexamide": "No", "max_glu_serum": "Norm", "rosiglitazone": "No", "chlorpropamide": "No", "num_procedures": 1, "num_medications": 12, "number_diagnoses": 15, "number_emergency": 0, "number_inpatient": 2, "time_in_hospital": 7, "admission_type_id": "2", "medical_specialty": "InternalMedicine", "number_outpatient": 1, "num_lab_procedures": 44, "admission_source_id": "10", "glipizide-metformin": "Down", "glyburide-metformin": "No", "metformin-pioglitazone": "Steady", "metformin-rosiglitazone": "No", "discharge_disposition_id": "12", "glimepiride-pioglitazone": "No"}', 0.5224244414496085, 0.32612938045981443, 0.15144617809057706, '>30'),
	('01a22149-0391-7f5d-8e4d-8bf855ed82e4', '2026-11-28 08:32:42.897668+00', 'd58478f917d40a540000000000000008', 1, '2', '185f943e24beea700b9d39b351d85006', '1f781b01da11a3b6b2fbb8be245552b4', '{"age": "[70-80)", "race": "Asian", "change": "Ch", "diag_1": "599", "diag_2": "434", "diag_3": "440", "gender": "Unknown/Invalid", "weight": "[175-200)", "examide": "Steady", "insulin": "Steady", "acarbose": "Down", "miglitol": "No", "A1Cresult": ">7", "glipizide": "Down", "glyburide": "Down", "metformin": "Down", "payer_code": "UN", "tolazamide": "Down", "citoglipton": "Up", "diabetesMed": "Yes", "glimepiride": "Steady", "nateglinide": "No", "repaglinide": "No", "tolbutamide": "Up", "pioglitazone": "No", "troglitazone": "Up", "acetohexamide": "Up", "max_glu_serum": "None", "rosiglitazone": "No", "chlorpropamide": "Up", "num_procedures": 1, "num_medications": 14, "number_diagnoses": 8, "number_emergency": 0, "number_inpatient": 0, "time_in_hospital": 2, "admission_type_id": "1", "medical_specialty": "InternalMedicine", "number_outpatient": 1, "num_lab_procedures": 47, "admission_source_id": "5", "glipizide-metformin": "No", "glyburide-metformin": "Up", "metformin-pioglitazone": "No", "metformin-rosiglitazone": "No", "discharge_disposition_id": "1", "glimepiride-pioglitazone": "Down"}', 0.5841092058566638, 0.2840015375020182, 0.13188925664131804, 'NO'),
	('01a22149-0391-7c2b-8710-2f7ea718e850', '2026-11-28 08:32:42.897672+00', 'd58478f917d40a540000000000000008', 2, '2', '76c99100056d1c75d3ff75b672a89d98', '4090522b56c0a7d3c2b56b49c7e89384', '{"age": "[70-80)", "race": "Caucasian", "change": "Ch", "diag_1": "E885", "diag_2": "491", "diag_3": "250.02", "gender": "Female", "weight": "[125-150)", "examide": "Up", "insulin": "Up", "acarbose": "No", "miglitol": "Down", "A1Cresult": "Norm", "glipizide": "Up", "glyburide": "No", "metformin": "Down", "payer_code": "SI", "tolazamide": "Steady", "citoglipton": "No", "diabetesMed": "Yes", "glimepiride": "Steady", "nateglinide": "Up", "repaglinide": "No", "tolbutamide": "Steady", "pioglitazone": "Up", "troglitazone": "Steady", "acetohexamide": "Up", "max_glu_serum": "None", "rosiglitazone": "Down", "chlorpropamide": "No", "num_procedures": 1, "num_medications": 14, "number_diagnoses": 14, "number_emergency": 1, "number_inpatient": 0, "time_in_hospital": 8, "admission_type_id": "1", "medical_specialty": "InternalMedicine", "number_outpatient": 2, "num_lab_procedures": 32, "admission_source_id": "7", "glipizide-metformin": "No", "glyburide-metformin": "No", "metformin-pioglitazone": "No", "metformin-rosiglitazone": "No", "discharge_disposition_id": "23", "glimepiride-pioglitazone": "Steady"}', 0.5616146650576788, 0.2507594340794351, 0.18762590086288616, '<30'),
	('01a22149-0391-7742-8a33-37c8c6fbac6e', '2026-11-28 08:32:42.897675+00', 'd58478f917d40a540000000000000008', 3, '2', 'fa65eea2624a3e7500f5967770c711a2', '24c765f387f94bb110a57fe1a74a7876', '{"age": "[70-80)", "race": "Caucasian", "change": "Ch", "diag_1": "197", "diag_2": "403", "diag_3": "584", "gender": "Female", "weight": "[75-100)", "examide": "Steady", "insulin": "Steady", "acarbose": "No", "miglitol": "Steady", "A1Cresult": ">7", "glipizide": "No", "glyburide": "Down", "metformin": "No", "payer_code": "MC", "tolazamide": "Up", "citoglipton": "Steady", "diabetesMed": "Yes", "glimepiride": "No", "nateglinide": "No", "repaglinide": "No", "tolbutamide": "Down", "pioglitazone": "No", "troglitazone": "Steady", "acetohexamide": "Up", "max_glu_serum": "Norm", "rosiglitazone": "No", "chlorpropamide": "No", "num_procedures": 1, "num_medications": 17, "number_diagnoses": 5, "number_emergency": 0, "number_inpatient": 0, "time_in_hospital": 11, "admission_type_id": "1", "medical_specialty": "InternalMedicine", "number_outpatient": 1, "num_lab_procedures": 41, "admission_source_id": "7", "glipizide-metformin": "Steady", "glyburide-metformin": "No", "metformin-pioglitazone": "No", "metformin-rosiglitazone": "No", "discharge_disposition_id": "1", "glimepiride-pioglitazone": "No"}', 0.6028311375178262, 0.2702498758137078, 0.12691898666846593, 'NO'),
	('01a22149-0391-788e-8804-5de61c4d6b65', '2026-11-28 08:32:42.897676+00', 'd58478f917d40a540000000000000008', 4, '2', '3a5ec232a4d443eb74f2087c32077544', '816d4d47e0872981b96ad7f12477b449', '{"age": "[30-40)", "race": "?", "change": "Ch", "diag_1": "682", "diag_2": "250", "diag_3": "?", "gender": "Male", "weight": "?", "examide": "Up", "insulin": "No", "acarbose": "No", "miglitol": "Up", "A1Cresult": "None", "glipizide": "Steady", "glyburide": "Up", "metformin": "No", "payer_code": "UN", "tolazamide": "No", "citoglipton": "Down", "diabetesMed": "Yes", "glimepiride": "Down", "nateglinide": "No", "repaglinide": "No", "tolbutamide": "No", "pioglitazone": "No", "troglitazone": "Down", "acetohexamide": "No", "max_glu_serum": "None", "rosiglitazone": "No", "chlorpropamide": "No", "num_procedures": 4, "num_medications": 16, "number_diagnoses": 16, "number_emergency": 1, "number_inpatient": 0, "time_in_hospital": 6, "admission_type_id": "5", "medical_specialty": "InternalMedicine", "number_outpatient": 1, "num_lab_procedures": 43, "admission_source_id": "7", "glipizide-metformin": "No", "glyburide-metformin": "No", "metformin-pioglitazone": "No", "metformin-rosiglitazone": "No", "discharge_disposition_id": "17", "glimepiride-pioglitazone": "Up"}', 0.6281347393078558, 0.26165753101118555, 0.11020772968095863, 'NO'),
	('01a22149-0391-73fd-8e1e-1dc7842bb076', '2026-11-28 08:32:42.897681+00', 'd58478f917d40a540000000000000008', 5, '2', '2d016b89be4db2c8b4a1554a05157ccd', '75176548dcc7c6b74e416c7991019899', '{"age": "[80-90)", "race": "Caucasian", "change": "Ch", "diag_1": "250.8", "diag_2": "780", "diag_3": "428", "gender": "Unknown/Invalid", "weight": "[75-100)", "examide": "Up", "insulin": "Steady", "acarbose": "No", "miglitol": "Up", "A1Cresult": "None", "glipizide": "No", "glyburide": "No", "metformin": "No", "payer_code": "MC", "tolazamide": "No", "citoglipton": "Steady", "diabetesMed": "Yes", "glimepiride": "Down", "nateglinide": "Up", "repaglinide": "No", "tolbutamide": "Steady", "pioglitazone": "Down", "troglitazone": "Up", "acetohexamide": "No", "max_glu_serum": ">300", "rosiglitazone": "Down", "chlorpropamide": "Up", "num_procedures": 0, "num_medications": 16, "number_diagnoses": 11, "number_emergency": 0, "number_inpatient": 2, "time_in_hospital": 7, "admission_type_id": "1", "medical_specialty": "InternalMedicine", "number_outpatient": 0, "num_lab_procedures": 38, "admission_source_id": "7", "glipizide-metformin": "Down", "glyburide-metformin": "No", "metformin-pioglitazone": "Down", "metformin-rosiglitazone": "No", "discharge_disposition_id": "1", "glimepiride-pioglitazone": "Steady"}', 0.5091253616680376, 0.28030271478215085, 0.21057192354981155, '<30'),
	('01a22149-0740-749e-8a0a-b8a373dab0df', '2026-11-28 08:32:43.840388+00', 'd58478f917d40a54000000000000000a', 0, '1', NULL, NULL, '{"age": "[20-30)", "race": "Caucasian", "change": "Ch", "diag_1": "?", "diag_2": "786", "diag_3": "428", "gender": "Unknown/Invalid", "weight": "[175-200)", "examide": "Steady", "insulin": "Steady", "acarbose": "Down", "miglitol": "No", "A1Cresult": "Norm", "glipizide": "Steady", "glyburide": "Down", "metformin": "No", "payer_code": "MC", "tolazamide": "No", "citoglipton": "No", "diabetesMed": "Yes", "glimepiride": "No", "nateglinide": "Up", "repaglinide": "Down", "tolbutamide": "No", "pioglitazone": "No", "troglitazone": "Up", "acetohexamide": "No", "max_glu_serum": "None", "rosiglitazone": "No", "chlorpropamide": "Down", "num_procedures": 3, "num_medications": 18, "number_diagnoses": 9, "number_emergency": 0, "number_inpatient": 0, "time_in_hospital": 2, "admission_type_id": "1", "medical_specialty": "InternalMedicine", "number_outpatient": 2, "num_lab_procedures": 27, "admission_source_id": "14", "glipizide-metformin": "Down", "glyburide-metformin": "No", "metformin-pioglitazone": "No", "metformin-rosiglitazone": "No", "discharge_disposition_id": "1", "glimepiride-pioglitazone": "No"}', 0.6243506460668302, 0.3677817459775667, 0.007867607955603035, 'NO'),
	('01a22149-0743-778c-8908-32d32f14aa41', '2026-11-28 08:32:43.843585+00', 'd58478f917d40a54000000000000000b', 0, '1', '5b9d31337e3876cb173cba59122716ae', '68e297522563a15fb80bbe5b3111234d', '{"age": "[20-30)", "race": "Caucasian", "change": "Ch", "diag_1": "?", "diag_2": "786", "diag_3": "428", "gender": "Unknown/Invalid", "weight": "[175-200)", "examide": "Steady", "insulin": "Steady", "acarbose": "Down", "miglitol": "No", "A1Cresult": "Norm", "glipizide": "Steady", "glyburide": "Down", "metformin": "No", "payer_code": "MC", "tolazamide": "No", "citoglipton": "No", "diabetesMed": "Yes", "glimepiride": "No", "nateglinide": "Up", "repaglinide": "Down", "tolbutamide": "No", "pioglitazone": "No", "troglitazone": "Up", "acetohexamide": "No", "max_glu_serum": "None", "rosiglitazone": "No", "chlorpropamide": "Down", "num_procedures": 3, "num_medications": 18, "number_diagnoses": 9, "number_emergency": 0, "number_inpatient": 0, "time_in_hospital": 2, "admission_type_id": "1", "medical_specialty": "InternalMedicine", "number_outpatient": 2, "num_lab_procedures": 27, "admission_source_id": "14", "glipizide-metformin": "Down", "glyburide-metformin": "No", "metformin-pioglitazone": "No", "metformin-rosiglitazone": "No", "discharge_disposition_id": "1", "glimepiride-pioglitazone": "No"}', 0.6243506536259642, 0.36778175043037137, 0.007867595943664474, 'NO'),
	('01a22149-0743-7608-81bb-e17d2c9d46d1', '2026-11-28 08:32:43.843592+00', 'd58478f917d40a54000000000000000b', 1, '1', '363033f8330ad233e9fbfe36b984dead', 'd6944256c1236158955971565b2f7256', '{"age": "[50-60)", "race": "Other", "change": "Ch", "diag_1": "414", "diag_2": "584", "diag_3": "V57", "gender": "Female", "weight": "[50-75)", "examide": "Steady", "insulin": "Steady", "acarbose": "No", "miglitol": "No", "A1Cresult": ">8", "glipizide": "Up", "glyburide": "Up", "metformin": "Steady", "payer_code": "CP", "tolazamide": "Up", "citoglipton": "No", "diabetesMed": "Yes", "glimepiride": "No", "nateglinide": "No", "repaglinide": "No", "tolbutamide": "Steady", "pioglitazone": "Steady", "troglitazone": "Up", "acetohexamide": "No", "max_glu_serum": "None", "rosiglitazone": "No", "chlorpropamide": "No", "num_procedures": 1, "num_medications": 22, "number_diagnoses": 9, "number_emergency": 1, "number_inpatient": 0, "time_in_hospital": 2, "admission_type_id": "1", "medical_specialty": "InternalMedicine", "number_outpatient": 0, "num_lab_procedures": 41, "admission_source_id": "19", "glipizide-metformin": "Steady", "glyburide-metformin": "No", "metformin-pioglitazone": "Steady", "metformin-rosiglitazone": "No", "discharge_disposition_id": "20", "glimepiride-pioglitazone": "Steady"}', 0.20914527364815516, 0.7789396491295354, 0.011915077222309427, '>30'),
	('01a22149-0743-7bc8-87cb-16417150a5a4', '2026-11-28 08:32:43.843595+00', 'd58478f917d40a54000000000000000b', 2, '1', '7bd7386bfd91f9c756c48aa5f9b4ccd4', '04a9ef50da7f500e0b4adbdab5dfee37', '{"age": "[10-20)", "race": "?", "change": "Ch", "diag_1": "682", "diag_2": "38", "diag_3": "174", "gender": "Female", "weight": "[25-50)", "examide": "No", "insulin": "Steady", "acarbose": "No", "miglitol": "Steady", "A1Cresult": ">7", "glipizide": "Steady", "glyburide": "No", "metformin": "Steady", "payer_code": "MC", "tolazamide": "No", "citoglipton": "No", "diabetesMed": "Yes", "glimepiride": "No", "nateglinide": "No", "repaglinide": "No", "tolbutamide": "Up", "pioglitazone": "Up", "troglitazone": "No", "acetohexamide": "Steady", "max_glu_serum": "None", "rosiglitazone": "No", "chlorpropamide": "No", "num_procedures": 3, "num_medications": 23, "number_diagnoses": 12, "number_emergency": 1, "number_inpatient": 0, "time_in_hospital": 4, "admission_type_id": "1", "medical_specialty": "InternalMedicine", "number_outpatient": 0, "num_lab_procedures": 41, "admission_source_id": "3", "glipizide-metformin": "No", "glyburide-metformin": "Down", "metformin-pioglitazone": "No", "metformin-rosiglitazone": "No", "discharge_disposition_id": "28", "glimepiride-pioglitazone": "No"}', 0.0427407398188003, 0.8942945173709612, 0.06296474281023846, '>30'),
	('01a22149-0743-7635-8a5d-e75d939cca56', '2026-11-28 08:32:43.843598+00', 'd58478f917d40a54000000000000000b', 3, '1', '4e8554ae265dfda5eecee4f11271f246', '830e436e56e07ceecd38af1dc77d9844', '{"age": "[70-80)", "race": "Caucasian", "change": "Ch", "diag_1": "250.6", "diag_2": "585", "diag_3": "599", "gender": "Male", "weight": "[175-200)", "examide": "No", "insulin": "Steady", "acarbose": "No", "miglitol": "Up", "A1Cresult": ">7", "glipizide": "No", "glyburide": "Down", "metformin": "Down", "payer_code": "DM", "tolazamide": "Down", "citoglipton": "No", "diabetesMed": "Yes", "glimepiride": "Down", "nateglinide": "Down", "repaglinide": "No", "tolbutamide": "No", "pioglitazone": "Up", "troglitazone": "Up", "acetohexamide": "No", "max_glu_serum": "Norm", "rosiglitazone": "No", "chlorpropamide": "No", "num_procedures": 1, "num_medications": 12, "number_diagnoses": 15, "number_emergency": 0, "number_inpatient": 2, "time_in_hospital": 7, "admission_type_id": "2", "medical_specialty": "InternalMedicine", "number_outpatient": 1, "num_lab_procedures": 44, "admission_source_id": "10", "glipizide-metformin": "Down", "glyburide-metformin": "No", "metformin-pioglitazone": "Steady", "metformin-rosiglitazone": "No", "discharge_disposition_id": "12", "glimepiride-pioglitazone": "No"}', 0.27300183337915934, 0.10723286227984057, 0.6197653043410001, '<30');

--
-- Name: outcome_batch outcome_batch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outcome_batch
    ADD CONSTRAINT outcome_batch_pkey PRIMARY KEY (batch_id);

--
-- Name: outcome outcome_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outcome
    ADD CONSTRAINT outcome_pkey PRIMARY KEY (encounter_hash);

--
-- Name: prediction prediction_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.prediction
    ADD CONSTRAINT prediction_pkey PRIMARY KEY (id);

--
-- Name: prediction_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX prediction_at ON public.prediction USING btree (at);

--
-- Name: COLUMN outcome.encounter_hash; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(encounter_hash) ON TABLE public.outcome TO monitoring;

--
-- Name: COLUMN outcome.readmitted; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(readmitted) ON TABLE public.outcome TO monitoring;

--
-- Name: COLUMN outcome.part; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(part) ON TABLE public.outcome TO monitoring;

--
-- Name: COLUMN outcome.known_at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(known_at) ON TABLE public.outcome TO monitoring;

--
-- Name: COLUMN prediction.at; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(at) ON TABLE public.prediction TO monitoring;

--
-- Name: COLUMN prediction.model_version; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(model_version) ON TABLE public.prediction TO monitoring;

--
-- Name: COLUMN prediction.encounter_hash; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(encounter_hash) ON TABLE public.prediction TO monitoring;

--
-- Name: COLUMN prediction.predicted_class; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(predicted_class) ON TABLE public.prediction TO monitoring;

--
-- PostgreSQL database dump complete
--
