"""Results in DICOM, as pydicom reads them, beside the files that they are about.

Called by scripts/check-dicom-results: PROGRAM WORK [FOLDER]. A model is trained on generated images; what it says does not
matter here. The files of FOLDER, or those of pydicom and pydicom-data, are explained, and each result is compared with
its source.
"""

import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pydicom
from PIL import Image

from compare_dicom import files

SAME = ["StudyInstanceUID", "StudyID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName",
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex"]


def main(program, work, folder=""):
    work = Path(work)
    shutil.rmtree(work, ignore_errors=True)
    train(program, work)
    sources = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in files(folder)}
    for digest, path in sources.items():
        copy = work / "scans" / digest
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)
    command = [program, "explain", "scans", "--out", "reports", "--set=report.dicom=true", "--json"]
    said = json.loads(subprocess.run(command, cwd=work, capture_output=True, text=True).stdout)
    explained = [Path(scan["report"]).parent for scan in said["scans"] if "report" in scan]
    counts, wrong = Counter(), []
    for report in explained:
        digest = json.loads((work / report / "report.json").read_text())["hash"]
        results = sorted((work / report).glob("*.dcm"))
        source = pydicom.dcmread(sources[digest], force=True)
        kind = "with results" if results else "without: no valid UID of study, series or image"
        counts[kind] += 1
        if bool(results) != identified(source):
            wrong.append(f"{sources[digest]}: {len(results)} results")
        for path in results:
            try:
                problems = check(pydicom.dcmread(path), source)
            except Exception as error:
                problems = [f"cannot be read: {error!r}"]
            wrong.extend(f"{sources[digest]}: {path.name}: {problem}" for problem in problems)
    print(f"{len(sources)} files, {len(explained)} explained, of which {dict(counts)}; pydicom {pydicom.__version__}")
    print("\n".join(wrong or ["every result says of patient, study and image what its source says"]))
    return 1 if wrong or not counts["with results"] else 0


def train(program, work):
    random.seed(1)
    for name, level in (("dark", 60), ("light", 190)):
        for number in range(4):
            path = work / "shapes" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.frombytes("L", (64, 64), bytes(level + random.randrange(60) for _ in range(4096))).save(path)
    settings = ["--set=augment.copies=0", "--set=train.max_epochs=2"]
    subprocess.run([program, "train", "shapes", *settings], cwd=work, check=True, capture_output=True)


def identified(source):
    uids = [source.get(name) for name in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")]
    return all(uid and re.fullmatch(r"[0-9.]{1,64}", uid) for uid in uids)


def check(result, source):
    problems = [name for name in SAME if text(result, name) != text(source, name)]
    if source.get("PatientName") and result.PatientName.components != source.PatientName.components:
        problems.append("components of the patient's name")
    if result.SeriesInstanceUID == source.SeriesInstanceUID:
        problems.append("lies in the series of its source")
    if result.Modality == "SR":
        evidence = result.CurrentRequestedProcedureEvidenceSequence[0]
        named = [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in evidence.ReferencedSeriesSequence]
        kinds = Counter(item.ValueType for item in result.ContentSequence)
        if named[0] != source.SOPInstanceUID or kinds["IMAGE"] != 2 or kinds["TEXT"] < 6:
            problems.append("references or content")
    else:
        shape = (source.Rows, source.Columns, 3)
        if result.pixel_array.shape != shape or result.SourceImageSequence[0].ReferencedSOPInstanceUID != source.SOPInstanceUID:
            problems.append("pixels or source image")
        if source.get("BurnedInAnnotation") != result.get("BurnedInAnnotation"):
            problems.append("burned-in annotation")
    return problems


def text(data, name):
    return str(data.get(name) or "").rstrip(" \0")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
