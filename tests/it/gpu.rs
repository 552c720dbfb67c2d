//! `scripts/gpu-check`, small: on a machine without a GPU its processor steps pass and the others say why they did not run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bed::{Ran, TestBed, finish};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gradwatch");

fn scripts(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name).display().to_string()
}

/// The script with all that lies beside it where it is used, as `make gpu-bundle` lays it out.
fn bundle(bed: &TestBed) -> PathBuf {
    let folder = bed.path("bundle");
    fs::create_dir_all(folder.join("gpu")).unwrap();
    for file in ["gpu-check", "gpu/ballast.py", "gpu/peer.py"] {
        fs::copy(scripts(file), folder.join(file)).unwrap();
    }
    compile_library(&folder.join("gpu/lose_gpu.so"));
    folder.join("gpu-check")
}

fn compile_library(library: &Path) {
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o"]).arg(library);
    compile.arg(scripts("gpu/lose_gpu.c")).arg("-ldl");
    finish(compile).ok();
}

#[test]
fn the_gpu_check_runs_to_its_end_and_no_step_fails() {
    let bed = TestBed::new();
    let out = bed.path("checked");
    let check = bundle(&bed);
    let mut command = Command::new(check);
    command.arg("--small").arg(PROGRAM).arg(&out).arg("--weights").arg(bed.state("weights"));
    let Ran { stdout, .. } = finish(command).ok();
    assert!(stdout.contains("no step failed"), "{stdout}");

    let record: Value = serde_json::from_slice(&fs::read(out.join("gpu-check.json")).unwrap()).unwrap();
    assert_eq!((&record["schema"], &record["passed"]), (&"gradwatch.gpu-check/1".into(), &true.into()));
    let steps = record["steps"].as_array().unwrap();
    let table = fs::read_to_string(out.join("gpu-check.md")).unwrap();
    assert_eq!(table.lines().count(), steps.len() + 2, "{table}");
    let step = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name}"));
    for name in
        ["machine", "images", "bench on the processor", "demo", "training", "explain", "a GPU that is not there"]
    {
        assert!(step(name)["result"].as_str().unwrap().starts_with("pass"), "{:#}", step(name));
    }
    assert_eq!(step("explain")["figures"]["scans"], 4);
    assert!(step("training")["figures"]["images_per_s"].as_f64().unwrap() > 0.0);
    if record["gpu"].is_null() {
        for name in ["bench on the GPU in bf16", "out of memory", "a GPU that is lost", "PyTorch beside it"] {
            assert_eq!(step(name)["result"], "no driver");
        }
    }
}

#[test]
fn the_library_that_loses_the_gpu_fails_the_call_it_is_told_and_all_after_it() {
    let bed = TestBed::new();
    let library = bed.path("lose_gpu.so");
    compile_library(&library);
    // Without a driver CUDA refuses each call, with another number than that of a lost GPU (719).
    let calls = "import ctypes\ncuda = ctypes.CDLL(None)\nprint(*(cuda.cudaStreamSynchronize(None) == 719 for _ in range(4)), cuda.cudaGetLastError())";
    let runtime = concat!(env!("LIBTORCH"), "/lib/libcudart.so.13");
    let ran = Command::new("python3")
        .args(["-c", calls])
        .env("LD_PRELOAD", format!("{} {runtime}", library.display()))
        .env("LOSE_GPU_AT", "3")
        .env("LOSE_GPU_COUNT", bed.path("count"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), "False False True True 719", "{ran:?}");
    assert_eq!(fs::read_to_string(bed.path("count")).unwrap().trim(), "4");
}
