"""ICD-9 codes of diabetic in-patients in plain words, so that nobody has to know a number.

A diagnosis may be entered as any ICD-9 code; this table is what can be found by words.
Codes are spelt as the UCI file spells them: zeros in front and at the end left out, so
038 is 38 and 250.80 is 250.8. It covers 98 of 100 diagnoses of that file.
"""

CONTROL = {
    "": "type 2, controlled",
    "1": "type 1, controlled",
    "2": "type 2, out of control",
    "3": "type 1, out of control",
}
"""Fifth digit of a diabetes code."""

DIABETES = {
    "0": "without complication",
    "1": "with ketoacidosis",
    "2": "with hyperosmolar state",
    "3": "with coma",
    "4": "with kidney disease",
    "5": "with eye disease",
    "6": "with nerve disease (neuropathy)",
    "7": "with poor circulation in the legs (angiopathy)",
    "8": "with low blood sugar, foot ulcer or another complication",
    "9": "with complication, not specified",
}
"""Fourth digit of a diabetes code."""

_TABLE = """
8 Infection of the bowel
9 Infectious diarrhoea, gastroenteritis
38 Septicaemia, blood poisoning, sepsis
41 Bacterial infection: streptococcus, staphylococcus and others
42 HIV infection
53 Shingles (herpes zoster)
54 Herpes simplex
70 Viral hepatitis
79 Viral infection, not specified
112 Yeast infection (candida, thrush)
135 Sarcoidosis
150 Cancer of the oesophagus
151 Cancer of the stomach
153 Cancer of the colon
154 Cancer of the rectum
155 Cancer of the liver
157 Cancer of the pancreas
162 Cancer of the lung
174 Cancer of the breast
182 Cancer of the womb
183 Cancer of the ovary
185 Cancer of the prostate
188 Cancer of the bladder
189 Cancer of the kidney
191 Cancer of the brain
196 Cancer spread to lymph nodes (metastasis)
197 Cancer spread to lung or digestive organs (metastasis)
198 Cancer spread elsewhere: bone, brain (metastasis)
199 Cancer, site not known
202 Lymphoma, non-Hodgkin
203 Multiple myeloma
204 Leukaemia, lymphatic
205 Leukaemia, myeloid
211 Benign tumour of the digestive system
218 Fibroid of the womb
225 Benign tumour of the brain
227 Benign tumour of a hormone gland
238 Tumour of uncertain nature, myelodysplasia
240 Goitre, simple
241 Goitre with nodules
242 Overactive thyroid (hyperthyroidism)
244 Underactive thyroid (hypothyroidism)
252 Disorder of the parathyroid gland
253 Disorder of the pituitary gland
255 Disorder of the adrenal gland
263 Malnutrition
272 High cholesterol or blood fats
274 Gout
275 Disorder of calcium, phosphorus or iron
276 Disorder of fluids and salts: dehydration, potassium, sodium
277 Metabolic disorder, cystic fibrosis, amyloidosis
278 Obesity, overweight
280 Anaemia from lack of iron
281 Anaemia from lack of vitamin B12 or folate
282 Sickle-cell disease and other inherited anaemia
283 Anaemia from destroyed blood cells (haemolysis)
284 Aplastic anaemia, lack of all blood cells
285 Anaemia, other or not specified
286 Disorder of blood clotting
287 Low platelets, bleeding under the skin
288 Disorder of white blood cells
289 Disease of blood or spleen, other
290 Dementia of old age
291 Mental disorder from alcohol, withdrawal
292 Mental disorder from drugs
293 Delirium, short-lived confusion
294 Dementia, lasting confusion
295 Schizophrenia
296 Bipolar disorder, major depression
298 Psychosis, other
300 Anxiety
301 Personality disorder
303 Alcohol dependence
304 Drug dependence
305 Smoking, alcohol or drug abuse
309 Adjustment disorder, reaction to stress
311 Depression
327 Sleep disorder, sleep apnoea
331 Alzheimer's disease and other brain degeneration
332 Parkinson's disease
333 Movement disorder, restless legs
337 Disorder of involuntary nerves (autonomic)
338 Pain, acute or chronic
340 Multiple sclerosis
342 Paralysis of one side (hemiplegia)
344 Paralysis, other
345 Epilepsy
346 Migraine
348 Brain condition, other: swelling, lack of oxygen
349 Disorder of the nervous system, other
355 Nerve trouble in the leg
356 Neuropathy, inherited or of unknown cause
357 Inflammation of nerves (polyneuropathy)
358 Myasthenia gravis
362 Disease of the retina
365 Glaucoma
368 Disturbed vision
369 Blindness, low vision
386 Dizziness from the inner ear (vertigo)
389 Hearing loss
394 Disease of the mitral valve, rheumatic
396 Disease of mitral and aortic valves
397 Disease of other heart valves
398 Rheumatic heart disease, other
401 High blood pressure (hypertension)
402 Heart disease from high blood pressure
403 Kidney disease from high blood pressure
404 Heart and kidney disease from high blood pressure
410 Heart attack (myocardial infarction)
411 Unstable angina, other acute coronary disease
412 Heart attack in the past
413 Angina, chest pain from the heart
414 Coronary heart disease, narrowed heart arteries
415 Blood clot in the lung (pulmonary embolism)
416 Heart disease from the lungs, pulmonary hypertension
420 Inflammation around the heart (pericarditis)
421 Infection of the heart lining (endocarditis)
423 Disease around the heart, other
424 Disease of a heart valve
425 Disease of the heart muscle (cardiomyopathy)
426 Heart block, disturbed conduction
427 Irregular heartbeat, atrial fibrillation, cardiac arrest
428 Heart failure
429 Heart disease, ill defined, enlarged heart
430 Stroke: bleeding around the brain
431 Stroke: bleeding in the brain
432 Bleeding in the skull, subdural
433 Narrowed artery of the neck (carotid)
434 Stroke: blocked artery of the brain
435 Mini-stroke (transient ischaemic attack, TIA)
436 Stroke, not specified
437 Disease of the brain's blood vessels, other
438 After-effects of a stroke
440 Hardened arteries (atherosclerosis)
441 Aneurysm of the aorta
442 Aneurysm of another artery
443 Poor circulation in the legs (peripheral vascular disease)
444 Blocked artery by a clot in leg or arm
446 Inflamed arteries (vasculitis)
447 Disorder of arteries, other
451 Inflamed vein (phlebitis)
453 Blood clot in a vein (thrombosis)
454 Varicose veins
455 Haemorrhoids
456 Varicose veins of the gullet and elsewhere
457 Swelling from lymph vessels (lymphoedema)
458 Low blood pressure
459 Disorder of circulation, other
465 Cold, infection of the upper airways
466 Acute bronchitis
473 Sinusitis, chronic
478 Disease of nose or throat, other
480 Pneumonia from a virus
481 Pneumonia from pneumococci
482 Pneumonia from other bacteria
486 Pneumonia, not specified
487 Influenza, flu
490 Bronchitis, not specified
491 Chronic bronchitis, COPD with flare-up
492 Emphysema
493 Asthma
494 Widened airways (bronchiectasis)
496 Chronic obstructive lung disease (COPD)
507 Pneumonia from food or vomit breathed in (aspiration)
510 Pus in the chest (empyema)
511 Fluid around the lung (pleural effusion)
512 Collapsed lung (pneumothorax)
514 Fluid in the lung, congestion
515 Scarred lung (fibrosis)
516 Lung disease of the air sacs
518 Breathing failure (respiratory failure), collapsed part of a lung
519 Disease of the airways, other
530 Disease of the gullet, reflux, heartburn
531 Ulcer of the stomach
532 Ulcer of the duodenum
533 Ulcer, peptic, site not specified
535 Gastritis
536 Disorder of the stomach, slow emptying (gastroparesis)
537 Disorder of stomach or duodenum, other
540 Appendicitis
550 Hernia of the groin
552 Hernia with obstruction
553 Hernia, other
555 Crohn's disease
556 Ulcerative colitis
557 Poor blood supply of the bowel
558 Gastroenteritis without infection
560 Blocked bowel, ileus
562 Diverticula of the bowel, diverticulitis
564 Constipation, irritable bowel
566 Abscess of the anus
567 Peritonitis
568 Adhesions and other disease of the peritoneum
569 Disorder of the bowel, other
571 Cirrhosis and chronic liver disease
572 Liver failure, abscess or coma from the liver
573 Disease of the liver, other
574 Gallstones
575 Disease of the gallbladder, other
576 Disease of the bile ducts
577 Pancreatitis, disease of the pancreas
578 Bleeding of stomach or bowel
579 Poor absorption of food, coeliac disease
580 Inflamed kidney (nephritis), acute
581 Kidney loses protein (nephrotic syndrome)
582 Inflamed kidney (nephritis), chronic
583 Inflamed kidney (nephritis), not specified
584 Acute kidney failure
585 Chronic kidney disease
586 Kidney failure, not specified
588 Disorder from poor kidney function
590 Infection of the kidney
591 Swollen kidney (hydronephrosis)
592 Kidney stones
593 Disorder of kidney or ureter, other
595 Inflamed bladder (cystitis)
596 Disorder of the bladder, other
598 Narrowed urethra
599 Infection of the urinary tract, blood in urine
600 Enlarged prostate
601 Inflamed prostate
607 Disorder of the penis
608 Disorder of male genital organs
611 Disorder of the breast
614 Infection of the pelvis, womb or ovaries
617 Endometriosis
618 Prolapse of the womb
620 Disorder of the ovary
625 Pain of female genital organs
626 Disorder of menstruation
627 Bleeding after the menopause
642 High blood pressure in pregnancy
648 Pregnancy with another illness, such as diabetes
654 Pregnancy with abnormal pelvic organs, earlier caesarean
681 Infection of a finger or toe
682 Infection of the skin, cellulitis, abscess
686 Infection of the skin, other
693 Rash from a medicine or food
707 Ulcer of the skin, bedsore, foot ulcer
710 Lupus and other connective-tissue disease
711 Infected joint
714 Rheumatoid arthritis
715 Osteoarthritis
716 Arthritis, other
718 Disorder of a joint, contracture
719 Joint pain and other joint disorders
721 Worn spine (spondylosis)
722 Disc of the spine, slipped disc
723 Neck pain
724 Back pain
726 Shoulder and tendon trouble
727 Tendon and joint-lining trouble
728 Muscle disorder, muscle breakdown
729 Pain of soft tissue, limb pain
730 Infection of the bone (osteomyelitis)
731 Bone disease in other illness
733 Osteoporosis, broken bone from disease
736 Deformity of a limb
737 Curved spine
738 Deformity, other
745 Heart defect from birth
753 Kidney defect from birth, cystic kidney
780 Fainting, fever, dizziness, fits or tiredness
781 Tremor, falls, trouble of movement
782 Swelling, rash, jaundice
783 Loss of appetite or weight
784 Headache, trouble of speech, nosebleed
785 Fast heartbeat, shock, gangrene
786 Chest pain, breathlessness, cough
787 Nausea, vomiting, trouble swallowing, diarrhoea
788 Trouble passing urine
789 Pain of the abdomen, fluid in the abdomen
790 Abnormal blood test
791 Abnormal urine test
793 Abnormal X-ray or scan
794 Abnormal heart, brain or liver test
796 Abnormal finding, other
799 Weakness, lack of oxygen, ill-defined cause
802 Broken bone of the face
805 Broken spine
807 Broken rib
808 Broken pelvis
810 Broken collarbone
812 Broken upper arm
813 Broken forearm
820 Broken hip
821 Broken thigh
822 Broken kneecap
823 Broken lower leg
824 Broken ankle
825 Broken foot
850 Concussion
852 Bleeding in the skull after an injury
873 Wound of the head
892 Wound of the foot
920 Bruise of face or neck
922 Bruise of the trunk
924 Bruise of the leg
945 Burn of the leg
958 Early complication of an injury
959 Injury, not specified
962 Poisoning by hormones, insulin overdose
965 Poisoning by painkillers
969 Poisoning by psychiatric medicines
995 Allergic reaction, sepsis syndrome
996 Complication of an implant, graft or catheter
997 Complication after surgery of an organ
998 Complication after surgery: bleeding, wound infection
999 Complication of medical care, other
V09 Infection that resists antibiotics
V10 Cancer in the past
V12 Certain illness in the past
V15 Risk in the history: allergy, smoking, poor adherence
V42 Organ transplant
V43 Artificial joint, heart valve or organ
V45 State after surgery: dialysis, pacemaker, bypass
V46 Depends on a machine: oxygen, ventilator
V49 Amputated limb and other limb conditions
V53 Fitting or adjusting a device, pacemaker
V54 Aftercare of a fracture or orthopaedic surgery
V55 Care of an artificial opening (stoma)
V57 Rehabilitation
V58 Aftercare, chemotherapy, long-term medicines
V62 Social circumstances
V64 Treatment not carried out
V66 Convalescence, palliative care
V70 General examination
V85 Body-mass index
E849 Where an accident happened
E878 Surgery that led to a complication
E879 Procedure that led to a complication
E880 Fall on stairs
E884 Fall from one level to another
E885 Fall by slipping or tripping
E888 Fall, other
E932 Side effect of hormones, insulin or steroids
E934 Side effect of blood medicines, anticoagulants
E935 Side effect of painkillers
E942 Side effect of heart medicines
E947 Side effect of another medicine
"""


def _diabetes() -> dict[str, str]:
    """Compose the codes of diabetes from their digits."""
    found = {}
    for fourth, complication in DIABETES.items():
        for fifth, control in CONTROL.items():
            code = f"250.{fourth}{fifth}".removesuffix(".0")
            found[code] = f"Diabetes {complication}, {control}"
    return found


def _read() -> dict[str, str]:
    rows = (line.partition(" ") for line in _TABLE.strip().splitlines())
    return _diabetes() | {code: words for code, _, words in rows}


PLAIN_WORDS: dict[str, str] = _read()
"""Each code of the table and what it means, in the words of a patient's letter."""


def describe(code: str) -> str:
    """Return a code with its meaning, or alone if the table does not have it.

    Examples
    --------
    >>> describe("38")
    'Septicaemia, blood poisoning, sepsis (038)'
    """
    meaning = PLAIN_WORDS.get(code)
    if meaning is None:
        return code
    return f"{meaning} ({code.zfill(3) if code.isdigit() else code})"
