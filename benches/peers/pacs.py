"""A scan on its way through an archive and back, with Orthanc and dcmtk. Called by scripts/pacs: PROGRAM WORK."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from dicom_results import train

LIMIT = 120
ROUTE = """
function OnStoredInstance(instance, tags, metadata, origin)
  if tags['Manufacturer'] ~= 'gradwatch' then
    SendToModality(instance, 'gradwatch')
  end
end
"""


def main(program, work):
    work = Path(work).resolve()
    shutil.rmtree(work, ignore_errors=True)
    train(program, work)
    scan = work / "scan.dcm"
    source = made(scan)
    shutil.copytree(work / "shapes", work / "inbox/datasets/shapes")
    (work / "inbox/scans").mkdir()
    dicom, http, receiver = (port() for _ in range(3))
    settings = [f"--set=watch.inbox={work}/inbox", f"--set=storage.state_dir={work}/state", "--set=report.dicom=true"]
    started = []
    try:
        started.append(orthanc(work, dicom, http, receiver))
        started.append(subprocess.Popen(["storescp", "--fork", "--aetitle", "GRADWATCH", "--output-directory",
                                         f"{work}/inbox/scans", str(receiver)]))
        log = open(work / "gradwatch.log", "w")
        started.append(subprocess.Popen([program, "run", *settings], stderr=log, cwd=work))
        wait_for("Orthanc", lambda: asked(http, "system"))
        send(dicom, [scan])
        outbox = work / "state/outbox"
        results = wait_for("results in the outbox", lambda: two(outbox))
        send(dicom, results)
        series = wait_for("three series", lambda: three_series(http))
        print(f"Orthanc {asked(http, 'system')['Version']}: one study with", ", ".join(sorted(series)))
        # Results that were routed back would have been taken in by now: another scan goes the whole way behind them.
        other = work / "other.dcm"
        made(other)
        send(dicom, [other])
        wait_for("results of the second scan", lambda: len(list(outbox.glob("*.dcm"))) == 4)
        assert not list((work / "state").glob("quarantine/*"))
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)
    mercure(program, work, scan, source)
    return 0


def made(path):
    """A radiograph of its own study."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.PatientName, data.PatientID, data.Modality = "Test^Patient", "4711", "CR"
    data.Rows = data.Columns = 256
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.PixelData = np.random.default_rng().integers(0, 4096, (256, 256), np.uint16).tobytes()
    data.save_as(path, enforce_file_format=True)
    return data


def orthanc(work, dicom, http, receiver):
    route, settings = work / "route.lua", work / "orthanc.json"
    route.write_text(ROUTE)
    settings.write_text(json.dumps({
        "StorageDirectory": str(work / "orthanc"), "IndexDirectory": str(work / "orthanc"), "HttpPort": http, "DicomPort": dicom,
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "LuaScripts": [str(route)],
        "DicomModalities": {"gradwatch": ["GRADWATCH", "127.0.0.1", receiver]},
    }))
    log = open(work / "orthanc.log", "w")
    path = os.environ["PATH"] + ":/usr/sbin"
    return subprocess.Popen(["Orthanc", str(settings)], stdout=log, stderr=log, env={**os.environ, "PATH": path})


def send(dicom, files):
    subprocess.run(["storescu", "--aetitle", "SENDER", "--call", "ORTHANC", "localhost", str(dicom), *files], check=True)


def two(outbox):
    found = sorted(outbox.glob("*.dcm"))
    return found if len(found) == 2 else None


def three_series(http):
    """The names of the series, when the one study has three."""
    study = asked(http, "studies")
    series = [asked(http, f"series/{name}")["MainDicomTags"] for name in asked(http, "series")]
    named = [f"{tags['Modality']} ({tags.get('SeriesDescription', 'scan')})" for tags in series]
    return named if len(study) == 1 and len(named) == 3 else None


def asked(http, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/{path}") as answer:
            return json.load(answer)
    except OSError:
        return None


def mercure(program, work, scan, source):
    inward, outward = work / "mercure-in", work / "mercure-out"
    inward.mkdir()
    outward.mkdir()
    shutil.copy(scan, inward / "series#scan.dcm")
    (inward / "task.json").write_text("{}")
    variables = {"MERCURE_IN_DIR": inward, "MERCURE_OUT_DIR": outward, "GRADWATCH": program, "GRADWATCH_STATE": work / "state"}
    subprocess.run(["scripts/mercure-module"], check=True, env={**os.environ, **{name: str(value) for name, value in variables.items()}})
    said = json.loads((outward / "result.json").read_text())["scans"][0]["predicted"]
    results = [pydicom.dcmread(path) for path in sorted(outward.glob("*.dcm"))]
    assert [data.Modality for data in results] == ["OT", "SR"], results
    assert all(data.StudyInstanceUID == source.StudyInstanceUID for data in results)
    print(f"mercure: 1 scan, {len(results)} results, predicted {said}")


def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(what, look):
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise SystemExit(f"no {what} within {LIMIT} s; target/pacs has the logs")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
